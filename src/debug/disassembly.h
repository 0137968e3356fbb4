// Instructions as text, Intel syntax, with the names of addresses.
#ifndef LGX_DEBUG_DISASSEMBLY_H_
#define LGX_DEBUG_DISASSEMBLY_H_

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/types.h"

namespace lgx {

struct DisassembledInsn {
  Lin at;
  std::vector<u8> bytes;  // one byte where there is no instruction
  std::string text;       // "call 0xc0100020 <schedule>"; "(bad)"
  bool is_call = false;   // comes back behind itself: CALL, INT
  bool repeats = false;   // one of the REP family
};

// A name for an address, or empty.
using AddressNamer = std::function<std::string(Lin)>;

// The instruction at `at`, of which `bytes` are there to read (15 are always enough).
// `namer` may be empty.
DisassembledInsn Disassemble(Lin at, std::span<const u8> bytes, bool code32,
                             const AddressNamer& namer);

// One line: address, bytes, text.
std::string DisassemblyLine(const DisassembledInsn& insn);

}  // namespace lgx

#endif  // LGX_DEBUG_DISASSEMBLY_H_
