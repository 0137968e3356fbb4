// Repeating a recorded run, for the commands that do so.
#ifndef LGX_TOOLS_REPLAY_RUN_H_
#define LGX_TOOLS_REPLAY_RUN_H_

#include <string>

#include "replay/snapshot_writer.h"
#include "tools/options.h"

namespace lgx {

// Repeats the run of the log in `path`, with the options of `line`, and reports. With
// `snapshots` those are written on the way. The exit code.
int ReplayLog(const CommandLine& line, const std::string& path,
              const SnapshotRequests* snapshots);

// The pause of a point, as far as points are known in advance: instructions or time.
Machine::Goal GoalOf(const Point& point);

}  // namespace lgx

#endif  // LGX_TOOLS_REPLAY_RUN_H_
