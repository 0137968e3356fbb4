// What an event was, in words, with the manual's names and lguest's (user-interface
// section 8, `explain`).
#ifndef LGX_DEBUG_EXPLAIN_H_
#define LGX_DEBUG_EXPLAIN_H_

#include <string>

#include "debug/symbols.h"
#include "hypercalls/guest.h"

namespace lgx {

// How the Guest has left: what the Host finds in the register page and in CR2.
struct ExitFacts {
  u32 trap = 0;
  u32 error = 0;
  u32 eip = 0;
  u32 cs = 0;
  u32 cr2 = 0;
  bool host_interrupt = false;  // TookHostInterrupt()
};
ExitFacts ExitFactsOf(const Guest& guest, u32 cr2);

// "page fault (#PF, vector 14)", "hypercall (int 0x1f, vector 31)".
std::string TrapName(u32 trap);

// Before the Host has looked at it: who caused it and what the Host will do.
std::string ExplainExit(const Guest& guest, const Symbols& symbols,
                        const ExitFacts& facts);

// Before it is carried out. `async`: from the ring.
std::string ExplainHypercall(const Guest& guest, const Symbols& symbols, Call call,
                             const HcallArgs& args, bool async);

// One line: the call with its arguments, "SET_PTE(table 0x005c3000, 0xb7f31000, ...)".
std::string HypercallText(const Guest& guest, Call call, const HcallArgs& args);

// A gate of the Guest that the CPU has just gone through by itself.
std::string ExplainDirectTrap(const Guest& guest, const Symbols& symbols, u32 vector,
                              u32 eax);

// A virtual interrupt that the Host has put onto the Guest's stack.
std::string ExplainInjection(const Guest& guest, const Symbols& symbols, u32 irq);

}  // namespace lgx

#endif  // LGX_DEBUG_EXPLAIN_H_
