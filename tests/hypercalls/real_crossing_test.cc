// The Host's logic over the real Switcher and CPU: the smallest Guests that can be.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <tuple>

#include "switcher/assembler.h"
#include "switcher/crossing.h"
#include "switcher/host_env.h"
#include "switcher/map.h"
#include "tests/hypercalls/host_fixture.h"

namespace lgx {
namespace {

constexpr u32 kGuestFrames = 0x400;  // of each Guest
constexpr u32 kGuests = 2;
constexpr u32 kGuestMem = (kGuestFrames - 16) * kPageSize;
constexpr u32 kLauncherBase = 0x08000000;
constexpr u32 kEntry = 0x00100000;
constexpr u32 kDataAt = 0x00002000;
constexpr u32 kTextAt = 0x00003000;
constexpr u32 kCounterAt = 0x00170000;
constexpr u32 kKernelStackEnd = 0x00181000;
constexpr u32 kUserStackEnd = 0x00191000;
constexpr TaskId kLauncherTask = 7;

// The Host's timer, in instructions.
class Timer final : public EventSource {
 public:
  explicit Timer(u64 period) : period_(period), next_(period) {}
  u64 NextEvent() override { return next_; }
  u8 EventDue() override {
    next_ += period_;
    ++ticks;
    return kHostTimerVector;
  }
  u32 ticks = 0;

 private:
  u64 period_, next_;
};

// A Host with room for two Guests on its one processor.
class RealHost {
 public:
  RealHost(PagingMode mode, Binding binding)
      : layout_(PlanMachine(mode, 1, 0x200, kGuests * kGuestFrames).value()),
        memory_(PhysMemory::Create(layout_.Size()).value()),
        host_(*memory_, layout_),
        map_(*memory_, mode, 1, {layout_.switcher, layout_.switcher_pte_pages},
             host_.switcher_pte_page()),
        cpu(*memory_, binding),
        pool_(*memory_, layout_.pool, layout_.pool_frames) {
    host_.BringUp(cpu, 0);
    crossing_ = std::make_unique<Crossing>(cpu, host_, map_);
    parts_ = std::make_unique<HostParts>(
        HostParts{*memory_, pool_, slots_, *crossing_, clock_, services});
    options_.abi = FindAbi('F');
    options_.shadow.mode = mode;
    for (u32 i = 0; i < kGuests; ++i) {
      files_[i] = std::make_unique<LguestFile>(
          *parts_, options_,
          LauncherMemory{kLauncherBase, layout_.guest + i * kGuestFrames, kGuestFrames},
          event_files_);
      Store<u32>(i, 0x2d8, kGuestMem);  // boot parameters: the end of memory
      const u32 words[] = {kLhreqInitialize, kLauncherBase, kGuestFrames, kEntry};
      EXPECT_EQ(files_[i]->Write(words, kLauncherTask), 12);
    }
  }

  Guest& guest(u32 i) { return *files_[i]->guest(); }
  Crossing& crossing() { return *crossing_; }
  PhysMemory& memory() { return *memory_; }

  // Guest memory.
  template <typename T>
  void Store(u32 i, u32 at, T value) {
    memory_->Store<T>(MpaOf(layout_.guest + i * kGuestFrames) + at, value);
  }
  template <typename T>
  T Load(u32 i, u32 at) {
    return memory_->Load<T>(MpaOf(layout_.guest + i * kGuestFrames) + at);
  }
  void Write(u32 i, u32 at, const void* bytes, size_t count) {
    memory_->Write(MpaOf(layout_.guest + i * kGuestFrames) + at, bytes, count);
  }

  FakeServices services;

 private:
  MachineLayout layout_;
  std::unique_ptr<PhysMemory> memory_;
  HostEnv host_;
  SwitcherMap map_;

 public:
  Cpu cpu;

 private:
  PagePool pool_;
  FakeClock clock_;
  RoundRobin slots_;
  EventFiles event_files_;
  GuestOptions options_;
  std::unique_ptr<Crossing> crossing_;
  std::unique_ptr<HostParts> parts_;
  std::array<std::unique_ptr<LguestFile>, kGuests> files_;
};

class RealCrossing : public ::testing::TestWithParam<std::tuple<PagingMode, Binding>> {
 protected:
  void SetUp() override {
    if (!BindingExists(std::get<1>(GetParam()))) GTEST_SKIP() << "no such binding";
  }
  std::unique_ptr<RealHost> NewHost() {
    return std::make_unique<RealHost>(std::get<0>(GetParam()), std::get<1>(GetParam()));
  }
};

void Call(Assembler& a, u32 number, u32 ebx, u32 ecx, u32 edx) {
  a.Mov(kEax, Imm{number});
  a.Mov(kEbx, Imm{ebx});
  a.Mov(kEcx, Imm{ecx});
  a.Mov(kEdx, Imm{edx});
  a.Int(kLguestTrapEntry);
}

// A kernel that tells the Host about itself, runs one program in ring 3 that makes
// `syscalls` system calls, counts them, and powers off.
void WriteTinyKernel(RealHost& host, u32 syscalls) {
  constexpr u32 kHandler = kEntry + 0x800;
  constexpr u32 kUser = kEntry + 0x1000;
  Assembler kernel;
  kernel.Mov(kEsp, Imm{kKernelStackEnd});
  Call(kernel, 1, kDataAt, 0, 0);                // LGUEST_INIT
  Call(kernel, 18, 14, 0x0000ffff, 0x00cffb00);  // LOAD_GDT_ENTRY: user code
  Call(kernel, 18, 15, 0x0000ffff, 0x00cff300);  // user data
  Call(kernel, 6, 0x80, kGuestKernelCs << 16 | (kHandler & 0xffff),
       (kHandler & 0xffff0000) | 0xef00);  // LOAD_IDT_ENTRY: a trap gate, DPL 3
  Call(kernel, 7, kGuestKernelDs, kKernelStackEnd, 1);  // SET_STACK
  kernel.Push(Imm{kGuestUserDs});
  kernel.Push(Imm{kUserStackEnd});
  kernel.Push(Imm{0x202});
  kernel.Push(Imm{kGuestUserCs});
  kernel.Push(Imm{kUser});
  kernel.Iret();
  host.Write(0, kEntry, kernel.bytes().data(), kernel.here());

  Assembler handler;
  const Assembler::Label more = handler.NewLabel();
  handler.Add(DwordAt(kCounterAt), Imm{1});
  handler.Raw({0x83, 0xff, 0x00, 0x75, 0x05});  // cmp edi, 0; jne +5
  handler.Jmp(more);
  Call(handler, 2, kTextAt, 1, 0);  // SHUTDOWN
  handler.Bind(more);
  handler.Iret();
  host.Write(0, kHandler, handler.bytes().data(), handler.here());

  Assembler user;
  user.Mov(kEax, Imm{kGuestUserDs});  // the way to ring 3 has emptied DS
  user.Mov(Seg::kDs, Low16(kEax));
  user.Mov(kEdi, Imm{0});
  user.Mov(kEcx, Imm{syscalls});
  user.Int(0x80);
  user.Raw({0xe2, 0xfc});  // loop
  user.Mov(kEdi, Imm{1});
  user.Int(0x80);
  host.Write(0, kUser, user.bytes().data(), user.here());

  constexpr char kText[] = "Power down";
  host.Write(0, kTextAt, kText, sizeof kText);
  const LguestDataLayout& data = FindAbi('F')->data;
  host.Store<u32>(0, kDataAt + data.kernel_address, 0xc0000000);
  host.Store<u32>(0, kDataAt + data.syscall_vec, kSyscallVector);
  for (u32 i = 0; i < kRingSize; ++i) {
    host.Store<u8>(0, kDataAt + data.hcall_status + i, 0xff);
  }
}

TEST_P(RealCrossing, ATinyKernelRunsItsProgramAndPowersOff) {
  constexpr u32 kSyscalls = 5000;
  std::vector<u64> retired;
  for (const bool uncached : {false, true}) {
    std::unique_ptr<RealHost> host = NewHost();
    WriteTinyKernel(*host, kSyscalls);
    Timer timer(1000);
    host->crossing().set_event_source(&timer);
    host->cpu.set_uncached(uncached);
    const RunGuestResult result = RunGuest(host->guest(0));
    EXPECT_EQ(result.kind, RunGuestResult::Kind::kDead);
    EXPECT_EQ(host->guest(0).reason(), "CRASH: Power down");
    EXPECT_EQ(host->Load<u32>(0, kCounterAt), kSyscalls + 1);
    EXPECT_GT(timer.ticks, 20u);
    // Each tick was an exit that the rest of the Host heard of.
    EXPECT_EQ(host->services.vectors,
              std::vector<u32>(timer.ticks, u32{kHostTimerVector}));
    retired.push_back(host->cpu.retired());
  }
  EXPECT_EQ(retired[0], retired[1]);
}

TEST_P(RealCrossing, T02_12_TwoGuestsOnOneProcessorGetTheirOwnTables) {
  std::unique_ptr<RealHost> host = NewHost();
  Timer timer(500);
  host->crossing().set_event_source(&timer);
  const Mpa state = host->crossing().Pages().state;
  for (u32 i = 0; i < kGuests; ++i) {
    host->Store<u16>(i, kEntry, 0xfeeb);  // jmp $
    Guest& guest = host->guest(i);
    guest.cpu.gdt[14] = {0x0000ffff, 0x00cffb00};
    guest.cpu.gdt[20] = {0x1000u + i, 0x00cff300};
    guest.cpu.idt[3] = {kGuestKernelCs << 16 | i, 0xc000ef00};
    guest.cpu.idt[0x80] = {kGuestKernelCs << 16 | (0x100 + i), 0xc000ef00};
  }
  for (const u32 i : {0u, 1u, 0u, 0u, 1u, 0u}) {
    Guest& guest = host->guest(i);
    host->services.on_tasks = [&guest] { guest.SendSignal(); };
    EXPECT_EQ(RunGuest(guest).kind, RunGuestResult::Kind::kSignal);
    EXPECT_EQ(guest.cpu.changed, 0u);
    for (const u32 vector : {3u, 0x80u}) {
      EXPECT_EQ(LoadDescriptor(host->memory(),
                               state + offsetof(LguestRoState, guest_idt) + 8 * vector),
                guest.cpu.idt[vector]);
    }
    EXPECT_EQ(LoadDescriptor(host->memory(),
                             state + offsetof(LguestRoState, guest_gdt) + 8 * 20),
              guest.cpu.gdt[20]);
    EXPECT_EQ(guest.cpu.last_pages, &host->crossing().Pages());
    EXPECT_EQ(host->crossing().Pages().last_vcpu, &guest.cpu);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Worlds, RealCrossing,
    ::testing::Combine(::testing::Values(PagingMode::kTwoLevel, PagingMode::kPae),
                       ::testing::Values(Binding::kLoop, Binding::kTail)),
    [](const auto& world) {
      return std::string(std::get<0>(world.param) == PagingMode::kPae ? "Pae"
                                                                      : "TwoLevel") +
             (std::get<1>(world.param) == Binding::kTail ? "Tail" : "Loop");
    });

}  // namespace
}  // namespace lgx
