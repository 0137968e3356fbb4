#include "tests/cpuvectors/maker.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace lgx {
namespace {

enum { kEs, kCs, kSs, kDs, kFs, kGs };
enum { kEax, kEcx, kEdx, kEbx, kEsp, kEbp, kEsi, kEdi };

constexpr u32 kFlagAc = 0x40000;
constexpr u32 kFlagNt = 0x4000;
constexpr u32 kFlagTf = 0x100;
constexpr u32 kFlagVm = 0x20000;

constexpr u16 kStackSegment = 0x5f;  // 16-bit
constexpr u16 kBasedData = 0x6f;     // base WORLD_DATA, 64 KiB

// Data segments for operands, mostly the flat one.
constexpr u16 kDataSelectors[] = {FLAT_DATA, FLAT_DATA, FLAT_DATA, FLAT_DATA, 0x07,
                                  0x0f,      0x17,      0x1f,      0x27,      0x2f,
                                  0x67,      0x6f,      0x4f,      0};
// Selectors to load: all there are, null ones, system ones, ones outside the tables.
constexpr u16 kLoadable[] = {0,    3,    0x07, 0x0f, 0x17,   0x1f, 0x27, 0x2f, 0x37, 0x3f,
                             0x47, 0x4f, 0x57, 0x5f, 0x67,   0x6f, 0x2b, 0x23, 0x28, 0x18,
                             0x1b, 0x77, 0x7f, 0x8b, 0xfff7, 0x0c, 0x05, 0x90};
// Selectors to jump through.
constexpr u16 kFarSelectors[] = {0,    3,    0x23, 0x20, 0x2f, 0x37, 0x47,
                                 0x4f, 0x57, 0x2c, 0x07, 0x3f, 0x2b, 0x08,
                                 0x18, 0x8b, 0x77, 0x4c, 0x4d};
constexpr u8 kOverrides[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};

u32 BaseOf(u16 selector) {
  const u32 index = selector >> 3;
  return (selector & 4) != 0 && index < LDT_ENTRIES ? kLdt[index].base : 0;
}

void PutLong(std::vector<u8>* to, u32 value, u32 bytes) {
  for (u32 i = 0; i < bytes; ++i) to->push_back(static_cast<u8>(value >> (8 * i)));
}

}  // namespace

// A vector in the making.
struct Maker::Draft {
  explicit Draft(const Template& t) : form(t.form), opcode(t.opcode) {
    v.category = t.category;
    v.in = VectorIn();
  }

  Vector v;
  VectorIn& in = v.in;
  Form form;
  std::string opcode;

  bool operand16 = false, address16 = false, lock = false, rep = false;
  u8 mandatory = 0, rep_byte = 0;
  int override_ = -1;  // of kOverrides
  bool memory = false;
  bool edges = false;  // floating-point operands at the ends of the range
  u32 reg = 0;         // of ModRM
  bool base_or_index[8] = {};
  std::vector<u8> tail;  // ModRM and what belongs to it

  bool Is(const char* category) const { return v.category == category; }
  bool Fpu() const { return v.category.starts_with("x87"); }
  bool Simd() const { return Is("mmx") || v.category.starts_with("sse"); }
  bool HasModRm() const { return form.Has("rm") || form.Has("mem") || form.Has("reg"); }
  Material material() const {
    if (form.Has("F1")) return edges ? Material::kSingleEdges : Material::kSingles;
    if (form.Has("F2")) return edges ? Material::kDoubleEdges : Material::kDoubles;
    if (form.Has("I3")) return Material::kIntegers;
    if (form.Has("X4")) return Material::kExtended;
    if (form.Has("B5")) return Material::kPackedBcd;
    return Material::kAny;
  }
  u16 SegmentFor(bool on_stack) const {
    return in.selectors[override_ >= 0 ? override_ : on_stack ? kSs : kDs];
  }
};

Patch& Maker::AddPatch(Draft& d, u32 address, u32 length) {
  Patch& p = d.in.patch[d.in.patches++];
  p.address = address;
  p.length = length;
  return p;
}

// -- the state before
// ---------------------------------------------------------------------

void Maker::ChooseState(Draft& d) {
  VectorIn& in = d.in;
  for (u32& r : in.registers) r = random_.Value();
  in.registers[kEsp] = WORLD_STACK + 0x3000 + (random_.Below(64) << 2);
  if (random_.Percent(5)) in.registers[kEsp] += random_.Below(4);
  in.eflags = 0x202 | (random_.Next() & 0x8d5);
  if (random_.Percent(20)) in.eflags |= 0x400;     // DF
  if (random_.Percent(10)) in.eflags |= 0x200000;  // ID
  if (random_.Percent(4)) in.eflags |= kFlagNt;
  if (random_.Percent(3)) in.eflags |= kFlagAc;
  if (d.Fpu()) FillX87(random_, &in);
  if (d.Simd()) {
    d.edges = random_.Percent(50);
    FillSimd(random_, d.material(), d.Is("mmx") || d.form.Has("mm"), &in);
    if (d.Is("mmx")) ClearXmm(&in);
  }
}

void Maker::ChooseSegments(Draft& d) {
  VectorIn& in = d.in;
  in.selectors[kEs] = in.selectors[kSs] = in.selectors[kDs] = FLAT_DATA;
  in.selectors[kCs] = FLAT_CODE;
  in.selectors[kFs] = random_.Percent(50) ? 0 : 0x07;
  in.selectors[kGs] = random_.Percent(50) ? 0 : kBasedData;
  if (!d.Is("segmem")) return;
  for (const int seg : {kDs, kEs, kFs, kGs})
    in.selectors[seg] = random_.Pick(kDataSelectors);
  if (random_.Percent(8)) {
    in.selectors[kSs] = kStackSegment;
    in.registers[kEsp] = 0x3000 + (random_.Below(64) << 2);
  }
  if (random_.Percent(8)) {
    in.selectors[kSs] = 0x0f;
    in.registers[kEsp] = random_.Below(2) != 0 ? random_.Below(8) : 0x800;
  }
}

void Maker::ChoosePrefixes(Draft& d) {
  if (d.opcode[2] == ':') {
    d.mandatory =
        static_cast<u8>(std::strtoul(d.opcode.substr(0, 2).c_str(), nullptr, 16));
    d.opcode.erase(0, 3);
  }
  d.operand16 = d.form.Has("v") && random_.Percent(30);
  if (d.HasModRm()) {
    d.memory = d.form.Has("mem") || (!d.form.Has("reg") && random_.Percent(50));
  }
  if (d.form.Has("L") && d.memory && random_.Percent(10)) d.lock = true;
  // Where it is not allowed: #UD.
  if (!d.form.Has("L") && d.form.Has("rm") && !d.Fpu() && !d.Simd() &&
      random_.Percent(1)) {
    d.lock = true;
  }
  if ((d.memory || d.Is("string")) && random_.Percent(d.Is("segmem") ? 60 : 8)) {
    d.override_ = static_cast<int>(random_.Below(6));
    const bool null_one = d.override_ >= kFs && d.in.selectors[d.override_] == 0;
    if (null_one && random_.Percent(80)) d.override_ = kDs;
  }
}

// ESI, EDI and ECX of string instructions: overlapping ranges, ranges that end in pages
// which are read-only or absent, 16-bit addresses.
void Maker::SetUpString(Draft& d) {
  VectorIn& in = d.in;
  u32& ecx = in.registers[kEcx];
  u32& esi = in.registers[kEsi];
  u32& edi = in.registers[kEdi];
  d.rep = random_.Percent(60);
  d.rep_byte = random_.Below(2) != 0 ? 0xf3 : 0xf2;
  ecx = d.rep && !random_.Percent(5) ? random_.Below(20) : random_.Value();
  esi = WORLD_DATA + random_.Below(0x5f00);
  edi = random_.Percent(50) ? WORLD_DATA + random_.Below(0x5f00)
                            : esi + random_.Below(16) - 8;
  if (random_.Percent(8)) edi = WORLD_DATA + 0x5ff0 + random_.Below(32);
  if (random_.Percent(8)) esi = WORLD_END - 16 + random_.Below(16);
  if (random_.Percent(4)) edi = WORLD_READ_ONLY + random_.Below(64);
  if (random_.Percent(3)) esi = 0x100000 + random_.Below(0x7000000);
  if (random_.Percent(20)) {
    d.address16 = true;
    in.selectors[kDs] = in.selectors[kEs] = kBasedData;
    esi -= WORLD_DATA;
    edi -= WORLD_DATA;
    if (random_.Percent(50)) {
      for (u32* r : {&ecx, &esi, &edi}) *r |= random_.Next() << 16;
    }
  }
  if (!random_.Percent(50)) return;
  // Something at the destination that comparisons run over.
  const u32 at = d.address16 ? WORLD_DATA + (edi & 0xffff) : edi;
  if (at < WORLD_DATA || at > WORLD_READ_ONLY - 64) return;
  Patch& p = AddPatch(d, at & ~3u, 32);
  const bool same = random_.Percent(50);
  for (u32 i = 0; i < 32; ++i) {
    p.bytes[i] = static_cast<u8>(same ? in.registers[kEax] : random_.Below(3));
  }
}

// -- the operand
// --------------------------------------------------------------------------

bool Maker::ChooseOperand(Draft& d) {
  const int group = d.form.Group();
  d.reg = group >= 0 ? static_cast<u32>(group) : random_.Below(8);
  if (d.form.Has("sreg")) {
    static constexpr u32 kMostly[] = {kEs, kDs, kFs, kGs, kEs, kDs, kSs, kSs};
    d.reg = random_.Percent(90) ? random_.Pick(kMostly) : random_.Below(8);
  }
  if (!d.HasModRm()) return true;
  return d.memory ? MemoryOperand(d) : RegisterOperand(d);
}

bool Maker::RegisterOperand(Draft& d) {
  const u32 rm = random_.Below(8);
  d.tail.push_back(static_cast<u8>(0xc0 | d.reg << 3 | rm));
  u32& value = d.in.registers[rm];
  if ((d.form.Has("selm") || d.form.Has("codeptr")) && rm == kEsp) return false;
  if (d.form.Has("selm")) value = (random_.Next() & 0xffff0000) | random_.Pick(kLoadable);
  if (d.form.Has("codeptr")) {
    value = random_.Percent(5)   ? WORLD_END + random_.Below(64)
            : random_.Percent(5) ? WORLD_DATA + random_.Below(64)
                                 : WORLD_CODE + 0x1800 + random_.Below(0x100);
  }
  return true;
}

// Mostly plain data; one time in ten the edges and what lies behind them.
u32 Maker::ChooseTarget(Draft& d) {
  u32 target = WORLD_DATA + random_.Below(0x5f00);
  if (d.form.Has("a16b") && !random_.Percent(10)) target &= ~15u;
  if (random_.Percent(60)) target &= ~7u;
  const u32 where = random_.Below(100);
  if (where < 3) {
    target = WORLD_READ_ONLY - 1 - random_.Below(16);
  } else if (where < 5) {
    target = WORLD_READ_ONLY + random_.Below(0xf00);
  } else if (where < 7) {
    target = WORLD_END - 1 - random_.Below(8);
  } else if (where < 8) {
    target = WORLD_END + random_.Below(0x1000);
  } else if (where < 9) {
    target = 0x100000 + random_.Below(0x7000000);
  }
  if (d.Is("segmem")) {
    target = WORLD_DATA + random_.Below(0x1100) - (random_.Percent(10) ? 32 : 0);
    if (random_.Percent(40)) target = WORLD_DATA + 0xfe0 + random_.Below(64);
  }
  return target;
}

bool Maker::MemoryOperand(Draft& d) {
  const u32 target = ChooseTarget(d);
  if (random_.Percent(5) || (d.Is("segmem") && random_.Percent(20))) {
    d.address16 = true;
    if (!d.Is("segmem")) {
      d.in.selectors[kDs] = kBasedData;
      d.override_ = kDs;
    }
  }
  d.address16 ? Encode16(d, target) : Encode32(d, target);
  FillTarget(d, target);
  if (d.form.Has("fxsave")) d.v.image = target;
  return !d.form.Has("bits") || d.form.Has("imm8") || SpreadBits(d);
}

// Chooses a form of address, then makes a register or the displacement fit the target.
void Maker::Encode16(Draft& d, u32 target) {
  static constexpr int kBase[] = {kEbx, kEbx, kEbp, kEbp, -1, -1, kEbp, kEbx};
  static constexpr int kIndex[] = {kEsi, kEdi, kEsi, kEdi, kEsi, kEdi, -1, -1};
  const u32 mod = random_.Below(3), rm = random_.Below(8);
  const bool direct = rm == 6 && mod == 0;
  const int base = direct ? -1 : kBase[rm], index = direct ? -1 : kIndex[rm];
  const u32 offset = target - BaseOf(d.SegmentFor(base == kEbp));
  u32 sum = 0, displacement = 0, bytes = 0;
  for (const int r : {base, index}) {
    if (r < 0) continue;
    sum += d.in.registers[r];
    d.base_or_index[r] = true;
  }
  if (direct || mod == 2) {
    displacement = offset - sum;
    bytes = 2;
  } else {
    if (mod == 1) {
      displacement = static_cast<u32>(static_cast<i8>(random_.Next()));
      bytes = 1;
    }
    u32& r = d.in.registers[base >= 0 ? base : index];
    r = (r & 0xffff0000) | ((r + offset - sum - displacement) & 0xffff);
  }
  d.tail.push_back(static_cast<u8>(mod << 6 | d.reg << 3 | rm));
  PutLong(&d.tail, displacement, bytes);
}

void Maker::Encode32(Draft& d, u32 target) {
  u32 mod = random_.Below(3);
  const u32 rm = random_.Below(8);
  u32 base = rm, scale = 0, sib = 0;
  int index = -1;
  if (rm == 4) {
    base = random_.Below(8);
    const u32 field = random_.Below(8);
    scale = random_.Below(4);
    sib = scale << 6 | field << 3 | base;
    if (field != 4) index = static_cast<int>(field);
  }
  const bool no_base = base == kEbp && mod == 0;
  // ESP must stay a stack, and a base that is also the index cannot be solved for.
  if (!no_base && (base == kEsp || static_cast<int>(base) == index)) mod = 2;
  const bool on_stack = !no_base && (base == kEsp || base == kEbp);
  const u32 offset = target - BaseOf(d.SegmentFor(on_stack));
  const u32 scaled = index >= 0 ? d.in.registers[index] << scale : 0;
  u32 displacement = 0, bytes = 0;
  if (no_base || mod == 2) {
    displacement = offset - scaled - (no_base ? 0 : d.in.registers[base]);
    bytes = 4;
  } else {
    if (mod == 1) {
      displacement = static_cast<u32>(static_cast<i8>(random_.Next()));
      bytes = 1;
    }
    d.in.registers[base] = offset - displacement - scaled;
  }
  if (!no_base) d.base_or_index[base] = true;
  if (index >= 0) d.base_or_index[index] = true;
  d.tail.push_back(static_cast<u8>(mod << 6 | d.reg << 3 | rm));
  if (rm == 4) d.tail.push_back(static_cast<u8>(sib));
  PutLong(&d.tail, displacement, bytes);
}

void Maker::FillTarget(Draft& d, u32 target) {
  if (target < WORLD_DATA || target + 64 > WORLD_READ_ONLY) return;
  const bool image = d.form.Has("fxrstor") || d.form.Has("fldenv");
  const bool unit = d.Fpu() || d.Simd();
  Patch& p = AddPatch(d, target, unit && !image ? 16 : 64);
  const bool plain = d.material() == Material::kAny && !unit;
  FillOperand(random_, plain ? Material::kIntegers : d.material(), p.bytes);
  if (d.form.Has("fxrstor")) FillFxImage(random_, p.bytes);
  if (d.form.Has("fldenv")) FillEnvironment(random_, d.operand16, p.bytes);
  if (d.form.Has("mxcsr")) {
    const u32 value = MxcsrOperand(random_);
    std::memcpy(p.bytes, &value, 4);
  }
  if (d.form.Has("selm")) {
    const u16 selector = random_.Pick(kLoadable);
    const u32 at = !d.form.Has("far") ? 0 : d.operand16 ? 2 : 4;
    std::memcpy(p.bytes + at, &selector, 2);
    if (d.Is("far")) {  // a pointer to jump through
      const u32 eip = WORLD_CODE + 0x1800 + random_.Below(0x100) - BaseOf(selector);
      if (random_.Percent(50)) std::memcpy(p.bytes, &eip, at);
    }
  }
  if (d.form.Has("codeptr")) {
    u32 eip = WORLD_CODE + 0x1800 + random_.Below(0x100);
    if (random_.Percent(5)) eip = WORLD_DATA + random_.Below(0x1000);
    if (random_.Percent(5)) eip = WORLD_END + random_.Below(0x100);
    std::memcpy(p.bytes, &eip, 4);
  }
}

// The register of BT and its kin names a bit some way off the operand. It cannot be part
// of the address at the same time.
bool Maker::SpreadBits(Draft& d) {
  if (d.reg == kEsp || d.base_or_index[d.reg]) return false;
  u32& r = d.in.registers[d.reg];
  r = (r & 0x1f) + (random_.Below(64) - 32) * 32;
  if (d.operand16 && random_.Percent(50)) r |= random_.Next() & 0x10000;
  return true;
}

// -- special settings
// ---------------------------------------------------------------------

void Maker::SpecialRegisters(Draft& d) {
  u32* const r = d.in.registers;
  const Form& form = d.form;
  if (form.Has("shift") && random_.Percent(70))
    r[kEcx] = (r[kEcx] & ~0xffu) | random_.Below(36);
  if (form.Has("div") && random_.Percent(60)) {
    r[kEdx] = random_.Percent(50)   ? random_.Below(16)
              : random_.Percent(50) ? 0
                                    : 0xffffffff;
    if (random_.Percent(50)) r[kEax] &= 0xffff;
  }
  if (form.Has("bcd") && random_.Percent(70)) {
    r[kEax] = (r[kEax] & 0xffff0000) | random_.Below(16) << 12 | random_.Below(10) << 8 |
              random_.Below(16) << 4 | random_.Below(16);
  }
  if (form.Has("loop") && random_.Percent(70)) {
    r[kEcx] = random_.Below(3) | (random_.Percent(30) ? 0x10000 : 0);
  }
  if (form.Has("stackhi")) {  // a stack at its page's end
    if (random_.Percent(10)) {
      r[kEsp] = random_.Percent(50) ? WORLD_STACK + random_.Below(16)
                                    : WORLD_DATA - random_.Below(16);
    }
    if (random_.Percent(5)) r[kEsp] = WORLD_READ_ONLY + random_.Below(16);
  }
  if (form.Has("maskmov")) r[kEdi] = ChooseTarget(d);
  if (form.Has("xlat")) r[kEbx] = WORLD_DATA + random_.Below(0x5000);
  if (form.Has("ebpstk")) {
    r[kEbp] = WORLD_STACK + 0x3000 + random_.Below(0x800);
    if (random_.Percent(8)) r[kEbp] = WORLD_END + random_.Below(16);
    if (random_.Percent(8)) r[kEbp] = random_.Value();
  }
  if (form.Has("entr")) r[kEbp] = WORLD_STACK + 0x3000 + random_.Below(0x200);
}

// A selector to jump through, and `offset` made relative to its segment.
u16 Maker::FarSelector(u32* offset) {
  const u16 selector = random_.Pick(kFarSelectors);
  *offset -= BaseOf(selector);
  return selector;
}

// What POP sreg, POPF, RET, RETF and IRET find.
bool Maker::FillStack(Draft& d) {
  const u32 esp = d.in.registers[kEsp];
  const bool near = d.form.Has("retstk"), iret = d.form.Has("iretstk");
  if (d.form.Has("popsel")) {
    Patch& p = AddPatch(d, esp, 16);
    for (u32 i = 0; i < 16; ++i) p.bytes[i] = static_cast<u8>(random_.Next());
    const u16 selector = random_.Pick(kLoadable);
    std::memcpy(p.bytes, &selector, 2);
  }
  if (near || iret || d.form.Has("retfar")) {
    const u32 word = d.operand16 ? 2 : 4;
    Patch& p = AddPatch(d, esp, 32);
    for (u32 i = 0; i < 32; ++i) p.bytes[i] = static_cast<u8>(random_.Next());
    u32 eip = WORLD_CODE + 0x1800 + random_.Below(0x100);
    if (random_.Percent(5)) eip = WORLD_END;
    if (random_.Percent(4)) eip = WORLD_DATA + 16;
    u16 cs = FLAT_CODE;
    if (!near && random_.Percent(50)) cs = FarSelector(&eip);
    std::memcpy(p.bytes, &eip, word);
    if (!near) std::memcpy(p.bytes + word, &cs, 2);
    if (iret) {
      const u32 eflags = random_.Next() & 0x3ffed7 & ~(kFlagTf | kFlagVm);
      std::memcpy(p.bytes + 2 * word, &eflags, word);
      // A 64-bit host refuses IRET with NT where a 32-bit one switches tasks.
      d.in.eflags &= ~kFlagNt;
    }
  }
  if (d.form.Has("popfl")) {
    Patch& p = AddPatch(d, esp, 4);
    const u32 eflags = random_.Next() & ~kFlagTf;
    std::memcpy(p.bytes, &eflags, 4);
  }
  if (d.form.Has("bound")) {
    if (d.in.patches == 0 || d.reg == kEsp || d.base_or_index[d.reg]) return false;
    const i32 low = -static_cast<i32>(random_.Below(100));
    const i32 high = static_cast<i32>(random_.Below(100));
    std::memcpy(d.in.patch[d.in.patches - 1].bytes, &low, 4);
    std::memcpy(d.in.patch[d.in.patches - 1].bytes + 4, &high, 4);
    d.in.registers[d.reg] = random_.Below(240) - 120;
  }
  return true;
}

// -- the encoding
// -------------------------------------------------------------------------

void Maker::Immediates(Draft& d) {
  std::vector<u8>& b = d.v.bytes;
  const Form& form = d.form;
  const u32 word = d.operand16 ? 2 : 4;
  const auto code = [&] { return WORLD_CODE + 0x1800 + random_.Below(0x100); };
  if (form.Has("imm8")) {
    b.push_back(static_cast<u8>(
        form.Has("shift") && random_.Percent(60) ? random_.Below(34) : random_.Value()));
  }
  if (form.Has("imm16")) {
    PutLong(&b, form.Has("smallimm") ? random_.Below(64) : random_.Value(), 2);
  }
  if (form.Has("immz")) PutLong(&b, random_.Value(), word);
  if (form.Has("moffs")) {
    PutLong(&b, random_.Below(0x7000) + (d.address16 ? 0 : WORLD_DATA),
            d.address16 ? 2 : 4);
  }
  if (form.Has("rel8")) b.push_back(static_cast<u8>(random_.Below(0x70) + 2));
  if (form.Has("relz")) {
    u32 by = 0x100 + random_.Below(0x400);
    if (random_.Percent(5)) by = WORLD_END - d.in.eip + random_.Below(64);
    if (random_.Percent(3)) by = random_.Next() & 0x7ffffff;
    PutLong(&b, by, word);
  }
  if (form.Has("entr")) {
    PutLong(&b, random_.Below(0x40), 2);
    b.push_back(static_cast<u8>(random_.Percent(60) ? 0 : random_.Below(6)));
  }
  if (form.Has("farimm")) {
    u32 eip = code();
    const u16 selector = FarSelector(&eip);
    if (random_.Percent(5)) eip = random_.Value();
    PutLong(&b, eip, word);
    PutLong(&b, selector, 2);
  }
  if (form.Has("intn")) {
    const u8 n = static_cast<u8>(random_.Next());
    b.push_back(n == 0x80 ? 0x81 : n);  // not the host's system call
  }
}

bool Maker::Assemble(Draft& d) {
  if (d.mandatory == 0x66 && d.operand16) return false;
  std::vector<u8> prefixes;
  if (d.lock) prefixes.push_back(0xf0);
  if (d.override_ >= 0) prefixes.push_back(kOverrides[d.override_]);
  if (d.operand16) prefixes.push_back(0x66);
  if (d.address16) prefixes.push_back(0x67);
  for (std::size_t i = prefixes.size(); i > 1; --i) {
    std::swap(prefixes[i - 1], prefixes[random_.Below(static_cast<u32>(i))]);
  }
  if (d.mandatory != 0) prefixes.push_back(d.mandatory);
  std::vector<u8>& b = d.v.bytes;
  b = prefixes;
  if (d.rep) b.push_back(d.rep_byte);
  for (std::size_t i = 0; i < d.opcode.size(); i += 2) {
    b.push_back(
        static_cast<u8>(std::strtoul(d.opcode.substr(i, 2).c_str(), nullptr, 16)));
  }
  if (d.form.Has("+r")) b.back() |= static_cast<u8>(random_.Below(8));
  b.insert(b.end(), d.tail.begin(), d.tail.end());
  d.in.eip = WORLD_CODE + 0x40 + random_.Below(0xf00);
  if (random_.Percent(1)) d.in.eip = WORLD_CODE_END - 16 + random_.Below(6);
  if (d.Is("alu") && random_.Percent(10))
    d.in.eip = WORLD_CODE + 0x1000 - random_.Below(8);
  Immediates(d);
  return b.size() <= 15;
}

// The code becomes the last patch. False: patches overlap or leave the world.
bool Maker::Place(Draft& d) {
  VectorIn& in = d.in;
  const u32 size = static_cast<u32>(d.v.bytes.size());
  // Where the INT3 behind it would be cut off, fewer vectors are wanted.
  if (in.eip + size + 1 > WORLD_CODE_END && !random_.Percent(30)) return false;
  if (in.patches >= MAX_PATCHES) return false;
  Patch& code = AddPatch(d, in.eip, std::min(size, WORLD_CODE_END - in.eip));
  std::copy_n(d.v.bytes.begin(), code.length, code.bytes);
  for (u32 i = 0; i < in.patches; ++i) {
    const Patch& p = in.patch[i];
    const u32 end = p.address + p.length;
    if (p.address < WORLD_CODE || end > WORLD_END) return false;
    if (p.address < WORLD_STACK && end > WORLD_CODE_END) return false;
    for (u32 j = 0; j < i; ++j) {
      const Patch& q = in.patch[j];
      if (p.address < q.address + q.length && q.address < end) return false;
    }
  }
  return true;
}

std::optional<Vector> Maker::Make(const Template& t) {
  Draft d(t);
  ChooseState(d);
  ChooseSegments(d);
  ChoosePrefixes(d);
  if (d.Is("string")) SetUpString(d);
  if (!ChooseOperand(d)) return std::nullopt;
  SpecialRegisters(d);
  if (!FillStack(d) || !Assemble(d) || !Place(d)) return std::nullopt;
  d.v.locked = d.lock;
  if (!DescribeVector(&d.v, d.reg)) return std::nullopt;
  return std::move(d.v);
}

}  // namespace lgx
