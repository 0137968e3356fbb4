// Where the logs of runs are kept: the folder runs/ of the program's state folder.
#ifndef LGX_TOOLS_RUN_STORE_H_
#define LGX_TOOLS_RUN_STORE_H_

#include <string>

#include "base/status.h"

namespace lgx {

// How many logs are kept there.
inline constexpr int kKeptRuns = 20;

// $LGX_STATE_DIR, $XDG_STATE_HOME/lgx, or ~/.local/state/lgx. Empty: there is none.
std::string StateFolder();
// Where the logs are in it; empty as well. It need not exist.
std::string RunsFolder();

// The name for the log of a run that begins now. Makes the folder, and removes the oldest
// logs beyond those that are kept.
StatusOr<std::string> NewRunLog();

// "last": the newest log there is. Anything else is a file's name.
StatusOr<std::string> FindRunLog(const std::string& name);

}  // namespace lgx

#endif  // LGX_TOOLS_RUN_STORE_H_
