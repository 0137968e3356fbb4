#include "debug/disassembly.h"

#include <Zycore/String.h>
#include <Zydis/Zydis.h>

#include <algorithm>

#include "absl/strings/str_format.h"

namespace lgx {
namespace {

constexpr size_t kLongestName = 64;

// The formatter's own hook, which ours calls first.
struct Naming {
  const AddressNamer* namer;
  ZydisFormatterFunc print;
};

ZyanStatus AppendName(const ZydisFormatter* formatter, ZydisFormatterBuffer* buffer,
                      ZydisFormatterContext* context) {
  const auto* const naming = static_cast<const Naming*>(context->user_data);
  const ZyanStatus status = naming->print(formatter, buffer, context);
  if (!ZYAN_SUCCESS(status) || !*naming->namer) return status;
  ZyanU64 address = 0;
  if (!ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(context->instruction, context->operand,
                                             context->runtime_address, &address))) {
    return status;
  }
  const std::string name = (*naming->namer)(Lin(static_cast<u32>(address)));
  if (name.empty()) return status;
  ZyanString* text = nullptr;
  if (!ZYAN_SUCCESS(ZydisFormatterBufferGetString(buffer, &text))) return status;
  const std::string appended = absl::StrFormat(" <%s>", name.substr(0, kLongestName));
  ZyanStringView view;
  ZyanStringViewInsideBufferEx(&view, appended.data(), appended.size());
  return ZyanStringAppend(text, &view);
}

ZydisDecoder MakeDecoder(bool code32) {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder,
                   code32 ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16,
                   code32 ? ZYDIS_STACK_WIDTH_32 : ZYDIS_STACK_WIDTH_16);
  return decoder;
}

ZydisFormatter MakeFormatter(Naming* naming) {
  ZydisFormatter formatter;
  ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE, ZYAN_TRUE);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
  const void* hook = reinterpret_cast<const void*>(&AppendName);
  ZydisFormatterSetHook(&formatter, ZYDIS_FORMATTER_FUNC_PRINT_ADDRESS_ABS, &hook);
  naming->print = reinterpret_cast<ZydisFormatterFunc>(const_cast<void*>(hook));
  return formatter;
}

bool IsCall(const ZydisDecodedInstruction& insn) {
  switch (insn.mnemonic) {
    case ZYDIS_MNEMONIC_CALL:
    case ZYDIS_MNEMONIC_INT:
    case ZYDIS_MNEMONIC_INT3:
    case ZYDIS_MNEMONIC_INTO:
    case ZYDIS_MNEMONIC_VMCALL:
      return true;
    default:
      return false;
  }
}

constexpr ZyanU64 kRepeats =
    ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;

}  // namespace

DisassembledInsn Disassemble(Lin at, std::span<const u8> bytes, bool code32,
                             const AddressNamer& namer) {
  DisassembledInsn result;
  result.at = at;
  const ZydisDecoder decoder = MakeDecoder(code32);
  ZydisDecodedInstruction insn;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  if (bytes.empty() || !ZYAN_SUCCESS(ZydisDecoderDecodeFull(
                           &decoder, bytes.data(), bytes.size(), &insn, operands))) {
    result.bytes.assign(bytes.begin(), bytes.begin() + (bytes.empty() ? 0 : 1));
    result.text = bytes.empty() ? "(not mapped)" : "(bad)";
    return result;
  }
  Naming naming{&namer, nullptr};
  const ZydisFormatter formatter = MakeFormatter(&naming);
  char text[256];
  if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &insn, operands,
                                                    insn.operand_count_visible, text,
                                                    sizeof text, at.value, &naming))) {
    std::copy_n("(too long)", sizeof "(too long)", text);
  }
  result.text = text;
  result.bytes.assign(bytes.begin(), bytes.begin() + insn.length);
  result.is_call = IsCall(insn);
  result.repeats = (insn.attributes & kRepeats) != 0;
  return result;
}

std::string DisassemblyLine(const DisassembledInsn& insn) {
  std::string bytes;
  for (const u8 byte : insn.bytes) bytes += absl::StrFormat("%02x ", byte);
  return absl::StrFormat("0x%08x  %-24s%s", insn.at.value, bytes, insn.text);
}

}  // namespace lgx
