// A Host without a CPU: the classes of hypercalls/ on machine memory, with a CrossingPort
// whose "Guest" is a list of exits that a test writes down.
#ifndef LGX_TESTS_HYPERCALLS_HOST_FIXTURE_H_
#define LGX_TESTS_HYPERCALLS_HOST_FIXTURE_H_

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "hypercalls/guest.h"
#include "hypercalls/lguest_file.h"
#include "hypercalls/run_loop.h"

namespace lgx {

class FakeClock final : public HostClock {
 public:
  u64 NowNs() const override { return now_ns; }
  WallTime Wall() const override {
    return {1'000'000'000 + static_cast<u32>(now_ns / 1'000'000'000),
            static_cast<u32>(now_ns % 1'000'000'000)};
  }
  u32 TscKhz() const override { return tsc_khz; }

  u64 now_ns = 5;
  u32 tsc_khz = 1'000'000;
};

class FakeServices final : public HostServices {
 public:
  void RunHostTasks(u32 vector) override {
    vectors.push_back(vector);
    if (on_tasks) on_tasks();
  }
  void Kick() override {
    kicks.fetch_add(1);
    if (on_kick) on_kick();
  }

  std::vector<u32> vectors;
  std::atomic<u32> kicks{0};
  std::function<void()> on_tasks;
  std::function<void()> on_kick;
};

// Takes exits from a list. When the list is empty, a Host interrupt ends the Guest's turn
// and the signal that `on_empty` sends ends RunGuest().
class FakePort final : public CrossingPort {
 public:
  explicit FakePort(PhysMemory& memory) : memory_(&memory) {}

  SwitcherPages& Pages() override { return pages; }
  Mpa HostRoot() const override { return Mpa(0x3000); }
  void RunGuestOnce(const GuestEntry& entry) override {
    ++entries;
    last_entry = entry;
    GuestRegs regs(*memory_, entry.regs_page);
    EXPECT_EQ(regs.trapnum(), kImpossibleTrap);
    host_interrupt = false;
    if (script.empty()) {
      regs.set_trapnum(0xef);
      host_interrupt = true;
      on_empty();
      return;
    }
    const std::function<void(GuestRegs&)> exit = std::move(script.front());
    script.pop_front();
    exit(regs);
  }
  bool TookHostInterrupt() const override { return host_interrupt; }
  u32 Cr2() const override { return cr2; }
  void SetTs(bool on) override { ts = on; }
  bool HasSysenter() const override { return true; }
  void SetSysenterCs(u32 selector) override { sysenter_cs.push_back(selector); }

  SwitcherPages pages;
  std::deque<std::function<void(GuestRegs&)>> script;
  std::function<void()> on_empty;
  GuestEntry last_entry{};
  u32 entries = 0;
  u32 cr2 = 0;
  bool ts = false;
  bool host_interrupt = false;
  std::vector<u32> sysenter_cs;

 private:
  PhysMemory* memory_;
};

// Always the next slot.
class RoundRobin final : public SlotChooser {
 public:
  u32 Choose(u32 slots) override { return next_++ % slots; }

 private:
  u32 next_ = 1;
};

class HostTest : public ::testing::Test {
 protected:
  static constexpr u32 kGuestFirst = 0x400;  // machine frame of guest-physical 0
  static constexpr u32 kBase = 0x08000000;   // its Launcher address
  static constexpr u32 kMem = 0x00400000;
  static constexpr u32 kPfnLimit = kMem / kPageSize + 16;
  static constexpr u32 kStart = 0x00100000;
  static constexpr TaskId kTask = 7;
  static constexpr u32 kOffset = 0xc0000000;    // PAGE_OFFSET
  static constexpr u32 kData = 0x00002000;      // guest-physical lguest_data
  static constexpr u32 kHandlers = 0xc0180000;  // handler n is at + 16 n
  static constexpr u32 kStackTop = 0xc0202000;  // end of the ring-1 stack

  explicit HostTest(PagingMode mode = PagingMode::kTwoLevel, char abi = 'R') {
    memory_ = std::move(PhysMemory::Create(16 << 20).value());
    options_.abi = FindAbi(abi);
    options_.shadow.mode = mode;
    MakeHost(0x100);
  }

  // (Re)builds everything above machine memory; the pool gets this many frames.
  void MakeHost(u32 pool_frames) {
    file_.reset();
    parts_.reset();
    pool_ = std::make_unique<PagePool>(*memory_, Mfn(0x200), pool_frames);
    port_ = std::make_unique<FakePort>(*memory_);
    port_->pages.linear = LguestPagesOf(options_.shadow.mode, 1, 0);
    port_->pages.state = Mpa(0x1000);
    port_->pages.mapping.pte_page = Mfn(2);
    port_->pages.mapping.regs_index = SwitcherRegsIndex(1, 0);
    for (u32 i = 0; i < kIdtEntries; ++i) port_->pages.stubs[i] = 0xffc00100 + 4 * i;
    port_->on_empty = [this] { guest().cpu.signal = true; };
    parts_ = std::make_unique<HostParts>(
        HostParts{*memory_, *pool_, slots_, *port_, clock_, services_});
    file_ = MakeFile();
  }
  std::unique_ptr<LguestFile> MakeFile() {
    return std::make_unique<LguestFile>(
        *parts_, options_, LauncherMemory{kBase, Mfn(kGuestFirst), kPfnLimit}, files_);
  }

  void WriteBootParameters(u64 mem = kMem) {
    Store<u32>(0x2d8, static_cast<u32>(mem));
    Store<u32>(0x2dc, static_cast<u32>(mem >> 32));
  }
  i32 Initialize() {
    WriteBootParameters();
    const u32 words[] = {kLhreqInitialize, kBase, kPfnLimit, kStart};
    return file_->Write(words, kTask);
  }
  // What a kernel has compiled into its struct lguest_data.
  void PrepareData(u32 at = kData) {
    const LguestDataLayout& data = options_.abi->data;
    for (u32 i = 0; i < data.size; i += 4) Store<u32>(at + i, 0);
    Store<u32>(at + data.blocked_interrupts, 1);
    for (u32 i = 0; i < kRingSize; ++i) Store<u8>(at + data.hcall_status + i, 0xff);
    if (data.noirq_start != kAbsentField) {
      Store<u32>(at + data.noirq_start, 0xc0150000);
      Store<u32>(at + data.noirq_end, 0xc0150010);
    }
    Store<u32>(at + data.kernel_address, kOffset);
    Store<u32>(at + data.syscall_vec, kSyscallVector);
  }
  // A Guest that has done LGUEST_INIT, with all interrupts unmasked and enabled, in ring
  // 1 with a stack.
  void Boot() {
    ASSERT_EQ(Initialize(), 12);
    PrepareData();
    Hypercall(1, {kData});
    ASSERT_EQ(Run().kind, RunGuestResult::Kind::kSignal);
    ASSERT_FALSE(guest().dead()) << guest().reason();
    SetData(data().blocked_interrupts, 0);
    SetData(data().irq_enabled, kVirtualIf);
    regs().set_esp(kStackTop);
  }

  // ---- exits, in the order in which they will happen ----

  void Exit(u32 trap, u32 errcode = 0, std::function<void(GuestRegs&)> before = {}) {
    port_->script.push_back([this, trap, errcode, before](GuestRegs& regs) {
      if (before) before(regs);
      regs.set_trapnum(trap);
      regs.set_errcode(errcode);
      port_->host_interrupt = trap >= 32 && trap < 256 && trap != 128;
    });
  }
  void Hypercall(u32 number, std::initializer_list<u32> args = {}) {
    std::vector<u32> copy(args);
    copy.resize(4, 0xdeadbeef);  // what is not an argument is garbage
    Exit(kLguestTrapEntry, 0, [number, copy, &abi = *options_.abi](GuestRegs& regs) {
      std::array<u32, 5> words;
      words.fill(0xdeadbeef);
      for (u32 i = 0; i < copy.size(); ++i) {
        if (abi.registers[i] != kAbsentArg) words[abi.registers[i]] = copy[i];
      }
      regs.set_eax(number);
      regs.set_ebx(words[1]);
      regs.set_ecx(words[2]);
      regs.set_edx(words[3]);
      regs.set_esi(words[4]);
    });
  }
  void PageFault(u32 address, u32 errcode) {
    Exit(14, errcode, [this, address](GuestRegs&) { port_->cr2 = address; });
  }
  // Runs all of them; kSignal means that the Guest is still alive.
  RunGuestResult Run() { return RunGuest(guest()); }

  // Puts a call into slot `slot` of the async ring.
  void Queue(u32 slot, u32 number, std::initializer_list<u32> args, u8 status = 0) {
    const u32 at = kData + data().hcalls + slot * options_.abi->ring_words * 4;
    Store<u32>(at, number);
    u32 i = 0;
    for (const u32 arg : args) Store<u32>(at + 4 * options_.abi->ring[i++], arg);
    Store<u8>(kData + data().hcall_status + slot, status);
  }
  u8 RingStatus(u32 slot) { return Load<u8>(kData + data().hcall_status + slot); }

  // ---- shorthands ----

  Guest& guest() { return *file_->guest(); }
  Vcpu& cpu() { return guest().cpu; }
  GuestRegs& regs() { return guest().cpu.regs; }
  const LguestDataLayout& data() { return options_.abi->data; }
  u32 Data(u16 offset) { return Load<u32>(kData + offset); }
  void SetData(u16 offset, u32 value) { Store<u32>(kData + offset, value); }

  // Guest memory by guest-physical address.
  template <typename T>
  T Load(u32 at) {
    return memory_->Load<T>(MpaOf(Mfn(kGuestFirst)) + at);
  }
  template <typename T>
  void Store(u32 at, T value) {
    memory_->Store<T>(MpaOf(Mfn(kGuestFirst)) + at, value);
  }
  void StoreBytes(u32 at, std::initializer_list<u32> bytes) {
    for (const u32 byte : bytes) Store<u8>(at++, static_cast<u8>(byte));
  }

  DescriptorWords CpuIdt(u32 vector) {
    return StateEntry(offsetof(LguestRoState, guest_idt) + 8 * vector);
  }
  DescriptorWords CpuGdt(u32 entry) {
    return StateEntry(offsetof(LguestRoState, guest_gdt) + 8 * entry);
  }
  DescriptorWords StateEntry(u64 offset) {
    const Mpa at = port_->pages.state + offset;
    return {memory_->Load<u32>(at), memory_->Load<u32>(at + 4)};
  }

  u32 HandlerOf(u32 vector) const { return kHandlers + 16 * vector; }
  // A gate in the Guest's IDT, as if loaded by hypercall.
  void SetHandler(u32 vector, u32 type = kGateInterrupt, u32 dpl = 0) {
    const u32 handler = HandlerOf(vector);
    guest().cpu.idt[vector] = {kGuestKernelCs << 16 | (handler & 0xffff),
                               (handler & 0xffff0000) | 0x8000 | dpl << 13 | type << 8};
  }

  std::string Reason() { return guest().reason(); }

  std::unique_ptr<PhysMemory> memory_;
  std::unique_ptr<PagePool> pool_;
  std::unique_ptr<FakePort> port_;
  FakeClock clock_;
  FakeServices services_;
  RoundRobin slots_;
  EventFiles files_;
  GuestOptions options_;
  std::unique_ptr<HostParts> parts_;
  std::unique_ptr<LguestFile> file_;
};

class HostTestF : public HostTest {
 protected:
  HostTestF() : HostTest(PagingMode::kTwoLevel, 'F') {}
};
class HostTestPae : public HostTest {
 protected:
  HostTestPae() : HostTest(PagingMode::kPae) {}
};

}  // namespace lgx

#endif  // LGX_TESTS_HYPERCALLS_HOST_FIXTURE_H_
