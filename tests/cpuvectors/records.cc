#include "tests/cpuvectors/records.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cstring>

#include "base/endian.h"
#include "tests/cpuvectors/random.h"

namespace lgx {
namespace {

constexpr u32 kVectorBp = 3, kVectorOf = 4;
constexpr u16 kStackSegment = 0x5f;
// FXSAVE images: two blocks of registers.
constexpr u32 kStAt = 32, kXmmAt = 160, kRegisterStep = 16;
constexpr u32 kMxcsrMaskAt = 28;  // in an FXSAVE image; differs between processors

std::string Hex(const u8* bytes, u32 count) {
  std::string text;
  for (u32 i = 0; i < count; ++i) absl::StrAppendFormat(&text, "%02x", bytes[i]);
  return text;
}

template <typename T, std::size_t n>
std::string Numbers(const T (&values)[n]) {
  std::string text;
  for (const T value : values) {
    absl::StrAppendFormat(&text, "%s%d", text.empty() ? "" : ",", value);
  }
  return text;
}

std::string State(const u32 (&registers)[8], u32 eip, u32 eflags) {
  return absl::StrFormat("[%s,%d,%d]", Numbers(registers), eip, eflags);
}

// [[address, hex], ...] of patches or changes.
template <typename Run>
std::string Runs(const Run* runs, u32 count) {
  std::string text;
  for (u32 i = 0; i < count; ++i) {
    absl::StrAppendFormat(&text, "%s[%d,\"%s\"]", i == 0 ? "" : ",", runs[i].address,
                          Hex(runs[i].bytes, runs[i].length));
  }
  return "[" + text + "]";
}

// The eight registers of an image, of `bytes` each; "" for one that equals `before`, and
// nothing if all do.
std::string Registers(const char* key, const u8* image, const u8* before, u32 bytes) {
  if (std::memcmp(image, before, 8 * kRegisterStep) == 0) return "";
  std::string text;
  for (u32 i = 0; i < 8 * kRegisterStep; i += kRegisterStep) {
    const bool same = std::memcmp(image + i, before + i, bytes) == 0;
    absl::StrAppendFormat(&text, "%s\"%s\"", i == 0 ? "" : ",",
                          same ? "" : Hex(image + i, bytes));
  }
  return absl::StrFormat(",\"%s\":[%s]", key, text);
}

// `before`: the image to compare with, of zeros for a state to start from.
std::string Fpu(const u8* image, const u8* before) {
  std::string text =
      absl::StrFormat("{\"cw\":%d,\"sw\":%d,\"tw\":%d,\"mx\":%d", LoadLe<u16>(image),
                      LoadLe<u16>(image + 2), image[4], LoadLe<u32>(image + 24));
  return text + Registers("st", image + kStAt, before + kStAt, 10) +
         Registers("xmm", image + kXmmAt, before + kXmmAt, 16);
}

// FOP, FIP, FCS, FDP, FDS, if there are any.
std::string Pointers(const u8* image) {
  const u32 pointers[] = {LoadLe<u16>(image + 6), LoadLe<u32>(image + 8),
                          LoadLe<u16>(image + 12), LoadLe<u32>(image + 16),
                          LoadLe<u16>(image + 20)};
  if (std::all_of(pointers, pointers + 5, [](u32 p) { return p == 0; })) return "";
  return absl::StrFormat(",\"ptr\":[%s]", Numbers(pointers));
}

// Attribute word: bits 8 ... 23 of the descriptor, the limit's bits zero.
u32 AttributeOf(const LdtEntry& e) {
  const bool code = (e.contents & 2) != 0;
  const u32 type =
      (code ? 8u : 0) | (e.read_only != 0 ? 0 : 2) | (e.contents & 1u) << 2 | 1;
  return type | 0x10 | 0x60 | (e.not_present != 0 ? 0 : 0x80) | u32{e.is_32_bit} << 14 |
         u32{e.in_pages} << 15;
}

u32 LimitOf(const LdtEntry& e) {
  return e.in_pages != 0 ? e.limit << 12 | 0xfff : e.limit;
}

// What must not be compared.
std::string Undefined(const Vector& v, const VectorOut& out) {
  std::string text;
  const bool completed = out.vector == kVectorBp;
  if ((completed || out.vector == kVectorOf) && v.undefined_flags != 0) {
    absl::StrAppendFormat(&text, ",\"u\":%d", v.undefined_flags);
  }
  if (v.undefined_status != 0)
    absl::StrAppendFormat(&text, ",\"usw\":%d", v.undefined_status);
  if (v.tolerant) text += ",\"tol\":1";
  if (v.approximate) text += ",\"tol\":2";
  if (completed && v.image != 0) {
    absl::StrAppendFormat(&text, ",\"d\":[[%d,4]]", v.image + kMxcsrMaskAt);
  }
  if (completed && v.undefined_bits != 0) {
    absl::StrAppendFormat(&text, ",\"ur\":[%d,%d]", v.undefined_register,
                          v.undefined_bits);
  }
  if (completed && v.pushes_segment) {
    const bool based = v.in.selectors[2] == kStackSegment;
    const u32 esp = based ? WORLD_STACK + (out.registers[4] & 0xffff) : out.registers[4];
    absl::StrAppendFormat(&text, ",\"d\":[[%d,2]]", esp + 2);
  }
  return text;
}

}  // namespace

std::vector<u8> WorldImage() {
  std::vector<u8> image(WORLD_BYTES);
  std::fill_n(image.begin(), WORLD_CODE_END - WORLD_CODE, 0xcc);  // INT3
  Random random(12345);
  for (u32 at = WORLD_STACK; at < WORLD_END; ++at) {
    image[at - WORLD_CODE] = static_cast<u8>(random.Next());
  }
  return image;
}

std::string WorldJson(const std::vector<u8>& image) {
  std::string text = absl::StrFormat(
      "{\"format\":\"cpuvectors-u-1\",\"cr0\":%d,\"cr4\":%d,\"efer\":%d,\"cpl\":3,\n"
      "\"pages\":[[%d,2,\"r-x\"],[%d,4,\"rw-\"],[%d,6,\"rw-\"],[%d,1,\"r--\"]],\n"
      "\"gdt_limit\":127,\"ldt_limit\":%d,"
      "\"idt\":\"gates 3 and 4 have DPL 3, all others DPL 0\",\n"
      "\"segments\":{\"8\":[0,4294967295,49307],\"24\":[0,4294967295,49299],"
      "\"35\":[0,4294967295,49403],\"43\":[0,4294967295,49395]",
      0x80050033u, 0x620, 0x800, WORLD_CODE, WORLD_STACK, WORLD_DATA, WORLD_READ_ONLY,
      LDT_ENTRIES * 8 - 1);
  for (u32 i = 0; i < LDT_ENTRIES; ++i) {
    absl::StrAppendFormat(&text, ",\"%d\":[%d,%d,%d]", i * 8 | 7, kLdt[i].base,
                          LimitOf(kLdt[i]), AttributeOf(kLdt[i]));
  }
  absl::StrAppendFormat(&text, "},\n\"mem\":[[%d,\"%s\"]]}\n", WORLD_CODE,
                        Hex(image.data(), static_cast<u32>(image.size())));
  return text;
}

std::string VectorJson(u32 n, const Vector& v, const VectorOut& out) {
  const VectorIn& in = v.in;
  std::string text = absl::StrFormat(
      "{\"n\":%d,\"k\":\"u\",\"c\":\"%s\",\"b\":\"%s\",\"a\":\"%s\",\"i\":%s,\"s\":[%s]",
      n, v.category, Hex(v.bytes.data(), static_cast<u32>(v.bytes.size())), v.text,
      State(in.registers, in.eip, in.eflags), Numbers(in.selectors));
  absl::StrAppendFormat(&text, ",\"m\":%s", Runs(in.patch, in.patches));
  if (in.uses_fpu != 0) {
    static constexpr u8 kZeros[sizeof in.fxsave] = {};
    absl::StrAppendFormat(&text, ",\"fp\":%s%s}", Fpu(in.fxsave, kZeros),
                          Pointers(in.fxsave));
  }
  absl::StrAppendFormat(&text, ",\"x\":[%d,%d,%d],\"f\":%s", out.vector, out.error,
                        out.cr2, State(out.registers, out.eip, out.eflags));
  if (std::memcmp(in.selectors, out.selectors, sizeof in.selectors) != 0) {
    absl::StrAppendFormat(&text, ",\"S\":[%s]", Numbers(out.selectors));
  }
  if (out.changes != 0) {
    absl::StrAppendFormat(&text, ",\"M\":%s", Runs(out.change, out.changes));
  }
  if (in.uses_fpu != 0) {
    absl::StrAppendFormat(&text, ",\"FP\":%s}", Fpu(out.fxsave, in.fxsave));
  }
  return text + Undefined(v, out) + "}\n";
}

}  // namespace lgx
