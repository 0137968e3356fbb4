#include "debug/memory_view.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_format.h"
#include "base/endian.h"
#include "debug/register_view.h"

namespace lgx {
namespace {

constexpr u32 kMostUnits = 4096;
constexpr u32 kMostText = 256;
constexpr u32 kInsnBytes = 15;

char Printable(u8 byte) {
  return byte >= ' ' && byte <= '~' ? static_cast<char>(byte) : '.';
}

std::string NotThere(const TypedAddress& at) {
  return AddressText(at) + "  nothing is mapped there\n";
}

std::string Unit(const u8* bytes, const MemoryFormat& format) {
  u32 value = bytes[0];
  if (format.bytes == 2) value = LoadLe<u16>(bytes);
  if (format.bytes == 4) value = LoadLe<u32>(bytes);
  switch (format.kind) {
    case 'd': {
      const u32 sign = 1u << (format.bytes * 8 - 1);
      return absl::StrFormat(" %d", static_cast<i32>((value ^ sign) - sign));
    }
    case 'u':
      return absl::StrFormat(" %u", value);
    default:
      return absl::StrFormat(" %0*x", static_cast<int>(format.bytes * 2), value);
  }
}

std::string ViewUnits(const RunControl& control, TypedAddress at,
                      const MemoryFormat& format) {
  const u32 per_line = std::max<u32>(16 / format.bytes, 1);
  std::string out;
  for (u32 done = 0; done < format.count; done += per_line) {
    const u32 units = std::min(per_line, format.count - done);
    u8 bytes[64] = {};
    const u32 got =
        control.ReadMemory(at.space, at.value, std::span(bytes, units * format.bytes));
    if (got < format.bytes) return out + NotThere(at);
    out += AddressText(at) + " ";
    std::string text;
    for (u32 i = 0; i + format.bytes <= got; i += format.bytes) {
      out += Unit(bytes + i, format);
    }
    for (u32 i = 0; i < got; ++i) text += Printable(bytes[i]);
    out += (format.bytes == 1 && format.kind == 'x' ? "  " + text : "") + "\n";
    at.value += units * format.bytes;
  }
  return out;
}

// 'c': all of `count`; 's': up to a NUL.
std::string ViewText(const RunControl& control, TypedAddress at,
                     const MemoryFormat& format) {
  const bool whole = format.kind == 'c';
  const u32 most = whole ? format.count : kMostText;
  std::string text;
  for (u32 i = 0; i < most; ++i) {
    u8 byte = 0;
    if (control.ReadMemory(at.space, at.value + i, std::span(&byte, 1)) == 0) {
      return i == 0 ? NotThere(at) : AddressText(at) + "  \"" + text + "\"...\n";
    }
    if (!whole && byte == 0) break;
    text += Printable(byte);
  }
  return AddressText(at) + "  \"" + text + "\"\n";
}

DisassembledInsn InsnAt(const RunControl& control, const Symbols& symbols,
                        const TypedAddress& at) {
  u8 bytes[kInsnBytes];
  const u32 got = control.ReadMemory(at.space, at.value, bytes);
  return Disassemble(Lin(static_cast<u32>(at.value)), std::span(bytes, got), true,
                     [&](Lin where) { return symbols.Describe(where); });
}

bool ReadWord(const RunControl& control, u32 at, u32* value) {
  u8 bytes[4];
  if (control.ReadMemory(Space::kLinear, at, bytes) != sizeof bytes) return false;
  *value = LoadLe<u32>(bytes);
  return true;
}

std::string Frame(u32 number, u32 eip, const Symbols& symbols, const char* mark) {
  return absl::StrFormat("#%-2d %s%s\n", number, symbols.Address(Lin(eip)), mark);
}

// A word that stands behind a call instruction of something that has a name.
bool LooksLikeReturn(const RunControl& control, const Symbols& symbols, u32 word) {
  if (symbols.Describe(Lin(word)).empty()) return false;
  for (const u32 length : {5u, 2u, 3u, 6u, 7u}) {
    const DisassembledInsn insn = ReadInsn(control, symbols, Lin(word - length));
    if (insn.is_call && insn.bytes.size() == length) return true;
  }
  return false;
}

std::string ScanStack(const RunControl& control, const Symbols& symbols, u32 esp,
                      u32 number, u32 most) {
  constexpr u32 kWords = 1024;
  std::string out;
  for (u32 i = 0; i < kWords && number < most; ++i) {
    u32 word = 0;
    if (!ReadWord(control, esp + 4 * i, &word)) break;
    if (LooksLikeReturn(control, symbols, word)) {
      out += Frame(number++, word, symbols, " ?");
    }
  }
  return out;
}

// EBP points at the caller's EBP, with the return address above it.
bool IsFrame(const RunControl& control, const Symbols& symbols, u32 ebp, u32 esp) {
  u32 ret = 0;
  return ebp >= esp && ebp - esp < (1u << 20) && (ebp & 3) == 0 &&
         ReadWord(control, ebp + 4, &ret) && LooksLikeReturn(control, symbols, ret);
}

}  // namespace

StatusOr<MemoryFormat> ParseMemoryFormat(std::string_view text) {
  MemoryFormat format;
  size_t at = 0;
  u32 count = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    count = std::min(count * 10 + static_cast<u32>(text[at] - '0'), kMostUnits + 1);
  }
  if (at != 0) format.count = count;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == 'b' || c == 'h' || c == 'w') {
      format.bytes = c == 'b' ? 1 : c == 'h' ? 2 : 4;
    } else if (std::string_view("xducsi").find(c) != std::string_view::npos) {
      format.kind = c;
    } else {
      return Errorf(kInvalidArgument,
                    "x/%s: \"%c\" is not one of x d u c s i, or b h w for the size",
                    std::string(text), c);
    }
  }
  if (format.count == 0 || format.count > kMostUnits) {
    return Errorf(kInvalidArgument, "x/%s: between 1 and %d units can be shown",
                  std::string(text), kMostUnits);
  }
  return format;
}

std::string ViewMemory(const RunControl& control, const Symbols& symbols,
                       const TypedAddress& at, const MemoryFormat& format) {
  if (format.kind == 'i') return ViewCode(control, symbols, at, format.count, Lin(0));
  if (format.kind == 'c' || format.kind == 's') return ViewText(control, at, format);
  return ViewUnits(control, at, format);
}

DisassembledInsn ReadInsn(const RunControl& control, const Symbols& symbols, Lin at) {
  return InsnAt(control, symbols, {Space::kLinear, at.value});
}

std::string ViewCode(const RunControl& control, const Symbols& symbols,
                     const TypedAddress& at, u32 count, Lin mark) {
  std::string out;
  TypedAddress here = at;
  for (u32 i = 0; i < count; ++i) {
    const DisassembledInsn insn = InsnAt(control, symbols, here);
    const std::string name = symbols.Describe(insn.at);
    const bool begins = !name.empty() && name.find('+') == std::string::npos;
    if (begins || (i == 0 && !name.empty())) out += name + ":\n";
    out += insn.at == mark ? "=> " : "   ";
    out += DisassemblyLine(insn) + "\n";
    if (insn.bytes.empty()) break;
    here.value += insn.bytes.size();
  }
  return out;
}

std::string ViewStackTrace(const RunControl& control, const Symbols& symbols, u32 most) {
  const CurrentRegisters now = ReadRegisters(control);
  std::string out = Frame(0, now.eip, symbols, "");
  u32 ebp = now.regs[kEbp];
  u32 esp = now.regs[kEsp];
  if (!IsFrame(control, symbols, ebp, esp)) {
    return out + ScanStack(control, symbols, esp, 1, most);
  }
  for (u32 number = 1; number < most && IsFrame(control, symbols, ebp, esp); ++number) {
    u32 ret = 0;
    u32 next = 0;
    if (!ReadWord(control, ebp + 4, &ret) || !ReadWord(control, ebp, &next)) break;
    out += Frame(number, ret, symbols, "");
    esp = ebp + 8;
    ebp = next;
  }
  return out;
}

}  // namespace lgx
