#include "tools/time_travel.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace lgx {
namespace {

using Why = StopReport::Why;

// How far back an instruction of the Guest is looked for, one distance after the other. A
// crossing is a few hundred instructions, and the Guest may sleep for long.
constexpr u64 kDistances[] = {32, 4'000, 500'000, ~u64{0}};

StopReport Because(Why why) {
  StopReport report;
  report.why = why;
  return report;
}

}  // namespace

TimeTravel::TimeTravel(RunControl& control, EventLog* events,
                       std::vector<ReplayDisk*> disks)
    : control_(control),
      events_(events),
      time_(control.machine(), OptionsFor(std::move(disks))) {
  control_.set_runner([this](const Machine::Goal& goal) { return RunTo(goal); });
}

TimeTravel::~TimeTravel() { control_.set_runner(nullptr); }

TimeMachine::Options TimeTravel::OptionsFor(std::vector<ReplayDisk*> disks) {
  TimeMachine::Options options;
  options.disks = std::move(disks);
  options.hush = [this](bool on) { Hush(on); };
  return options;
}

Machine::Stop TimeTravel::RunTo(const Machine::Goal& goal) {
  Machine::Goal nearer = goal;
  nearer.instructions = std::min(goal.instructions, bound_);
  const Machine::Stop stop = time_.RunTo(nearer);
  if (control_.machine().instructions() >= bound_) control_.Interrupt();
  return stop;
}

void TimeTravel::Hush(bool on) {
  control_.set_quiet(on);
  if (events_ != nullptr) events_->set_quiet(on);
}

// What comes after that has not happened yet.
Status TimeTravel::GoTo(u64 instructions) {
  if (before_back_ != nullptr) before_back_();
  LGX_RETURN_IF_ERROR(time_.GoTo(instructions));
  if (events_ != nullptr) events_->ForgetAfter(instructions);
  return absl::OkStatus();
}

StatusOr<bool> TimeTravel::Back(u64 n) {
  const u64 now = control_.machine().instructions();
  const u64 most = now - time_.earliest();
  LGX_RETURN_IF_ERROR(GoTo(now - std::min(n, most)));
  control_.Moved(Because(Why::kStep));
  return n <= most;
}

// Where the Guest is about to execute an instruction, from `from` to before `end`. The
// first such place may be one that it comes to for the second time, after a fault that
// the Host has answered: only those behind it are known to be new.
Status TimeTravel::FindInGuest(u64 from, u64 end, std::vector<u64>* found) {
  LGX_RETURN_IF_ERROR(GoTo(from));
  control_.Moved(Because(Why::kStep));
  // The Guest may be entered no more before `end`: that is no reason to run on.
  bound_ = end;
  const Machine& machine = control_.machine();
  while (machine.instructions() < end && !control_.ended()) {
    if (IsGuest(control_.CurrentParty()) && !control_.BetweenCrossings()) {
      found->push_back(machine.instructions());
    }
    control_.StepGuest(false);
    if (control_.last().why == Why::kInterrupted) break;
  }
  bound_ = EventSource::kNever;
  return absl::OkStatus();
}

StatusOr<bool> TimeTravel::BackInGuest() {
  const u64 now = control_.machine().instructions();
  const u64 most = now - time_.earliest();
  std::optional<u64> last;
  const std::vector<StopPlace> places = control_.places();
  for (const StopPlace& place : places) control_.Find(place.id)->enabled = false;
  Status status;
  for (const u64 distance : kDistances) {
    std::vector<u64> found;
    status = FindInGuest(now - std::min(distance, most), now, &found);
    if (!status.ok()) break;
    const bool all = distance >= most;
    if (found.size() > (all ? 0 : 1)) last = found.back();
    if (last || all) break;
  }
  for (const StopPlace& place : places) *control_.Find(place.id) = place;
  LGX_RETURN_IF_ERROR(status);
  LGX_RETURN_IF_ERROR(GoTo(last.value_or(time_.earliest())));
  control_.Moved(Because(Why::kStep));
  return last.has_value();
}

StatusOr<bool> TimeTravel::BackToStop() {
  const std::vector<StopPlace> places = control_.places();
  for (const StopPlace& place : places) control_.Find(place.id)->ignore = 0;
  StopReport met;
  if (events_ != nullptr) events_->set_quiet(true);
  control_.WatchForStops();
  const u64 start = control_.machine().instructions();
  const auto place_of = [&](const Machine& machine) -> std::optional<u64> {
    const std::optional<StopReport> stop = control_.TakeStop();
    if (!stop) return std::nullopt;
    u64 place = machine.instructions();
    if (stop->why == Why::kWatchpoint && place > time_.earliest()) --place;
    if (place >= start) return std::nullopt;
    met = *stop;
    return place;
  };
  if (before_back_ != nullptr) before_back_();
  const StatusOr<bool> found = time_.BackToStop(place_of);
  if (events_ != nullptr) events_->set_quiet(false);
  if (!found.ok()) return found.status();
  if (events_ != nullptr) events_->ForgetAfter(control_.machine().instructions());
  if (!*found) {
    control_.Moved(Because(Why::kStep));
  } else if (met.why == Why::kWatchpoint) {
    control_.Moved(met);
  } else {
    control_.ContinueFromHere();  // on to the stop, which may come behind an event
  }
  for (const StopPlace& place : places) *control_.Find(place.id) = place;
  return *found;
}

}  // namespace lgx
