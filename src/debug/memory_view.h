// Memory, code and stack for people, through RunControl: looking changes nothing.
#ifndef LGX_DEBUG_MEMORY_VIEW_H_
#define LGX_DEBUG_MEMORY_VIEW_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "debug/address_words.h"
#include "debug/disassembly.h"
#include "debug/run_control.h"
#include "debug/symbols.h"

namespace lgx {

// The FMT of x/FMT: a count, then letters. x hex, d signed, u unsigned, c characters, s
// text up to a NUL, i instructions; b, h, w: one, two, four bytes.
struct MemoryFormat {
  u32 count = 1;
  char kind = 'x';
  u32 bytes = 4;
};
StatusOr<MemoryFormat> ParseMemoryFormat(std::string_view text);

std::string ViewMemory(const RunControl& control, const Symbols& symbols,
                       const TypedAddress& at, const MemoryFormat& format);

// The instruction at a linear address, read in the address space of who goes on next.
DisassembledInsn ReadInsn(const RunControl& control, const Symbols& symbols, Lin at);

// `count` instructions from `at` on; "=>" marks `mark`.
std::string ViewCode(const RunControl& control, const Symbols& symbols,
                     const TypedAddress& at, u32 count, Lin mark);

// Who called whom: by the chain of EBP where there is one, else by words on the stack
// that look like return addresses, marked with "?".
std::string ViewStackTrace(const RunControl& control, const Symbols& symbols,
                           u32 most = 24);

}  // namespace lgx

#endif  // LGX_DEBUG_MEMORY_VIEW_H_
