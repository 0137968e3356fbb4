// How a run ended: the exit code, and one line for people.
#ifndef LGX_MACHINE_OUTCOME_H_
#define LGX_MACHINE_OUTCOME_H_

#include <string>

#include "machine/launcher.h"

namespace lgx {

// What a script of --expect came to.
struct ScriptResult {
  size_t done = 0;
  size_t size = 0;
  std::string waits_for;  // empty: the script is over
};

struct RunResult {
  LaunchResult launch;
  ScriptResult script;
  u64 real_ns = 0;
  // A rule of the script was still waiting when a run ended that nobody and nothing broke
  // off.
  bool expectation_failed() const;
};

// user-interface section 5.
int ExitCodeOf(const RunResult& result);
// "guest powered down", "guest killed: bad page table entry", ...
std::string ReasonOf(const RunResult& result);

}  // namespace lgx

#endif  // LGX_MACHINE_OUTCOME_H_
