// How a run ended: the exit code, one line for people, and files for programs.
#ifndef LGX_TOOLS_RUN_OUTPUTS_H_
#define LGX_TOOLS_RUN_OUTPUTS_H_

#include <span>
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

Status WriteStats(const std::string& path, const Stats& stats);
// outputs.stats and outputs.json_result.
Status WriteOutputs(const MachineConfig& config, const RunResult& result);

// The same for several Guests: the code of the first that did not end well; counters of
// each, and one json_result, that of the first config, with a list of them and the hash
// of all.
int ExitCodeOf(std::span<const RunResult> guests);
Status WriteFleetOutputs(std::span<const MachineConfig> configs,
                         std::span<const RunResult> guests, u64 hash);

}  // namespace lgx

#endif  // LGX_TOOLS_RUN_OUTPUTS_H_
