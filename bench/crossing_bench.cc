// The Switcher and the calls: a Guest that only makes hypercalls, over the real Switcher,
// CPU and Host logic. `items` are crossings, each into the Guest and back, with the call
// that brought it out. The call of the first one does nothing.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "hypercalls/lguest_file.h"
#include "hypercalls/run_loop.h"
#include "switcher/assembler.h"
#include "switcher/crossing.h"
#include "switcher/host_env.h"
#include "switcher/map.h"

namespace lgx {
namespace {

constexpr u32 kGuestFrames = 0x400;
constexpr u32 kGuestMem = (kGuestFrames - 16) * kPageSize;
constexpr u32 kLauncherBase = 0x08000000;
constexpr u32 kEntry = 0x00100000;
constexpr u32 kDataAt = 0x00002000;
constexpr u32 kTextAt = 0x00003000;
constexpr u32 kStackEnd = 0x00181000;
constexpr u32 kCalls = 20000;

constexpr u32 kInit = 1, kShutdown = 2;

struct Hypercall {
  const char* name;
  u32 number;
  u32 ebx, ecx, edx;
};
constexpr Hypercall kHypercalls[] = {
    {"FLUSH_ASYNC", 0, 0, 0, 0},      {"TS", 8, 1, 0, 0},
    {"SET_CLOCKEVENT", 9, 0, 0, 0},   {"SET_PTE", 14, 0x1000, 0x08000000, 0},
    {"SEND_INTERRUPTS", 19, 0, 0, 0},
};

class Clock final : public HostClock {
 public:
  u64 NowNs() const override { return 5; }
  WallTime Wall() const override { return {1'000'000'000, 5}; }
  u32 TscKhz() const override { return 1'000'000; }
};

class Services final : public HostServices {
 public:
  void RunHostTasks(u32) override {}
  void Kick() override {}
};

class Slots final : public SlotChooser {
 public:
  u32 Choose(u32 slots) override { return next_++ % slots; }

 private:
  u32 next_ = 0;
};

class Host {
 public:
  explicit Host(PagingMode mode)
      : layout_(PlanMachine(mode, 1, 0x200, kGuestFrames).value()),
        memory_(PhysMemory::Create(layout_.Size()).value()),
        host_(*memory_, layout_),
        map_(*memory_, mode, 1, {layout_.switcher, layout_.switcher_pte_pages},
             host_.switcher_pte_page()),
        cpu_(*memory_),
        pool_(*memory_, layout_.pool, layout_.pool_frames) {
    host_.BringUp(cpu_, 0);
    crossing_ = std::make_unique<Crossing>(cpu_, host_, map_);
    parts_ = std::make_unique<HostParts>(
        HostParts{*memory_, pool_, slots_, *crossing_, clock_, services_});
    options_.abi = FindAbi('F');
    options_.shadow.mode = mode;
    file_ = std::make_unique<LguestFile>(
        *parts_, options_, LauncherMemory{kLauncherBase, layout_.guest, kGuestFrames},
        event_files_);
    Put<u32>(0x2d8, kGuestMem);  // boot parameters: the end of memory
    const u32 words[] = {kLhreqInitialize, kLauncherBase, kGuestFrames, kEntry};
    file_->Write(words, 7);
  }

  Guest& guest() { return *file_->guest(); }
  template <typename T>
  void Put(u32 at, T value) {
    memory_->Store<T>(MpaOf(layout_.guest) + at, value);
  }
  void Write(u32 at, const void* bytes, size_t count) {
    memory_->Write(MpaOf(layout_.guest) + at, bytes, count);
  }

 private:
  MachineLayout layout_;
  std::unique_ptr<PhysMemory> memory_;
  HostEnv host_;
  SwitcherMap map_;
  Cpu cpu_;
  PagePool pool_;
  Clock clock_;
  Services services_;
  Slots slots_;
  EventFiles event_files_;
  GuestOptions options_;
  std::unique_ptr<Crossing> crossing_;
  std::unique_ptr<HostParts> parts_;
  std::unique_ptr<LguestFile> file_;
};

void Call(Assembler& a, const Hypercall& call) {
  a.Mov(kEax, Imm{call.number});
  a.Mov(kEbx, Imm{call.ebx});
  a.Mov(kEcx, Imm{call.ecx});
  a.Mov(kEdx, Imm{call.edx});
  a.Int(kLguestTrapEntry);
}

// Makes one hypercall kCalls times, then powers off.
void WriteGuest(Host& host, const Hypercall& call) {
  Assembler a;
  a.Mov(kEsp, Imm{kStackEnd});
  Call(a, {"LGUEST_INIT", kInit, kDataAt, 0, 0});
  a.Mov(kEsi, Imm{kCalls});
  const u32 again = a.here();
  Call(a, call);
  a.Raw({0x4e, 0x75, static_cast<u8>(again - (a.here() + 3))});  // dec %esi; jne again
  Call(a, {"SHUTDOWN", kShutdown, kTextAt, 1, 0});
  host.Write(kEntry, a.bytes().data(), a.here());
  constexpr char kText[] = "Power down";
  host.Write(kTextAt, kText, sizeof kText);
  const LguestDataLayout& data = FindAbi('F')->data;
  host.Put<u32>(kDataAt + data.kernel_address, 0xc0000000);
  host.Put<u32>(kDataAt + data.syscall_vec, 0x80);
  for (u32 i = 0; i < kRingSize; ++i) host.Put<u8>(kDataAt + data.hcall_status + i, 0xff);
}

void Cross(benchmark::State& state) {
  const PagingMode mode = state.range(0) != 0 ? PagingMode::kPae : PagingMode::kTwoLevel;
  const Hypercall& call = kHypercalls[state.range(1)];
  state.SetLabel(call.name);
  for (auto _ : state) {
    state.PauseTiming();
    auto host = std::make_unique<Host>(mode);
    WriteGuest(*host, call);
    state.ResumeTiming();
    const RunGuestResult result = RunGuest(host->guest());
    state.PauseTiming();
    if (result.kind != RunGuestResult::Kind::kDead ||
        host->guest().reason() != "CRASH: Power down") {
      state.SkipWithError(("the Guest ended with " + host->guest().reason()).c_str());
      return;
    }
    host.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<i64>(state.iterations()) * kCalls);
}
BENCHMARK(Cross)
    ->ArgNames({"pae", "call"})
    ->ArgsProduct({{0, 1}, benchmark::CreateDenseRange(0, 4, 1)});

}  // namespace
}  // namespace lgx
