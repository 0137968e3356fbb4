#include "switcher/crossing.h"

#include <gtest/gtest.h>

#include "cpu/protection.h"
#include "switcher/passage.h"
#include "tests/switcher/guest_world.h"

namespace lgx {
namespace {

// What must be the same in the Host before and after.
struct HostView {
  explicit HostView(const Cpu& cpu)
      : ebp(cpu.state.regs[kEbp]),
        esp(cpu.state.regs[kEsp]),
        cr3(cpu.state.cr3),
        gdt(cpu.state.gdtr.base),
        idt(cpu.state.idtr.base),
        tss(cpu.state.tr.base),
        interrupts((cpu.Eflags() & kEflagsIf) != 0),
        cpl(cpu.state.cpl) {
    for (u32 i = 0; i < kSegments; ++i) selectors[i] = cpu.state.seg[i].selector;
    selectors[static_cast<u8>(Seg::kSs)] = 0;  // the one that changes
  }
  friend bool operator==(const HostView&, const HostView&) = default;
  u32 ebp, esp, cr3, gdt, idt, tss;
  bool interrupts;
  u8 cpl;
  u16 selectors[kSegments];
};

u16 SelectorOf(const Cpu& cpu, Seg seg) {
  return cpu.state.seg[static_cast<u8>(seg)].selector;
}

constexpr u8 kInt1f[] = {0xcd, 0x1f};
constexpr u32 kNotPresentEntry = 5;  // data of ring 1, but not present
constexpr u32 kNotPresent = kNotPresentEntry * 8 | kGuestPl;

TEST_P(CrossingTest, T02_2_RoundTripKeepsAllRegisters) {
  GuestWorld& w = world();
  w.Code({0xcd, 0x1f});
  w.cpu.state.regs[kEbp] = 0x0badcafe;
  ASSERT_TRUE(LoadSegment(w.cpu, Seg::kFs, kHostKernelDs));
  ASSERT_TRUE(LoadSegment(w.cpu, Seg::kGs, kHostKernelDs));
  const HostView before(w.cpu);
  for (int round = 0; round < 3; ++round) {
    w.SetReg(REG(eip), kKernelCode);
    const std::vector<u32> regs = w.SavedRegs();
    ASSERT_EQ(w.Run(), 31u);
    EXPECT_EQ(w.errcode(), 0u);
    EXPECT_EQ(w.eip(), kKernelCode + sizeof kInt1f);
    EXPECT_EQ(w.SavedRegs(), regs);
    EXPECT_EQ(w.Reg(REG(cs)), kGuestKernelCs);
    EXPECT_EQ(w.Reg(REG(ss)), kGuestKernelDs);
    EXPECT_EQ(w.Reg(REG(esp)), kKernelStack + kPageSize);
    EXPECT_EQ(w.Reg(REG(eflags)), 0x202u);

    EXPECT_TRUE(HostView(w.cpu) == before);
    EXPECT_EQ(SelectorOf(w.cpu, Seg::kSs), kLguestDs);
    EXPECT_EQ(w.cpu.state.cr3, w.host.root().value);
    EXPECT_EQ(w.cpu.Eflags() & kEflagsIf, 0u);
    EXPECT_FALSE(w.crossing->TookHostInterrupt());
  }
}

TEST_P(CrossingTest, RoundTripFromRing3KeepsAllRegisters) {
  GuestWorld& w = world();
  w.UserCode({0xf4});  // hlt
  w.InRing3();
  const std::vector<u32> regs = w.SavedRegs();
  ASSERT_EQ(w.Run(), 13u);
  EXPECT_EQ(w.errcode(), 0u);
  EXPECT_EQ(w.SavedRegs(), regs);
  EXPECT_EQ(w.Reg(REG(cs)), kGuestUserCs);
  EXPECT_EQ(w.Reg(REG(ss)), kGuestUserDs);
  EXPECT_EQ(w.Reg(REG(esp)), kUserStack + kPageSize);
}

TEST_P(CrossingTest, T02_3_EveryStubSavesItsVectorWhenInjected) {
  GuestWorld& w = world();
  w.Code({0xeb, 0xfe});
  for (u32 vector = 0; vector < kIdtEntries; ++vector) {
    if (vector == kVectorNmi || HasErrorCode(vector)) continue;
    w.InRing1();
    ASSERT_TRUE(w.cpu.RaiseInterrupt(static_cast<u8>(vector)));
    EXPECT_EQ(w.Run(), vector);
    EXPECT_EQ(w.errcode(), 0u) << vector;
    EXPECT_EQ(w.eip(), kKernelCode);
    EXPECT_EQ(w.crossing->TookHostInterrupt(), vector >= 32 && vector != 128) << vector;
  }
}

TEST_P(CrossingTest, T02_3_EveryStubSavesItsVectorWhenCalled) {
  GuestWorld& w = world();
  for (u32 vector = 0; vector < kIdtEntries; ++vector) {
    if (vector == kVectorNmi || HasErrorCode(vector)) continue;
    w.AllowInt(vector, 3);
    w.UserCode({0xcd, static_cast<u8>(vector)});
    w.InRing3();
    const std::vector<u32> regs = w.SavedRegs();
    const bool ring1_only = vector == kLguestTrapEntry;
    EXPECT_EQ(w.Run(), ring1_only ? u32{kVectorGp} : vector);
    EXPECT_EQ(w.errcode(), ring1_only ? vector * 8 + 2 : 0) << vector;
    EXPECT_EQ(w.eip(), kUserCode + (ring1_only ? 0 : 2)) << vector;
    EXPECT_EQ(w.SavedRegs(), regs) << vector;
  }
}

TEST_P(CrossingTest, T02_3_IntWithoutPermissionIsAProtectionFault) {
  GuestWorld& w = world();
  for (const u32 vector : {0u, 8u, 13u, 14u, 31u, 32u, 128u, 255u}) {
    w.UserCode({0xcd, static_cast<u8>(vector)});
    w.InRing3();
    EXPECT_EQ(w.Run(), 13u);
    EXPECT_EQ(w.errcode(), vector * 8 + 2);
    EXPECT_EQ(w.eip(), kUserCode);
  }
}

// The seven vectors for which the CPU itself pushes an error code.

TEST_P(CrossingTest, T02_3_DoubleFaultHasItsErrorCode) {
  GuestWorld& w = world();
  w.DirectTrap(kVectorDe, kKernelCode, 0, 0x20);  // no such code segment
  w.Code({0x31, 0xc9, 0xf7, 0xf1});               // xor ecx, ecx; div ecx
  EXPECT_EQ(w.Run(), 8u);
  EXPECT_EQ(w.errcode(), 0u);
  EXPECT_EQ(w.eip(), kKernelCode + 2);
}

TEST_P(CrossingTest, T02_3_InvalidTssHasItsErrorCode) {
  GuestWorld& w = world();
  w.DirectTrap(kSyscallVector, kKernelCode, 3);
  w.ss1 = 0x20;  // an empty entry of the GDT
  w.UserCode({0xcd, 0x80});
  w.InRing3();
  EXPECT_EQ(w.Run(), 10u);
  EXPECT_EQ(w.errcode(), 0x20u);
  EXPECT_EQ(w.eip(), kUserCode);
}

TEST_P(CrossingTest, T02_3_SegmentNotPresentHasItsErrorCode) {
  GuestWorld& w = world();
  w.SetGdt(kNotPresentEntry, {kRing1Data.a, kRing1Data.b & ~kDescriptorPresent});
  w.Code({0x8e, 0xd8});  // mov ds, ax
  w.SetReg(REG(eax), kNotPresent);
  EXPECT_EQ(w.Run(), 11u);
  EXPECT_EQ(w.errcode(), kNotPresent & ~3u);
}

TEST_P(CrossingTest, T02_3_StackFaultHasItsErrorCode) {
  GuestWorld& w = world();
  w.SetGdt(kNotPresentEntry, {kRing1Data.a, kRing1Data.b & ~kDescriptorPresent});
  w.Code({0x8e, 0xd0});  // mov ss, ax
  w.SetReg(REG(eax), kNotPresent);
  EXPECT_EQ(w.Run(), 12u);
  EXPECT_EQ(w.errcode(), kNotPresent & ~3u);
}

TEST_P(CrossingTest, T02_3_PageFaultHasItsErrorCodeAndCr2) {
  GuestWorld& w = world();
  w.Code({0x89, 0x01});  // mov [ecx], eax
  w.SetReg(REG(ecx), kNowhere + 0x123);
  EXPECT_EQ(w.Run(), 14u);
  EXPECT_EQ(w.errcode(), 2u);
  EXPECT_EQ(w.crossing->Cr2(), kNowhere + 0x123);
}

TEST_P(CrossingTest, T02_3_AlignmentCheckHasItsErrorCode) {
  GuestWorld& w = world();
  w.cpu.state.cr0 |= kCr0Am;
  w.cpu.StateChanged();
  w.UserCode({0x8b, 0x01});  // mov eax, [ecx]
  w.InRing3();
  w.SetReg(REG(ecx), kUserStack + 1);
  w.SetReg(REG(eflags), 0x202 | kEflagsAc);
  EXPECT_EQ(w.Run(), 17u);
  EXPECT_EQ(w.errcode(), 0u);
}

TEST_P(CrossingTest, Q24_IntOnAVectorWithErrorCodeShiftsTheRegistersByAWord) {
  GuestWorld& w = world();
  for (const u32 vector : {10u, 11u, 12u, 17u}) {
    w.AllowInt(vector, 3);
    w.UserCode({0xcd, static_cast<u8>(vector)});
    w.InRing3();
    const HostView before(w.cpu);
    EXPECT_EQ(w.Run(), kGuestUserDs);  // the Guest's ES
    EXPECT_EQ(w.errcode(), vector);
    EXPECT_EQ(w.Reg(REG(eip)), kUserCode + 2);
    EXPECT_EQ(w.Reg(REG(ebx)), 0x11110000 + REG(eax));  // each in its neighbour's place
    EXPECT_TRUE(HostView(w.cpu) == before);
    EXPECT_FALSE(w.crossing->TookHostInterrupt());
    w.Enter();  // whatever this runs, it comes back
  }
}

TEST_P(CrossingTest, T02_4_HostInterruptRunsTheHostsHandlerOnce) {
  GuestWorld& w = world();
  w.CountingCode();
  Watcher watcher;
  u32 calls = 0;
  watcher.at = [&](Stage stage, Cpu& cpu) {
    if (stage != Stage::kCallHandler) return;
    ++calls;
    EXPECT_EQ(cpu.state.regs[kEcx], w.host.HandlerOf(0, 0xef).value);
    EXPECT_EQ(SelectorOf(cpu, Seg::kCs), kLguestCs);
    EXPECT_EQ(SelectorOf(cpu, Seg::kSs), kLguestDs);
    EXPECT_EQ(cpu.state.cpl, 0);
    u32 eip = 0, cs = 0, eflags = 0;
    const Lin esp(cpu.state.regs[kEsp]);
    ASSERT_TRUE(cpu.LoadSystem(esp, &eip) && cpu.LoadSystem(esp + 4, &cs) &&
                cpu.LoadSystem(esp + 8, &eflags));
    EXPECT_EQ(eip, w.host.RunGuestOnceEnd(0).value - 1);
    EXPECT_EQ(cs, kHostKernelCs);
    EXPECT_EQ(eflags & kEflagsIf, 0u);
  };
  w.crossing->set_observer(&watcher);
  OneEvent timer;
  timer.when = w.cpu.retired() + 500;
  w.crossing->set_event_source(&timer);
  EXPECT_EQ(w.Run(), 0xefu);
  EXPECT_EQ(calls, 1u);
  EXPECT_EQ(timer.raised, 1u);
  EXPECT_TRUE(w.crossing->TookHostInterrupt());
  EXPECT_EQ(w.host.LastInterrupt(0), 0xefu);
  EXPECT_EQ(w.Reg(REG(ebx)), 0x11110000 + REG(ebx));
  EXPECT_GT(w.Reg(REG(eax)), 0x11110000 + REG(eax));

  // And the next exit is no Host interrupt again.
  w.Code({0xcd, 0x1f});
  w.SetReg(REG(eip), kKernelCode);
  EXPECT_EQ(w.Run(), 31u);
  EXPECT_FALSE(w.crossing->TookHostInterrupt());
}

TEST_P(CrossingTest, T02_4_AnEventHitsItsExactInstruction) {
  GuestWorld& w = world();
  w.CountingCode();
  u64 guest_starts = 0;  // instructions from the call to the Guest's first
  {
    Watcher watcher;
    const u64 begin = w.cpu.retired();
    watcher.at = [&](Stage stage, Cpu& cpu) {
      if (stage == Stage::kEnterGuest) guest_starts = cpu.retired() + 1 - begin;
    };
    w.crossing->set_observer(&watcher);
    ASSERT_TRUE(w.cpu.RaiseInterrupt(0xef));  // waits until the Guest is there
    EXPECT_EQ(w.Run(), 0xefu);
    EXPECT_EQ(w.Reg(REG(eax)), 0x11110000 + REG(eax));
    w.crossing->set_observer(nullptr);
  }
  OneEvent timer;
  w.crossing->set_event_source(&timer);
  for (const u32 after : {0u, 1u, 2u, 101u, 1000u, 1001u}) {
    w.InRing1();
    timer.when = w.cpu.retired() + guest_starts + after;
    ASSERT_EQ(w.Run(), 0xefu);
    EXPECT_EQ(w.Reg(REG(eax)), 0x11110000 + REG(eax) + (after + 1) / 2) << after;
    EXPECT_EQ(w.eip(), kKernelCode + after % 2) << after;
  }
}

TEST_P(CrossingTest, AnEventThatIsDueInTheSwitcherWaitsForTheGuest) {
  GuestWorld& w = world();
  w.CountingCode();
  OneEvent timer;
  w.crossing->set_event_source(&timer);
  for (const u64 after : {0u, 1u, 10u, 20u}) {
    w.InRing1();
    timer.when = w.cpu.retired() + after;
    ASSERT_EQ(w.Run(), 0xefu);
    EXPECT_EQ(w.Reg(REG(eax)), 0x11110000 + REG(eax));
    EXPECT_EQ(w.eip(), kKernelCode);
  }
}

TEST_P(CrossingTest, ARequestToStopBecomesAHostInterrupt) {
  GuestWorld& w = world();
  w.CountingCode();
  OneEvent source;
  source.vector = 0xfd;
  w.crossing->set_event_source(&source);
  w.cpu.RequestStop();
  EXPECT_EQ(w.Run(), 0xfdu);
  EXPECT_EQ(source.raised, 1u);
}

TEST_P(CrossingTest, T02_5_Vector128AsInterruptGateRunsNoHostHandler) {
  GuestWorld& w = world();
  w.AllowInt(kSyscallVector, 3);
  w.UserCode({0xcd, 0x80});
  w.InRing3();
  EXPECT_EQ(w.Run(), 128u);
  EXPECT_FALSE(w.crossing->TookHostInterrupt());
}

// An NMI and a Host interrupt at the same instruction: the NMI first.
class NmiThenInterrupt final : public EventSource {
 public:
  explicit NmiThenInterrupt(Cpu& cpu) : cpu_(cpu) {}
  u64 NextEvent() override { return when; }
  u8 EventDue() override {
    when = kNever;
    cpu_.RaiseNmi();
    return kHostTimerVector;
  }
  u64 when = kNever;

 private:
  Cpu& cpu_;
};

TEST_P(CrossingTest, T02_6_Q20_AnNmiInTheGuestIsDropped) {
  GuestWorld& w = world();
  w.CountingCode();
  w.UserCode({0x40, 0xeb, 0xfd});
  NmiThenInterrupt source(w.cpu);
  Watcher watcher;
  w.crossing->set_event_source(&source);
  w.crossing->set_observer(&watcher);
  for (const bool user : {false, true}) {
    user ? w.InRing3() : w.InRing1();
    std::vector<u32> regs = w.SavedRegs();
    source.when = w.cpu.retired() + 1001;
    ASSERT_EQ(w.Run(), 0xefu);
    EXPECT_GT(w.Reg(REG(eax)), regs[0]);
    regs[0] = w.Reg(REG(eax));
    EXPECT_EQ(w.SavedRegs(), regs);
    EXPECT_EQ(w.Reg(REG(eflags)) & kEflagsIf, kEflagsIf);
    EXPECT_EQ(w.Reg(REG(cs)), user ? kGuestUserCs : kGuestKernelCs);
  }
  EXPECT_EQ(watcher.Count(Stage::kDropNmi), 2u);
}

TEST_P(CrossingTest, T02_6_Q20_AnNmiInTheSwitcherIsDropped) {
  GuestWorld& w = world();
  w.Code({0xcd, 0x1f});
  const HostView before(w.cpu);
  for (u32 i = static_cast<u32>(Stage::kLoadGuestTss);
       i <= static_cast<u32>(Stage::kReturn); ++i) {
    const Stage struck = static_cast<Stage>(i);
    // Between the loads of the Host's GDT and IDT an NMI would find the Guest's gates,
    // which is fine; between those of the Guest's GDT and IDT it must not come.
    Watcher watcher;
    bool done = false;
    watcher.at = [&](Stage stage, Cpu& cpu) {
      if (stage == struck && !done) cpu.RaiseNmi();
      done = done || stage == struck;
    };
    w.crossing->set_observer(&watcher);
    w.InRing1();
    const std::vector<u32> regs = w.SavedRegs();
    ASSERT_EQ(w.Run(), 31u) << StageName(struck);
    EXPECT_TRUE(done) << StageName(struck);
    EXPECT_EQ(w.SavedRegs(), regs) << StageName(struck);
    EXPECT_EQ(w.eip(), kKernelCode + 2);
    EXPECT_TRUE(HostView(w.cpu) == before) << StageName(struck);
    EXPECT_FALSE(w.crossing->TookHostInterrupt());
    if (struck <= Stage::kLoadHostIdt) {
      EXPECT_EQ(watcher.Count(Stage::kDropNmi), 1u) << StageName(struck);
    }
  }
}

TEST_P(CrossingTest, T02_7_BusyBitsFollowTheTaskRegister) {
  GuestWorld& w = world();
  w.Code({0xcd, 0x1f});
  const auto guest_type = [&] { return (w.Gdt(kGdtTss).b >> 8) & 0xf; };
  const auto host_type = [&] {
    const Lin tss = w.host.TablesOf(0).gdt + kTssSelector;
    return w.memory().Load<u8>(Mpa(tss.value - HostEnv::kKernelBase) + 5) & 0xf;
  };
  Watcher watcher;
  watcher.at = [&](Stage stage, Cpu&) {
    if (stage != Stage::kEnterGuest && stage != Stage::kStub) return;
    EXPECT_EQ(guest_type(), kTypeTss32Busy);
    EXPECT_EQ(host_type(), kTypeTss32Available);
  };
  w.crossing->set_observer(&watcher);
  EXPECT_EQ(guest_type(), kTypeTss32Available);
  EXPECT_EQ(host_type(), kTypeTss32Busy);
  EXPECT_EQ(w.Run(), 31u);
  EXPECT_EQ(guest_type(), kTypeTss32Available);
  EXPECT_EQ(host_type(), kTypeTss32Busy);
}

TEST_P(CrossingTest, T02_8_ABadSegmentEndsWithTrap256) {
  GuestWorld& w = world();
  w.Code({0xcd, 0x1f});
  w.SetGdt(kNotPresentEntry, {kRing1Data.a, kRing1Data.b & ~kDescriptorPresent});
  const HostView before(w.cpu);
  for (const u32 reg : {REG(gs), REG(fs), REG(ds), REG(es)}) {
    for (const u32 selector : {kNotPresent, 0x21u, kTssSelector, 0xfff9u, 0x0fu}) {
      w.InRing1();
      w.SetReg(reg, selector);
      w.SetReg(REG(errcode), 0x5678);
      ASSERT_EQ(w.Run(), kImpossibleTrap) << selector;
      EXPECT_EQ(w.eip(), kKernelCode);  // for "unhandled trap 256 at <eip> (<errcode>)"
      EXPECT_EQ(w.errcode(), 0x5678u);
      EXPECT_TRUE(HostView(w.cpu) == before);
      EXPECT_FALSE(w.crossing->TookHostInterrupt());
    }
  }
  w.InRing1();
  EXPECT_EQ(w.Run(), 31u);  // nothing is left of it
}

TEST_P(CrossingTest, Q11_AFaultOnTheSwitchersIretLooksLikeInterrupt80) {
  GuestWorld& w = world();
  const HostView before(w.cpu);
  const auto spoil = [&](u32 what) {
    w.InRing1();
    if (what == 0) w.SetGdt(kGdtKernelCs, {});
    if (what == 1) w.SetReg(REG(ss), 0x20);
    if (what == 2) w.SetReg(REG(cs), kNotPresent);
  };
  for (u32 what = 0; what < 3; ++what) {
    w.SetGdt(kGdtKernelCs, kRing1Code);
    spoil(what);
    EXPECT_EQ(w.Run(), kLguestCs) << what;  // 80: the CS that the CPU has pushed
    EXPECT_FALSE(w.crossing->TookHostInterrupt());
    EXPECT_EQ(w.Reg(REG(fs)), kVectorGp);
    EXPECT_TRUE(HostView(w.cpu) == before);
    const u32 flags = w.errcode();
    // A Host that enters once more finds trap 256 and the flags of the first fault.
    EXPECT_EQ(w.Run(), kImpossibleTrap) << what;
    EXPECT_EQ(w.errcode(), flags);
    EXPECT_TRUE(HostView(w.cpu) == before);
  }
}

TEST_P(CrossingTest, T02_10_PortsTrapInRing1AndRing3) {
  GuestWorld& w = world();
  w.Code({0xe4, 0x80});
  w.UserCode({0xe4, 0x80});
  for (const bool user : {false, true}) {
    user ? w.InRing3() : w.InRing1();
    EXPECT_EQ(w.Run(), 13u);
    EXPECT_EQ(w.errcode(), 0u);
    EXPECT_EQ(w.eip(), user ? kUserCode : kKernelCode);
  }
}

TEST_P(CrossingTest, T02_11_NothingIsWrittenToTheStateUnderTheShadowTables) {
  GuestWorld& w = world();
  w.CountingCode();
  std::vector<u8> at_entry(kPageSize), now(kPageSize);
  Watcher watcher;
  bool in_shadow = false;
  u32 compared = 0;
  watcher.at = [&](Stage stage, Cpu&) {
    if (stage == Stage::kLoadGuestCr3) {
      in_shadow = true;
      w.memory().Read(w.crossing->Pages().state, at_entry.data(), kPageSize);
    }
    if (!in_shadow) return;
    w.memory().Read(w.crossing->Pages().state, now.data(), kPageSize);
    EXPECT_EQ(now, at_entry) << StageName(stage);
    ++compared;
    if (stage == Stage::kLoadHostCr3) in_shadow = false;
  };
  w.crossing->set_observer(&watcher);
  ASSERT_TRUE(w.cpu.RaiseInterrupt(0xef));
  EXPECT_EQ(w.Run(), 0xefu);
  EXPECT_GT(compared, 10u);
  // The entry that maps it for the Guest would show a write as a D bit.
  const u32 size = pae() ? 8 : 4;
  const Mpa entry =
      MpaOf(w.map.PtePage(0)) + size * (SwitcherRegsIndex(w.map.text().Pages(), 0) + 1);
  EXPECT_EQ(w.memory().Load<u32>(entry) & 0xfff, kPtePresent | kPteAccessed);
}

TEST_P(CrossingTest, T02_13_AFaultOnTheSyscallStackIsAnOrdinaryPageFault) {
  GuestWorld& w = world();
  constexpr u32 kStack = 0xc0210000;
  w.esp1 = kStack + kPageSize;
  w.DirectTrap(kSyscallVector, kKernelCode, 3);
  w.Code({0xcd, 0x1f});
  w.UserCode({0xcd, 0x80});
  w.MapInGuest(kStack, 0x210, kPtePresent | kPteRw);
  for (const u32 expected : {2u, 3u}) {  // missing, then read-only
    w.shadow.ClearAll();
    EXPECT_TRUE(w.Fault(kUserCode, 4) && w.Fault(kKernelCode, 0));
    w.MapInGuest(kStack, 0x210, kPtePresent | kPteRw);  // neither accessed nor dirty
    if (expected == 3) {
      EXPECT_TRUE(w.Fault(kStack, 0));
    }
    w.InRing3();
    const std::vector<u32> regs = w.SavedRegs();
    ASSERT_EQ(w.Run(), 14u);
    EXPECT_EQ(w.errcode(), expected);
    EXPECT_EQ(w.crossing->Cr2(), kStack + kPageSize - 4);
    EXPECT_EQ(w.eip(), kUserCode);
    EXPECT_EQ(w.Reg(REG(cs)), kGuestUserCs);
    EXPECT_EQ(w.Reg(REG(esp)), kUserStack + kPageSize);
    EXPECT_EQ(w.SavedRegs(), regs);
    // The Host fills the gap, and the system call happens after all.
    ASSERT_TRUE(w.Fault(w.crossing->Cr2(), w.errcode()));
    ASSERT_EQ(w.Run(), 31u);
    EXPECT_EQ(w.Reg(REG(cs)), kGuestKernelCs);
    EXPECT_EQ(w.Reg(REG(esp)), kStack + kPageSize - 20);
    u32 frame[5];
    ASSERT_TRUE(w.view.Read(Gpa(0x210000 + kPageSize - 20), frame, sizeof frame));
    EXPECT_EQ(frame[0], kUserCode + 2);
    EXPECT_EQ(frame[1], kGuestUserCs);
    EXPECT_EQ(frame[2] & kEflagsIf, kEflagsIf);
    EXPECT_EQ(frame[3], kUserStack + kPageSize);
    EXPECT_EQ(frame[4], kGuestUserDs);
  }
}

TEST_P(CrossingTest, ADirectTrapNeverSeesTheSwitcher) {
  GuestWorld& w = world();
  w.DirectTrap(kSyscallVector, kKernelCode, 3);
  w.Code({0xcf});                                                  // iret
  w.UserCode({0xb9, 100, 0, 0, 0, 0xcd, 0x80, 0xe2, 0xfc, 0xf4});  // 100 calls, hlt
  Watcher watcher;
  w.crossing->set_observer(&watcher);
  w.InRing3();
  EXPECT_EQ(w.Run(), 13u);
  EXPECT_EQ(w.Reg(REG(ecx)), 0u);
  EXPECT_EQ(watcher.Count(Stage::kStub), 1u);
}

TEST_P(CrossingTest, TsTurnsTheFirstFpuInstructionIntoTrap7) {
  GuestWorld& w = world();
  w.Code({0xd9, 0xe8, 0xcd, 0x1f});  // fld1; int 0x1f
  w.crossing->SetTs(true);
  EXPECT_EQ(w.Run(), 7u);
  w.crossing->SetTs(false);
  EXPECT_EQ(w.Run(), 31u);
}

TEST_P(CrossingTest, SysenterFaultsWithANullSelector) {
  GuestWorld& w = world();
  w.UserCode({0x0f, 0x34});
  w.InRing3();
  w.crossing->SetSysenterCs(0);
  EXPECT_EQ(w.Run(), 13u);
  EXPECT_EQ(w.errcode(), 0u);
}

TEST_P(CrossingTest, AnObserverSeesAllStagesInOrderAndChangesNothing) {
  GuestWorld& w = world();
  w.CountingCode();
  const auto run = [&](StageObserver* observer) {
    w.crossing->set_observer(observer);
    w.InRing1();
    OneEvent timer;
    const u64 begin = w.cpu.retired();
    timer.when = begin + 300;
    w.crossing->set_event_source(&timer);
    EXPECT_EQ(w.Run(), 0xefu);
    w.crossing->set_event_source(nullptr);
    std::vector<u32> result = w.SavedRegs();
    result.push_back(w.eip());
    result.push_back(static_cast<u32>(w.cpu.retired() - begin));
    return result;
  };
  Watcher watcher;
  const std::vector<u32> plain = run(nullptr);
  EXPECT_EQ(run(&watcher), plain);
  EXPECT_EQ(run(nullptr), plain);
  std::vector<Stage> expected;
  for (u32 i = 0; i < kStages; ++i) {
    const Stage stage = static_cast<Stage>(i);
    if (stage != Stage::kReturn && stage != Stage::kDropNmi) expected.push_back(stage);
  }
  EXPECT_EQ(watcher.seen, expected);
}

// passage.h says how long both ways are.
TEST_P(CrossingTest, APassageTakesAsManyInstructionsAsItIsSaid) {
  GuestWorld& w = world();
  const auto took = [&](std::initializer_list<u8> code, u32 vector) {
    w.Code(code);
    w.InRing1();
    const u64 begin = w.cpu.retired();
    EXPECT_EQ(w.Run(), vector);
    return w.cpu.retired() - begin;
  };
  EXPECT_EQ(took({0xcd, 0x1f}, 31), kPassageIn + 1 + PassageOut(31));
  EXPECT_EQ(took({0x90, 0x0f, 0x0b}, 6), kPassageIn + 1 + PassageOut(6));
  EXPECT_EQ(took({0xfa}, 13), kPassageIn + PassageOut(13));  // cli in ring 1

  w.CountingCode();
  w.InRing1();
  OneEvent timer;
  const u64 begin = w.cpu.retired();
  timer.when = begin + 300;
  w.crossing->set_event_source(&timer);
  EXPECT_EQ(w.Run(), 0xefu);
  w.crossing->set_event_source(nullptr);
  EXPECT_EQ(w.cpu.retired() - begin, 300 + PassageOut(0xef));
}

class StepCounter final : public StepObserver {
 public:
  void BeforeStep(Cpu&) override {}
  void AfterStep(Cpu&) override { ++steps; }
  u32 steps = 0;
};

class EveryTenth final : public Sampler {
 public:
  u64 NextSample() override { return next; }
  void Sample(Cpu& cpu) override {
    at.push_back(cpu.retired());
    next += 10;
  }
  u64 next = 0;
  std::vector<u64> at;
};

TEST_P(CrossingTest, StepsAndSamplesComeAtTheirInstructionsAndChangeNothing) {
  GuestWorld& w = world();
  w.CountingCode();
  const auto run = [&] {
    w.InRing1();
    OneEvent timer;
    timer.when = w.cpu.retired() + 300;
    w.crossing->set_event_source(&timer);
    EXPECT_EQ(w.Run(), 0xefu);
    w.crossing->set_event_source(nullptr);
    std::vector<u32> result = w.SavedRegs();
    result.push_back(w.eip());
    return result;
  };
  const std::vector<u32> plain = run();
  StepCounter steps;
  w.crossing->set_steps({&steps});
  EXPECT_EQ(run(), plain);
  EXPECT_EQ(steps.steps, 300 + PassageOut(0xef));
  w.crossing->set_steps({});
  EveryTenth samples;
  const u64 first = w.cpu.retired() + 10;
  samples.next = first;
  w.crossing->set_sampler(&samples);
  EXPECT_EQ(run(), plain);
  w.crossing->set_sampler(nullptr);
  ASSERT_EQ(samples.at.size(), (300 + PassageOut(0xef)) / 10);
  for (size_t i = 0; i < samples.at.size(); ++i) EXPECT_EQ(samples.at[i], first + 10 * i);
}

TEST_P(CrossingTest, AWarmCrossingFindsEverythingCached) {
  GuestWorld& w = world();
  w.Code({0xcd, 0x1f, 0xeb, 0xfc});
  for (int i = 0; i < 3; ++i) w.Enter();
  const CpuStats cpu = w.cpu.stats();
  const TlbStats tlb = w.cpu.tlb().stats();
  const u64 begin = w.cpu.retired();
  for (int i = 0; i < 1000; ++i) w.Enter();
  EXPECT_EQ(w.cpu.stats().blocks_made, cpu.blocks_made);
  EXPECT_EQ(w.cpu.stats().blocks_dropped, cpu.blocks_dropped);
  EXPECT_EQ(w.cpu.stats().slow_access, cpu.slow_access);
  EXPECT_EQ(w.cpu.tlb().stats().miss, tlb.miss);
  EXPECT_EQ(w.cpu.tlb().stats().fetch_miss, tlb.fetch_miss);
  EXPECT_EQ(w.cpu.tlb().stats().bank_flush, tlb.bank_flush);
  EXPECT_EQ(w.cpu.tlb().stats().page_drop, tlb.page_drop);
  EXPECT_EQ(w.cpu.tlb().stats().bank_switch, tlb.bank_switch + 2000);
  EXPECT_EQ((w.cpu.retired() - begin) % 1000, 0u);
}

LGX_IN_ALL_WORLDS(CrossingTest);

}  // namespace
}  // namespace lgx
