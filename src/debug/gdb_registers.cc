#include "debug/gdb_registers.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/endian.h"
#include "cpu/fpu.h"

namespace lgx {
namespace {

constexpr std::string_view kNames[kGdbRegisters] = {
    "eax",   "ecx",     "edx",     "ebx",   "esp",   "ebp",   "esi",   "edi",
    "eip",   "eflags",  "cs",      "ss",    "ds",    "es",    "fs",    "gs",
    "st0",   "st1",     "st2",     "st3",   "st4",   "st5",   "st6",   "st7",
    "fctrl", "fstat",   "ftag",    "fiseg", "fioff", "foseg", "fooff", "fop",
    "xmm0",  "xmm1",    "xmm2",    "xmm3",  "xmm4",  "xmm5",  "xmm6",  "xmm7",
    "mxcsr", "fs_base", "gs_base", "cr0",   "cr2",   "cr3",   "cr4",   "cpl"};

constexpr u32 BytesOf(u32 number) {
  if (number >= kGdbSt0 && number < kGdbFctrl) return 10;
  return number >= kGdbXmm0 && number < kGdbMxcsr ? 16 : 4;
}

// Where FXSAVE and FNSAVE (32 bits, protected mode) have things.
constexpr u32 kFxMxcsr = 24;
constexpr u32 kFxXmm = 160;
constexpr FpuImageFormat kSaveFormat{true, true};
constexpr u32 kSaveRegisters = 28;

// The eight control words of the protocol as FNSAVE has them: offset and width.
struct ControlWord {
  u32 offset;
  u32 bytes;
};
constexpr ControlWord kControlWords[8] = {
    {0, 2},   // fctrl
    {4, 2},   // fstat
    {8, 2},   // ftag
    {16, 2},  // fiseg
    {12, 4},  // fioff
    {24, 2},  // foseg
    {20, 4},  // fooff
    {18, 2},  // fop
};

void Put32(u32 value, std::string* out) {
  u8 bytes[4];
  StoreLe<u32>(bytes, value);
  out->append(reinterpret_cast<const char*>(bytes), sizeof bytes);
}

void PutFpu(const FpuState& fpu, std::string* out) {
  u8 save[kFpuMaxImage] = {};
  FpuWriteState(fpu, kSaveFormat, save);
  out->append(reinterpret_cast<const char*>(save) + kSaveRegisters, 80);
  for (const ControlWord& word : kControlWords) {
    Put32(word.bytes == 2 ? LoadLe<u16>(save + word.offset)
                          : LoadLe<u32>(save + word.offset),
          out);
  }
  u8 fx[kFxImageSize] = {};
  FpuWriteFxImage(fpu, fx);
  out->append(reinterpret_cast<const char*>(fx) + kFxXmm, 128);
  out->append(reinterpret_cast<const char*>(fx) + kFxMxcsr, 4);
}

// One register of the description.
std::string Line(u32 number, std::string_view type, std::string_view group = "") {
  std::string line =
      absl::StrFormat("<reg name=\"%s\" bitsize=\"%d\" type=\"%s\" regnum=\"%d\"",
                      kNames[number], 8 * BytesOf(number), type, number);
  if (!group.empty()) line += absl::StrFormat(" group=\"%s\"", group);
  return line + "/>\n";
}

constexpr std::string_view kFlagsType =
    R"(<flags id="i386_eflags" size="4">
<field name="CF" start="0" end="0"/><field name="" start="1" end="1"/>
<field name="PF" start="2" end="2"/><field name="AF" start="4" end="4"/>
<field name="ZF" start="6" end="6"/><field name="SF" start="7" end="7"/>
<field name="TF" start="8" end="8"/><field name="IF" start="9" end="9"/>
<field name="DF" start="10" end="10"/><field name="OF" start="11" end="11"/>
<field name="NT" start="14" end="14"/><field name="RF" start="16" end="16"/>
<field name="VM" start="17" end="17"/><field name="AC" start="18" end="18"/>
<field name="VIF" start="19" end="19"/><field name="VIP" start="20" end="20"/>
<field name="ID" start="21" end="21"/>
</flags>
)";

constexpr std::string_view kVectorTypes =
    R"(<vector id="v4f" type="ieee_single" count="4"/>
<vector id="v2d" type="ieee_double" count="2"/>
<vector id="v16i8" type="int8" count="16"/>
<vector id="v8i16" type="int16" count="8"/>
<vector id="v4i32" type="int32" count="4"/>
<vector id="v2i64" type="int64" count="2"/>
<union id="vec128">
<field name="v4_float" type="v4f"/><field name="v2_double" type="v2d"/>
<field name="v16_int8" type="v16i8"/><field name="v8_int16" type="v8i16"/>
<field name="v4_int32" type="v4i32"/><field name="v2_int64" type="v2i64"/>
<field name="uint128" type="uint128"/>
</union>
<flags id="i386_mxcsr" size="4">
<field name="IE" start="0" end="0"/><field name="DE" start="1" end="1"/>
<field name="ZE" start="2" end="2"/><field name="OE" start="3" end="3"/>
<field name="UE" start="4" end="4"/><field name="PE" start="5" end="5"/>
<field name="DAZ" start="6" end="6"/><field name="IM" start="7" end="7"/>
<field name="DM" start="8" end="8"/><field name="ZM" start="9" end="9"/>
<field name="OM" start="10" end="10"/><field name="UM" start="11" end="11"/>
<field name="PM" start="12" end="12"/><field name="FZ" start="15" end="15"/>
</flags>
)";

}  // namespace

const std::array<GdbRegister, kGdbRegisters>& GdbRegisterTable() {
  static const auto table = [] {
    std::array<GdbRegister, kGdbRegisters> made{};
    u32 offset = 0;
    for (u32 n = 0; n < kGdbRegisters; ++n) {
      made[n] = {kNames[n], BytesOf(n), offset};
      offset += BytesOf(n);
    }
    return made;
  }();
  return table;
}

u32 GdbRegisterBytes() {
  const GdbRegister& last = GdbRegisterTable().back();
  return last.offset + last.bytes;
}

std::string GdbRegisterBlock(const GdbGeneral& general, const CpuState& state, u32 cpl) {
  std::string out;
  for (const u32 value : general.regs) Put32(value, &out);
  Put32(general.eip, &out);
  Put32(general.eflags, &out);
  for (const u32 selector : general.selectors) Put32(selector & 0xffff, &out);
  PutFpu(state.fpu, &out);
  Put32(state.seg[static_cast<u8>(Seg::kFs)].base, &out);
  Put32(state.seg[static_cast<u8>(Seg::kGs)].base, &out);
  for (const u32 value : {state.cr0, state.cr2, state.cr3, state.cr4, cpl}) {
    Put32(value, &out);
  }
  return out;
}

bool GdbSetFpuRegister(u32 number, std::span<const u8> value, FpuState* fpu) {
  if (number < kGdbSt0 || number > kGdbMxcsr) return false;
  if (value.size() != BytesOf(number)) return false;
  if (number < kGdbXmm0) {
    u8 save[kFpuMaxImage] = {};
    FpuWriteState(*fpu, kSaveFormat, save);
    if (number < kGdbFctrl) {
      std::copy(value.begin(), value.end(),
                save + kSaveRegisters + 10 * (number - kGdbSt0));
    } else {
      const ControlWord& word = kControlWords[number - kGdbFctrl];
      std::copy_n(value.begin(), word.bytes, save + word.offset);
    }
    FpuReadState(*fpu, kSaveFormat, save);
    return true;
  }
  u8 fx[kFxImageSize] = {};
  FpuWriteFxImage(*fpu, fx);
  u8* const at =
      number == kGdbMxcsr ? fx + kFxMxcsr : fx + kFxXmm + 16 * (number - kGdbXmm0);
  std::copy(value.begin(), value.end(), at);
  return FpuReadFxImage(*fpu, fx);
}

std::string GdbTargetDescription() {
  std::string xml =
      "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
      "<target version=\"1.0\">\n<architecture>i386</architecture>\n"
      "<feature name=\"org.gnu.gdb.i386.core\">\n";
  xml += kFlagsType;
  for (u32 n = 0; n < 8; ++n) xml += Line(n, n == 4 || n == 5 ? "data_ptr" : "int32");
  xml += Line(kGdbEip, "code_ptr");
  xml += Line(kGdbEflags, "i386_eflags");
  for (u32 n = kGdbCs; n < kGdbSt0; ++n) xml += Line(n, "int32");
  for (u32 n = kGdbSt0; n < kGdbFctrl; ++n) xml += Line(n, "i387_ext");
  for (u32 n = kGdbFctrl; n < kGdbXmm0; ++n) xml += Line(n, "int32", "float");
  xml += "</feature>\n<feature name=\"org.gnu.gdb.i386.sse\">\n";
  xml += kVectorTypes;
  for (u32 n = kGdbXmm0; n < kGdbMxcsr; ++n) xml += Line(n, "vec128");
  xml += Line(kGdbMxcsr, "i386_mxcsr", "vector");
  xml += "</feature>\n<feature name=\"org.lgx.i386.system\">\n";
  for (u32 n = kGdbSystem; n < kGdbRegisters; ++n) xml += Line(n, "uint32", "system");
  return xml + "</feature>\n</target>\n";
}

}  // namespace lgx
