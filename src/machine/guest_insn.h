// The few instructions by which a Guest kernel talks to devices, taken apart from the
// seven bytes that the Host hands up (guest-04 section 5.3). Pure functions: no register
// is looked at here.
//
// What is not here is not emulated: string forms, read-modify-write on device memory,
// stores of a constant that does not fit into the seven bytes, 16-bit addresses. Linux
// uses none of them for devices.
#ifndef LGX_MACHINE_GUEST_INSN_H_
#define LGX_MACHINE_GUEST_INSN_H_

#include <optional>
#include <span>

#include "base/types.h"

namespace lgx {

// IN or OUT, or the CLI that some kernels execute early.
struct PortInsn {
  enum class Kind : u8 { kIn, kOut, kCli };
  Kind kind = Kind::kIn;
  u32 width = 1;           // bytes: 1, 2 or 4
  std::optional<u8> port;  // nothing: DX
  u32 length = 1;
};
std::optional<PortInsn> DecodePortInsn(std::span<const u8> bytes);

// General registers as ModRM numbers them: EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI.
inline constexpr u8 kNoRegister = 0xff;

// MOV, MOVZX and MOVSX between a register, or a constant, and memory.
struct MovInsn {
  bool load = false;            // from memory
  u32 width = 4;                // bytes in memory
  u32 register_width = 4;       // bytes of the register that change; loads only
  bool sign_extend = false;     // loads only
  u8 reg = 0;                   // with width 1 and no extension, 4-7 are AH, CH, DH, BH
  std::optional<u32> constant;  // stored instead of a register
  u32 length = 0;

  // The address: base + index * 2^scale + displacement, in segment DS or SS unless
  // `other_segment`.
  u8 base = kNoRegister;
  u8 index = kNoRegister;
  u8 scale = 0;
  u32 displacement = 0;
  bool other_segment = false;
};
std::optional<MovInsn> DecodeMovInsn(std::span<const u8> bytes);

}  // namespace lgx

#endif  // LGX_MACHINE_GUEST_INSN_H_
