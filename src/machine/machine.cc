#include "machine/machine.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/byte_writer.h"
#include "base/check.h"
#include "devices/block.h"
#include "devices/rng.h"
#include "hypercalls/abi_g.h"
#include "hypercalls/guest_time.h"
#include "machine/boot_params.h"
#include "machine/cpu_stats.h"
#include "mmu/boot_tables.h"

namespace lgx {
namespace {

constexpr u64 kNsPerSecond = 1'000'000'000;
// Where the Launcher has the Guest's memory in its own address space. Only ever printed.
constexpr u32 kLauncherBase = 0x08000000;
constexpr TaskId kLauncherTask = 1;
// With --clock host: more than any emulator executes, and how often it looks at the
// clock.
constexpr u64 kRealTicksPerSecond = 4'000'000'000;
constexpr u64 kRealTimePoll = 100'000;  // instructions
// A wait without any deadline looks up now and then all the same.
constexpr u64 kLongestWaitNs = 10 * kNsPerSecond;
constexpr std::string_view kCrashPrefix = "CRASH: ";
constexpr std::string_view kPowerDown = "Power down";

const Abi* AbiOf(const BootRequest& request) {
  const bool is_40 = request.generation == Generation::kG &&
                     request.kernel.recognition.layout == DataLayout::kF;
  return is_40 ? &kAbiG40 : FindAbi(InfoOf(request.generation).letter[0]);
}

}  // namespace

const char* NameOf(Ending::Kind kind) {
  switch (kind) {
    case Ending::Kind::kPowerOff:
      return "power-off";
    case Ending::Kind::kCrash:
      return "crash";
    case Ending::Kind::kKilled:
      return "killed";
    case Ending::Kind::kRestart:
      return "restart";
    case Ending::Kind::kReached:
      return "reached";
    case Ending::Kind::kLimit:
      return "limit";
    case Ending::Kind::kSignal:
      return "signal";
    case Ending::Kind::kQuit:
      return "quit";
    case Ending::Kind::kThreeCtrlC:
      return "three-ctrl-c";
    case Ending::Kind::kOutputClosed:
      return "output-closed";
    case Ending::Kind::kHostRefused:
      return "host-refused";
    case Ending::Kind::kTimeout:
      return "timeout";
    case Ending::Kind::kScript:
      return "script";
  }
  return "?";
}

std::optional<Ending> EndingFor(const ConsoleEvent& event) {
  switch (event.kind) {
    case ConsoleEventKind::kQuit:
      return Ending{Ending::Kind::kQuit, "quit from the console", "", 0};
    case ConsoleEventKind::kThreeCtrlC:
      return Ending{Ending::Kind::kThreeCtrlC, "three Ctrl-C", "", 0};
    case ConsoleEventKind::kSignal:
      return Ending{Ending::Kind::kSignal, "ended by a signal", "", event.value};
    case ConsoleEventKind::kOutputClosed:
      return Ending{Ending::Kind::kOutputClosed, "nobody reads the output any more", "",
                    0};
    case ConsoleEventKind::kOutputFailed:
      return Ending{Ending::Kind::kHostRefused, event.text, "", 0};
    case ConsoleEventKind::kTimeout:
      return Ending{Ending::Kind::kTimeout, "the time limit is reached", "", 0};
    case ConsoleEventKind::kOutputLimit:
      return Ending{Ending::Kind::kLimit, event.text, "", 0};
    case ConsoleEventKind::kScriptEnd:
      return Ending{Ending::Kind::kScript, "the console said " + event.text, "",
                    event.value};
    default:
      return std::nullopt;
  }
}

// The console's far end, which also notes when the Guest spoke last.
class Machine::NotedConsole final : public ConsoleBackend {
 public:
  NotedConsole(Machine& machine, ConsoleBackend& real) : machine_(machine), real_(real) {}
  void Write(std::span<const u8> bytes) override {
    machine_.last_output_ns_ = machine_.clock_->NowNs();
    machine_.TraceConsole("output", bytes);
    ConsoleWatch* const watch = machine_.console_watch_;
    if (watch != nullptr && watch->OnOutput(bytes)) machine_.RequestStop();
    if (!machine_.muted_) real_.Write(bytes);
  }
  std::size_t Read(std::span<u8> to) override { return real_.Read(to); }
  bool InputEnded() const override { return real_.InputEnded(); }
  u64 Wait(u64 timeout_ns, bool want_input, std::span<const WaitFd> others) override {
    return real_.Wait(timeout_ns, want_input, others);
  }
  std::optional<ConsoleEvent> NextEvent() override { return real_.NextEvent(); }

 private:
  Machine& machine_;
  ConsoleBackend& real_;
};

// -- making one -------------------------------------------------------------------------

StatusOr<std::unique_ptr<Machine>> Machine::Create(const BootRequest& request,
                                                   ConsoleBackend& console,
                                                   MachineObserver* observer) {
  auto machine = std::unique_ptr<Machine>(new Machine(request, console, observer));
  LGX_RETURN_IF_ERROR(machine->Build(request));
  return machine;
}

Machine::Machine(const BootRequest& request, ConsoleBackend& console,
                 MachineObserver* observer)
    : config_(request.config),
      mode_(request.mode),
      observer_(observer),
      slots_(MakeSlotChooser(request.config.guest.shadow_replacement, request.config.seed,
                             request.config.guest.shadow_slots)),
      noted_(std::make_unique<NotedConsole>(*this, console)),
      backend_(*noted_),
      abi_(AbiOf(request)),
      net_backends_(request.nets),
      captures_(request.captures),
      nets_(request.nets.size()),
      inputs_(*noted_, request.nets) {}

Machine::~Machine() {
  // The Guest gives its pages back before the pool goes.
  file_.reset();
}

Status Machine::Build(const BootRequest& request) {
  const u32 extra_pages =
      abi_->forwards_traps ? PciBus::kExtraPages : LguestBus::kMaxPages;
  const u32 pages = static_cast<u32>(config_.memory >> kPageShift) + extra_pages;
  const u32 pool = static_cast<u32>(config_.guest.shadow_pool >> kPageShift);
  StatusOr<MachineLayout> layout = PlanMachine(mode_, 1, pool, pages);
  if (!layout.ok()) return layout.status();
  layout_ = *layout;
  StatusOr<std::unique_ptr<PhysMemory>> memory = PhysMemory::Create(layout_.Size());
  if (!memory.ok()) return memory.status();
  memory_ = std::move(*memory);
  cpu_ = std::make_unique<Cpu>(*memory_);
  cpu_->set_model(*config_.cpu.model);
  cpu_->set_uncached(!config_.cpu.block_cache);
  if (config_.clock.mode == MachineConfig::Clock::Mode::kHost) {
    real_ = request.real_time != nullptr ? request.real_time : &HostTime();
    clock_ = std::make_unique<VirtualClock>(*cpu_, kRealTicksPerSecond, real_->Date());
  } else {
    clock_ = std::make_unique<VirtualClock>(*cpu_, config_.clock.instructions_per_second,
                                            config_.clock.epoch);
  }
  host_ = std::make_unique<HostEnv>(*memory_, layout_);
  host_->BringUp(*cpu_, 0);
  map_ = std::make_unique<SwitcherMap>(
      *memory_, mode_, 1,
      SwitcherMap::Frames{layout_.switcher, layout_.switcher_pte_pages},
      host_->switcher_pte_page());
  crossing_ = std::make_unique<Crossing>(*cpu_, *host_, *map_);
  crossing_->set_event_source(this);
  pool_ = std::make_unique<PagePool>(*memory_, layout_.pool, layout_.pool_frames);
  view_ = std::make_unique<GuestView>(*memory_, layout_.guest, pages);
  LGX_RETURN_IF_ERROR(MakeBus(request.disks));
  return StartGuest(request);
}

Status Machine::MakeBus(Disks* disks) {
  const u32 mem = static_cast<u32>(config_.memory);
  IrqLine& irqs = static_cast<IrqLine&>(*this);
  if (abi_->forwards_traps) {
    auto bus = std::make_unique<PciBus>(*view_, irqs, mem);
    pci_bus_ = bus.get();
    bus_ = std::move(bus);
  } else {
    const DescriptorForm form =
        abi_->device_fields ? DescriptorForm::kFields : DescriptorForm::kArrays;
    auto bus = std::make_unique<LguestBus>(*view_, irqs, mem, form);
    lguest_bus_ = bus.get();
    bus_ = std::move(bus);
  }
  if (bus_->ConsoleFirst()) LGX_RETURN_IF_ERROR(AddConsole());
  LGX_RETURN_IF_ERROR(AddDevices(disks));
  if (!bus_->ConsoleFirst()) LGX_RETURN_IF_ERROR(AddConsole());
  *view_ = GuestView(*memory_, layout_.guest, bus_->guest_pages());
  bus_->Finish();
  for (size_t i = 0; i < bus_->device_count(); ++i) bus_->device(i).set_trace(&trace_);
  return absl::OkStatus();
}

// Devices in the order of the options (guest-02 section 1).
Status Machine::AddDevices(Disks* disks) {
  CHECK(net_backends_.size() == config_.net.size()) << "a card without a cable";
  for (const MachineConfig::DeviceRef& ref : DeviceOrder(config_)) {
    LGX_RETURN_IF_ERROR(AddDevice(ref, disks));
  }
  return absl::OkStatus();
}

Status Machine::AddDevice(const MachineConfig::DeviceRef& ref, Disks* disks) {
  switch (ref.kind) {
    case MachineConfig::DeviceKind::kBlock: {
      CHECK(disks != nullptr && ref.index < disks->size()) << "disk " << ref.index;
      BlockOptions options = BlockOptionsFor(config_, ref.index);
      options.long_header = abi_->device_fields;
      return bus_->AddDevice(std::make_unique<BlockDevice>((*disks)[ref.index], options));
    }
    case MachineConfig::DeviceKind::kRng:
      return bus_->AddDevice(std::make_unique<Rng>(config_.rng.seed));
    case MachineConfig::DeviceKind::kNet:
      return AddNet(ref.index);
  }
  return absl::OkStatus();
}

Status Machine::AddConsole() {
  auto console = std::make_unique<Console>(backend_);
  console_ = console.get();
  return bus_->AddDevice(std::move(console));
}

Status Machine::AddNet(u32 index) {
  const MachineConfig::Net& net = config_.net[index];
  Net::Options options;
  options.index = index;
  options.offload = net.offload;
  options.mac = net.mac;
  // On a tap that the original Launcher would have made, the Guest's driver makes one up.
  const bool as_original = net.address || !net.bridge.empty();
  if (!net.mac && !as_original) options.mac = AutomaticMac(config_.number, index);
  options.merge = !as_original;
  if (abi_->device_fields) options.format = NetHeaderFormat::kOld;
  auto card = std::make_unique<Net>(*net_backends_[index], options);
  if (index < captures_.size() && captures_[index] != nullptr) {
    card->set_observer([this, file = captures_[index]](const NetFrame& frame) {
      const HostClock::WallTime now = clock_->Wall();
      file->Write(now.seconds, now.nanoseconds, frame.bytes);
    });
  }
  nets_[index] = card.get();
  return bus_->AddDevice(std::move(card));
}

// What is in memory before the Guest exists.
Status Machine::LoadFiles(const BootRequest& request) {
  if (request.load_later) {
    // Who initialises the Guest looks only for its amount of memory.
    BootSizes sizes;
    sizes.mem = static_cast<decltype(sizes.mem)>(config_.memory);
    CHECK(WriteBootSizes(sizes, *view_)) << "less than a page of memory";
    return absl::OkStatus();
  }
  const KernelImage& kernel = request.kernel;
  StatusOr<BootLayout> plan = PlanMemory(config_.memory, mode_, request.initrd.size(),
                                         config_.kernel.initrd, kernel.initrd_addr_max());
  if (!plan.ok()) return plan.status();
  LGX_RETURN_IF_ERROR(LoadKernel(kernel, request.kernel_file, *plan, *view_));
  if (!request.initrd.empty()) {
    LGX_RETURN_IF_ERROR(LoadInitrd(*plan, request.initrd, config_.kernel.initrd, *view_));
  }
  const BootPlan boot{*plan, config_.kernel.cmdline, config_.kernel.alignment};
  return WriteBootParams(boot, kernel, request.kernel_file, *view_);
}

Status Machine::StartGuest(const BootRequest& request) {
  const KernelImage& kernel = request.kernel;
  LGX_RETURN_IF_ERROR(LoadFiles(request));
  GuestOptions options;
  options.abi = abi_;
  options.shadow.mode = mode_;
  options.shadow.slots = config_.guest.shadow_slots;
  options.shadow.replacement = config_.guest.shadow_replacement;
  options.shadow.set_pmd = config_.guest.set_pmd;
  options.shadow.prefill = config_.guest.prefill;
  options.shadow.quirks.q6_mended = config_.guest.q6 == QuirkMode::kMended;
  options.quirks.q1_mended = config_.guest.q1 == QuirkMode::kMended;
  options.quirks.q2_mended = config_.guest.q2 == QuirkMode::kMended;
  options.quirks.q18_mended = config_.guest.q18 == QuirkMode::kMended;
  options.page_offset_index =
      mode_ == PagingMode::kPae ? kernel.page_offset >> 30 : kernel.page_offset >> 22;
  const HostParts parts{*memory_,   *pool_,  *slots_,
                        *crossing_, *clock_, static_cast<HostServices&>(*this)};
  const LauncherMemory launcher{kLauncherBase, layout_.guest, layout_.guest_frames};
  file_ = std::make_unique<LguestFile>(parts, options, launcher, files_);
  // The last word is read for generations that have device memory.
  const u32 words[] = {kLhreqInitialize, kLauncherBase, bus_->guest_pages(), kernel.entry,
                       bus_->device_limit()};
  if (const i32 result = file_->Write(words, kLauncherTask); result < 0) {
    return Errorf(kResourceExhausted,
                  "the Guest could not be initialised (error %d); give it more room for "
                  "shadow tables with --set guest.shadow_pool=32M",
                  -result);
  }
  timer_period_ =
      config_.host.timer_hz == 0 ? 0 : clock_->TicksPerSecond() / config_.host.timer_hz;
  limit_ticks_ = LimitTicks();
  RestartHostTimer();
  return absl::OkStatus();
}

// -- time
// ---------------------------------------------------------------------------------

std::optional<u64> Machine::LimitNs() const {
  const std::optional<u64>& limit = config_.limits.virtual_ns;
  const std::optional<u64>& until = config_.limits.until_ns;
  if (!limit || !until) return limit ? limit : until;
  return std::min(*limit, *until);
}

u64 Machine::LimitTicks() const {
  const std::optional<u64> limit = LimitNs();
  return limit ? clock_->TicksAt(*limit) : EventSource::kNever;
}

void Machine::RestartHostTimer() {
  if (timer_period_ == 0) return;
  next_timer_ = (clock_->Ticks() / timer_period_ + 1) * timer_period_;
}

// Time that follows the host's: instructions count for so little that the clock is always
// behind, and now and then it is set. Not repeatable, and the only place that is not.
void Machine::FollowRealTime() {
  if (real_ == nullptr) return;
  const u64 now = real_->NowNs();
  if (!real_start_ns_) real_start_ns_ = now - clock_->NowNs();
  clock_->SkipTo(now - *real_start_ns_);
  next_look_ = cpu_->retired() + kRealTimePoll;
}

//: time.020 The next thing to happen
// Nothing interrupts the emulated processor from outside. Before it runs, somebody says
// at which instruction it has to be interrupted: the Host's timer, the Guest's alarm, a
// limit, whichever is first. It stops there exactly, not a few instructions later, and
// what is due arrives as a Host interrupt of the machine. Hence the same run twice is
// the same to the last instruction.
//:
u64 Machine::NextEvent() {
  u64 ticks = timer_period_ == 0 ? EventSource::kNever : next_timer_;
  ticks = std::min({ticks, limit_ticks_, horizon_});
  if (const auto deadline = NextDeadlineNs(*file_->guest())) {
    ticks = std::min(ticks, clock_->TicksAt(*deadline));
  }
  u64 retired = ticks == EventSource::kNever ? ticks : clock_->RetiredAt(ticks);
  for (const std::optional<u64>& stop :
       {config_.limits.instructions, config_.limits.until_instructions}) {
    if (stop) retired = std::min(retired, *stop);
  }
  if (real_ != nullptr) retired = std::min(retired, next_look_);
  return retired;
}

u8 Machine::EventDue() {
  FollowRealTime();
  if (timer_period_ != 0 && clock_->Ticks() >= next_timer_) RestartHostTimer();
  CheckLimits();
  if (clock_->Ticks() >= horizon_) file_->guest()->SendSignal();
  return kHostTimerVector;
}

// Has a limit, or the point the run was to go to, been reached?
void Machine::CheckLimits() {
  const MachineConfig::Limits& limits = config_.limits;
  const auto passed = [](const std::optional<u64>& at, u64 now) {
    return at && now >= *at;
  };
  const u64 retired = cpu_->retired();
  const u64 now = clock_->NowNs();
  if (passed(limits.until_instructions, retired) || passed(limits.until_ns, now)) {
    End({Ending::Kind::kReached, "the point of --until is reached", "", 0});
  }
  if (passed(limits.instructions, retired)) {
    End({Ending::Kind::kLimit, "the limit of instructions is reached", "", 0});
  }
  if (passed(limits.virtual_ns, now)) {
    End({Ending::Kind::kLimit, "the limit of virtual time is reached", "", 0});
  }
}

// -- the Launcher's loop
// ------------------------------------------------------------------

//: machine.030 The Launcher's loop
// The program that people start does very little once the Guest runs: it reads from the
// Guest's file, again and again. Each read() runs the Guest until somebody outside is
// needed, and its result says who. Four bytes are an address the Guest wants looked at:
// a device has work. Twelve are an instruction that only the Launcher can carry out. The
// errors are sleep, restart, death, and a signal.
//:
Ending Machine::Run() {
  Start();
  crossing_->set_stop_at(EventSource::kNever);
  while (!Ended()) Step();
  return *ending_;
}

// What has ended the run may have come in the middle of a crossing, which is finished.
bool Machine::Ended() const {
  return ending_ && (!crossing_->Inside() || !crossing_->failure().empty());
}

// Input is taken at moments that the run itself chooses, never because somebody stopped.
void Machine::Start() {
  if (!started_) TakeInput();
  started_ = true;
}

bool Machine::Reached(const Goal& goal) const {
  return cpu_->retired() >= goal.instructions ||
         (goal.ns != EventSource::kNever && clock_->NowNs() >= goal.ns);
}

Machine::Stop Machine::RunTo(const Goal& goal) {
  Start();
  stop_wanted_ = false;
  while (!Ended()) {
    if (Reached(goal)) return Stop::kReached;
    u64 stop_at = goal.instructions;
    if (goal.ns != EventSource::kNever) {
      // What is skipped while the Guest sleeps moves it.
      stop_at = std::min(stop_at, clock_->RetiredAt(clock_->TicksAt(goal.ns)));
    }
    crossing_->set_stop_at(stop_at);
    Step();
    if (Ended()) break;
    if (stop_wanted_ || (crossing_->Inside() && !Reached(goal))) return Stop::kStopped;
  }
  return Stop::kEnded;
}

void Machine::set_input_source(InputSource* source) {
  source_ = source == nullptr ? &inputs_ : source;
}

Machine::Stop Machine::RunUntil(u64 ns) {
  horizon_ = clock_->TicksAt(ns);
  asleep_ = false;
  TakeInput();
  while (!ending_ && clock_->Ticks() < horizon_) Step();
  if (ending_) return Stop::kEnded;
  return asleep_ ? Stop::kAsleep : Stop::kReached;
}

void Machine::Step() {
  // It may have died in the call that also had a notification: read() would tell why in
  // words now.
  if (file_->guest()->dead()) {
    if (!file_->guest()->wants_restart()) return HandleDeath();
    return End({Ending::Kind::kRestart, "the Guest asked for a restart", "", 0});
  }
  u8 news[PendingTrap::kSize];
  const i32 result = file_->Read(news, kLauncherTask);
  if (result == sizeof(u32)) {
    HandleNotify(LoadLe<u32>(news));
  } else if (result == PendingTrap::kSize) {
    HandleTrap(news);
  } else if (result == -kEagain) {
    Idle();
  } else if (result == -kErestart) {
    End({Ending::Kind::kRestart, "the Guest asked for a restart", "", 0});
  } else if (result == -kEnoent) {
    HandleDeath();
  } else if (!crossing_->failure().empty()) {
    End({Ending::Kind::kHostRefused, crossing_->failure(), "", 0});
  } else {
    CHECK(result == -kEintr || result == -kErestartsys) << "read() gave " << result;
  }
}

void Machine::End(Ending ending) {
  if (!ending_) ending_ = std::move(ending);
  file_->guest()->SendSignal();
}

void Machine::HandleDeath() {
  const Guest& guest = *file_->guest();
  std::string_view reason = guest.reason();
  Ending ending;
  ending.detail = guest.detail();
  if (reason.starts_with(kCrashPrefix)) {
    reason.remove_prefix(kCrashPrefix.size());
    ending.kind = reason == kPowerDown ? Ending::Kind::kPowerOff : Ending::Kind::kCrash;
  } else {
    ending.kind = Ending::Kind::kKilled;
  }
  ending.reason = reason;
  End(std::move(ending));
}

void Machine::StopFor(const Violation& violation) {
  End({Ending::Kind::kKilled, violation.ToString(), "", 0});
}

void Machine::HandleNotify(u32 address) {
  const NotifyResult result = lguest_bus_->HandleNotify(address);
  if (result.kind == NotifyResult::Kind::kText) {
    backend_.Write(
        std::span(reinterpret_cast<const u8*>(result.text.data()), result.text.size()));
  } else if (result.kind == NotifyResult::Kind::kViolation) {
    StopFor(*result.violation);
  }
}

void Machine::HandleTrap(std::span<const u8> pending) {
  TrapEmulator emulator(*file_, kLauncherTask, *pci_bus_);
  if (const MaybeViolation violation = emulator.Handle(pending)) {
    StopFor(*violation);
  } else if (file_->guest()->dead()) {
    HandleDeath();  // the trap went back to a Guest that had no stack for it
  }
}

void Machine::Raise(u32 irq) {
  ++interrupts_raised_;
  if (trace_.On(TraceCategory::kIrq)) {
    trace_.Event(TraceCategory::kIrq, "raise", {{"irq", irq}});
  }
  file_->guest()->SetInterrupt(irq);
}

void Machine::RunHostTasks(u32) { TakeInput(); }

// The one place where anything from outside enters the run (inputs.h).
void Machine::TakeInput() {
  if (cpu_->retired() >= watch_at_) watch_at_ = watch_->AtInput(*this);
  TakeConsoleInput();
  TakeFrames();
}

// Takes all that is there, so that what comes from a file comes at the same instruction
// in every run, however it is read.
void Machine::TakeConsoleInput() {
  u8 bytes[4096];
  while (const std::size_t room = std::min(sizeof bytes, console_->InputRoom())) {
    const std::size_t n = source_->ReadConsole(std::span(bytes, room));
    if (n == 0) break;
    TraceConsole("input", std::span(bytes, n));
    console_->QueueInput(std::span(bytes, n));
    if (const MaybeViolation violation = console_->DeliverInput()) StopFor(*violation);
  }
  while (const std::optional<ConsoleEvent> event = source_->NextEvent()) {
    HandleConsoleEvent(*event);
  }
}

void Machine::TakeFrames() {
  for (u32 i = 0; i < nets_.size(); ++i) {
    NetFrame frame;
    while (nets_[i]->HasInputRoom() && source_->ReceiveFrame(i, &frame)) {
      nets_[i]->QueueInput(std::move(frame));
      if (nets_[i]->HasInputRoom()) continue;
      if (const MaybeViolation violation = nets_[i]->DeliverInput()) StopFor(*violation);
    }
    if (const MaybeViolation violation = nets_[i]->DeliverInput()) StopFor(*violation);
  }
}

void Machine::HandleConsoleEvent(const ConsoleEvent& event) {
  if (event.kind == ConsoleEventKind::kStats && observer_ != nullptr) {
    Stats stats;
    VisitStats(stats);
    observer_->OnStats(stats);
  } else if (std::optional<Ending> ending = EndingFor(event)) {
    End(*std::move(ending));
  } else if (observer_ != nullptr) {
    observer_->OnConsoleEvent(event);
  }
}

//: time.030 A Guest with nothing to do
// A halted Guest wakes for its clock event or for a device. Where no input can come any
// more, nobody would see the difference between waiting and not waiting, so the clock
// simply jumps to the event. Where somebody may still type, waiting follows real time;
// how long it took changes when input arrives, and nothing else.
//:
void Machine::Idle() {
  const u64 before = interrupts_raised_;
  TakeInput();
  // Input has just raised an interrupt: the Guest gets a look at it before it sleeps.
  if (ending_ || interrupts_raised_ != before) return;
  FollowRealTime();
  const std::optional<u64> deadline = WakeNs();
  trace_.Begin(TraceCategory::kTimer, "sleep");
  if (horizon_ == EventSource::kNever) {
    SleepUntil(deadline);
    FollowRealTime();
  } else {
    asleep_ = !deadline || clock_->TicksAt(*deadline) > horizon_;
    clock_->SkipToTick(asleep_ ? horizon_ : clock_->TicksAt(*deadline));
  }
  trace_.End(TraceCategory::kTimer, "sleep");
  RestartHostTimer();
  CheckLimits();
}

std::optional<u64> Machine::WakeNs() const {
  const std::optional<u64> deadline = NextDeadlineNs(*file_->guest());
  if (limit_ticks_ == EventSource::kNever) return deadline;
  const u64 limit = *LimitNs();
  return std::min(deadline.value_or(limit), limit);
}

InputWish Machine::WishedInput() const {
  InputWish wish;
  wish.console = console_->InputRoom() != 0;
  for (u32 i = 0; i < nets_.size(); ++i) {
    if (!nets_[i]->HasInputRoom()) wish.cards &= ~(1u << i);
  }
  return wish;
}

void Machine::SleepUntil(std::optional<u64> deadline) {
  const u64 now = clock_->NowNs();
  const bool input_may_come = source_->MayCome();
  if (!input_may_come) {
    if (!deadline) {
      End({Ending::Kind::kLimit, "the Guest sleeps for ever: no timer, no more input", "",
           0});
      return;
    }
    if (*deadline > last_output_ns_ &&
        *deadline - last_output_ns_ > config_.limits.max_idle_ns) {
      End({Ending::Kind::kLimit,
           "idle: no console output for the time of --max-idle, and no more input", "",
           0});
      return;
    }
  }
  const bool follow = real_ != nullptr || config_.clock.realtime.value_or(input_may_come);
  if (!follow && deadline) {
    clock_->SkipTo(*deadline);
    return;
  }
  const u64 wait = deadline ? (*deadline > now ? *deadline - now : 0) : kLongestWaitNs;
  const u64 waited = source_->Wait(wait, WishedInput());
  clock_->SkipTo(now + std::min(wait, waited));
}

// -- looking at it
// --------------------------------------------------------------------------

namespace {

void HashSegment(StateHash& hash, const Segment& s) {
  hash.Value(s.selector);
  hash.Value(s.attr);
  hash.Value(s.base);
  hash.Value(s.limit);
}

void HashCpu(StateHash& hash, const Cpu& cpu) {
  const CpuState& s = cpu.state;
  for (u32 i = 0; i < 8; ++i) hash.Value(s.regs[i]);
  hash.Value(s.eip);
  hash.Value(cpu.Eflags());
  for (const Segment& segment : s.seg) HashSegment(hash, segment);
  HashSegment(hash, s.ldtr);
  HashSegment(hash, s.tr);
  for (const TableRegister* table : {&s.gdtr, &s.idtr}) {
    hash.Value(table->base);
    hash.Value(table->limit);
  }
  for (const u32 value : {s.cr0, s.cr2, s.cr3, s.cr4}) hash.Value(value);
  for (const u64 value : s.pdpte) hash.Value(value);
  hash.Value(s.efer);
  for (const u32 value : s.dr) hash.Value(value);
  for (const u32 value : {s.sysenter_cs, s.sysenter_esp, s.sysenter_eip})
    hash.Value(value);
  hash.Value(s.cpl);
  u8 fpu[kFxImageSize] = {};
  FpuWriteFxImage(s.fpu, fpu);
  hash.Bytes(fpu);
}

}  // namespace

//: machine.040 Everything a Guest could notice
// Two runs are the same if nobody inside could tell them apart. So the hash covers
// registers, all of memory, what the Host knows of the Guest, what the devices hold, and
// the clock; and it leaves out what only the emulator knows: decoded blocks, cached
// translations, counters, the time it really took. Whatever the compiler, the binding or
// the host, the same kernel with the same input must end in the same number.
//:
u64 Machine::Hash() const {
  StateHash hash;
  hash.Text("lgx state 1");
  HashCpu(hash, *cpu_);
  for (u32 frame = 0; frame < memory_->frames(); ++frame) {
    hash.Bytes(std::span(memory_->ReadPointer(Mfn(frame)), kPageSize));
  }
  HashParts(&hash);
  return hash.Digest();
}

u64 Machine::QuickHash() const {
  StateHash hash;
  hash.Text("lgx quick state 1");
  HashCpu(hash, *cpu_);
  hash.Value(cpu_->retired());
  HashParts(&hash);
  return hash.Digest();
}

void Machine::HashParts(StateHash* hash) const {
  file_->guest()->HashInto(*hash);
  ByteWriter devices;
  bus_->AppendState(&devices);
  hash->Bytes(devices.bytes());
  hash->Value(clock_->Ticks());
}

void Machine::AttachTrace(TraceSink* sink, u32 mask) {
  trace_.Attach(sink, mask);
  file_->guest()->trace.Attach(sink, mask);
  crossing_->set_steps({});
  insns_.reset();
  accesses_.reset();
  std::vector<StepObserver*> steps;
  if (trace_.On(TraceCategory::kInsn)) {
    insns_ = std::make_unique<InsnTrace>(trace_, map_->text());
    steps.push_back(insns_.get());
  }
  if (trace_.On(TraceCategory::kMem)) {
    accesses_ = std::make_unique<MemTrace>(*cpu_, trace_, map_->text(), view());
    steps.push_back(accesses_.get());
  }
  crossing_->set_steps(std::move(steps));
}

void Machine::TraceConsole(const char* name, std::span<const u8> bytes) const {
  if (!trace_.On(TraceCategory::kConsole)) return;
  trace_.Event(TraceCategory::kConsole, name, {{"bytes", bytes.size()}},
               {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void Machine::VisitStats(StatsVisitor& out) const {
  VisitCpuStats(*cpu_, out);
  out.Counter("shadow.pool.used", pool_->used());
  out.Counter("shadow.pool.peak", pool_->peak());
  out.Counter("time.virtual_ns", clock_->NowNs());
  file_->guest()->VisitStats(out);
  bus_->VisitStats(out);
}

}  // namespace lgx
