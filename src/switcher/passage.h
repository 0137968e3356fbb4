// How many instructions one passage takes beside the Guest's own (host-02 sections 6, 7),
// for those who want to tell them apart afterwards.
#ifndef LGX_SWITCHER_PASSAGE_H_
#define LGX_SWITCHER_PASSAGE_H_

#include "base/types.h"
#include "switcher/layout.h"

namespace lgx {

// pushf and the far call in the Host, then switch_to_guest with its iret.
inline constexpr u32 kPassageIn = 2 + 28;

// From the stub to the hlt of the emulated Host. With a Host interrupt the way leads
// through its handler there.
constexpr u32 PassageOut(u32 vector) {
  const u32 stub = HasErrorCode(vector) ? 2 : 3;
  constexpr u32 kBack = 29;
  constexpr u32 kReturn = 1;           // iret
  constexpr u32 kDeliver = 4 + 1 + 2;  // find the handler, jump, mov and iret
  constexpr u32 kHalt = 1;
  const bool host =
      vector >= kFirstExternalVector && vector < kIdtEntries && vector != kSyscallVector;
  return stub + kBack + (host ? kDeliver : kReturn) + kHalt;
}

}  // namespace lgx

#endif  // LGX_SWITCHER_PASSAGE_H_
