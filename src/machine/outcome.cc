#include "machine/outcome.h"

#include "machine/exit_codes.h"

namespace lgx {

bool RunResult::expectation_failed() const {
  if (script.waits_for.empty()) return false;
  switch (launch.ending.kind) {
    case Ending::Kind::kPowerOff:
    case Ending::Kind::kRestart:
    case Ending::Kind::kReached:
    case Ending::Kind::kLimit:
    case Ending::Kind::kTimeout:
      return true;
    default:
      return false;
  }
}

int ExitCodeOf(const RunResult& result) {
  if (result.expectation_failed()) return kExitExpectation;
  const Ending& ending = result.launch.ending;
  switch (ending.kind) {
    case Ending::Kind::kPowerOff:
    case Ending::Kind::kReached:
    case Ending::Kind::kRestart:
    case Ending::Kind::kQuit:
      return kExitOk;
    case Ending::Kind::kCrash:
      return kExitGuestPanic;
    case Ending::Kind::kKilled:
      return kExitGuestKilled;
    case Ending::Kind::kLimit:
      return kExitLimit;
    case Ending::Kind::kSignal:
      return kExitSignalBase + ending.value;
    case Ending::Kind::kThreeCtrlC:
      return kExitSignalBase + 2;
    case Ending::Kind::kOutputClosed:
      return kExitSignalBase + 13;
    case Ending::Kind::kHostRefused:
      return kExitHostRefused;
    case Ending::Kind::kTimeout:
      return kExitTimeout;
    case Ending::Kind::kScript:
      return ending.value;
  }
  return kExitOurBug;
}

std::string ReasonOf(const RunResult& result) {
  const Ending& ending = result.launch.ending;
  std::string reason;
  switch (ending.kind) {
    case Ending::Kind::kPowerOff:
      reason = "guest powered down";
      break;
    case Ending::Kind::kCrash:
      reason = "guest crashed: " + ending.reason;
      break;
    case Ending::Kind::kKilled:
      reason = "guest killed: " + ending.reason;
      break;
    default:
      reason = ending.reason;
      break;
  }
  if (!result.expectation_failed()) return reason;
  return absl::StrFormat("expectation %d of %d failed: \"%s\" did not come; %s",
                         result.script.done + 1, result.script.size,
                         result.script.waits_for, reason);
}

}  // namespace lgx
