// Backwards in time: a machine that can be put exactly where it was, at any instruction
// since it was handed over here.
//
//   TimeMachine time(machine, {});
//   time.RunTo({.instructions = n});       // forward, like Machine::RunTo
//   time.GoTo(machine.instructions() - 1); // one instruction back
//
// It takes snapshots while the machine runs forward, fewer the longer they are ago, and
// keeps the answers to the machine's questions. To go back it restores the snapshot
// before the goal and runs to the goal; the console's text is not shown a second time.
// The state there is the state that was there: same registers, same memory, same hash,
// same counters (but those of caches).
//
// For a debugger: do every run through RunTo(), GoTo() and BackToStop() of this class.
// Breakpoints, watchpoints and observers belong to the machine and stay as they are, but
// Options::hush has to silence them; to go back to the last hit, set them and call
// BackToStop(). `Machine&`, Cpu and Guest are the same objects before and after; values
// read from them earlier are old.
//
// What leaves the machine cannot be taken back. So a machine with network cards of the
// outside, or with disks that are really written to, is refused by CanGoBack(): record
// the run, and debug its log (player.h), where neither is in the way.
#ifndef LGX_REPLAY_TIME_MACHINE_H_
#define LGX_REPLAY_TIME_MACHINE_H_

#include <functional>
#include <optional>
#include <vector>

#include "base/status.h"
#include "machine/machine.h"
#include "replay/replay_disk.h"
#include "replay/rewinder.h"
#include "replay/snapshot.h"

namespace lgx {

class TimeMachine {
 public:
  struct Options {
    u64 memory = u64{256} << 20;  // for snapshots, about
    u32 snapshots = 32;           // at most
    u64 spacing = 50'000'000;     // instructions between two, while running forward
    // The machine's disks, as far as they are written to.
    std::vector<ReplayDisk*> disks = {};
    // Called with true before a stretch on which nothing may stop the machine (a debugger
    // takes its breakpoints away), and with false behind it. May be null.
    std::function<void(bool)> hush = {};
  };

  // `machine` outlives this, and stands still (it may have run). Going back before this
  // moment is not possible.
  TimeMachine(Machine& machine, Options options);
  ~TimeMachine();
  TimeMachine(const TimeMachine&) = delete;
  TimeMachine& operator=(const TimeMachine&) = delete;

  // Fine, or why a machine of this description cannot be taken back.
  static Status CanGoBack(const MachineConfig& config, bool repeated);

  Machine& machine() { return machine_; }
  u64 earliest() const { return kept_.front().snapshot.instructions; }
  u64 furthest() const { return furthest_; }

  // Machine::RunTo, with snapshots on the way.
  Machine::Stop RunTo(const Machine::Goal& goal);

  // Puts the machine where `instructions` have retired, for the first time in its life.
  // Backwards or forwards; kOutOfRange before earliest(). If the run ends before, the
  // machine stands at its end.
  [[nodiscard]] Status GoTo(u64 instructions);

  // The last place before now at which RunTo() would have stopped of itself (kStopped):
  // goes there and gives true. False: there is none; the machine is at earliest().
  // `place_of` is asked each time the machine has come to a halt, and gives the count of
  // instructions to go to for that; nothing: it does not count. Null takes all stops.
  using PlaceOf = std::function<std::optional<u64>(const Machine&)>;
  [[nodiscard]] StatusOr<bool> BackToStop(const PlaceOf& place_of);

  std::size_t snapshots() const { return kept_.size(); }

 private:
  struct Kept {
    Snapshot snapshot;
    u64 place = 0;
    std::vector<ReplayDisk::Changes> disks;
    u64 own_bytes = 0;  // that the one before it does not have
  };

  void Keep();
  void Thin();
  std::size_t Before(u64 instructions) const;
  Status Restore(const Kept& kept);
  void RunQuietly(u64 instructions);
  Status RunFrom(std::size_t index, u64 instructions);
  void CountBytes(std::size_t index);

  Machine& machine_;
  Options options_;
  Rewinder rewinder_;
  std::vector<Kept> kept_;  // by instructions
  u64 furthest_ = 0;
};

}  // namespace lgx

#endif  // LGX_REPLAY_TIME_MACHINE_H_
