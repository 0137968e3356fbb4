// Bytes to fields: one instruction, as the manuals' encoding chapters name its parts.
//
// The only file of the CPU that includes Zydis. What the fields mean is decided elsewhere
// (translate.h): an opcode this processor does not have decodes fine and becomes #UD
// there.
#ifndef LGX_CPU_DECODE_H_
#define LGX_CPU_DECODE_H_

#include <span>

#include "base/types.h"

namespace lgx {

inline constexpr u32 kMaxInsnBytes = 15;
inline constexpr u8 kNoSegment = 0xff;

struct RawInsn {
  u8 length = 0;
  u16 opcode = 0;     // one byte, or 0x0f00 | second byte
  bool known = true;  // false: not in the one-byte and 0F maps (#UD)
  bool has_modrm = false;
  u8 modrm = 0xc0;
  bool has_sib = false;
  u8 sib = 0;
  u32 disp = 0;          // sign-extended; the offset of A0 ... A3
  u32 imm = 0;           // sign-extended from its encoded size
  u32 imm2 = 0;          // selector of 9A and EA, nesting level of ENTER
  u8 operand_bytes = 4;  // 2 or 4, by prefix and mode
  u8 address_bytes = 4;
  u8 segment = kNoSegment;  // override, as Seg
  u8 rep = 0;               // the last of F2, F3
  bool lock = false;
  bool prefix66 = false;

  u8 Mod() const { return modrm >> 6; }
  u8 Reg() const { return (modrm >> 3) & 7; }
  u8 Rm() const { return modrm & 7; }
};

enum class DecodeStatus : u8 {
  kOk,
  kNeedMore,   // the bytes given end inside the instruction
  kUndefined,  // #UD
  kTooLong,    // more than 15 bytes: #GP(0)
};

DecodeStatus Decode(std::span<const u8> bytes, bool code32, RawInsn* insn);

}  // namespace lgx

#endif  // LGX_CPU_DECODE_H_
