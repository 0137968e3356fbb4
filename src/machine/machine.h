// One Guest on its machine: everything wired together, and the Launcher's loop.
//
// A Machine lives from loading a kernel to the Guest's end. A restart makes a new one
// (launcher.h). What happens is decided by the config, the files and the console input
// alone.
#ifndef LGX_MACHINE_MACHINE_H_
#define LGX_MACHINE_MACHINE_H_

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/stats.h"
#include "base/status.h"
#include "base/trace.h"
#include "cpu/cpu.h"
#include "devices/backend_pcap.h"
#include "devices/backend_real_time.h"
#include "devices/console.h"
#include "devices/device_bus.h"
#include "devices/lguest_bus.h"
#include "devices/net.h"
#include "devices/pci_bus.h"
#include "hypercalls/lguest_file.h"
#include "machine/clock.h"
#include "machine/config.h"
#include "machine/disks.h"
#include "machine/inputs.h"
#include "machine/insn_trace.h"
#include "machine/kernel_image.h"
#include "machine/mem_trace.h"
#include "machine/trap_emulator.h"
#include "switcher/crossing.h"

namespace lgx {

// What is to be booted. The bytes outlive the Machine's construction only.
struct BootRequest {
  const MachineConfig& config;
  const KernelImage& kernel;
  Bytes kernel_file;
  Bytes initrd;  // empty: none
  Generation generation = Generation::kR;
  PagingMode mode = PagingMode::kTwoLevel;
  Disks* disks = nullptr;  // one for each of config.block; outlive the Machine
  // The far ends of the network cards, one for each of config.net. Outlive the machine.
  std::vector<NetBackend*> nets = {};
  // For each of them where its frames are written to, or null. Outlive it too.
  std::vector<PcapFile*> captures = {};
  // With clock.mode host: whose time it follows. Null: the host's.
  RealTime* real_time = nullptr;
  // Nothing is put into memory: LoadState() follows. `kernel` says only what the Guest is
  // (page_offset, recognition.layout), and the files are empty.
  bool load_later = false;
};

// Why a run is over.
struct Ending {
  enum class Kind : u8 {
    kPowerOff,  // SHUTDOWN with the text "Power down"
    kCrash,     // SHUTDOWN with any other text: the Guest kernel's own words
    kKilled,    // it broke the rules: lguest's words
    kReached,   // the point that the run was to go to
    kRestart,   // it wants to be started afresh
    kLimit,     // an instruction or time limit, or idle for ever
    kSignal,    // `value` is its number
    kQuit,      // the person at the console
    kThreeCtrlC,
    kOutputClosed,  // nobody reads the console any more
    kHostRefused,   // console output failed
    kTimeout,       // real time is up
    kScript,        // a rule of a script: `value` is the exit code
  };
  Kind kind = Kind::kPowerOff;
  std::string reason;
  std::string detail;  // ours, for people
  int value = 0;
};

const char* NameOf(Ending::Kind kind);

// The ending that a console event asks for. Nothing: the run goes on.
std::optional<Ending> EndingFor(const ConsoleEvent& event);

// The people's side of a run: words for stderr, and requests that the Guest never sees.
class MachineObserver {
 public:
  virtual ~MachineObserver() = default;
  // Ctrl-A h and the like.
  virtual void OnConsoleEvent(const ConsoleEvent& event) = 0;
  // Ctrl-A s, SIGUSR1: the counters as they are now.
  virtual void OnStats(const Stats& stats) = 0;
};

// Told what the Guest writes to its console, before anybody else. True: RunTo() returns
// before the Guest runs on.
class ConsoleWatch {
 public:
  virtual ~ConsoleWatch() = default;
  virtual bool OnOutput(std::span<const u8> bytes) = 0;
};

class Machine final : private EventSource, private HostServices, private IrqLine {
 public:
  // `console` and `observer` outlive the machine; `observer` may be null.
  static StatusOr<std::unique_ptr<Machine>> Create(const BootRequest& request,
                                                   ConsoleBackend& console,
                                                   MachineObserver* observer);
  ~Machine() override;

  // Runs the Guest to its end, alone. Once.
  Ending Run();

  // --- a run that is recorded, repeated or interrupted (replay/)
  // Who is asked for input from now on, and who is told; both outlive the machine. Null:
  // the backends, nobody.
  void set_input_source(InputSource* source);
  void set_watch(RunWatch* watch, u64 at = 0) {
    watch_ = watch;
    watch_at_ = watch == nullptr ? RunWatch::kNever : at;
  }
  InputSource& input_source() { return *source_; }
  RunWatch* watch() const { return watch_; }
  u64 watch_at() const { return watch_at_; }
  bool ended() const { return ending_.has_value(); }
  // What the Guest writes to its console is not shown while this is set: it was shown
  // already, when the run came by here for the first time.
  void set_muted(bool muted) { muted_ = muted; }

  // All but memory, as bytes, while the machine stands still. LoadState() takes them
  // over, also into another machine of the same description, once its memory has been
  // loaded; then the run goes on as it would have. Where input comes from is not part of
  // it.
  void SaveState(ByteWriter* out) const;
  void LoadState(ByteReader* in);
  // Is a frame full of zeros in a machine made with BootRequest::load_later? True only if
  // nobody has touched it.
  bool IsEmptyWhenNew(Mfn frame) const;
  PhysMemory& memory() { return *memory_; }
  const PhysMemory& memory() const { return *memory_; }

  // --- one machine of several (fleet.h)
  enum class Stop : u8 {
    kEnded,
    kReached,  // the time has come, and the Guest has work to do
    kAsleep,   // the time has come, and the Guest waits
    kStopped,  // RunTo() only: an inspector, a ConsoleWatch or RequestStop()
  };
  // Takes what has come from outside, then runs the Guest until virtual_ns() is `ns`. A
  // sleeping Guest never waits in real time here: its time passes at once.
  Stop RunUntil(u64 ns);
  // How it ended, after kEnded.
  const Ending& ending() const { return *ending_; }
  // Ends the run from outside.
  void End(Ending ending);
  // When a sleeping Guest, or a limit, is due by itself.
  std::optional<u64> WakeNs() const;
  u64 last_output_ns() const { return last_output_ns_; }
  LiveInputs& inputs() { return inputs_; }
  InputWish WishedInput() const;

  // --- stopping and going on (replay, debug)
  struct Goal {
    u64 instructions = EventSource::kNever;  // retired in all
    u64 ns = EventSource::kNever;            // virtual time
  };
  // Runs on until something of `goal` is reached: exactly there, before what is due then.
  // Unlike a limit or RunUntil() this is no event of the machine. However a run is cut
  // into calls, it computes what Run() computes, which may finish it at any time. At once
  // kReached for what has passed.
  Stop RunTo(const Goal& goal);
  Stop RunToInstruction(u64 retired) { return RunTo({retired, EventSource::kNever}); }
  // From something that RunTo() calls: it returns kStopped before the Guest goes on.
  void RequestStop() {
    stop_wanted_ = true;
    crossing_->set_stop_at(0);
  }
  // Null ends it. Outlives the machine otherwise.
  void set_console_watch(ConsoleWatch* watch) { console_watch_ = watch; }

  u64 instructions() const { return cpu_->retired(); }
  u64 virtual_ns() const { return clock_->NowNs(); }
  // Everything a Guest could ever notice, and nothing else (hash version 1).
  u64 Hash() const;
  // The same without memory: cheap, and different soon after memory is.
  u64 QuickHash() const;
  void VisitStats(StatsVisitor& out) const;

  // Shows `sink` what happens, in the categories of `mask`. Null: nobody. The sink
  // outlives the machine. With kInsn or kMem the processor goes step by step.
  void AttachTrace(TraceSink* sink, u32 mask);
  // Asks `sampler` at its instruction counts. Outlives the machine; null: nobody.
  void set_sampler(Sampler* sampler) { crossing_->set_sampler(sampler); }
  const SwitcherText& switcher_text() const { return map_->text(); }
  u64 instructions_per_second() const { return clock_->TicksPerSecond(); }

  // For reports. The Guest exists from Create() on.
  const Guest& guest() const { return *file_->guest(); }
  Cpu& cpu() { return *cpu_; }
  const Cpu& cpu() const { return *cpu_; }
  Crossing& crossing() { return *crossing_; }
  const Crossing& crossing() const { return *crossing_; }
  const MachineLayout& layout() const { return layout_; }
  const GuestView& view() const { return *view_; }
  DeviceBus& bus() { return *bus_; }
  PagingMode mode() const { return mode_; }

 private:
  class NotedConsole;

  Machine(const BootRequest& request, ConsoleBackend& console, MachineObserver* observer);
  Status Build(const BootRequest& request);
  Status MakeBus(Disks* disks);
  Status AddDevices(Disks* disks);
  Status AddDevice(const MachineConfig::DeviceRef& ref, Disks* disks);
  Status AddNet(u32 index);
  Status AddConsole();
  Status LoadFiles(const BootRequest& request);
  Status StartGuest(const BootRequest& request);

  // EventSource
  u64 NextEvent() override;
  u8 EventDue() override;
  // HostServices
  void RunHostTasks(u32 vector) override;
  void Kick() override {}  // one thread: whoever raises an interrupt is not the Guest
  // IrqLine
  void Raise(u32 irq) override;

  void HandleNotify(u32 address);
  void HandleTrap(std::span<const u8> pending);
  void HandleDeath();
  void Start();
  bool Ended() const;
  bool Reached(const Goal& goal) const;
  void Step();
  void Idle();
  void SleepUntil(std::optional<u64> deadline);
  void TakeInput();
  void TakeConsoleInput();
  void TraceConsole(const char* name, std::span<const u8> bytes) const;
  void TakeFrames();
  void HandleConsoleEvent(const ConsoleEvent& event);
  void HashParts(StateHash* hash) const;
  void StopFor(const Violation& violation);
  void CheckLimits();
  std::optional<u64> LimitNs() const;
  u64 LimitTicks() const;
  void RestartHostTimer();
  void FollowRealTime();

  MachineConfig config_;
  PagingMode mode_;
  MachineObserver* observer_;
  MachineLayout layout_;
  std::unique_ptr<PhysMemory> memory_;
  std::unique_ptr<Cpu> cpu_;
  std::unique_ptr<VirtualClock> clock_;
  std::unique_ptr<HostEnv> host_;
  std::unique_ptr<SwitcherMap> map_;
  std::unique_ptr<Crossing> crossing_;
  std::unique_ptr<PagePool> pool_;
  std::unique_ptr<SlotChooser> slots_;
  EventFiles files_;
  std::unique_ptr<GuestView> view_;
  std::unique_ptr<NotedConsole> noted_;
  ConsoleBackend& backend_;
  const Abi* abi_;
  std::unique_ptr<DeviceBus> bus_;
  LguestBus* lguest_bus_ = nullptr;  // `bus_`, if it is of that kind ...
  PciBus* pci_bus_ = nullptr;        // ... or of this one
  Console* console_ = nullptr;       // the bus owns it
  std::unique_ptr<LguestFile> file_;
  std::vector<NetBackend*> net_backends_;
  std::vector<PcapFile*> captures_;
  std::vector<Net*> nets_;  // the bus owns them
  LiveInputs inputs_;
  InputSource* source_ = &inputs_;
  RunWatch* watch_ = nullptr;
  u64 watch_at_ = RunWatch::kNever;
  bool muted_ = false;
  Trace trace_;
  std::unique_ptr<InsnTrace> insns_;
  std::unique_ptr<MemTrace> accesses_;
  std::optional<Ending> ending_;
  RealTime* real_ = nullptr;           // what the clock follows, with clock.mode host
  std::optional<u64> real_start_ns_;   // when virtual time was 0
  u64 next_look_ = 0;                  // at it, in instructions
  u64 horizon_ = EventSource::kNever;  // ticks, of RunUntil()
  bool asleep_ = false;
  bool started_ = false;
  bool stop_wanted_ = false;
  ConsoleWatch* console_watch_ = nullptr;
  u64 interrupts_raised_ = 0;
  u64 timer_period_ = 0;  // ticks
  u64 next_timer_ = 0;
  u64 limit_ticks_ = 0;
  u64 last_output_ns_ = 0;
};

}  // namespace lgx

#endif  // LGX_MACHINE_MACHINE_H_
