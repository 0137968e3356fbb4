// How a run ended, in files for programs.
#ifndef LGX_TOOLS_RUN_OUTPUTS_H_
#define LGX_TOOLS_RUN_OUTPUTS_H_

#include <span>
#include <string>

#include "machine/outcome.h"

namespace lgx {

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
