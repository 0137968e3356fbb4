// Traps that the Host hands up to the Launcher, and what the Launcher may ask and do then
// (guest-04 section 5.3). Guests from 4.0 on: their port instructions and their accesses
// to device memory mean a device, and devices are the Launcher's.
#ifndef LGX_HYPERCALLS_TRAP_FORWARD_H_
#define LGX_HYPERCALLS_TRAP_FORWARD_H_

#include <optional>

#include "hypercalls/guest.h"

namespace lgx {

// Names of registers: their offset in struct pt_regs.
namespace pt_regs {
inline constexpr u32 kBx = 0;
inline constexpr u32 kCx = 4;
inline constexpr u32 kDx = 8;
inline constexpr u32 kSi = 12;
inline constexpr u32 kDi = 16;
inline constexpr u32 kBp = 20;
inline constexpr u32 kAx = 24;
inline constexpr u32 kDs = 28;
inline constexpr u32 kEs = 32;
inline constexpr u32 kFs = 36;
inline constexpr u32 kGs = 40;
inline constexpr u32 kIp = 48;
inline constexpr u32 kCs = 52;
inline constexpr u32 kFlags = 56;
inline constexpr u32 kSp = 60;
inline constexpr u32 kSs = 64;
}  // namespace pt_regs

// A general protection fault with error code 0: makes trap 13 pending, with the
// instruction.
void ForwardPortTrap(Guest& guest);
// A page fault that DemandPage() did not mend: if it was an access to device memory,
// makes trap 14 pending and is true.
[[nodiscard]] bool ForwardDeviceAccess(Guest& guest);

// LHREQ_GETREG; nothing for an offset that names no register.
std::optional<u32> GetRegister(const Guest& guest, u32 offset);
// LHREQ_SETREG. False, and nothing set, unless it names a general register or EIP.
[[nodiscard]] bool SetRegister(Guest& guest, u32 offset, u32 value);
// LHREQ_TRAP: the Guest's handler of trap `num` comes next. False if it has none.
[[nodiscard]] bool InjectTrap(Guest& guest, u32 num);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_TRAP_FORWARD_H_
