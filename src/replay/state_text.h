// The differences between two states, in words.
#ifndef LGX_REPLAY_STATE_TEXT_H_
#define LGX_REPLAY_STATE_TEXT_H_

#include <string>
#include <vector>

#include "machine/machine.h"

namespace lgx {

// One line for each value that differs, as "name: first | second": counts and registers,
// then memory, of which the first kMostRanges ranges are shown. Empty: the same state.
inline constexpr u32 kMostRanges = 16;
std::vector<std::string> CompareMachines(const Machine& a, const Machine& b);

}  // namespace lgx

#endif  // LGX_REPLAY_STATE_TEXT_H_
