#include "replay/time_machine.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lgx {
namespace {

// Before the goal of a way back, snapshots are taken this many instructions ahead of it,
// so that the next steps back are short.
constexpr u64 kRunUps[] = {20'000'000, 1'000'000, 50'000};

}  // namespace

TimeMachine::TimeMachine(Machine& machine, Options options)
    : machine_(machine), options_(std::move(options)), rewinder_(machine) {
  CHECK(options_.snapshots >= 4 && options_.spacing != 0);
  furthest_ = machine_.instructions();
  Keep();
}

TimeMachine::~TimeMachine() { machine_.set_muted(false); }

Status TimeMachine::CanGoBack(const MachineConfig& config, bool repeated) {
  if (repeated) return absl::OkStatus();
  if (config.clock.mode == MachineConfig::Clock::Mode::kHost) {
    return Errorf(StatusCode::kFailedPrecondition,
                  "a run with --clock host cannot be repeated, so it cannot be taken "
                  "back. Leave that option out");
  }
  for (const MachineConfig::Block& block : config.block) {
    if (block.read_only) continue;
    return Errorf(StatusCode::kFailedPrecondition,
                  "%s: a run that writes to a disk cannot be taken back. Record it, and "
                  "debug its log; or give the disk as ro",
                  block.path);
  }
  if (config.net.empty()) return absl::OkStatus();
  return Errorf(
      StatusCode::kFailedPrecondition,
      "a run with a network cannot be taken back. Record it, and debug its log");
}

// ---- snapshots

// The last one at or before `instructions`.
std::size_t TimeMachine::Before(u64 instructions) const {
  const auto after = std::upper_bound(
      kept_.begin(), kept_.end(), instructions,
      [](u64 at, const Kept& kept) { return at < kept.snapshot.instructions; });
  CHECK(after != kept_.begin()) << instructions;
  return static_cast<std::size_t>(after - kept_.begin()) - 1;
}

void TimeMachine::Keep() {
  const u64 now = machine_.instructions();
  std::size_t at = 0;
  if (!kept_.empty()) {
    at = Before(now) + 1;
    if (kept_[at - 1].snapshot.instructions == now) return;
  }
  Kept kept;
  kept.snapshot = TakeSnapshot(machine_, at == 0 ? nullptr : &kept_[at - 1].snapshot);
  kept.place = rewinder_.place();
  for (const ReplayDisk* disk : options_.disks) kept.disks.push_back(disk->changes());
  kept_.insert(kept_.begin() + static_cast<std::ptrdiff_t>(at), std::move(kept));
  CountBytes(at);
  CountBytes(at + 1);
  Thin();
}

// Pages that are shared with the snapshot before count there.
void TimeMachine::CountBytes(std::size_t index) {
  if (index >= kept_.size()) return;
  kept_[index].own_bytes =
      OwnBytes(kept_[index].snapshot, index == 0 ? nullptr : &kept_[index - 1].snapshot);
}

// Removes the snapshot that is missed least: where the gap that it leaves is smallest,
// measured by how long ago it is. So the distances grow like those of a logarithm. The
// first and the last one stay.
void TimeMachine::Thin() {
  const u64 now = machine_.instructions();
  const auto bytes = [this] {
    u64 sum = 0;
    for (const Kept& kept : kept_) sum += kept.own_bytes;
    return sum;
  };
  while (kept_.size() > 3 &&
         (kept_.size() > options_.snapshots || bytes() > options_.memory)) {
    std::size_t least = 1;
    double smallest = 0;
    for (std::size_t i = 1; i + 1 < kept_.size(); ++i) {
      const u64 gap =
          kept_[i + 1].snapshot.instructions - kept_[i - 1].snapshot.instructions;
      const u64 at = kept_[i].snapshot.instructions;
      const u64 distance = at < now ? now - at : at - now;
      const double loss =
          static_cast<double>(gap) / (static_cast<double>(distance) + 1e6);
      if (i != 1 && loss >= smallest) continue;
      least = i;
      smallest = loss;
    }
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(least));
    CountBytes(least);
  }
}

Status TimeMachine::Restore(const Kept& kept) {
  LGX_RETURN_IF_ERROR(RestoreSnapshot(kept.snapshot, &machine_));
  rewinder_.GoBackTo(kept.place);
  for (std::size_t i = 0; i < options_.disks.size(); ++i) {
    options_.disks[i]->set_changes(kept.disks[i]);
  }
  return absl::OkStatus();
}

// ---- moving

Machine::Stop TimeMachine::RunTo(const Machine::Goal& goal) {
  while (true) {
    Machine::Goal next = goal;
    const u64 last = kept_[Before(machine_.instructions())].snapshot.instructions;
    next.instructions = std::min(goal.instructions, last + options_.spacing);
    // What was shown once is not shown again.
    const bool again = machine_.instructions() < furthest_;
    if (again) next.instructions = std::min(next.instructions, furthest_);
    machine_.set_muted(again);
    const Machine::Stop stop = machine_.RunTo(next);
    machine_.set_muted(false);
    furthest_ = std::max(furthest_, machine_.instructions());
    if (stop != Machine::Stop::kReached) return stop;
    if (machine_.instructions() >= goal.instructions ||
        machine_.virtual_ns() >= goal.ns) {
      return stop;
    }
    if (machine_.instructions() >= last + options_.spacing) Keep();
  }
}

// Stops of a debugger do not count on the way.
void TimeMachine::RunQuietly(u64 instructions) {
  if (options_.hush != nullptr) options_.hush(true);
  while (machine_.instructions() < instructions) {
    if (RunTo({.instructions = instructions}) == Machine::Stop::kEnded) break;
  }
  if (options_.hush != nullptr) options_.hush(false);
}

Status TimeMachine::RunFrom(std::size_t index, u64 instructions) {
  LGX_RETURN_IF_ERROR(Restore(kept_[index]));
  for (const u64 ahead : kRunUps) {
    if (instructions < machine_.instructions() + 2 * ahead) continue;
    RunQuietly(instructions - ahead);
    Keep();
  }
  RunQuietly(instructions);
  return absl::OkStatus();
}

Status TimeMachine::GoTo(u64 instructions) {
  if (instructions < earliest()) {
    return Errorf(StatusCode::kOutOfRange,
                  "instruction %d is before the first one that can be gone back to, %d",
                  instructions, earliest());
  }
  const u64 now = machine_.instructions();
  if (instructions >= now && !machine_.ended()) {
    const std::size_t index = Before(instructions);
    if (kept_[index].snapshot.instructions <= now) {
      RunQuietly(instructions);
      return absl::OkStatus();
    }
  }
  return RunFrom(Before(instructions), instructions);
}

StatusOr<bool> TimeMachine::BackToStop(const PlaceOf& place_of) {
  u64 end = machine_.instructions();
  while (end > earliest()) {
    const std::size_t index = Before(end - 1);
    const u64 start = kept_[index].snapshot.instructions;
    LGX_RETURN_IF_ERROR(Restore(kept_[index]));
    std::optional<u64> last;
    while (machine_.instructions() < end) {
      const Machine::Stop stop = RunTo({.instructions = end});
      if (stop == Machine::Stop::kEnded) break;
      std::optional<u64> place;
      if (place_of != nullptr) {
        place = place_of(machine_);
      } else if (stop == Machine::Stop::kStopped) {
        place = machine_.instructions();
      }
      if (place && *place < end) last = place;
    }
    if (last) {
      LGX_RETURN_IF_ERROR(GoTo(*last));
      return true;
    }
    end = start;
  }
  LGX_RETURN_IF_ERROR(Restore(kept_.front()));
  return false;
}

}  // namespace lgx
