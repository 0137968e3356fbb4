// What kinds of instructions there are, and a vector made from one.
#ifndef LGX_TESTS_CPUVECTORS_TEMPLATE_H_
#define LGX_TESTS_CPUVECTORS_TEMPLATE_H_

#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/types.h"
#include "tests/cpuvectors/world.h"

namespace lgx {

// A form is a list of words:
//   rm mem reg      a ModRM byte: any operand, memory only, register only
//   /0 ... /7       its reg field (else a random register); sreg: a segment register
//   v               sometimes with a 16-bit operand
//   +r              the opcode's low bits name a register
//   imm8 imm16 immz rel8 relz moffs farimm     what follows
//   L               may carry LOCK
//   x3              three times as many vectors
//   F1 F2 I3 X4 B5  the memory operand is singles, doubles, integers, an extended, BCD
//   a16b            memory mostly at multiples of 16
//   mm              SSE with an MMX operand
//   others          a special setting, named in maker.cc
struct Template {
  const char* category;
  const char* opcode;  // hex, perhaps behind a mandatory prefix and a colon
  const char* form;
};
std::span<const Template> Templates();

class Form {
 public:
  explicit Form(const char* words);
  bool Has(const char* word) const { return words_.count(word) != 0; }
  // The reg field that the form names, or -1.
  int Group() const;

 private:
  std::set<std::string> words_;
};

struct Vector {
  VectorIn in;
  std::string category;
  std::vector<u8> bytes;
  std::string text;
  u32 undefined_flags = 0;
  u32 undefined_status = 0;  // of the x87 status word
  u32 undefined_register = 0, undefined_bits = 0;
  bool locked = false;          // has a LOCK prefix
  bool pushes_segment = false;  // with a 32-bit operand: the upper half is anyone's
  bool tolerant = false;        // x87 transcendental
  bool approximate = false;     // RCPPS and its kin
  u32 image = 0;                // of FXSAVE: its address
};

}  // namespace lgx

#endif  // LGX_TESTS_CPUVECTORS_TEMPLATE_H_
