#include "hypercalls/abi.h"

#include "hypercalls/abi_g.h"

#include <gtest/gtest.h>

#include <string>

namespace lgx {
namespace {

TEST(Abi, G04_1_EveryGenerationHasItsSize) {
  // The offsets are static assertions in abi_*.h.
  const struct {
    char letter;
    u32 size;
  } kSizes[] = {{'A', 1128}, {'B', 1136}, {'C', 1136}, {'D', 1136},
                {'R', 1396}, {'E', 1396}, {'F', 1392}, {'G', 1388}};
  for (const auto& row : kSizes) {
    ASSERT_NE(FindAbi(row.letter), nullptr) << row.letter;
    EXPECT_EQ(FindAbi(row.letter)->data.size, row.size) << row.letter;
    EXPECT_EQ(FindAbi(row.letter)->letter, row.letter);
  }
  EXPECT_EQ(FindAbi('H'), nullptr);
}

TEST(Abi, AllButTheFirstGenerationAreServed) {
  std::string served;
  for (const char letter : {'A', 'B', 'C', 'D', 'R', 'E', 'F', 'G'}) {
    if (FindAbi(letter)->supported) served += letter;
  }
  EXPECT_EQ(served, "BCDREFG");
}

TEST(Abi, Version40IsGWithTheDataOfF) {
  EXPECT_EQ(kAbiG40.letter, 'G');
  EXPECT_TRUE(kAbiG40.forwards_traps);
  EXPECT_EQ(kAbiG40.data.size, kAbiF.data.size);
  EXPECT_EQ(kAbiG40.data.noirq_iret, kAbsentField);
  EXPECT_EQ(kAbiG40.CallOf(17), Call::kUnknown);
}

TEST(Abi, TheRingAndTheRegistersOrderArgumentsAsTheGenerationSays) {
  EXPECT_EQ(FindAbi('B')->registers, (std::array<u8, 4>{3, 1, 2, kAbsentArg}));
  EXPECT_EQ(FindAbi('B')->ring, (std::array<u8, 4>{3, 1, 2, kAbsentArg}));
  EXPECT_EQ(FindAbi('A')->ring, (std::array<u8, 4>{1, 2, 3, kAbsentArg}));
  EXPECT_EQ(FindAbi('D')->registers, (std::array<u8, 4>{1, 2, 3, kAbsentArg}));
  EXPECT_EQ(FindAbi('F')->registers, (std::array<u8, 4>{1, 2, 3, 4}));
}

TEST(Abi, NumbersMeanWhatTheGenerationSays) {
  EXPECT_EQ(FindAbi('A')->CallOf(12), Call::kBindDma);
  EXPECT_EQ(FindAbi('C')->CallOf(3), Call::kLoadGdt);
  EXPECT_EQ(FindAbi('D')->CallOf(3), Call::kUnknown);
  EXPECT_EQ(FindAbi('D')->CallOf(15), Call::kSetPgd);
  EXPECT_EQ(FindAbi('D')->CallOf(19), Call::kUnknown);
  EXPECT_EQ(FindAbi('R')->CallOf(19), Call::kSendInterrupts);
  EXPECT_EQ(FindAbi('G')->CallOf(17), Call::kUnknown);
  EXPECT_EQ(FindAbi('R')->CallOf(20), Call::kUnknown);
  EXPECT_EQ(FindAbi('R')->CallOf(0xffffffff), Call::kUnknown);
}

TEST(Abi, SeventeenCallsOfTheReferenceHaveLguestsNames) {
  u32 known = 0;
  for (u32 number = 0; number < kCallNumbers; ++number) {
    if (FindAbi('R')->CallOf(number) != Call::kUnknown) ++known;
  }
  EXPECT_EQ(known, 17u);
  EXPECT_STREQ(NameOf(Call::kLoadIdtEntry), "LOAD_IDT_ENTRY");
  EXPECT_STREQ(NameOf(Call::kSendInterrupts), "SEND_INTERRUPTS");
  EXPECT_STREQ(NameOf(Call::kSendDma), "SEND_DMA");
}

// The offsets themselves are checked by the compiler, in abi_r.h.
TEST(Abi, T04_16_TheReferencesLguestDataHas1396Bytes) {
  const LguestDataLayout& data = FindAbi('R')->data;
  EXPECT_EQ(data.size, 1396);
  EXPECT_EQ(data.hcall_status, 0x18);
  EXPECT_EQ(data.hcalls, 0x58);
  EXPECT_EQ(data.reserve_mem, data.hcalls + kRingSize * 20);
  EXPECT_EQ(data.syscall_vec + 4, data.size);
}

}  // namespace
}  // namespace lgx
