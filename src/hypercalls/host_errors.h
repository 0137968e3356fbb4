// The error numbers of /dev/lguest, as Linux has them. Calls return them negated.
#ifndef LGX_HYPERCALLS_HOST_ERRORS_H_
#define LGX_HYPERCALLS_HOST_ERRORS_H_

#include "base/types.h"

namespace lgx {

inline constexpr i32 kEperm = 1;
inline constexpr i32 kEnoent = 2;  // the Guest is dead; the next read gives the reason
inline constexpr i32 kEintr = 4;   // a signal came
inline constexpr i32 kEbadf = 9;
inline constexpr i32 kEagain = 11;  // ours: the Guest halts, and nothing wakes it now
inline constexpr i32 kEnomem = 12;
inline constexpr i32 kEfault = 14;
inline constexpr i32 kEbusy = 16;
inline constexpr i32 kEinval = 22;
inline constexpr i32 kErestart = 85;  // the Guest wants to be started afresh
// Ours: somebody stopped the machine in the middle of a crossing. The same call goes on.
inline constexpr i32 kErestartsys = 512;

}  // namespace lgx

#endif  // LGX_HYPERCALLS_HOST_ERRORS_H_
