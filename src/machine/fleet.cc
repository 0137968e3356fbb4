#include "machine/fleet.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/byte_writer.h"
#include "base/hash.h"
#include "machine/networks.h"

namespace lgx {
namespace {

// A wait without any deadline looks up now and then all the same.
constexpr u64 kLongestWaitNs = 10'000'000'000;

constexpr u64 NextBorder(u64 ns) { return (ns / kFleetPieceNs + 1) * kFleetPieceNs; }

bool EndsAll(Ending::Kind kind) {
  switch (kind) {
    case Ending::Kind::kSignal:
    case Ending::Kind::kQuit:
    case Ending::Kind::kThreeCtrlC:
    case Ending::Kind::kOutputClosed:
    case Ending::Kind::kHostRefused:
    case Ending::Kind::kTimeout:
    case Ending::Kind::kScript:
      return true;
    default:
      return false;
  }
}

// A Guest of the fleet, and where its own time began.
struct Runner {
  FleetMember member;
  std::unique_ptr<GuestRun> run;
  u64 start_ns = 0;
  bool alive = true;
  bool asleep = false;
};

class Fleet {
 public:
  explicit Fleet(const BuiltinKernel& builtin) : builtin_(builtin) {}

  Status Add(const FleetMember& member) {
    Runner runner{member, std::make_unique<GuestRun>(member.config, builtin_,
                                                     member.console, member.observer)};
    LGX_RETURN_IF_ERROR(runner.run->Boot(networks_));
    runners_.push_back(std::move(runner));
    return absl::OkStatus();
  }

  Status Run();
  FleetResult Result();

 private:
  bool AnyAlive() const {
    return std::any_of(runners_.begin(), runners_.end(),
                       [](const Runner& r) { return r.alive; });
  }
  bool AllAsleep() const {
    return std::all_of(runners_.begin(), runners_.end(),
                       [](const Runner& r) { return !r.alive || r.asleep; });
  }
  Status RunPiece();
  Status Ended(Runner& runner);
  void EndAll(const Ending& ending);
  void ServeDeadConsoles();
  void Sleep();
  bool MayCome() const;
  std::optional<u64> WakeNs() const;
  bool SilentTooLong(u64 until_ns) const;
  u64 WaitOutside(u64 timeout_ns);

  const BuiltinKernel& builtin_;
  Networks networks_;
  std::vector<Runner> runners_;
  u64 now_ns_ = 0;
  u64 border_ns_ = kFleetPieceNs;  // where the next piece ends
};

//: machine.050 Guests in turns
// Several machines in one thread cannot run at the same time, so they take turns. Each
// runs until its clock shows the end of the piece, which is a matter of instructions and
// not of real time; then all clocks show the same, and what they have sent to each other
// meanwhile is handed over. A Guest cannot find out in which order the turns were, how
// long they took, or that there were any.
//:
Status Fleet::Run() {
  while (AnyAlive()) {
    LGX_RETURN_IF_ERROR(RunPiece());
    now_ns_ = border_ns_;
    border_ns_ = NextBorder(now_ns_);
    ServeDeadConsoles();
    if (!networks_.Deliver() && AnyAlive() && AllAsleep()) Sleep();
  }
  return absl::OkStatus();
}

Status Fleet::RunPiece() {
  for (Runner& runner : runners_) {
    if (!runner.alive) continue;
    Machine& machine = runner.run->machine();
    const Machine::Stop stop = machine.RunUntil(border_ns_ - runner.start_ns);
    runner.asleep = stop == Machine::Stop::kAsleep;
    if (stop == Machine::Stop::kEnded) LGX_RETURN_IF_ERROR(Ended(runner));
  }
  return absl::OkStatus();
}

Status Fleet::Ended(Runner& runner) {
  const Ending ending = runner.run->machine().ending();
  StatusOr<bool> again = runner.run->GoOn();
  if (!again.ok()) return again.status();
  runner.alive = *again;
  runner.start_ns = border_ns_;
  if (!runner.alive && EndsAll(ending.kind)) EndAll(ending);
  return absl::OkStatus();
}

// The others notice at their next turn.
void Fleet::EndAll(const Ending& ending) {
  for (Runner& runner : runners_) {
    if (runner.alive) runner.run->machine().End(ending);
    runner.asleep = false;
  }
}

// Nobody else asks the console of a Guest that has ended whether a person wants to quit.
void Fleet::ServeDeadConsoles() {
  for (Runner& runner : runners_) {
    if (runner.alive) continue;
    while (const std::optional<ConsoleEvent> event = runner.member.console.NextEvent()) {
      if (const std::optional<Ending> ending = EndingFor(*event)) {
        EndAll(*ending);
      } else {
        runner.member.observer.OnConsoleEvent(*event);
      }
    }
  }
}

bool Fleet::MayCome() const {
  return std::any_of(runners_.begin(), runners_.end(), [](const Runner& r) {
    return r.alive && r.run->machine().inputs().MayCome();
  });
}

// The earliest moment at which anything happens by itself.
std::optional<u64> Fleet::WakeNs() const {
  std::optional<u64> earliest;
  for (const Runner& runner : runners_) {
    if (!runner.alive) continue;
    const std::optional<u64> own = runner.run->machine().WakeNs();
    if (own) earliest = std::min(earliest.value_or(~u64{0}), runner.start_ns + *own);
  }
  return earliest;
}

// Has nobody said a word for the longest --max-idle of those that are left?
bool Fleet::SilentTooLong(u64 until_ns) const {
  u64 spoken = 0;
  u64 patience = 0;
  for (const Runner& runner : runners_) {
    if (!runner.alive) continue;
    spoken = std::max(spoken, runner.start_ns + runner.run->machine().last_output_ns());
    patience = std::max(patience, runner.member.config.limits.max_idle_ns);
  }
  return until_ns > spoken && until_ns - spoken > patience;
}

// All Guests sleep, and nothing is on its way between them.
void Fleet::Sleep() {
  const std::optional<u64> wake = WakeNs();
  const bool may_come = MayCome();
  if (!may_come && !wake) {
    return EndAll({Ending::Kind::kLimit,
                   "the Guests sleep for ever: no timer, no more input", "", 0});
  }
  if (!may_come && SilentTooLong(*wake)) {
    return EndAll(
        {Ending::Kind::kLimit,
         "idle: no console output for the time of --max-idle, and no more input", "", 0});
  }
  const bool follow = runners_[0].member.config.clock.realtime.value_or(may_come);
  if (!follow && wake) {
    border_ns_ =
        std::max(border_ns_, (*wake + kFleetPieceNs - 1) / kFleetPieceNs * kFleetPieceNs);
    return;
  }
  const u64 longest = wake ? (*wake > now_ns_ ? *wake - now_ns_ : 0) : kLongestWaitNs;
  const u64 reached = now_ns_ + std::min(longest, WaitOutside(longest));
  border_ns_ = std::max(border_ns_, reached / kFleetPieceNs * kFleetPieceNs);
}

// Whatever any of the Guests has room for ends the wait.
u64 Fleet::WaitOutside(u64 timeout_ns) {
  std::vector<WaitFd> fds;
  bool want_console = false;
  for (Runner& runner : runners_) {
    if (!runner.alive) continue;
    Machine& machine = runner.run->machine();
    const InputWish wish = machine.WishedInput();
    machine.inputs().PrepareWait(wish, &fds, &timeout_ns);
    if (&runner == &runners_[0]) want_console = wish.console;
  }
  return runners_[0].member.console.Wait(timeout_ns, want_console, fds);
}

FleetResult Fleet::Result() {
  FleetResult result;
  StateHash hash;
  hash.Text("lgx fleet 1");
  for (Runner& runner : runners_) {
    result.guests.push_back(runner.run->TakeResult());
    hash.Value(result.guests.back().hash);
  }
  ByteWriter between;
  networks_.AppendState(&between);
  hash.Bytes(between.bytes());
  result.hash = hash.Digest();
  result.lost_frames = networks_.lost();
  return result;
}

}  // namespace

StatusOr<FleetResult> LaunchFleet(std::span<const FleetMember> members,
                                  const BuiltinKernel& builtin,
                                  const std::function<Status()>& ready) {
  Fleet fleet(builtin);
  for (const FleetMember& member : members) LGX_RETURN_IF_ERROR(fleet.Add(member));
  if (ready != nullptr) LGX_RETURN_IF_ERROR(ready());
  LGX_RETURN_IF_ERROR(fleet.Run());
  return fleet.Result();
}

}  // namespace lgx
