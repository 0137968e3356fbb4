// A recorded run, opened to be looked at from any side: run it, stop it, take it back.
//
//   StatusOr<std::unique_ptr<ReplaySession>> session =
//       ReplaySession::Open(*std::move(log), builtin, console, observer);
//   (*session)->time().GoTo(1'000'000);
//   (*session)->machine().Hash();
//
// What the Guest writes goes to `console`, once. Nothing outside is touched: disks are
// only read, networks are not there.
#ifndef LGX_REPLAY_SESSION_H_
#define LGX_REPLAY_SESSION_H_

#include <memory>
#include <optional>

#include "machine/networks.h"
#include "replay/player.h"
#include "replay/time_machine.h"

namespace lgx {

class ReplaySession {
 public:
  // Stands before the first instruction. Everything outlives it.
  [[nodiscard]] static StatusOr<std::unique_ptr<ReplaySession>> Open(
      InputLog log, const BuiltinKernel& builtin, ConsoleBackend& console,
      LaunchObserver& observer, const TimeMachine::Options& options = {});
  ~ReplaySession();

  Player& player() { return *player_; }
  Machine& machine() { return run_->machine(); }
  TimeMachine& time() { return *time_; }

  // The machine has ended. True: the recorded run went on with another boot, and
  // machine() and time() are new ones; instructions count from 0 again.
  [[nodiscard]] StatusOr<bool> NextBoot();

 private:
  ReplaySession() = default;
  void MakeTime();

  TimeMachine::Options options_;
  std::unique_ptr<Player> player_;
  Networks networks_;
  std::unique_ptr<GuestRun> run_;
  std::unique_ptr<TimeMachine> time_;
};

}  // namespace lgx

#endif  // LGX_REPLAY_SESSION_H_
