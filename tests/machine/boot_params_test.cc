#include "machine/boot_params.h"

#include <gtest/gtest.h>

#include "tests/machine/kernel_builder.h"

namespace lgx {
namespace {

using test::BuildBzImage;
using test::BuildVmlinux;
using test::ByteVector;
using test::PackGzip;
using test::TestMemory;

struct Booted {
  explicit Booted(u64 memory_size) : memory(memory_size) {}
  TestMemory memory;
  BootLayout layout;
};

// As the Launcher does it, up to the first instruction.
Booted Boot(const ByteVector& file, const std::string& command_line,
            const ByteVector& initrd, u64 memory_size = 64 * kMiB,
            std::optional<u32> alignment = std::nullopt) {
  Booted booted(memory_size);
  const StatusOr<KernelImage> kernel = InspectKernel(file, "k");
  EXPECT_TRUE(kernel.ok()) << kernel.status();
  booted.layout = *PlanMemory(memory_size, PagingMode::kTwoLevel, initrd.size(), "i",
                              kernel->initrd_addr_max());
  EXPECT_TRUE(LoadKernel(*kernel, file, booted.layout, booted.memory.view()).ok());
  EXPECT_TRUE(LoadInitrd(booted.layout, initrd, "i", booted.memory.view()).ok());
  const Status status = WriteBootParams({booted.layout, command_line, alignment}, *kernel,
                                        file, booted.memory.view());
  EXPECT_TRUE(status.ok()) << status;
  return booted;
}

void ExpectCommonFields(const Booted& booted, u32 alignment) {
  const TestMemory& m = booted.memory;
  EXPECT_EQ(m.Load<u8>(0x1e8), 1);
  EXPECT_EQ(m.Load<u64>(0x2d0), 0u);
  EXPECT_EQ(m.Load<u64>(0x2d8), 64 * kMiB);
  EXPECT_EQ(m.Load<u32>(0x2e0), 1u);
  EXPECT_EQ(m.Load<u16>(0x206), 0x0207);
  EXPECT_EQ(m.Load<u8>(0x210), 0xff);
  EXPECT_EQ(m.Load<u8>(0x211) & 0x40, 0x40);
  EXPECT_EQ(m.Load<u32>(0x218), 0x04000000u - 0x2000);
  EXPECT_EQ(m.Load<u32>(0x21c), 0x2000u);
  EXPECT_EQ(m.Load<u32>(0x228), 0x1000u);
  EXPECT_EQ(m.Load<u32>(0x230), alignment);
  EXPECT_EQ(m.Load<u32>(0x23c), 1u);
  EXPECT_TRUE(m.IsZero(0, 0x1e8)) << "screen description and all below must stay 0";
  EXPECT_TRUE(m.IsZero(0x1e9, 0x206 - 0x1e9)) << "root_flags in it would mount read-only";
  EXPECT_TRUE(m.IsZero(0x40e, 2)) << "EBDA pointer";
  EXPECT_TRUE(m.IsZero(0x2e4, 0x1000 - 0x2e4));
  EXPECT_TRUE(m.IsZero(0x250, 8)) << "setup_data";
  const ByteVector text = m.Read(0x1000, 8);
  EXPECT_EQ(std::string(text.begin(), text.begin() + 5), "a b=c");
  EXPECT_TRUE(m.IsZero(0x1005, 0x1000 - 5));
}

TEST(BootParams, G01_4_ZeroPageOfABzImage) {
  const ByteVector file = BuildBzImage(PackGzip(BuildVmlinux({})));
  const Booted booted = Boot(file, "a b=c", ByteVector(0x1001, 0xee));
  ExpectCommonFields(booted, 0x1000000);
  // The upper part of the setup header came from the file.
  EXPECT_EQ(booted.memory.Load<u32>(0x22c), 0x7fffffffu);
  EXPECT_EQ(booted.memory.Load<u8>(0x234), 1);
  EXPECT_EQ(booted.memory.Load<u32>(0x238), 2047u);
  EXPECT_EQ(booted.memory.Load<u32>(0x260), 0x100000u);
  // The lower part did not.
  EXPECT_EQ(booted.memory.Load<u32>(0x202), 0u);
  EXPECT_EQ(booted.memory.Load<u32>(0x214), 0u);
}

// What the image says about its root device stays in the image: with root_flags = 1 the
// kernel would mount it read-only where the original Launcher's mounted it read-write.
TEST(BootParams, G01_15_RootFlagsAreNotCopied) {
  constexpr u32 kRootFlags = 0x1f2, kRootDev = 0x1fc;
  ByteVector file = BuildBzImage(PackGzip(BuildVmlinux({})));
  StoreLe<u16>(file.data() + kRootFlags, 1);
  StoreLe<u16>(file.data() + kRootDev, 0x0801);
  const Booted booted = Boot(file, "root=/dev/vda", {});
  EXPECT_EQ(booted.memory.Load<u16>(kRootFlags), 0);
  EXPECT_EQ(booted.memory.Load<u16>(kRootDev), 0);
}

TEST(BootParams, G01_4_ZeroPageOfAVmlinux) {
  const Booted booted = Boot(BuildVmlinux({}), "a b=c", ByteVector(0x1001, 0xee));
  ExpectCommonFields(booted, 0x1000000);
  EXPECT_TRUE(booted.memory.IsZero(0x22c, 4));
  EXPECT_TRUE(booted.memory.IsZero(0x240, 0x2d0 - 0x240));
}

TEST(BootParams, WithoutInitrdTheFieldsStayZero) {
  const Booted booted = Boot(BuildVmlinux({}), "", {});
  EXPECT_TRUE(booted.memory.IsZero(0x218, 8));
  EXPECT_EQ(booted.memory.Load<u8>(0x210), 0xff);
  EXPECT_EQ(booted.memory.Load<u32>(0x228), 0x1000u) << "non-zero even for an empty line";
}

TEST(BootParams, TheInitrdEndsWithTheMemory) {
  const Booted booted = Boot(BuildVmlinux({}), "", ByteVector(0x1001, 0xee));
  EXPECT_EQ(booted.memory.Load<u8>(0x04000000 - 0x2000), 0xee);
  EXPECT_EQ(booted.memory.Load<u8>(0x04000000 - 0x1000), 0xee);
  EXPECT_TRUE(booted.memory.IsZero(0x04000000 - 0xfff, 0xfff));
  EXPECT_TRUE(booted.memory.IsZero(0x04000000, 0x1000)) << "device page";
}

TEST(BootParams, TheAlignmentCanBeForced) {
  const ByteVector file = BuildBzImage(PackGzip(BuildVmlinux({})));
  EXPECT_EQ(Boot(file, "", {}, 64 * kMiB, 0).memory.Load<u32>(0x230), 0u);
  EXPECT_EQ(Boot(file, "", {}, 64 * kMiB, 0x100000).memory.Load<u32>(0x230), 0x100000u);
  EXPECT_EQ(Boot(file, "", {}, 16 * kMiB).memory.Load<u32>(0x230), 0x100000u);
}

TEST(BootParams, TheLongestCommandLineHas2047Characters) {
  const Booted booted = Boot(BuildVmlinux({}), std::string(2047, 'x'), {});
  EXPECT_EQ(booted.memory.Load<u8>(0x1000 + 2046), 'x');
  EXPECT_EQ(booted.memory.Load<u8>(0x1000 + 2047), 0);
  const Status status = CheckCommandLine(std::string(2048, 'x'));
  EXPECT_EQ(status.code(), StatusCode::kOutOfRange);
  EXPECT_NE(MessageOf(status).find("2047"), std::string::npos) << status;
  EXPECT_FALSE(CheckCommandLine(std::string("a\0b", 3)).ok());
}

TEST(BootParams, G01_13_MemArgumentsAreWarnedOf) {
  const std::vector<std::string> warnings =
      CommandLineWarnings("quiet mem=32M memmap=1M@0");
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_NE(warnings[0].find("mem=32M"), std::string::npos);
  EXPECT_NE(warnings[0].find("no console"), std::string::npos);
  EXPECT_TRUE(CommandLineWarnings("highmem=1 xmem=3 memtest").empty());
  EXPECT_TRUE(CommandLineWarnings("").empty());
}

}  // namespace
}  // namespace lgx
