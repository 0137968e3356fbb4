#include "api/run.h"

#include <utility>

#include "guests/builtin_kernel.h"
#include "hypercalls/guest_time.h"
#include "replay/stored_config.h"

namespace lgx {
namespace {

constexpr std::size_t kEarlyMessages = 100;

}  // namespace

Run::Run(MachineConfig config)
    : config_(std::move(config)),
      builtin_(BuiltinGuest()),
      console_(config_),
      snapshots_(config_, {}, &hooks_) {
  console_.set_dry([this] { return WaitsForInput(); });
  console_.set_look([this] { LookForInterrupt(); });
}

Run::~Run() {
  control_.reset();
  run_.reset();
}

StatusOr<std::unique_ptr<Run>> Run::Make(MachineConfig config,
                                         std::unique_ptr<SnapshotFile> from,
                                         const std::string& path) {
  StatusOr<std::vector<Pattern>> patterns = ConsoleScript::Compile(config.expect);
  if (!patterns.ok()) return patterns.status();
  auto run = std::unique_ptr<Run>(new Run(std::move(config)));
  run->script_.emplace(run->console_, run->config_.expect, *std::move(patterns));
  if (from != nullptr) run->hooks_.ResumeFrom(*std::move(from), path, run->config_);
  LGX_RETURN_IF_ERROR(run->Boot());
  return run;
}

Status Run::Boot() {
  run_ = std::make_unique<GuestRun>(config_, builtin_, *script_,
                                    static_cast<LaunchObserver&>(*this), &snapshots_);
  return run_->Boot(networks_);
}

// ---- what the run tells

void Run::MakeControl() {
  control_.reset();
  control_ = std::make_unique<RunControl>(machine());
  control_->set_symbols(symbols_);
  control_->set_poll([this] { return interrupt_.load(std::memory_order_relaxed); });
}

void Run::OnMachine(Machine& machine) { machine.AttachTrace(sink_, mask_); }

// By now all that the control needs is there.
void Run::OnBoot(const BootFiles& files, u32) {
  ++boots_;
  symbols_ = &files.symbols;
  for (const std::string& warning : files.warnings) AddMessage(warning);
  MakeControl();
}

void Run::OnMachineEnd(Machine&) { control_.reset(); }

void Run::set_message(Message message) {
  message_ = std::move(message);
  if (message_ == nullptr) return;
  for (const std::string& text : std::exchange(early_messages_, {})) message_(text);
}

void Run::AddMessage(const std::string& text) {
  if (const Message message = message_) {
    message(text);
  } else if (early_messages_.size() < kEarlyMessages) {
    early_messages_.push_back(text);
  }
}

void Run::set_events(TraceSink* sink, u32 mask) {
  sink_ = sink;
  mask_ = mask;
  machine().AttachTrace(sink_, mask_);
}

// ---- running

// The Guest sleeps, and only what is typed could wake it.
bool Run::WaitsForInput() {
  if (NextDeadlineNs(machine().guest())) return false;
  waiting_ = true;
  control_->Interrupt();
  return true;
}

void Run::LookForInterrupt() {
  if (interrupt_.load(std::memory_order_relaxed)) control_->Interrupt();
}

// The machine has ended. True: the Guest was booted again.
StatusOr<bool> Run::NextBoot() {
  const StatusOr<bool> again = run_->GoOn();
  if (!again.ok()) {
    failed_ = again.status();
    return again;
  }
  if (*again) return true;
  result_.launch = run_->TakeResult();
  result_.script = {script_->done(), script_->size(), script_->waits_for()};
  why_ = Why::kEnded;
  MakeControl();
  return false;
}

Status Run::RunTo(const Point& point) {
  LGX_RETURN_IF_ERROR(failed_);
  if (why_ == Why::kEnded) return absl::OkStatus();
  while (true) {
    waiting_ = false;
    const StatusOr<StopReport> stop = control_->RunTo(point);
    if (!stop.ok()) return stop.status();
    switch (stop->why) {
      case StopReport::Why::kEnded: {
        const StatusOr<bool> again = NextBoot();
        if (!again.ok()) return again.status();
        if (!*again) return absl::OkStatus();
        break;
      }
      case StopReport::Why::kInterrupted:
        why_ = waiting_ ? Why::kWaiting : Why::kInterrupted;
        if (!waiting_) interrupt_.store(false, std::memory_order_relaxed);
        return absl::OkStatus();
      default:
        why_ = Why::kReached;
        return absl::OkStatus();
    }
  }
}

Status Run::Step(u64 n) {
  const u64 now = machine().instructions();
  const u64 goal = n > EventSource::kNever - now ? EventSource::kNever : now + n;
  return RunTo({Point::Kind::kInstruction, goal, ""});
}

// ---- states

StatusOr<std::unique_ptr<RunState>> Run::TakeState() {
  LGX_RETURN_IF_ERROR(failed_);
  if (config_.clock.mode == MachineConfig::Clock::Mode::kHost) {
    return Errorf(
        StatusCode::kFailedPrecondition,
        "clock.mode: the clock of this machine follows the host's, which does not "
        "go back. Leave it at \"det\"");
  }
  StatusOr<LibraryHooks::DiskChanges> disks = hooks_.TakeChanges();
  if (!disks.ok()) return disks.status();
  const std::shared_ptr<const Snapshot> before = last_state_.lock();
  auto state = std::make_unique<RunState>();
  state->description = DescribeConfig(StoredConfig(config_));
  state->mode = machine().mode();
  state->snapshot =
      std::make_shared<const Snapshot>(TakeSnapshot(machine(), before.get()));
  state->disks = *std::move(disks);
  state->script = script_->place();
  state->console_bytes_left = console_.bytes_left();
  state->boots = boots_;
  last_state_ = state->snapshot;
  return state;
}

Status Run::Restore(const RunState& state) {
  LGX_RETURN_IF_ERROR(failed_);
  if (state.description != DescribeConfig(StoredConfig(config_)) ||
      state.mode != machine().mode() || state.disks.size() != hooks_.disks()) {
    return Errorf(kInvalidArgument,
                  "the state is one of another machine: a machine takes its own states, "
                  "and those of machines with the same configuration");
  }
  LGX_RETURN_IF_ERROR(hooks_.TakeChanges().status());
  control_.reset();
  if (const Status status = RestoreSnapshot(*state.snapshot, &machine()); !status.ok()) {
    failed_ = status;
    MakeControl();
    return status;
  }
  hooks_.PutBack(state.disks);
  script_->GoTo(*state.script);
  console_.set_bytes_left(state.console_bytes_left);
  boots_ = state.boots;
  why_ = Why::kReady;
  MakeControl();
  return absl::OkStatus();
}

Status Run::SaveSnapshot(const std::string& path) {
  LGX_RETURN_IF_ERROR(failed_);
  return snapshots_.Write(machine(), path);
}

}  // namespace lgx
