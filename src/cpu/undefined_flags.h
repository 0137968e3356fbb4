// What the manuals leave undefined, and what happens here: one table.
//
// Handlers compute flags where they are; this is the record of what they must come out
// as. docs/undefined.md is this table as text. A test executes every row under every
// binding and holds document, table and behaviour together.
#ifndef LGX_CPU_UNDEFINED_FLAGS_H_
#define LGX_CPU_UNDEFINED_FLAGS_H_

#include <span>
#include <string>
#include <string_view>

#include "cpu/flags.h"

namespace lgx {

// What an undefined flag becomes.
enum class UndefinedChoice : u8 {
  kCleared,
  kKept,           // as before the instruction
  kOfResult,       // SF, ZF, PF: as after an addition with this result
  kCarryXorTop,    // OF: CF, xor the top bit of the result
  kTopTwoDiffer,   // OF: the two top bits of the result differ
  kSignChanged,    // OF: the top bits of operand and result differ
  kPastTheOperand  // CF: bits beyond the operand are zeros
};
std::string_view TextOf(UndefinedChoice choice);

// When the flag is undefined.
enum class UndefinedWhen : u8 {
  kAlways,
  kCountNotZero,
  kCountAboveOne,
  kCountAboveWidth
};
std::string_view TextOf(UndefinedWhen when);

struct UndefinedRow {
  std::string_view instructions;
  UndefinedWhen when;
  u32 flags;  // EFLAGS bits
  UndefinedChoice choice;
  std::string_view why;
  // Forms to try, in hexadecimal, with spaces between: operands are EAX and EBX or parts
  // of them, the count is CL, the result is in EAX.
  std::string_view forms;
};

std::span<const UndefinedRow> UndefinedRows();

// docs/undefined.md.
std::string UndefinedDocument();

}  // namespace lgx

#endif  // LGX_CPU_UNDEFINED_FLAGS_H_
