#include "replay/session.h"

#include <utility>

namespace lgx {

StatusOr<std::unique_ptr<ReplaySession>> ReplaySession::Open(
    InputLog log, const BuiltinKernel& builtin, ConsoleBackend& console,
    LaunchObserver& observer, const TimeMachine::Options& options) {
  auto session = std::unique_ptr<ReplaySession>(new ReplaySession());
  session->options_ = options;
  StatusOr<std::unique_ptr<Player>> player = Player::Create(std::move(log));
  if (!player.ok()) return player.status();
  session->player_ = *std::move(player);
  session->run_ = std::make_unique<GuestRun>(session->player_->config(), builtin, console,
                                             observer, session->player_.get());
  LGX_RETURN_IF_ERROR(session->run_->Boot(session->networks_));
  session->MakeTime();
  return session;
}

ReplaySession::~ReplaySession() { time_.reset(); }

void ReplaySession::MakeTime() {
  TimeMachine::Options options = options_;
  options.disks = player_->disks();
  time_ = std::make_unique<TimeMachine>(machine(), options);
}

StatusOr<bool> ReplaySession::NextBoot() {
  time_.reset();
  const StatusOr<bool> again = run_->GoOn();
  if (!again.ok()) return again.status();
  MakeTime();
  return *again;
}

}  // namespace lgx
