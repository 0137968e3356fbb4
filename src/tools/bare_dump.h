// The final state of the bare machine as JSON, for comparing it with other machines.
#ifndef LGX_TOOLS_BARE_DUMP_H_
#define LGX_TOOLS_BARE_DUMP_H_

#include <string>

#include "machine/bare.h"
#include "tools/options.h"

namespace lgx {

// How the run ended, in a word, and its exit code.
struct BareOutcome {
  std::string reason;
  int code = 0;
};

// Registers, hidden parts of segments, control and debug registers, x87, MMX, XMM, and
// the memory ranges that `options` names (machine addresses; where nothing answers, ff).
// Numbers are numbers; bytes are lower-case hex text in order of addresses.
std::string BareDump(BareMachine& machine, const BareOptions& options,
                     const BareOutcome& outcome);

}  // namespace lgx

#endif  // LGX_TOOLS_BARE_DUMP_H_
