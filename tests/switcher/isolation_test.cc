// What a Guest can and cannot reach while it runs (host-01).
#include <gtest/gtest.h>

#include "tests/switcher/guest_world.h"

namespace lgx {
namespace {

// mov [address], eax
void StoreTo(GuestWorld& w, u32 address) {
  w.Code({0xa3, static_cast<u8>(address), static_cast<u8>(address >> 8),
          static_cast<u8>(address >> 16), static_cast<u8>(address >> 24), 0xcd, 0x1f});
  w.InRing1();
}
// mov eax, [address]
void LoadFrom(GuestWorld& w, u32 address, bool user) {
  const std::initializer_list<u8> code = {0xa1,
                                          static_cast<u8>(address),
                                          static_cast<u8>(address >> 8),
                                          static_cast<u8>(address >> 16),
                                          static_cast<u8>(address >> 24),
                                          0xcd,
                                          0x1f};
  user ? w.UserCode(code) : w.Code(code);
  user ? w.InRing3() : w.InRing1();
}

using IsolationTest = CrossingTest;

TEST_P(IsolationTest, T01_3_T02_9_TheStateIsReadOnlyForRing1) {
  GuestWorld& w = world();
  w.Code({0xcd, 0x1f});
  ASSERT_EQ(w.Run(), 31u);  // an entry writes to the state itself
  for (u32 offset = 0; offset < kPageSize; offset += 0x3fc) {
    const u32 address = w.P().value + kStateOffset + offset;
    StoreTo(w, address);
    const u32 before = w.memory().Load<u32>(w.crossing->Pages().state + offset);
    EXPECT_EQ(w.Run(), 14u);
    EXPECT_EQ(w.errcode(), 3u);
    EXPECT_EQ(w.crossing->Cr2(), address);
    EXPECT_EQ(w.memory().Load<u32>(w.crossing->Pages().state + offset), before);
  }
}

TEST_P(IsolationTest, T01_3_TheTextIsReadOnlyForRing1) {
  GuestWorld& w = world();
  StoreTo(w, SwitcherAddr(w.mode()).value);
  EXPECT_EQ(w.Run(), 14u);
  EXPECT_EQ(w.errcode(), 3u);
}

TEST_P(IsolationTest, Ring1SeesItsOwnRegisterPage) {
  GuestWorld& w = world();
  LoadFrom(w, w.P().value + 0x10, false);
  w.memory().Store<u32>(MpaOf(w.regs_page()) + 0x10, 0x900df00d);
  EXPECT_EQ(w.Run(), 31u);
  EXPECT_EQ(w.Reg(REG(eax)), 0x900df00du);
}

TEST_P(IsolationTest, T01_4_Ring3ReachesNoSwitcherPage) {
  GuestWorld& w = world();
  for (const Lin page : {SwitcherAddr(w.mode()), w.P(), w.P() + kStateOffset}) {
    LoadFrom(w, page.value, true);
    EXPECT_EQ(w.Run(), 14u);
    EXPECT_EQ(w.errcode(), 5u);
    EXPECT_EQ(w.crossing->Cr2(), page.value);
  }
}

TEST_P(IsolationTest, T01_5_TheOtherProcessorsPagesAreNotThere) {
  for (const u32 n : {0u, 1u}) {
    GuestWorld w(std::get<0>(GetParam()), std::get<1>(GetParam()), 2, n);
    const u32 other = w.map.PagesOf(1 - n).value;
    for (const u32 address : {other, other + kStateOffset}) {
      LoadFrom(w, address, false);
      EXPECT_EQ(w.Run(), 14u);
      EXPECT_EQ(w.errcode(), 0u);
      EXPECT_EQ(w.crossing->Cr2(), address);
    }
    LoadFrom(w, w.P().value, false);
    EXPECT_EQ(w.Run(), 31u);
  }
}

TEST_P(IsolationTest, TheRestOfTheRegionIsEmpty) {
  GuestWorld& w = world();
  for (const u32 address : {w.P().value + 0x2000, 0xfffff000u}) {
    LoadFrom(w, address, false);
    EXPECT_EQ(w.Run(), 14u);
    EXPECT_EQ(w.errcode(), 0u);
  }
}

TEST_P(IsolationTest, T01_6_GlobalPagesAreOffWhileTheModuleIsLoaded) {
  GuestWorld& w = world();
  EXPECT_EQ(w.cpu.state.cr4 & kCr4Pge, 0u);
  w.crossing.reset();
  EXPECT_EQ(w.cpu.state.cr4 & kCr4Pge, kCr4Pge);
  // A Host without them keeps being one.
  w.cpu.state.cr4 &= ~kCr4Pge;
  w.crossing = std::make_unique<Crossing>(w.cpu, w.host, w.map);
  w.crossing.reset();
  EXPECT_EQ(w.cpu.state.cr4 & kCr4Pge, 0u);
}

TEST_P(IsolationTest, T01_7_WriteProtectIsOnAtEveryEntry) {
  GuestWorld& w = world();
  w.Code({0xcd, 0x1f, 0xeb, 0xfc});
  Watcher watcher;
  u32 entries = 0;
  watcher.at = [&](Stage stage, Cpu& cpu) {
    if (stage != Stage::kEnterGuest) return;
    ++entries;
    EXPECT_EQ(cpu.state.cr0 & (kCr0Wp | kCr0Pe | kCr0Pg), kCr0Wp | kCr0Pe | kCr0Pg);
    EXPECT_EQ(cpu.state.cr4 & (kCr4Vme | kCr4Pvi | kCr4Tsd | kCr4Pge), 0u);
    EXPECT_EQ((cpu.state.cr4 & kCr4Pae) != 0, pae());
  };
  w.crossing->set_observer(&watcher);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(w.Run(), 31u);
  EXPECT_EQ(entries, 5u);
}

TEST_P(IsolationTest, T01_8_TheGuestKernelCannotClearIf) {
  GuestWorld& w = world();
  // The word that says "interrupts off" to the Host is one store; then popf with IF
  // clear.
  w.Code({0xc7, 0x05, 0x00, 0x00, 0x30, 0xc0, 0, 0, 0, 0,  // mov dword [data], 0
          0x9c, 0x58,                                      // pushf; pop eax
          0x6a, 0x02, 0x9d,                                // push 2; popf
          0x9c, 0x5b,                                      // pushf; pop ebx
          0xcd, 0x1f, 0xfa});                              // int 0x1f; cli
  EXPECT_EQ(w.Run(), 31u);
  EXPECT_EQ(w.Reg(REG(eax)) & kEflagsIf, kEflagsIf);
  EXPECT_EQ(w.Reg(REG(ebx)) & kEflagsIf, kEflagsIf);
  EXPECT_EQ(w.Reg(REG(eflags)) & kEflagsIf, kEflagsIf);
  EXPECT_EQ(w.Run(), 13u);  // cli
  EXPECT_EQ(w.errcode(), 0u);
}

LGX_IN_ALL_WORLDS(IsolationTest);

}  // namespace
}  // namespace lgx
