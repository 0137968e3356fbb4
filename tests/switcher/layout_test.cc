#include "switcher/layout.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

// T02-1: every offset of host-02 section 2, counted from P where the document does.
#define AT_P(field, offset) static_assert(offsetof(LguestPages, field) == offset)

AT_P(spare, 0x0000);
AT_P(regs, 0x0fb8);
AT_P(regs.eax, 0xfb8);
AT_P(regs.ebx, 0xfbc);
AT_P(regs.ecx, 0xfc0);
AT_P(regs.edx, 0xfc4);
AT_P(regs.esi, 0xfc8);
AT_P(regs.edi, 0xfcc);
AT_P(regs.ebp, 0xfd0);
AT_P(regs.gs, 0xfd4);
AT_P(regs.fs, 0xfd8);
AT_P(regs.ds, 0xfdc);
AT_P(regs.es, 0xfe0);
AT_P(regs.trapnum, 0xfe4);
AT_P(regs.errcode, 0xfe8);
AT_P(regs.eip, 0xfec);
AT_P(regs.cs, 0xff0);
AT_P(regs.eflags, 0xff4);
AT_P(regs.esp, 0xff8);
AT_P(regs.ss, 0xffc);
AT_P(state, 0x1000);
AT_P(state.host_cr3, 0x1000);
AT_P(state.host_idt_desc, 0x1004);
AT_P(state.host_idt_desc.address, 0x1006);
AT_P(state.host_gdt_desc, 0x100a);
AT_P(state.host_gdt_desc.address, 0x100c);
AT_P(state.host_sp, 0x1010);
AT_P(state.guest_idt_desc, 0x1014);
AT_P(state.guest_idt_desc.address, 0x1016);
AT_P(state.guest_gdt_desc, 0x101a);
AT_P(state.guest_gdt_desc.address, 0x101c);
AT_P(state.guest_tss, 0x1020);
AT_P(state.guest_tss.sp0, 0x1024);
AT_P(state.guest_tss.ss0, 0x1028);
AT_P(state.guest_tss.sp1, 0x102c);
AT_P(state.guest_tss.ss1, 0x1030);
AT_P(state.guest_tss.sp2, 0x1034);
AT_P(state.guest_tss.ss2, 0x1038);
AT_P(state.guest_tss.cr3, 0x103c);
AT_P(state.guest_tss.eip, 0x1040);
AT_P(state.guest_tss.edi, 0x1064);
AT_P(state.guest_tss.es, 0x1068);
AT_P(state.guest_tss.gs, 0x107c);
AT_P(state.guest_tss.ldt, 0x1080);
AT_P(state.guest_tss.trace, 0x1084);
AT_P(state.guest_tss.io_bitmap_base, 0x1086);
AT_P(state.guest_idt, 0x1088);
AT_P(state.guest_gdt, 0x1888);
AT_P(padding, 0x1988);
static_assert(sizeof(LguestPages::padding) == 1656);
// The busy bit of the Guest's TSS: byte 5 of GDT entry 16.
static_assert(offsetof(LguestPages, state.guest_gdt) + kTssSelector + 5 == 0x190d);

#undef AT_P

TEST(Layout, T02_1_SelectorsAndLimitsAreTheDocumentedNumbers) {
  EXPECT_EQ(kLguestCs, 0x50u);
  EXPECT_EQ(kLguestDs, 0x58u);
  EXPECT_EQ(kGuestKernelCs, 0x61u);
  EXPECT_EQ(kGuestKernelDs, 0x69u);
  EXPECT_EQ(kTssSelector, 0x80u);
  EXPECT_EQ(kGdtLimit, 255u);
  EXPECT_EQ(kIdtLimit, 2047u);
  EXPECT_EQ(kTssLimit, 0x67u);
  EXPECT_EQ(kIoBitmapBase, 104u);
}

TEST(Layout, T01_1_PagesOfEachCpuFollowTheText) {
  EXPECT_EQ(LguestPagesOf(PagingMode::kTwoLevel, 1, 0), Lin(0xffc01000));
  EXPECT_EQ(LguestPagesOf(PagingMode::kPae, 1, 0), Lin(0xffe01000));
  EXPECT_EQ(LguestPagesOf(PagingMode::kTwoLevel, 1, 1), Lin(0xffc03000));
  EXPECT_EQ(LguestPagesOf(PagingMode::kPae, 1, 1), Lin(0xffe03000));
}

TEST(Layout, TheWorkedExampleOfTheTssDescriptorHolds) {
  EXPECT_EQ(TssDescriptor(0xffc02020), (DescriptorWords{0x20200067, 0xff0089c0}));
  EXPECT_EQ(TssDescriptor(0xffe02020), (DescriptorWords{0x20200067, 0xff0089e0}));
}

TEST(Layout, T05_4_DefaultGatesTakeOnlyTheDplFromTheGuest) {
  EXPECT_EQ(DefaultGate(31, 0xffc00123, {}), (DescriptorWords{0x00500123, 0xffc0ae00}));
  EXPECT_EQ(DefaultGate(0, 0xffc00123, {}), (DescriptorWords{0x00500123, 0xffc08e00}));
  EXPECT_EQ(DefaultGate(3, 0xffc00123, {0x00611234, 0xc010ee00}),
            (DescriptorWords{0x00500123, 0xffc0ee00}));
}

TEST(Layout, SevenExceptionsCarryAnErrorCode) {
  u32 found = 0;
  for (u32 vector = 0; vector < kIdtEntries; ++vector) found += HasErrorCode(vector);
  EXPECT_EQ(found, 7u);
  for (u32 vector : {8u, 10u, 11u, 12u, 13u, 14u, 17u}) EXPECT_TRUE(HasErrorCode(vector));
}

}  // namespace
}  // namespace lgx
