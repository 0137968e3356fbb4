#include "debug/explain.h"

#include <gtest/gtest.h>

#include "debug/descriptor_view.h"
#include "tests/hypercalls/host_fixture.h"

namespace lgx {
namespace {

#define EXPECT_HAS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << "in:\n" << (text)

class ExplainTest : public HostTest {
 protected:
  void SetUp() override { Boot(); }
  std::string Exit(u32 trap, u32 error, u32 cs, u32 cr2 = 0) {
    return ExplainExit(guest(), symbols_, {trap, error, 0xc0100000, cs, cr2, trap >= 32});
  }
  std::string Call(u32 number, std::array<u32, 4> arg, bool async = false) {
    HcallArgs args;
    args.number = number;
    args.arg = arg;
    return ExplainHypercall(guest(), symbols_, guest().abi.CallOf(number), args, async);
  }
  Symbols symbols_;
};

TEST_F(ExplainTest, APageFaultSaysWhoWhatAndWhatWillHappen) {
  const std::string text = Exit(14, 6, kGuestUserCs, 0x08048000);
  EXPECT_HAS(text,
             "page fault (#PF, vector 14) in a program of the Guest (ring 3) at "
             "0xc0100000");
  EXPECT_HAS(text,
             "wanted to write to 0x08048000; error code 6: P clear: an entry was not "
             "present, W: write, U: from ring 3");
  EXPECT_HAS(text, "the Guest's own fault");
  EXPECT_HAS(text, "it is killed with \"unhandled trap 14\"");
  SetHandler(14);
  EXPECT_HAS(Exit(14, 6, kGuestUserCs, 0x08048000), "deliver_trap");
  // The boot tables map the kernel.
  EXPECT_HAS(Exit(14, 0, kGuestKernelCs, 0xc0101000), "demand_page");
  EXPECT_HAS(Exit(14, 0, kGuestKernelCs, 0xffd00000), "own fault");
}

TEST_F(ExplainTest, EveryTrapHasAName) {
  for (u32 trap = 0; trap <= 256; ++trap) {
    EXPECT_FALSE(TrapName(trap).empty());
    EXPECT_HAS(Exit(trap, 0, kGuestKernelCs), TrapName(trap));
  }
  EXPECT_EQ(TrapName(13), "general protection (#GP, vector 13)");
  EXPECT_EQ(TrapName(31), "hypercall (int 0x1f, vector 31)");
  EXPECT_HAS(Exit(0xef, 0, kGuestUserCs), "deliver_to_host");
  EXPECT_HAS(Exit(256, 0, kGuestUserCs), "faulted in the Switcher");
  EXPECT_HAS(Exit(13, 0x402, kGuestUserCs), "gate 128 may not be used from there");
}

TEST_F(ExplainTest, HypercallsHaveTheirArgumentsDecoded) {
  EXPECT_HAS(Call(4, {0x5c3000, 0, 0, 0}), "NEW_PGTABLE(table 0x005c3000)");
  EXPECT_HAS(Call(4, {0x5c3000, 0, 0, 0}), "No slot shadows that table");
  EXPECT_HAS(Call(14, {0x5c3000, 0x8048000, 0x1a2c067, 0}),
             "SET_PTE(table 0x005c3000, 0x08048000, 0x01a2c067 U W A D P)");
  EXPECT_HAS(Call(14, {0x5c3000, 0xc0100000, 0, 0}), "in every slot");
  EXPECT_HAS(Call(6, {128, 0x00611234, 0xc010ef00, 0}),
             "LOAD_IDT_ENTRY(vector 128, trap gate, DPL 3, handler 0xc0101234)");
  EXPECT_HAS(Call(7, {0x69, 0xc0202000, 2, 0}),
             "SET_STACK(ss 0x0069, esp 0xc0202000, 2 "
             "pages)");
  EXPECT_HAS(Call(9, {1000, 0, 0, 0}), "SET_CLOCKEVENT(1000 ns)");
  EXPECT_HAS(Call(10, {}), "the Guest sleeps");
  EXPECT_HAS(Call(17, {0x4001000, 0, 0, 0}, true), "from the ring");
  EXPECT_HAS(Call(99, {}), "no call of this generation");
  for (u32 number = 0; number < 24; ++number) {
    EXPECT_HAS(Call(number, {1, 2, 3, 4}), "hypercall ");
  }
}

TEST_F(ExplainTest, WhatTheHostDidNotSee) {
  SetHandler(0x80, kGateTrap, 3);
  const std::string text = ExplainDirectTrap(guest(), symbols_, 0x80, 20);
  EXPECT_HAS(text, "system call (int 0x80, vector 128)");
  EXPECT_HAS(text, "call number 20 in EAX");
  EXPECT_HAS(text, "no crossing");
  SetHandler(32);
  EXPECT_HAS(ExplainInjection(guest(), symbols_, 0), "virtual interrupt 0 (vector 32)");
}

TEST(Descriptors, AreDescribed) {
  EXPECT_EQ(DescribeDescriptor(kFullCode),
            "code, base 0x00000000, limit 0xffffffff, DPL 0, 32-bit, readable, accessed");
  EXPECT_EQ(DescribeDescriptor(kFullData),
            "data, base 0x00000000, limit 0xffffffff, DPL 0, 32-bit, writable, accessed");
  EXPECT_EQ(DescribeDescriptor(TssDescriptor(0xffc02020)),
            "32-bit TSS, available, base 0xffc02020, limit 0x00000067, DPL 0");
  EXPECT_EQ(DescribeDescriptor({}), "empty");
  EXPECT_EQ(DescribeDescriptor({0, 0x2100}), "empty") << "as the Host mends it";
  EXPECT_EQ(
      DescribeDescriptor({0xffff, 0x00cf1300}),
      "data, base 0x00000000, limit 0xffffffff, DPL 0, not present, 32-bit, writable, "
      "accessed");
  EXPECT_EQ(DescribeGate(DefaultGate(14, 0xffc00123, {})),
            "interrupt gate to 0050:0xffc00123, DPL 0");
  EXPECT_EQ(DescribeGate({}), "no gate");
}

}  // namespace
}  // namespace lgx
