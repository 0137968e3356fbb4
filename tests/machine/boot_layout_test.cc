#include "machine/boot_layout.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

constexpr PagingMode kTwoLevel = PagingMode::kTwoLevel;
constexpr PagingMode kPae = PagingMode::kPae;

TEST(BootLayout, TablesAreWhereTheHostPutsThem) {
  // The worked example of host-07 section 9.
  const BootLayout plain = *PlanMemory(64 * kMiB, kTwoLevel, 0, "");
  EXPECT_EQ(plain.tables_start, 0x03fef000u);
  EXPECT_EQ(plain.tables_end, 0x04000000u);
  EXPECT_EQ(plain.kernel_limit, 0x03fef000u);
  EXPECT_EQ(PlanMemory(64 * kMiB, kPae, 0, "")->tables_start, 0x03fde000u);
}

TEST(BootLayout, MemorySizesOutsideTheRangeAreRefused) {
  for (const u64 size : {u64{0}, kMiB, 8 * kMiB - 4096, 3072 * kMiB + 4096, 4096 * kMiB,
                         64 * kMiB + 1, ~u64{0}}) {
    const Status status = PlanMemory(size, kTwoLevel, 0, "").status();
    EXPECT_EQ(status.code(), StatusCode::kOutOfRange) << size;
    EXPECT_NE(MessageOf(status).find("-m 64M"), std::string::npos) << status;
  }
  for (const u64 size : {8 * kMiB, 3072 * kMiB, 64 * kMiB + 4096}) {
    EXPECT_TRUE(CheckMemorySize(size).ok()) << size;
    EXPECT_TRUE(PlanMemory(size, kTwoLevel, 0, "").ok()) << size;
    EXPECT_TRUE(PlanMemory(size, kPae, 0, "").ok()) << size;
  }
}

TEST(BootLayout, TheInitrdMovesTheTablesDown) {
  const BootLayout layout = *PlanMemory(64 * kMiB, kTwoLevel, 5000, "i");
  EXPECT_EQ(layout.initrd_size, 0x2000u);
  EXPECT_EQ(layout.initrd_at, 0x03ffe000u);
  EXPECT_EQ(layout.tables_end, 0x03ffe000u);
  EXPECT_EQ(layout.tables_start, 0x03fed000u);
}

TEST(BootLayout, AnInitrdLargerThanMemoryIsRefused) {
  for (const u64 size :
       {16 * kMiB, 16 * kMiB - 1, 16 * kMiB - 4096, 5000 * kMiB, ~u64{0}}) {
    const Status status = PlanMemory(16 * kMiB, kTwoLevel, size, "big.img").status();
    EXPECT_EQ(status.code(), StatusCode::kOutOfRange) << size;
    EXPECT_NE(MessageOf(status).find("big.img: the initrd of"), std::string::npos);
    EXPECT_NE(MessageOf(status).find("for example -m"), std::string::npos);
  }
  EXPECT_TRUE(PlanMemory(16 * kMiB, kTwoLevel, 15 * kMiB, "i").ok());
}

TEST(BootLayout, TheKernelsLimitForTheInitrdIsKept) {
  const BootLayout layout = *PlanMemory(1024 * kMiB, kTwoLevel, kMiB, "i", 0x37ffffff);
  EXPECT_EQ(layout.initrd_at, 0x38000000u - kMiB);
  EXPECT_EQ(layout.tables_end, 1024 * kMiB - kMiB) << "the tables stay";
  EXPECT_EQ(layout.kernel_limit, layout.initrd_at);
  // Where that would hit the tables, the initrd goes below them.
  const BootLayout tight = *PlanMemory(897 * kMiB, kTwoLevel, kMiB, "i", 0x37ffffff);
  EXPECT_EQ(tight.initrd_at + tight.initrd_size, tight.tables_start);
  EXPECT_EQ(PlanMemory(64 * kMiB, kTwoLevel, kMiB, "i", 0x0fffff).status().code(),
            StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace lgx
