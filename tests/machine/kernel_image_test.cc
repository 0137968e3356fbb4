// Bad kernels, each with the message a person sees.
#include "machine/kernel_image.h"

#include <gtest/gtest.h>

#include "tests/machine/kernel_builder.h"

namespace lgx {
namespace {

using test::BuildBzImage;
using test::BuildElf;
using test::BuildVmlinux;
using test::ByteVector;
using test::PackGzip;
using test::Poke;
using enum Generation;

Status Inspect(const ByteVector& file) {
  return InspectKernel(file, "vmlinux.x").status();
}

Status Bootable(const ByteVector& file, std::optional<Generation> chosen = std::nullopt) {
  const StatusOr<KernelImage> kernel = InspectKernel(file, "vmlinux.x");
  if (!kernel.ok()) return kernel.status();
  return CheckBootable(*kernel, chosen).status();
}

void ExpectRefusal(const Status& status, StatusCode code,
                   std::initializer_list<const char*> parts) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_EQ(MessageOf(status).rfind("vmlinux.x", 0), 0u) << "names the file: " << status;
  for (const char* part : parts) {
    EXPECT_NE(MessageOf(status).find(part), std::string::npos) << part << "\n" << status;
  }
}

TEST(BadKernel, Empty) {
  ExpectRefusal(Inspect({}), kInvalidArgument, {"empty", "0 bytes"});
}

TEST(BadKernel, TruncatedInTheElfHeader) {
  ByteVector file = BuildVmlinux({});
  file.resize(40);
  ExpectRefusal(Inspect(file), kInvalidArgument, {"ends at 0x28", "cut short"});
}

TEST(BadKernel, TruncatedInASegment) {
  ByteVector file = BuildVmlinux({});
  file.resize(0x4000);
  ExpectRefusal(Inspect(file), kInvalidArgument,
                {"program header 0 at offset 0x34", "0x4000", "cut short"});
}

TEST(BadKernel, ABzImageCutShort) {
  ByteVector file = BuildBzImage(PackGzip(BuildVmlinux({})));
  file.resize(file.size() - 100);
  ExpectRefusal(Inspect(file), kInvalidArgument, {"cut short"});
}

TEST(BadKernel, ABzImageWithADamagedPayload) {
  ByteVector file = BuildBzImage(PackGzip(BuildVmlinux({})));
  file[file.size() - 60] ^= 0x10;
  ExpectRefusal(Inspect(file), kDataLoss, {"packed kernel at offset 0x1610", "gzip"});
}

TEST(BadKernel, SixtyFourBits) {
  ByteVector file = BuildVmlinux({});
  Poke<u8>(&file, 4, 2);
  ExpectRefusal(Inspect(file), kInvalidArgument, {"64-bit", "offset 0x04", "ARCH=i386"});
  ExpectRefusal(Inspect(BuildBzImage(PackGzip(file))), kInvalidArgument,
                {"packed inside", "64-bit"});
}

TEST(BadKernel, AForeignMachine) {
  ByteVector file = BuildVmlinux({});
  Poke<u16>(&file, 18, 8);
  ExpectRefusal(Inspect(file), kInvalidArgument, {"MIPS", "offset 0x12"});
}

TEST(BadKernel, NoKernelAtAll) {
  ByteVector text(3000, 'a');
  ExpectRefusal(Inspect(text), kInvalidArgument, {"neither ELF", "Give a vmlinux"});
}

TEST(BadKernel, PackedByHand) {
  ExpectRefusal(Inspect(PackGzip(BuildVmlinux({}))), kInvalidArgument,
                {"packed with gzip", "Unpack it"});
}

TEST(BadKernel, WithoutLguest) {
  const ByteVector file = BuildVmlinux({.lguest = false});
  ExpectRefusal(Bootable(file), kInvalidArgument,
                {"no lguest guest support", "CONFIG_LGUEST_GUEST=y", "Linux 2.6.31)"});
  ExpectRefusal(Bootable(BuildBzImage(PackGzip(file))), kInvalidArgument,
                {"no lguest guest support"});
  ExpectRefusal(Bootable(file, kR), kInvalidArgument, {"no lguest guest support"});
}

TEST(BadKernel, OfTheFirstGeneration) {
  const ByteVector file = BuildVmlinux({.generation = kA, .version = "2.6.23"});
  ExpectRefusal(Bootable(file), kUnimplemented,
                {"generation A (2.6.23)", "not planned",
                 "This version boots B (2.6.24), C (2.6.25 - 2.6.29)", "F (3.1 - 3.19)"});
}

TEST(GoodKernel, SupportedGenerationsPass) {
  for (const Generation g : {kB, kC, kD, kR, kE, kF, kG}) {
    EXPECT_TRUE(Bootable(BuildVmlinux({.generation = g})).ok());
    EXPECT_TRUE(Bootable(BuildBzImage(PackGzip(BuildVmlinux({.generation = g})))).ok());
  }
}

TEST(GoodKernel, GenerationsBeforeTheReferenceHaveNoPae) {
  const KernelImage kernel =
      *InspectKernel(BuildVmlinux({.generation = kR}), "vmlinux.x");
  for (const Generation g : {kB, kC, kD}) {
    EXPECT_TRUE(CheckModeFor(kernel, g, PagingMode::kTwoLevel).ok());
    ExpectRefusal(CheckModeFor(kernel, g, PagingMode::kPae),
                  StatusCode::kFailedPrecondition, {"no PAE", "2.6.31", "--pae on"});
  }
  for (const Generation g : {kR, kE, kF}) {
    EXPECT_TRUE(CheckModeFor(kernel, g, PagingMode::kPae).ok());
  }
}

TEST(GoodKernel, TheUserMayNameTheGeneration) {
  const ByteVector file = BuildVmlinux({.generation = kG});
  const KernelImage kernel = *InspectKernel(file, "vmlinux.x");
  EXPECT_EQ(*CheckBootable(kernel, kF), kF);
  ExpectRefusal(CheckBootable(kernel, kA).status(), kUnimplemented, {"generation A"});
}

TEST(BzImageThatCannotBeLookedInto, TheVersionDecides) {
  const auto unknown = [](const std::string& version) {
    return BuildBzImage(ByteVector(600, 0x42), {.version = version});
  };
  EXPECT_TRUE(Bootable(unknown("3.11.10")).ok());
  EXPECT_TRUE(Bootable(unknown("4.1.18")).ok());
  ExpectRefusal(Bootable(unknown("2.6.23")), kUnimplemented, {"version text only"});
  ExpectRefusal(Bootable(unknown("5.4.0")), kInvalidArgument, {"--abi", "vmlinux"});
  ExpectRefusal(Bootable(unknown("")), kInvalidArgument, {"--abi"});
  EXPECT_TRUE(Bootable(unknown(""), kF).ok());
}

TEST(MemoryForAKernel, EarlyGenerationsReachTheirTablesBelow1020MiB) {
  const KernelImage early = *InspectKernel(BuildVmlinux({.generation = kR}), "vmlinux.x");
  EXPECT_TRUE(CheckMemoryFor(early, kR, 1020 * kMiB).ok());
  ExpectRefusal(CheckMemoryFor(early, kR, 1021 * kMiB), StatusCode::kOutOfRange,
                {"1020 MiB", "-m 512M"});
  const KernelImage late = *InspectKernel(BuildVmlinux({.generation = kF}), "vmlinux.x");
  EXPECT_TRUE(CheckMemoryFor(late, kF, 2048 * kMiB).ok());
}

TEST(MemoryForAKernel, WithoutHighmemItEndsAt896MiB) {
  const ByteVector file =
      BuildVmlinux({.generation = kF, .mark = test::PaeMark::kConfig});
  const KernelImage kernel = *InspectKernel(file, "vmlinux.x");
  EXPECT_TRUE(CheckMemoryFor(kernel, kF, 896 * kMiB).ok());
  ExpectRefusal(CheckMemoryFor(kernel, kF, 897 * kMiB), StatusCode::kOutOfRange,
                {"highmem"});
}

TEST(InspectKernel, AddressesOfABzImageAreThoseOfTheKernelInside) {
  const KernelImage kernel =
      *InspectKernel(BuildBzImage(PackGzip(BuildVmlinux({}))), "vmlinux.x");
  EXPECT_EQ(kernel.format, KernelImage::Format::kBzImage);
  EXPECT_EQ(kernel.entry, 0x100000u);
  EXPECT_EQ(kernel.load_start, 0x100000u);
  EXPECT_EQ(kernel.load_end, 0x100000u + test::kTestKernelMemory);
  EXPECT_EQ(kernel.page_offset, 0xc0000000u);
}

TEST(InspectKernel, ADamagedSymbolTableCostsOnlyNames) {
  ByteVector file = BuildVmlinux({.symbols = true});
  EXPECT_TRUE(InspectKernel(file, "k")->symbols.Has("lguest_init"));
  Poke<u32>(&file, 32, 0xfffffff0);
  const StatusOr<KernelImage> kernel = InspectKernel(file, "k");
  ASSERT_TRUE(kernel.ok());
  EXPECT_TRUE(kernel->symbols.empty());
}

}  // namespace
}  // namespace lgx
