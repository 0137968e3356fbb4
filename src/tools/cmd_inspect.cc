// lgx inspect: a part of the machine of a snapshot, or of a recorded run at a point of
// it.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tools/commands.h"
#include "tools/debug_session.h"
#include "tools/exit_codes.h"

namespace lgx {
namespace {

// What the console would be asked.
std::vector<std::string> CommandsFor(const InspectOptions& inspect) {
  if (inspect.what == "guest") return {"regs", "bt", "info irq", "info timer"};
  if (inspect.what == "events") return {"trace 256"};
  if (inspect.what == "virtqueue") return {"info queues"};
  if (inspect.what != "pages") return {"info " + inspect.what};
  if (inspect.diff) return {"inspect pages --diff"};
  if (inspect.address.empty()) return {"inspect pages --map"};
  return {"inspect pages \"" + inspect.address + "\""};
}

// A log is looked at where --until says, or at its end; a state, where it stands, unless
// it is to go on from there.
Status GoThere(const CommandLine& line, DebugSession& session) {
  const bool stays = line.until.kind == Point::Kind::kEnd && session.source().is_state();
  if (stays) return absl::OkStatus();
  const StatusOr<StopReport> stop = session.control().RunTo(line.until);
  if (!stop.ok()) return stop.status();
  if (stop->why != StopReport::Why::kEnded || line.until.kind == Point::Kind::kEnd) {
    return absl::OkStatus();
  }
  return Errorf(StatusCode::kOutOfRange, "the run ends before %s", PointText(line.until));
}

Status Inspect(const CommandLine& line) {
  bool there = false;
  const auto say = [&there](std::string_view text) {
    if (there) std::fwrite(text.data(), 1, text.size(), stdout);
  };
  StatusOr<std::unique_ptr<DebugSession>> session = DebugSession::Create(line, say);
  if (!session.ok()) return session.status();
  LGX_RETURN_IF_ERROR(GoThere(line, **session));
  there = true;
  for (const std::string& command : CommandsFor(line.inspect)) {
    LGX_RETURN_IF_ERROR((*session)->console().Execute(command));
  }
  return absl::OkStatus();
}

}  // namespace

int CmdInspect(const CommandLine& line) {
  const Status status = Inspect(line);
  std::fflush(stdout);
  return status.ok() ? int{kExitOk} : ReportError(status);
}

}  // namespace lgx
