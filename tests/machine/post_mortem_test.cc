#include "machine/post_mortem.h"

#include <gtest/gtest.h>

#include "tests/machine/tiny_guest.h"

namespace lgx {
namespace {

using test::TinyGuest;

u32 CountOf(const std::string& text, const std::string& what) {
  u32 count = 0;
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

SymbolTable Symbols() {
  return *ReadSystemMap("00100000 T tiny_start\n00100400 T tiny_end\n", "System.map");
}

TEST(PostMortem, TellsRegistersWithNames) {
  TinyGuest guest;
  guest.text.Mov(kEbx, Imm{0x1234abcd});
  guest.text.Hlt();
  guest.Run();
  const std::string text = DescribeDeath(guest.machine(), Symbols());
  EXPECT_NE(text.find("(trap 13, error code 0x00000000)"), std::string::npos) << text;
  EXPECT_NE(text.find("eip 0x00100005 tiny_start+0x5"), std::string::npos) << text;
  EXPECT_NE(text.find("ebx 1234abcd"), std::string::npos) << text;
  EXPECT_NE(text.find("cs 0061  ss 0069"), std::string::npos) << text;
  EXPECT_NE(text.find("no hypercall was made"), std::string::npos) << text;
}

TEST(PostMortem, TellsTheLastHypercallsNewestLast) {
  TinyGuest guest;
  guest.text.Init();
  for (u32 i = 0; i < 40; ++i) guest.text.Hypercall(8, i);
  guest.text.Crash();
  guest.Run();
  const std::string text = DescribeDeath(guest.machine(), SymbolTable());
  EXPECT_NE(text.find("the last 32 of 45 hypercalls"), std::string::npos) << text;
  EXPECT_EQ(CountOf(text, "\n  TS "), 31u);
  EXPECT_EQ(CountOf(text, "LGUEST_INIT"), 0u) << "older than the 32";
  EXPECT_LT(text.find("TS               00000026"),
            text.find("TS               00000027"));
  EXPECT_LT(text.rfind("\n  TS "), text.find("SHUTDOWN"));
  EXPECT_EQ(text.back(), '\n');
}

TEST(PostMortem, APageFaultTellsItsAddress) {
  TinyGuest guest;
  guest.text.Put(0x0f000000, 1u);
  const Ending ending = guest.Run();
  EXPECT_EQ(ending.reason, "unhandled trap 14 at 0x100000 (0xf000000)");
  const std::string text = DescribeDeath(guest.machine(), SymbolTable());
  EXPECT_NE(text.find("last page fault 0x0f000000"), std::string::npos) << text;
}

}  // namespace
}  // namespace lgx
