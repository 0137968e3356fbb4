#include "mmu/boot_tables.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/endian.h"
#include "mmu/pte.h"

namespace lgx {
namespace {

constexpr PagingMode kBothModes[] = {PagingMode::kTwoLevel, PagingMode::kPae};

// Guest memory of the given size, with one page more, as the device page would be.
class BootGuest {
 public:
  explicit BootGuest(u32 bytes)
      : bytes_(bytes),
        memory_(PhysMemory::Create(u64{bytes} + 0x11000).value()),
        view(*memory_, Mfn(0x10), (bytes >> kPageShift) + 1) {}

  u32 U32(u32 at) const {
    u32 value = 0;
    EXPECT_TRUE(view.LoadValue(Gpa(at), &value));
    return value;
  }
  u64 U64(u32 at) const { return U32(at) | u64{U32(at + 4)} << 32; }
  std::vector<u8> Bytes() const {
    std::vector<u8> all(bytes_ + kPageSize);
    EXPECT_TRUE(view.Read(Gpa(0), all.data(), static_cast<u32>(all.size())));
    return all;
  }

 private:
  u32 bytes_;
  std::unique_ptr<PhysMemory> memory_;

 public:
  GuestView view;
};

// Guest memory after section 9, written down from its steps.
std::vector<u8> Expected(PagingMode mode, u32 mem, u32 initrd) {
  std::vector<u8> all(mem + kPageSize, 0);
  const bool pae = mode == PagingMode::kPae;
  const u32 size = pae ? 8 : 4;
  const u32 entries = pae ? 512 : 1024;
  const u32 m = mem / 4096;
  const u32 l = (m + entries - 1) / entries;
  const u32 t = mem - initrd - 4096;
  const u32 l0 = t - l * 4096;
  const u32 d = l0 - 4096;
  for (u32 i = 0; i < m; ++i) StoreLe<u32>(&all[l0 + i * size], (i << 12) | 7);
  for (u32 k = 0; k < l; ++k) {
    const u32 entry = (l0 + k * 4096) | 7;
    if (pae) {
      StoreLe<u32>(&all[d + k * 8], entry);
    } else {
      StoreLe<u32>(&all[t + k * 4], entry);
      StoreLe<u32>(&all[t + (768 + k) * 4], entry);
    }
  }
  if (pae) {
    StoreLe<u32>(&all[t], d | 1);
    StoreLe<u32>(&all[t + 24], d | 1);
  }
  return all;
}

TEST(BootTables, T07_1_TheWorkedExampleWithoutPae) {
  BootGuest guest(0x04000000);
  const auto top = SetupBootTables(guest.view, {.mem = 0x04000000});
  ASSERT_TRUE(top.ok());
  EXPECT_EQ(*top, Gpa(0x03fff000));
  EXPECT_EQ(guest.U32(0x03fff000), 0x03fef007u);
  EXPECT_EQ(guest.U32(0x03fff000 + 768 * 4), 0x03fef007u);
  EXPECT_EQ(guest.U32(0x03fff000 + 15 * 4), 0x03ffe007u);
  EXPECT_EQ(guest.U32(0x03fff000 + 16 * 4), 0u);
  EXPECT_EQ(guest.U32(0x03fef48c), 0x00123007u);
  EXPECT_EQ(guest.Bytes(), Expected(PagingMode::kTwoLevel, 0x04000000, 0));
}

TEST(BootTables, T07_1_TheWorkedExampleWithPae) {
  BootGuest guest(0x04000000);
  const auto top =
      SetupBootTables(guest.view, {.mode = PagingMode::kPae, .mem = 0x04000000});
  ASSERT_TRUE(top.ok());
  EXPECT_EQ(*top, Gpa(0x03fff000));
  EXPECT_EQ(guest.U64(0x03fff000), 0x03fde001u);
  EXPECT_EQ(guest.U64(0x03fff000 + 3 * 8), 0x03fde001u);
  EXPECT_EQ(guest.U64(0x03fff000 + 1 * 8), 0u);
  EXPECT_EQ(guest.U64(0x03fde000 + 31 * 8), 0x03ffe007u);
  EXPECT_EQ(guest.U64(0x03fdf918), 0x00123007u);
  EXPECT_EQ(guest.Bytes(), Expected(PagingMode::kPae, 0x04000000, 0));
}

TEST(BootTables, T07_1_AnInitrdMovesEverythingDown) {
  for (const PagingMode mode : kBothModes) {
    BootGuest guest(0x04000000);
    const auto top = SetupBootTables(
        guest.view, {.mode = mode, .mem = 0x04000000, .initrd_size = 0x3000});
    ASSERT_TRUE(top.ok());
    EXPECT_EQ(*top, Gpa(0x03ffc000));
    EXPECT_EQ(guest.Bytes(), Expected(mode, 0x04000000, 0x3000));
  }
}

TEST(BootTables, T07_1_FiveMegabytes) {
  for (const PagingMode mode : kBothModes) {
    const auto layout = PlanBootTables({.mode = mode, .mem = 5 << 20});
    ASSERT_TRUE(layout.ok());
    EXPECT_EQ(layout->pte_pages, mode == PagingMode::kPae ? 3u : 2u);
    EXPECT_EQ(layout->begin(mode),
              Gpa(0x004ff000 - (mode == PagingMode::kPae ? 0x4000 : 0x2000)));
    BootGuest guest(5 << 20);
    ASSERT_TRUE(SetupBootTables(guest.view, {.mode = mode, .mem = 5 << 20}).ok());
    EXPECT_EQ(guest.Bytes(), Expected(mode, 5 << 20, 0));
  }
}

TEST(BootTables, AnotherPageOffsetHasAnotherIndex) {
  BootGuest guest(4 << 20);
  ASSERT_TRUE(
      SetupBootTables(guest.view, {.mem = 4 << 20, .page_offset_index = 512}).ok());
  EXPECT_EQ(guest.U32(0x003ff000), 0x003fe007u);
  EXPECT_EQ(guest.U32(0x003ff000 + 512 * 4), 0x003fe007u);
  EXPECT_EQ(guest.U32(0x003ff000 + 768 * 4), 0u);
}

TEST(BootTables, Q16_MoreThanAGigabyteIsClippedBeforeTheSwitcher) {
  // 1032 MiB: 258 PTE pages, of which the linear half can have 255.
  BootGuest guest(1032 << 20);
  const u32 mem = 1032 << 20;
  const auto layout = PlanBootTables({.mem = mem});
  ASSERT_TRUE(layout.ok());
  const u32 t = layout->top.value;
  const u32 l0 = layout->first_pte.value;
  ASSERT_TRUE(SetupBootTables(guest.view, {.mem = mem}).ok());
  EXPECT_EQ(guest.U32(t + 257 * 4), (l0 + 257 * 4096) | 7)
      << "the identity half is whole";
  EXPECT_EQ(guest.U32(t + 1022 * 4), (l0 + 254 * 4096) | 7);
  EXPECT_EQ(guest.U32(t + 1023 * 4), 0u) << "the Switcher's";
  EXPECT_EQ(guest.U32(t + 4096), 0u) << "what follows the directory is not touched";
  EXPECT_EQ(guest.U32(t + 4100), 0u);
}

TEST(BootTables, Q16_WithPaeTheMiddlePageIsNotOverrun) {
  const u32 mem = 1032 << 20;
  BootGuest guest(mem);
  const BootTablesRequest request{.mode = PagingMode::kPae, .mem = mem};
  const auto layout = PlanBootTables(request);
  ASSERT_TRUE(layout.ok());
  ASSERT_TRUE(SetupBootTables(guest.view, request).ok());
  EXPECT_EQ(guest.U64(layout->pmd.value + 511 * 8),
            (layout->first_pte.value + 511 * 4096) | 7);
  EXPECT_EQ(guest.U64(layout->first_pte.value), 7u) << "page 0's entry, not PMD[512]";
}

TEST(BootTables, TablesThatDoNotFitAreRefused) {
  for (const PagingMode mode : kBothModes) {
    const auto refused = [mode](u64 mem, u32 initrd) {
      return !PlanBootTables({.mode = mode, .mem = mem, .initrd_size = initrd}).ok();
    };
    EXPECT_TRUE(refused(0, 0));
    EXPECT_TRUE(refused(0x1000, 0));
    EXPECT_TRUE(refused(0x00400000, 0x00400000));
    EXPECT_TRUE(refused(0x00400000, 0x003ff000));
    EXPECT_TRUE(refused(0x00400000, 0xfffff000));
    EXPECT_TRUE(refused(0x00400100, 0));
    EXPECT_TRUE(refused(0x00400000, 0x0123));
    EXPECT_TRUE(refused(u64{1} << 32, 0));
    EXPECT_TRUE(refused(~u64{0xfff}, 0));
    EXPECT_FALSE(refused(0x00400000, 0x003f0000));
  }
}

TEST(BootTables, BootParametersThatClaimMoreThanThereIsAreRefused) {
  for (const PagingMode mode : kBothModes) {
    BootGuest guest(1 << 20);
    const auto top = SetupBootTables(guest.view, {.mode = mode, .mem = 64 << 20});
    EXPECT_FALSE(top.ok());
    EXPECT_NE(MessageOf(top.status()).find("outside Guest memory"), std::string::npos);
  }
}

TEST(BootTables, SizesComeFromTheBootParameters) {
  BootGuest guest(1 << 20);
  ASSERT_TRUE(guest.view.StoreValue<u64>(Gpa(0x2d8), 0x0000000104000000));
  ASSERT_TRUE(guest.view.StoreValue<u32>(Gpa(0x21c), 0x3000));
  const auto sizes = ReadBootSizes(guest.view);
  ASSERT_TRUE(sizes.ok());
  EXPECT_EQ(sizes->mem, 0x0000000104000000u);
  EXPECT_EQ(sizes->initrd_size, 0x3000u);
}

TEST(BootTables, AGuestWithoutMemoryHasNoBootParameters) {
  auto memory = PhysMemory::Create(0x10000).value();
  const GuestView none(*memory, Mfn(1), 0);
  EXPECT_FALSE(ReadBootSizes(none).ok());
}

}  // namespace
}  // namespace lgx
