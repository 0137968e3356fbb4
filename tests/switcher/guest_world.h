// A Guest on the real CPU without the Host's logic: the test is the Host. It writes the
// Guest's code, tables and registers, enters, and looks at what the exit left behind.
#ifndef LGX_TESTS_SWITCHER_GUEST_WORLD_H_
#define LGX_TESTS_SWITCHER_GUEST_WORLD_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "mmu/guest_view.h"
#include "mmu/kill_sink.h"
#include "mmu/page_pool.h"
#include "mmu/pte.h"
#include "mmu/shadow_tables.h"
#include "mmu/slot_chooser.h"
#include "switcher/crossing.h"
#include "switcher/host_env.h"
#include "switcher/map.h"

namespace lgx {

#define REG(name)   (kRegsOffset + static_cast<u32>(offsetof(LguestRegs, name)))
#define STATE(name) static_cast<u32>(offsetof(LguestRoState, name))

// The Guest's descriptors and selectors.
inline constexpr DescriptorWords kRing1Code{0x0000ffff, 0x00cfbb00};
inline constexpr DescriptorWords kRing1Data{0x0000ffff, 0x00cfb300};
inline constexpr DescriptorWords kRing3Code{0x0000ffff, 0x00cffb00};
inline constexpr DescriptorWords kRing3Data{0x0000ffff, 0x00cff300};

// Where its pages are, linear and guest-physical.
inline constexpr u32 kKernelCode = 0xc0100000;
inline constexpr u32 kKernelStack = 0xc0200000;  // the page; ESP starts at its end
inline constexpr u32 kKernelData = 0xc0300000;
inline constexpr u32 kUserCode = 0x08048000;
inline constexpr u32 kUserStack = 0x08050000;
inline constexpr u32 kNowhere = 0xc0900000;

class NoKill final : public KillSink {
 public:
  void Kill(std::string_view reason, std::string) override {
    ADD_FAILURE() << "killed: " << reason;
  }
  bool dead() const override { return false; }
};

class FirstSlot final : public SlotChooser {
 public:
  u32 Choose(u32) override { return 0; }
};

// Calls functions at stages, and keeps a list of all.
class Watcher final : public StageObserver {
 public:
  void AtStage(Stage stage, Cpu& cpu) override {
    seen.push_back(stage);
    if (at) at(stage, cpu);
  }
  u32 Count(Stage stage) const {
    return static_cast<u32>(std::count(seen.begin(), seen.end(), stage));
  }
  std::vector<Stage> seen;
  std::function<void(Stage, Cpu&)> at;
};

// One interrupt at an exact instruction.
class OneEvent final : public EventSource {
 public:
  u64 NextEvent() override { return when; }
  u8 EventDue() override {
    when = kNever;
    ++raised;
    return vector;
  }
  u64 when = kNever;
  u8 vector = kHostTimerVector;
  u32 raised = 0;
};

class GuestWorld {
 public:
  GuestWorld(PagingMode mode, Binding binding, u32 cpus = 1, u32 cpu_number = 0)
      : layout(PlanMachine(mode, cpus, 0x200, 0x400).value()),
        memory_(PhysMemory::Create(layout.Size()).value()),
        host(*memory_, layout),
        map(*memory_, mode, cpus, {layout.switcher, layout.switcher_pte_pages},
            host.switcher_pte_page()),
        cpu(*memory_, binding),
        view(*memory_, layout.guest, layout.guest_frames),
        pool(*memory_, layout.pool, layout.pool_frames),
        shadow(*memory_, view, pool, kill_, slots_, {.mode = mode}) {
    host.BringUp(cpu, cpu_number);
    crossing = std::make_unique<Crossing>(cpu, host, map, cpu_number);
    EXPECT_TRUE(shadow.Init(gpgdir_).ok());
    Map(kKernelCode, 0x100, kPtePresent | kPteRw);
    Map(kKernelStack, 0x200, kPtePresent | kPteRw);
    Map(kKernelData, 0x300, kPtePresent | kPteRw);
    Map(kUserCode, 0x148, kPtePresent | kPteRw | kPteUser);
    Map(kUserStack, 0x150, kPtePresent | kPteRw | kPteUser);
    SetGdt(kGdtKernelCs, kRing1Code);
    SetGdt(kGdtKernelDs, kRing1Data);
    SetGdt(14, kRing3Code);
    SetGdt(15, kRing3Data);
    InRing1();
  }

  PhysMemory& memory() { return *memory_; }
  PagingMode mode() const { return layout.mode; }
  Lin P() { return crossing->Pages().linear; }

  // ---- the Guest's registers, by REG() ----
  u32 Reg(u32 offset) const { return memory_->Load<u32>(MpaOf(regs_page()) + offset); }
  void SetReg(u32 offset, u32 value) {
    memory_->Store(MpaOf(regs_page()) + offset, value);
  }
  Mfn regs_page() const { return layout.regs_pages; }
  u32 trap() const { return Reg(REG(trapnum)); }
  u32 errcode() const { return Reg(REG(errcode)); }
  u32 eip() const { return Reg(REG(eip)); }
  // eax to es: what the Switcher saves and restores.
  std::vector<u32> SavedRegs() const {
    std::vector<u32> regs;
    for (u32 offset = REG(eax); offset <= REG(es); offset += 4) {
      regs.push_back(Reg(offset));
    }
    return regs;
  }

  void InRing1() {
    for (u32 offset = REG(eax); offset <= REG(ebp); offset += 4) {
      SetReg(offset, 0x11110000 + offset);
    }
    for (const u32 offset : {REG(gs), REG(fs)}) SetReg(offset, 0);
    for (const u32 offset : {REG(ds), REG(es)}) SetReg(offset, kGuestKernelDs);
    SetReg(REG(eip), kKernelCode);
    SetReg(REG(cs), kGuestKernelCs);
    SetReg(REG(eflags), 0x202);
    SetReg(REG(esp), kKernelStack + kPageSize);
    SetReg(REG(ss), kGuestKernelDs);
  }
  void InRing3() {
    InRing1();
    for (const u32 offset : {REG(ds), REG(es), REG(ss)}) SetReg(offset, kGuestUserDs);
    SetReg(REG(eip), kUserCode);
    SetReg(REG(cs), kGuestUserCs);
    SetReg(REG(esp), kUserStack + kPageSize);
  }

  // ---- its memory and tables ----
  // The Guest's entry for one page.
  void MapInGuest(u32 lin, u32 page, u32 flags) {
    mode() == PagingMode::kPae ? MapAs<Pae>(Lin(lin), page, flags)
                               : MapAs<TwoLevel>(Lin(lin), page, flags);
  }
  // And the shadow entry.
  void Map(u32 lin, u32 page, u32 flags) {
    MapInGuest(lin, page, flags);
    EXPECT_TRUE(Fault(lin, (flags & kPteUser) | ((flags & kPteRw) != 0 ? 2 : 0)));
  }
  // One more shadow entry, if the Guest's tables have one.
  bool Fault(u32 lin, u32 errcode) { return shadow.DemandPage(Lin(lin), errcode); }
  void Code(std::initializer_list<u8> bytes, u32 gpa = 0x100000) {
    ASSERT_TRUE(view.Write(Gpa(gpa), bytes.begin(), static_cast<u32>(bytes.size())));
  }
  // A Guest that goes round in circles, counting in EAX.
  void CountingCode() { Code({0x40, 0xeb, 0xfd}); }
  void UserCode(std::initializer_list<u8> bytes) { Code(bytes, 0x148000); }

  // ---- lguest_ro_state, by STATE() ----
  Mpa State(u32 offset) { return crossing->Pages().state + offset; }
  void SetGdt(u32 entry, DescriptorWords words) {
    StoreDescriptor(*memory_, State(STATE(guest_gdt)) + 8 * entry, words);
  }
  DescriptorWords Gdt(u32 entry) {
    return LoadDescriptor(*memory_, State(STATE(guest_gdt)) + 8 * entry);
  }
  void SetGate(u32 vector, DescriptorWords words) {
    StoreDescriptor(*memory_, State(STATE(guest_idt)) + 8 * vector, words);
  }
  // The vector's stub, with a DPL of the Guest's wish.
  void AllowInt(u32 vector, u32 dpl) {
    SetGate(vector, DefaultGate(vector, crossing->Pages().stubs[vector], {0, dpl << 13}));
  }
  void DirectTrap(u32 vector, u32 handler, u32 dpl, u32 selector = kGuestKernelCs) {
    SetGate(vector, {selector << 16 | (handler & 0xffff),
                     (handler & 0xffff0000) | 0x8f00 | dpl << 13});
  }

  // ---- running ----
  // One crossing, prepared like the run loop does it.
  void Enter() {
    memory_->Store(State(STATE(host_cr3)), static_cast<u32>(crossing->HostRoot().value));
    SwitcherEntry mapping = crossing->Pages().mapping;
    mapping.regs_page = regs_page();
    shadow.MapSwitcher(mapping);
    memory_->Store(State(STATE(guest_tss.sp1)), esp1);
    memory_->Store(State(STATE(guest_tss.ss1)), ss1);
    SetReg(REG(trapnum), kImpossibleTrap);
    crossing->RunGuestOnce({regs_page(), shadow.RootOfCurrent()});
  }
  // Runs from where the registers say; the exit's trap number.
  u32 Run() {
    Enter();
    return trap();
  }

  const MachineLayout layout;

 private:
  std::unique_ptr<PhysMemory> memory_;
  NoKill kill_;
  FirstSlot slots_;
  Gpa gpgdir_{0x2000};
  u32 next_table_ = 3;

  template <class F>
  void MapAs(Lin lin, u32 page, u32 flags) {
    Gpa at = gpgdir_ + EntryOffset<F>(PgdIndex<F>(lin));
    Gpa table = Below<F>(at, F::kHasPmd ? kPtePresent : kPageTableFlags);
    if constexpr (F::kHasPmd) {
      table = Below<F>(table + EntryOffset<F>(PmdIndex(lin)), kPageTableFlags);
    }
    at = table + EntryOffset<F>(PteIndex<F>(lin));
    EXPECT_TRUE(view.StoreValue<typename F::Raw>(at, page << kPageShift | flags));
  }
  // The table that the Guest's entry at `at` points to; a new one if there is none.
  template <class F>
  Gpa Below(Gpa at, u32 flags) {
    typename F::Raw raw = 0;
    EXPECT_TRUE(view.LoadValue(at, &raw));
    if ((raw & 1) == 0) {
      raw = next_table_++ << kPageShift | flags;
      EXPECT_TRUE(view.StoreValue(at, raw));
    }
    return Gpa(static_cast<u32>(raw) & ~kPageMask);
  }

 public:
  HostEnv host;
  SwitcherMap map;
  Cpu cpu;
  std::unique_ptr<Crossing> crossing;
  GuestView view;
  PagePool pool;
  ShadowTables shadow;
  u32 esp1 = kKernelStack + kPageSize;
  u32 ss1 = kGuestKernelDs;
};

using WorldParam = std::tuple<PagingMode, Binding>;

// Each test runs in both page-table formats and under both bindings.
class CrossingTest : public ::testing::TestWithParam<WorldParam> {
 protected:
  void SetUp() override {
    if (!BindingExists(std::get<1>(GetParam()))) GTEST_SKIP() << "no such binding";
    world_ =
        std::make_unique<GuestWorld>(std::get<0>(GetParam()), std::get<1>(GetParam()));
  }
  GuestWorld& world() { return *world_; }
  bool pae() const { return std::get<0>(GetParam()) == PagingMode::kPae; }

  std::unique_ptr<GuestWorld> world_;
};

inline std::string NameOfWorld(const ::testing::TestParamInfo<WorldParam>& info) {
  return std::string(std::get<0>(info.param) == PagingMode::kPae ? "Pae" : "TwoLevel") +
         (std::get<1>(info.param) == Binding::kTail ? "Tail" : "Loop");
}

#define LGX_IN_ALL_WORLDS(fixture)                                                   \
  INSTANTIATE_TEST_SUITE_P(                                                          \
      Worlds, fixture,                                                               \
      ::testing::Combine(::testing::Values(PagingMode::kTwoLevel, PagingMode::kPae), \
                         ::testing::Values(Binding::kLoop, Binding::kTail)),         \
      NameOfWorld)

}  // namespace lgx

#endif  // LGX_TESTS_SWITCHER_GUEST_WORLD_H_
