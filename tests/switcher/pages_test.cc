#include "switcher/pages.h"

#include <gtest/gtest.h>

#include "tests/switcher/guest_world.h"

namespace lgx {
namespace {

class PagesTest : public ::testing::TestWithParam<PagingMode> {
 protected:
  GuestWorld world_{GetParam(), Binding::kLoop, 2};
  u32 State32(u32 offset) { return world_.memory().Load<u32>(world_.State(offset)); }
  u32 base() const { return SwitcherAddr(GetParam()).value; }
};

TEST_P(PagesTest, T02_1_TheConstantPartOfTheStateIsAsDocumented) {
  EXPECT_EQ(world_.P().value, base() + 0x1000);
  const auto limit = [&](u32 offset) {
    return world_.memory().Load<u16>(world_.State(offset));
  };
  EXPECT_EQ(limit(STATE(guest_idt_desc)), 0x7ff);
  EXPECT_EQ(State32(STATE(guest_idt_desc.address)), base() + 0x2088);
  EXPECT_EQ(limit(STATE(guest_gdt_desc)), 0xff);
  EXPECT_EQ(State32(STATE(guest_gdt_desc.address)), base() + 0x2888);
  EXPECT_EQ(limit(STATE(host_gdt_desc)), 255);
  EXPECT_EQ(State32(STATE(host_gdt_desc.address)), world_.cpu.state.gdtr.base);
  EXPECT_EQ(limit(STATE(host_idt_desc)), world_.cpu.state.idtr.limit);
  EXPECT_EQ(State32(STATE(host_idt_desc.address)), world_.cpu.state.idtr.base);
  EXPECT_EQ(State32(STATE(guest_tss.sp0)), base() + 0x2000);
  EXPECT_EQ(State32(STATE(guest_tss.ss0)), 0x58u);
  EXPECT_EQ(limit(STATE(guest_tss.io_bitmap_base)), 0x68);
  EXPECT_EQ(world_.Gdt(10), kFullCode);
  EXPECT_EQ(world_.Gdt(11), kFullData);
  EXPECT_EQ(world_.Gdt(16),
            (DescriptorWords{0x20200067,
                             GetParam() == PagingMode::kPae ? 0xff0089e0 : 0xff0089c0}));
}

TEST_P(PagesTest, T02_1_AllGatesLeadToTheirStubs) {
  for (u32 vector = 0; vector < kIdtEntries; ++vector) {
    const DescriptorWords gate =
        LoadDescriptor(world_.memory(), world_.State(STATE(guest_idt)) + 8 * vector);
    EXPECT_EQ(gate, DefaultGate(vector, world_.crossing->Pages().stubs[vector], {}));
    EXPECT_TRUE(
        world_.map.text().Contains(Lin((gate.a & 0xffff) | (gate.b & 0xffff0000))));
  }
}

TEST_P(PagesTest, T02_1_TheHostHasTheTwoSegmentsAndTheFarPointer) {
  const Mpa gdt(world_.cpu.state.gdtr.base - HostEnv::kKernelBase);
  EXPECT_EQ(LoadDescriptor(world_.memory(), gdt + 8 * 10), kFullCode);
  EXPECT_EQ(LoadDescriptor(world_.memory(), gdt + 8 * 11), kFullData);
  EXPECT_EQ(world_.map.text().switch_to_guest, SwitcherAddr(GetParam()));
}

TEST_P(PagesTest, T01_1_EachProcessorHasItsPagesBehindTheText) {
  EXPECT_EQ(world_.map.PagesOf(0).value, base() + 0x1000);
  EXPECT_EQ(world_.map.PagesOf(1).value, base() + 0x3000);
}

// host-02 section 3: which page is where, in both sets of tables.
TEST_P(PagesTest, TheHostMapsAllPagesAndAGuestItsOwn) {
  PhysMemory& memory = world_.memory();
  const u32 size = GetParam() == PagingMode::kPae ? 8 : 4;
  const auto entry = [&](Mfn table, u32 index) {
    return memory.Load<u32>(MpaOf(table) + size * index);
  };
  const auto at = [](Mfn frame, u32 flags) { return frame.value << kPageShift | flags; };
  const Mfn host = world_.host.switcher_pte_page();
  EXPECT_EQ(entry(host, 0) & ~0x060u, at(world_.layout.switcher, 0x103));
  for (u32 n = 0; n < 2; ++n) {
    const Mfn regs = world_.map.RegsFrame(n), state = world_.map.StateFrame(n);
    EXPECT_EQ(entry(host, 1 + 2 * n) & ~0x060u, at(regs, 0x103));
    EXPECT_EQ(entry(host, 2 + 2 * n) & ~0x060u, at(state, 0x103));
    const Mfn own = world_.map.PtePage(n);
    EXPECT_EQ(entry(own, 0), at(world_.layout.switcher, 0x021));
    EXPECT_EQ(entry(own, 1 + 2 * n), at(regs, 0x023));
    EXPECT_EQ(entry(own, 2 + 2 * n), at(state, 0x021));
    EXPECT_EQ(entry(own, 1 + 2 * (1 - n)), 0u);
    EXPECT_EQ(entry(own, 2 + 2 * (1 - n)), 0u);
  }
  EXPECT_EQ(entry(host, 5), 0u);
}

INSTANTIATE_TEST_SUITE_P(Modes, PagesTest,
                         ::testing::Values(PagingMode::kTwoLevel, PagingMode::kPae),
                         [](const auto& world) {
                           return world.param == PagingMode::kPae ? "Pae" : "TwoLevel";
                         });

}  // namespace
}  // namespace lgx
