#include "cpu/decode.h"

#include <Zydis/Zydis.h>

#include "cpu/segment.h"

namespace lgx {
namespace {

const ZydisDecoder& Decoder(bool code32) {
  static const auto make = [](ZydisMachineMode mode, ZydisStackWidth width) {
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, mode, width);
    return decoder;
  };
  static const ZydisDecoder decoder32 =
      make(ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
  static const ZydisDecoder decoder16 =
      make(ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
  return code32 ? decoder32 : decoder16;
}

// The last segment override counts, as does the last of F2 and F3.
void ReadPrefixes(const ZydisDecodedInstruction& z, RawInsn* insn) {
  for (u32 i = 0; i < z.raw.prefix_count; ++i) {
    switch (z.raw.prefixes[i].value) {
      case 0x26:
        insn->segment = static_cast<u8>(Seg::kEs);
        break;
      case 0x2e:
        insn->segment = static_cast<u8>(Seg::kCs);
        break;
      case 0x36:
        insn->segment = static_cast<u8>(Seg::kSs);
        break;
      case 0x3e:
        insn->segment = static_cast<u8>(Seg::kDs);
        break;
      case 0x64:
        insn->segment = static_cast<u8>(Seg::kFs);
        break;
      case 0x65:
        insn->segment = static_cast<u8>(Seg::kGs);
        break;
      case 0x66:
        insn->prefix66 = true;
        break;
      case 0xf0:
        insn->lock = true;
        break;
      case 0xf2:
      case 0xf3:
        insn->rep = z.raw.prefixes[i].value;
        break;
      default:
        break;
    }
  }
}

u32 SignExtendFrom(u64 value, u32 bits) {
  if (bits == 0 || bits >= 32) return static_cast<u32>(value);
  const u32 sign = 1u << (bits - 1);
  const u32 low = static_cast<u32>(value) & ((sign << 1) - 1);
  return (low ^ sign) - sign;
}

bool HasAddress67(const ZydisDecodedInstruction& z) {
  for (u32 i = 0; i < z.raw.prefix_count; ++i) {
    if (z.raw.prefixes[i].value == 0x67) return true;
  }
  return false;
}

}  // namespace

DecodeStatus Decode(std::span<const u8> bytes, bool code32, RawInsn* insn) {
  ZydisDecodedInstruction z;
  const ZyanStatus status = ZydisDecoderDecodeInstruction(&Decoder(code32), nullptr,
                                                          bytes.data(), bytes.size(), &z);
  if (status == ZYDIS_STATUS_NO_MORE_DATA) {
    return bytes.size() >= kMaxInsnBytes ? DecodeStatus::kTooLong
                                         : DecodeStatus::kNeedMore;
  }
  if (status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG) return DecodeStatus::kTooLong;
  if (!ZYAN_SUCCESS(status)) return DecodeStatus::kUndefined;
  *insn = RawInsn();
  insn->length = z.length;
  ReadPrefixes(z, insn);
  insn->operand_bytes = code32 != insn->prefix66 ? 4 : 2;
  insn->address_bytes = code32 != HasAddress67(z) ? 4 : 2;
  switch (z.opcode_map) {
    case ZYDIS_OPCODE_MAP_DEFAULT:
      insn->opcode = z.opcode;
      break;
    case ZYDIS_OPCODE_MAP_0F:
      insn->opcode = 0x0f00 | z.opcode;
      break;
    default:
      insn->known = false;
      break;
  }
  if (z.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY) insn->known = false;
  insn->has_modrm = (z.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0;
  if (insn->has_modrm) {
    insn->modrm =
        static_cast<u8>((z.raw.modrm.mod << 6) | (z.raw.modrm.reg << 3) | z.raw.modrm.rm);
  }
  insn->has_sib = (z.attributes & ZYDIS_ATTRIB_HAS_SIB) != 0;
  if (insn->has_sib) {
    insn->sib =
        static_cast<u8>((z.raw.sib.scale << 6) | (z.raw.sib.index << 3) | z.raw.sib.base);
  }
  const bool moffs = insn->opcode >= 0xa0 && insn->opcode <= 0xa3;
  insn->disp = moffs
                   ? static_cast<u32>(z.raw.disp.value)
                   : SignExtendFrom(static_cast<u64>(z.raw.disp.value), z.raw.disp.size);
  insn->imm = SignExtendFrom(z.raw.imm[0].value.u, z.raw.imm[0].size);
  insn->imm2 = static_cast<u32>(z.raw.imm[1].value.u);
  return DecodeStatus::kOk;
}

}  // namespace lgx
