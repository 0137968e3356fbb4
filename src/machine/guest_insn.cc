#include "machine/guest_insn.h"

#include "base/bits.h"
#include "base/endian.h"

namespace lgx {
namespace {

constexpr u8 kOperandSize = 0x66;
constexpr u8 kTwoByte = 0x0f;
constexpr u8 kCli = 0xfa;

// Reads on through the bytes. After the end everything is 0 and ok() is false.
class Bytes {
 public:
  explicit Bytes(std::span<const u8> bytes) : bytes_(bytes) {}
  bool ok() const { return at_ <= bytes_.size(); }
  u32 at() const { return at_; }
  u8 Peek() const { return at_ < bytes_.size() ? bytes_[at_] : 0; }
  u8 Next() {
    const u8 value = Peek();
    ++at_;
    return value;
  }
  u32 Number(u32 width) {
    u32 value = 0;
    for (u32 i = 0; i < width; ++i) value |= u32{Next()} << (8 * i);
    return value;
  }

 private:
  std::span<const u8> bytes_;
  u32 at_ = 0;
};

struct Prefixes {
  bool operand_size = false;
  bool segment = false;
};

// LOCK, REP and address size are none of these: they end up as unknown opcodes.
Prefixes TakePrefixes(Bytes& in) {
  Prefixes found;
  while (true) {
    switch (in.Peek()) {
      case kOperandSize:
        found.operand_size = true;
        break;
      case 0x26:  // ES
      case 0x2e:  // CS
      case 0x36:  // SS
      case 0x3e:  // DS
      case 0x64:  // FS
      case 0x65:  // GS
        found.segment = true;
        break;
      default:
        return found;
    }
    in.Next();
  }
}

// ModRM of a memory operand with 32-bit addresses, SIB and displacement. False for a
// register operand.
bool TakeAddress(Bytes& in, u8 modrm, MovInsn* insn) {
  const u8 mode = modrm >> 6;
  if (mode == 3) return false;
  insn->base = modrm & 7;
  bool no_base = mode == 0 && insn->base == 5;
  if (insn->base == 4) {
    const u8 sib = in.Next();
    insn->scale = sib >> 6;
    insn->index = GetBits<u8>(sib, 3, 3);
    if (insn->index == 4) insn->index = kNoRegister;
    insn->base = sib & 7;
    no_base = mode == 0 && insn->base == 5;
  }
  if (no_base) insn->base = kNoRegister;
  if (mode == 1) {
    insn->displacement = static_cast<u32>(SignExtend<u32>(in.Number(1), 8));
  } else if (mode == 2 || no_base) {
    insn->displacement = in.Number(4);
  }
  return true;
}

std::optional<MovInsn> Finish(const Bytes& in, MovInsn insn) {
  if (!in.ok()) return std::nullopt;  // cut short
  insn.length = in.at();
  return insn;
}

// 0F B6, B7, BE, BF: load and extend.
std::optional<MovInsn> DecodeExtending(Bytes& in, const Prefixes& prefixes,
                                       MovInsn insn) {
  const u8 opcode = in.Next();
  if (opcode != 0xb6 && opcode != 0xb7 && opcode != 0xbe && opcode != 0xbf) {
    return std::nullopt;
  }
  insn.load = true;
  insn.width = (opcode & 1) != 0 ? 2 : 1;
  insn.sign_extend = opcode >= 0xbe;
  insn.register_width = prefixes.operand_size ? 2 : 4;
  const u8 modrm = in.Next();
  insn.reg = GetBits<u8>(modrm, 3, 3);
  if (!TakeAddress(in, modrm, &insn)) return std::nullopt;
  return Finish(in, insn);
}

}  // namespace

std::optional<PortInsn> DecodePortInsn(std::span<const u8> bytes) {
  Bytes in(bytes);
  PortInsn insn;
  const bool prefixed = in.Peek() == kOperandSize;
  if (prefixed) in.Next();
  const u8 opcode = in.Next();
  if (opcode == kCli) {
    insn.kind = PortInsn::Kind::kCli;
  } else {
    // E4-E7 with the port in a second byte, EC-EF with the port in DX. Bit 0 tells eAX
    // from AL, bit 1 OUT from IN.
    if ((opcode & 0xf4) != 0xe4) return std::nullopt;
    insn.kind = (opcode & 2) != 0 ? PortInsn::Kind::kOut : PortInsn::Kind::kIn;
    insn.width = (opcode & 1) == 0 ? 1 : prefixed ? 2 : 4;
    if ((opcode & 8) == 0) insn.port = in.Next();
  }
  if (!in.ok()) return std::nullopt;
  insn.length = in.at();
  return insn;
}

// Which forms are known?
//   88 89      store a register          8A 8B      load one
//   A0 A1      load AL, eAX              A2 A3      store it
//   C6 C7 /0   store a constant          0F B6 ...  load and extend
std::optional<MovInsn> DecodeMovInsn(std::span<const u8> bytes) {
  Bytes in(bytes);
  const Prefixes prefixes = TakePrefixes(in);
  MovInsn insn;
  insn.other_segment = prefixes.segment;
  const u8 opcode = in.Next();
  if (opcode == kTwoByte) return DecodeExtending(in, prefixes, insn);
  insn.width = (opcode & 1) == 0 ? 1 : prefixes.operand_size ? 2 : 4;
  insn.register_width = insn.width;
  switch (opcode & 0xfe) {
    case 0x88:
    case 0x8a: {
      insn.load = (opcode & 2) != 0;
      const u8 modrm = in.Next();
      insn.reg = GetBits<u8>(modrm, 3, 3);
      if (!TakeAddress(in, modrm, &insn)) return std::nullopt;
      break;
    }
    case 0xa0:
    case 0xa2:
      insn.load = (opcode & 2) == 0;
      insn.displacement = in.Number(4);
      break;
    case 0xc6: {
      const u8 modrm = in.Next();
      if (GetBits<u8>(modrm, 3, 3) != 0 || !TakeAddress(in, modrm, &insn)) {
        return std::nullopt;
      }
      insn.constant = in.Number(insn.width);
      break;
    }
    default:
      return std::nullopt;
  }
  return Finish(in, insn);
}

}  // namespace lgx
