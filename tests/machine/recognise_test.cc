#include "machine/recognise.h"

#include <gtest/gtest.h>

#include "machine/kernel_image.h"
#include "tests/machine/kernel_builder.h"

namespace lgx {
namespace {

using test::BuildBzImage;
using test::BuildLguestData;
using test::BuildVmlinux;
using test::ByteVector;
using test::KernelSpec;
using test::PackGzip;
using test::PaeMark;
using test::Poke;
using enum Generation;

const char* VersionOf(Generation generation) {
  switch (generation) {
    case kA:
      return "2.6.23";
    case kB:
      return "2.6.24.7";
    case kC:
      return "2.6.29-rc1";
    case kD:
      return "2.6.30";
    case kR:
      return "2.6.32-rc8";
    case kE:
      return "3.0.101";
    case kF:
      return "3.11.10";
    case kG:
      return "4.1.18";
  }
  return "";
}

Recognition Recognise(const ByteVector& file) {
  const StatusOr<KernelImage> kernel = InspectKernel(file, "k");
  EXPECT_TRUE(kernel.ok()) << kernel.status();
  return kernel.ok() ? kernel->recognition : Recognition();
}

// --- the layout of lguest_data
// ----------------------------------------------------------------

TEST(LguestDataLayout, G04_2_InitialValuesTellTheGeneration) {
  EXPECT_EQ(LayoutOfLguestData(BuildLguestData(kA, true)), DataLayout::kAFirst);
  EXPECT_EQ(LayoutOfLguestData(BuildLguestData(kA)), DataLayout::kA);
  EXPECT_EQ(LayoutOfLguestData(BuildLguestData(kB)), DataLayout::kBcd);
  EXPECT_EQ(LayoutOfLguestData(BuildLguestData(kC)), DataLayout::kBcd);
  EXPECT_EQ(LayoutOfLguestData(BuildLguestData(kD)), DataLayout::kBcd);
  EXPECT_EQ(LayoutOfLguestData(BuildLguestData(kR)), DataLayout::kRe);
  EXPECT_EQ(LayoutOfLguestData(BuildLguestData(kE)), DataLayout::kRe);
  EXPECT_EQ(LayoutOfLguestData(BuildLguestData(kF)), DataLayout::kF);
  EXPECT_EQ(LayoutOfLguestData(BuildLguestData(kG)), DataLayout::kG);
}

TEST(LguestDataLayout, G04_2_TheInstructionCompletesIt) {
  EXPECT_EQ(GenerationOfLayout(DataLayout::kBcd, true, ""), kD);
  EXPECT_EQ(GenerationOfLayout(DataLayout::kBcd, false, "2.6.24"), kB);
  EXPECT_EQ(GenerationOfLayout(DataLayout::kBcd, false, "2.6.27"), kC);
  EXPECT_EQ(GenerationOfLayout(DataLayout::kRe, true, ""), kR);
  EXPECT_EQ(GenerationOfLayout(DataLayout::kRe, false, ""), kE);
  EXPECT_EQ(GenerationOfLayout(DataLayout::kF, false, ""), kF);
  EXPECT_EQ(GenerationOfLayout(DataLayout::kG, false, ""), kG);
  EXPECT_EQ(GenerationOfLayout(DataLayout::kUnknown, false, "3.11"), std::nullopt);
}

TEST(LguestDataLayout, G04_2_RandomMemoryIsUnknown) {
  u32 state = 12345;
  for (int round = 0; round < 1000; round++) {
    ByteVector data(kLguestDataLargest);
    for (u8& byte : data) {
      state = state * 1664525 + 1013904223;
      byte = static_cast<u8>(state >> 24);
    }
    ASSERT_EQ(LayoutOfLguestData(data), DataLayout::kUnknown);
  }
  EXPECT_EQ(LayoutOfLguestData({}), DataLayout::kUnknown);
  EXPECT_EQ(LayoutOfLguestData(ByteVector(kLguestDataLargest, 0)), DataLayout::kUnknown);
  EXPECT_EQ(LayoutOfLguestData(ByteVector(kLguestDataLargest, 0xff)),
            DataLayout::kUnknown);
}

TEST(LguestDataLayout, SmallChangesAreNotAccepted) {
  for (const u32 offset : {0u, 4u, 8u, 12u, 16u, 20u, 40u, 1384u, 1388u, 1392u}) {
    ByteVector data = BuildLguestData(kR);
    data[offset + 1] ^= 0x55;
    EXPECT_EQ(LayoutOfLguestData(data), DataLayout::kUnknown) << offset;
  }
}

TEST(LguestDataLayout, ThePlan9VectorIsAccepted) {
  ByteVector data = BuildLguestData(kF);
  Poke<u32>(&data, 1388, 0x40);
  EXPECT_EQ(LayoutOfLguestData(data), DataLayout::kF);
}

TEST(LguestDataLayout, TheWordsAreShown) {
  EXPECT_NE(DescribeLguestData(BuildLguestData(kR)).find("1392:0x00000080"),
            std::string::npos);
}

// --- whole kernels
// ---------------------------------------------------------------------------

TEST(Recognise, G04_2_GenerationOfAVmlinux) {
  for (const Generation g : {kB, kC, kD, kR, kE, kF, kG}) {
    for (const bool symbols : {false, true}) {
      const Recognition r = Recognise(
          BuildVmlinux({.generation = g, .symbols = symbols, .version = VersionOf(g)}));
      EXPECT_EQ(r.lguest, LguestSupport::kYes);
      EXPECT_EQ(r.generation, g) << r.evidence;
      EXPECT_EQ(r.version, std::string(VersionOf(g)) + " (user@host) #1");
      EXPECT_NE(r.evidence.find("lguest_data at 0x00101000"), std::string::npos);
    }
  }
}

TEST(Recognise, G04_2_GenerationOfABzImage) {
  for (const Generation g : {kB, kC, kD, kR, kE, kF, kG}) {
    const ByteVector vmlinux = BuildVmlinux({.generation = g, .version = VersionOf(g)});
    EXPECT_EQ(Recognise(BuildBzImage(PackGzip(vmlinux))).generation, g);
  }
}

TEST(Recognise, Version40HasThePciBusOfGAndTheDataOfF) {
  const Recognition r =
      Recognise(BuildVmlinux({.generation = kG, .version = "4.0.5", .data = kF}));
  EXPECT_EQ(r.generation, kG);
  EXPECT_EQ(r.layout, DataLayout::kF);
  EXPECT_NE(r.evidence.find("PCI"), std::string::npos) << r.evidence;
  EXPECT_EQ(Recognise(BuildVmlinux({.generation = kG, .version = "4.1"})).layout,
            DataLayout::kG);
  EXPECT_EQ(Recognise(BuildVmlinux({.generation = kF, .version = "3.19"})).generation,
            kF);
}

TEST(Recognise, TheCodeCountsMoreThanTheVersion) {
  EXPECT_EQ(Recognise(BuildVmlinux({.generation = kF, .version = "2.6.32"})).generation,
            kF);
  EXPECT_EQ(Recognise(BuildVmlinux({.generation = kR, .version = "3.11"})).generation,
            kR);
}

TEST(Recognise, GenerationAIsKnownByItsText) {
  const Recognition r = Recognise(BuildVmlinux({.generation = kA, .version = "2.6.23"}));
  EXPECT_EQ(r.lguest, LguestSupport::kYes);
  EXPECT_EQ(r.generation, kA);
}

TEST(Recognise, AKernelWithoutLguestIsToldApart) {
  for (const bool symbols : {false, true}) {
    const Recognition r = Recognise(BuildVmlinux({.symbols = symbols, .lguest = false}));
    EXPECT_EQ(r.lguest, LguestSupport::kNo);
    EXPECT_NE(r.evidence.find("no lguest entry code"), std::string::npos);
    EXPECT_EQ(r.evidence.find("lguest_init") != std::string::npos, symbols);
  }
  const Recognition r =
      Recognise(BuildVmlinux({.mark = PaeMark::kConfig, .lguest = false}));
  EXPECT_NE(r.evidence.find("CONFIG_LGUEST_GUEST"), std::string::npos) << r.evidence;
}

TEST(Recognise, AccidentsAreNotEntryCode) {
  // The right call, but lguest_data does not look like it: the real one is found behind
  // it.
  ByteVector file = BuildVmlinux({.generation = kR});
  const u64 content = 52 + 32;
  test::PokeText(&file, content + 0x100,
                 std::string_view("\xb8\1\0\0\0\xbb\0\0\x20\0\x0f\1\xc1\xbc", 14));
  const Recognition r = Recognise(file);
  EXPECT_EQ(r.generation, kR);
  EXPECT_NE(r.evidence.find("at 0x00100800"), std::string::npos) << r.evidence;
}

TEST(Recognise, WithoutReadableDataThePatternAndTheVersionDecide) {
  const auto with_data_lost = [](Generation g) {
    ByteVector file = BuildVmlinux({.generation = g, .version = VersionOf(g)});
    Poke<u32>(&file, 52 + 32 + 0x1000, 7);  // irq_enabled is not 0
    return Recognise(file).generation;
  };
  for (const Generation g : {kB, kC, kD, kR, kE, kF, kG}) EXPECT_EQ(with_data_lost(g), g);
}

// --- PAE
// -----------------------------------------------------------------------------------------

TEST(Recognise, G04_2_PaeByEachMark) {
  for (const Generation g : {kR, kE, kF}) {
    for (const bool pae : {false, true}) {
      for (const PaeMark mark : {PaeMark::kSymbol, PaeMark::kText, PaeMark::kDirectMap,
                                 PaeMark::kConfig, PaeMark::kTable}) {
        const bool symbols = mark == PaeMark::kSymbol;
        const KernelSpec spec = {.generation = g,
                                 .pae = pae,
                                 .mark = mark,
                                 .symbols = symbols,
                                 .version = VersionOf(g)};
        const Recognition r = Recognise(BuildVmlinux(spec));
        // Of a stripped R or E without PAE no table can be found: nothing is claimed.
        const bool silent = mark == PaeMark::kTable && !pae && g != kF;
        const std::optional<bool> expected = silent ? std::nullopt : std::optional(pae);
        EXPECT_EQ(r.pae, expected)
            << static_cast<int>(mark) << " " << pae << " " << r.pae_evidence;
        EXPECT_EQ(r.pae_evidence.empty(), silent);
      }
    }
  }
}

TEST(Recognise, PaeOfABzImage) {
  for (const bool pae : {false, true}) {
    const ByteVector vmlinux = BuildVmlinux({.pae = pae});
    EXPECT_EQ(Recognise(BuildBzImage(PackGzip(vmlinux))).pae, pae);
  }
}

TEST(Recognise, HighmemIsKnownFromTheConfiguration) {
  EXPECT_EQ(Recognise(BuildVmlinux({.pae = true, .mark = PaeMark::kConfig})).highmem,
            true);
  EXPECT_EQ(Recognise(BuildVmlinux({.pae = false, .mark = PaeMark::kConfig})).highmem,
            false);
  EXPECT_EQ(Recognise(BuildVmlinux({})).highmem, std::nullopt);
}

// --- versions
// ------------------------------------------------------------------------------------

TEST(GenerationOfVersion, FollowsTheHistory) {
  for (const Generation g : {kA, kB, kC, kD, kR, kE, kF, kG}) {
    EXPECT_EQ(GenerationOfVersion(VersionOf(g)), g) << VersionOf(g);
  }
  EXPECT_EQ(GenerationOfVersion("2.6.33.20 (a@b) #1"), kR);
  EXPECT_EQ(GenerationOfVersion("2.6.34"), kE);
  EXPECT_EQ(GenerationOfVersion("2.6.39"), kE);
  EXPECT_EQ(GenerationOfVersion("3.1.10"), kF);
  EXPECT_EQ(GenerationOfVersion("3.19.0+"), kF);
  EXPECT_EQ(GenerationOfVersion("4.13"), kG);
  for (const char* none : {"", "x", "2", "2.6", "2.6.22", "2.4.37", "4.14", "5.10.0",
                           "3.20", "99999.1", "3.999"}) {
    EXPECT_EQ(GenerationOfVersion(none), std::nullopt) << none;
  }
}

TEST(GenerationNames, AreLettersInEitherCase) {
  EXPECT_EQ(GenerationFromLetter("R"), kR);
  EXPECT_EQ(GenerationFromLetter("f"), kF);
  EXPECT_EQ(GenerationFromLetter("H"), std::nullopt);
  EXPECT_EQ(GenerationFromLetter(""), std::nullopt);
  EXPECT_EQ(GenerationFromLetter("RR"), std::nullopt);
  EXPECT_EQ(NameOf(kR), "R (2.6.31 - 2.6.33)");
}

}  // namespace
}  // namespace lgx
