// What the decoder knows about a vector: its text, and which parts of the result the
// manual leaves undefined.
#include <Zydis/Zydis.h>

#include "tests/cpuvectors/maker.h"

namespace lgx {
namespace {

constexpr u32 kCf = 0x001, kAf = 0x010, kOf = 0x800;
constexpr u32 kLarUndefined = 0xf0000;  // SDM volume 2, LAR: bits 19:16

struct Decoded {
  ZydisDecodedInstruction insn;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

bool Decode(const Vector& v, Decoded* out) {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
  return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, v.bytes.data(), v.bytes.size(),
                                             &out->insn, out->operands));
}

std::string TextOf(const Vector& v, const Decoded& z) {
  ZydisFormatter formatter;
  ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
  char text[128];
  ZydisFormatterFormatInstruction(&formatter, &z.insn, z.operands,
                                  z.insn.operand_count_visible, text, sizeof text,
                                  v.in.eip, nullptr);
  return text;
}

u32 CountOf(const Vector& v, const ZydisDecodedOperand& operand) {
  const bool immediate = operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
  return static_cast<u32>(immediate ? operand.imm.value.u : v.in.registers[1]) & 31;
}

// The flags that SDM volume 2 leaves undefined. For shifts they depend on the count:
//   0                nothing changes
//   1                AF (shifts)
//   2 and more       OF; AF (shifts); CF of SHL and SHR from the operand's width on
// Nothing: a double shift by more than the width, whose result is undefined altogether.
std::optional<u32> UndefinedFlags(const Vector& v, const Decoded& z) {
  const u32 width = z.operands[0].size;
  switch (z.insn.mnemonic) {
    case ZYDIS_MNEMONIC_SHL:
    case ZYDIS_MNEMONIC_SHR:
    case ZYDIS_MNEMONIC_SAR: {
      const u32 count = CountOf(v, z.operands[1]);
      const bool carry = count >= width && z.insn.mnemonic != ZYDIS_MNEMONIC_SAR;
      return (count == 0 ? 0 : count == 1 ? kAf : kAf | kOf) | (carry ? kCf : 0);
    }
    case ZYDIS_MNEMONIC_ROL:
    case ZYDIS_MNEMONIC_ROR:
    case ZYDIS_MNEMONIC_RCL:
    case ZYDIS_MNEMONIC_RCR:
      return CountOf(v, z.operands[1]) <= 1 ? 0 : kOf;
    case ZYDIS_MNEMONIC_SHLD:
    case ZYDIS_MNEMONIC_SHRD: {
      const u32 count = CountOf(v, z.operands[2]);
      if (count > width) return std::nullopt;
      return count == 0 ? 0 : count == 1 ? kAf : kAf | kOf;
    }
    default:
      return z.insn.cpu_flags != nullptr ? z.insn.cpu_flags->undefined : 0;
  }
}

// C0 ... C3 at their places in the status word.
u32 UndefinedStatus(const Decoded& z) {
  if (z.insn.fpu_flags == nullptr) return 0;
  const u32 c = z.insn.fpu_flags->undefined;
  return (c & 7) << 8 | (c & 8) << 11;
}

bool IsTranscendental(ZydisMnemonic m) {
  switch (m) {
    case ZYDIS_MNEMONIC_FSIN:
    case ZYDIS_MNEMONIC_FCOS:
    case ZYDIS_MNEMONIC_FSINCOS:
    case ZYDIS_MNEMONIC_FPTAN:
    case ZYDIS_MNEMONIC_FPATAN:
    case ZYDIS_MNEMONIC_F2XM1:
    case ZYDIS_MNEMONIC_FYL2X:
    case ZYDIS_MNEMONIC_FYL2XP1:
      return true;
    default:
      return false;
  }
}

bool IsApproximate(ZydisMnemonic m) {
  return m == ZYDIS_MNEMONIC_RCPPS || m == ZYDIS_MNEMONIC_RCPSS ||
         m == ZYDIS_MNEMONIC_RSQRTPS || m == ZYDIS_MNEMONIC_RSQRTSS;
}

// Their result depends on more than the vector's state.
bool IsUnrepeatable(ZydisMnemonic m) {
  switch (m) {
    case ZYDIS_MNEMONIC_CPUID:
    case ZYDIS_MNEMONIC_RDTSC:
    case ZYDIS_MNEMONIC_RDTSCP:
    case ZYDIS_MNEMONIC_RDPMC:
    case ZYDIS_MNEMONIC_SYSENTER:
    case ZYDIS_MNEMONIC_SYSCALL:
    case ZYDIS_MNEMONIC_XBEGIN:
      return true;
    default:
      return false;
  }
}

bool PushesSegment(const Vector& v, const Decoded& z) {
  if (z.insn.mnemonic != ZYDIS_MNEMONIC_PUSH) return false;
  const ZydisDecodedOperand& operand = z.operands[0];
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) return false;
  return ZydisRegisterGetClass(operand.reg.value) == ZYDIS_REGCLASS_SEGMENT &&
         v.bytes[0] != 0x66;
}

}  // namespace

bool DescribeVector(Vector* v, u32 reg_field) {
  Decoded z;
  v->text = "(bad)";
  // What is no instruction must be meant not to be one.
  if (!Decode(*v, &z)) return v->category == "ud" || v->locked;
  if (z.insn.length != v->bytes.size() || IsUnrepeatable(z.insn.mnemonic)) return false;
  const bool privileged = (z.insn.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED) != 0;
  if (privileged && v->category != "priv") return false;
  const std::optional<u32> undefined = UndefinedFlags(*v, z);
  if (!undefined) return false;
  v->text = TextOf(*v, z);
  v->undefined_flags = *undefined;
  v->undefined_status = UndefinedStatus(z);
  v->pushes_segment = PushesSegment(*v, z);
  if (z.insn.mnemonic == ZYDIS_MNEMONIC_LAR) {
    v->undefined_register = reg_field;
    v->undefined_bits = kLarUndefined;
  }
  v->approximate = IsApproximate(z.insn.mnemonic);
  if (IsTranscendental(z.insn.mnemonic)) {
    v->tolerant = true;
    v->category = "x87trans";
  }
  return true;
}

}  // namespace lgx
