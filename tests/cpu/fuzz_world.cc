#include "tests/cpu/fuzz_world.h"

#include <algorithm>

#include "base/endian.h"
#include "tests/cpu/fuzz_code.h"

namespace lgx {
namespace {

constexpr u16 kCodeAttr =
    kAttrPresent | kAttrS | kAttrCode | kAttrReadable | kAttrAccessed;
constexpr u16 kDataAttr = kAttrPresent | kAttrS | kAttrWritable | kAttrAccessed;
constexpr u16 kBig = kAttrDb | kAttrG;

// The descriptor table: for each ring r 32-bit code and data, 16-bit code and data at
// kFirstOfRing + 4 r, then what follows.
constexpr u32 kFirstOfRing = 1, kTssIndex = 17, kTssOtherIndex = 18, kTss16Index = 19,
              kLdtIndex = 20, kGates = 21, kOdd = 32;

constexpr bool HasErrorCode(u32 vector) {
  return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

class Builder {
 public:
  explicit Builder(WorldChoices& choices)
      : c_(choices.registers), code_(choices.code), t_(choices.tables) {
    w_.memory.assign(FuzzWorld::kMemory, 0);
  }

  FuzzWorld Build() {
    ChooseMode();
    DescriptorTables();
    TaskStates();
    Gates();
    Handlers();
    for (u32 at = FuzzWorld::kData; at < FuzzWorld::kData + FuzzWorld::kDataBytes;
         at += 4)
      Long(at, t_.OneIn(4) ? Address(t_) : t_.Long());
    for (u32 page = 0; page < FuzzWorld::kCodeBytes; page += kPageSize) {
      const std::vector<u8> code = RandomCode(code_, w_.code32, kPageSize);
      std::copy(code.begin(), code.end(), w_.memory.begin() + FuzzWorld::kCode + page);
    }
    ControlRegisters();
    if (paging_) PageTables();
    Segments();
    Registers();
    if (c_.OneIn(4)) Damage();
    return std::move(w_);
  }

 private:
  void Long(u32 at, u32 v) { StoreLe<u32>(&w_.memory[at], v); }
  void Word(u32 at, u32 v) { StoreLe<u16>(&w_.memory[at], static_cast<u16>(v)); }
  void Put(u32 at, std::initializer_list<u32> bytes) {
    for (const u32 b : bytes) w_.memory[at++] = static_cast<u8>(b);
  }
  void Descriptor(u32 at, u32 base, u32 limit, u32 attr) {
    const u32 field = (attr & kAttrG) != 0 ? limit >> 12 : limit;
    Long(at, base << 16 | (field & 0xffff));
    Long(at + 4,
         (base & 0xff000000) | (base >> 16 & 0xff) | (field & 0xf0000) | attr << 8);
  }
  void Gate(u32 at, u32 selector, u32 offset, u32 type, u32 dpl, u32 count = 0) {
    Long(at, selector << 16 | (offset & 0xffff));
    Long(at + 4, (offset & 0xffff0000) | (0x80 | dpl << 5 | type) << 8 | count);
  }
  static u32 Address(Choices& c) {
    return c.OneIn(2) ? FuzzWorld::kData + c.Below(FuzzWorld::kDataBytes)
                      : FuzzWorld::kCode + c.Below(FuzzWorld::kCodeBytes);
  }

  void ChooseMode() {
    constexpr FuzzMode kModes[] = {FuzzMode::kProtected32, FuzzMode::kProtected32,
                                   FuzzMode::kProtected32, FuzzMode::kProtected32,
                                   FuzzMode::kProtected16, FuzzMode::kV86,
                                   FuzzMode::kReal};
    w_.mode = c_.Of(kModes);
    w_.ring = c_.Below(4);
    if (w_.mode == FuzzMode::kReal) w_.ring = 0;
    if (w_.mode == FuzzMode::kV86) w_.ring = 3;
    w_.code32 = w_.mode == FuzzMode::kProtected32;
    paging_ = w_.mode != FuzzMode::kReal && !c_.OneIn(3);
    pae_ = c_.OneIn(2);
  }

  void DescriptorTables() {
    constexpr u32 kAll = 0xffffffff;
    for (u32 ring = 0; ring < 4; ++ring) {
      const u32 at = FuzzWorld::kGdt + 8 * (kFirstOfRing + 4 * ring);
      const u32 dpl = ring << kAttrDplShift;
      Descriptor(at, 0, kAll, kCodeAttr | kBig | dpl);
      Descriptor(at + 8, 0, kAll, kDataAttr | kBig | dpl);
      Descriptor(at + 16, FuzzWorld::kCode, 0xffff, kCodeAttr | dpl);
      Descriptor(at + 24, FuzzWorld::kData - 0x1000, 0xffff, kDataAttr | dpl);
    }
    const auto system = [this](u32 index, u32 base, u32 limit, u32 type) {
      Descriptor(FuzzWorld::kGdt + 8 * index, base, limit,
                 kAttrPresent | type | t_.Below(4) << kAttrDplShift);
    };
    system(kTssIndex, FuzzWorld::kTss, 0x67 + t_.Below(0x100), kTypeTss32Busy);
    system(kTssOtherIndex, FuzzWorld::kTssOther, 0x67, kTypeTss32Available);
    system(kTss16Index, FuzzWorld::kTss16, 0x2b, kTypeTss16Available);
    system(kLdtIndex, FuzzWorld::kLdt, 8 * FuzzWorld::kLdtEntries - 1, kTypeLdt);
    for (u32 i = kGates; i < kOdd; ++i) {
      constexpr u8 kTypes[] = {kTypeCallGate32, kTypeCallGate32, kTypeCallGate16,
                               kTypeTaskGate};
      const u8 type = t_.Of(kTypes);
      const u32 target = type == kTypeTaskGate
                             ? 8 * (kTssOtherIndex + t_.Below(2))
                             : 8 * (kFirstOfRing + 4 * t_.Below(4) + 2 * t_.Below(2));
      Gate(FuzzWorld::kGdt + 8 * i, target, CodeOffset(), type, t_.Below(4), t_.Below(4));
    }
    for (u32 i = kOdd; i < FuzzWorld::kGdtEntries; ++i)
      OddDescriptor(FuzzWorld::kGdt + 8 * i);
    for (u32 i = 0; i < FuzzWorld::kLdtEntries; ++i)
      OddDescriptor(FuzzWorld::kLdt + 8 * i);
  }

  u32 CodeOffset() { return FuzzWorld::kCode + t_.Below(FuzzWorld::kCodeBytes); }

  // Any type, rights and size, with bases and limits around code and data.
  void OddDescriptor(u32 at) {
    constexpr u32 kBases[] = {0, FuzzWorld::kCode, FuzzWorld::kData,
                              FuzzWorld::kData + 1};
    constexpr u32 kLimits[] = {0xffffffff, 0xffff, 0x1fff, 0x20fff, 0, 0x10};
    const u32 attr = t_.Byte() | (t_.OneIn(8) ? 0 : kAttrPresent) |
                     (t_.OneIn(4) ? 0u : kAttrS) | (t_.Byte() & 0xc0u) << 8;
    Descriptor(at, t_.Of(kBases), t_.Of(kLimits), attr);
  }

  void TaskStates() {
    for (const u32 at : {FuzzWorld::kTss, FuzzWorld::kTssOther}) {
      for (u32 ring = 0; ring < 3; ++ring) {
        Long(at + 4 + 8 * ring, FuzzWorld::kStacks + 0x1000 * ring);
        Long(at + 8 + 8 * ring, 8 * (kFirstOfRing + 4 * ring + 1) + ring);
      }
      const u32 ring = t_.Below(4);
      const u32 code = 8 * (kFirstOfRing + 4 * ring) + ring;
      Long(at + 0x1c, FuzzWorld::kTables);
      Long(at + 0x20, CodeOffset());
      Long(at + 0x24, t_.Long() & 0x7fd7);
      for (u32 i = 0; i < 8; ++i) Long(at + 0x28 + 4 * i, Address(t_));
      for (u32 i = 0; i < 6; ++i) Long(at + 0x48 + 4 * i, i == 1 ? code : code + 8);
      Long(at + 0x60, t_.OneIn(2) ? 8 * kLdtIndex : 0);
      Long(at + 0x64, t_.OneIn(2) ? 0x680000 : t_.Long() & 0x00ff0001);
    }
    const u32 at = FuzzWorld::kTss16;
    for (u32 ring = 0; ring < 3; ++ring) {
      Word(at + 2 + 4 * ring, FuzzWorld::kStacks + 0x1000 * ring);
      Word(at + 4 + 4 * ring, 8 * (kFirstOfRing + 4 * ring + 1) + ring);
    }
    const u32 ring = t_.Below(4);
    Word(at + 0x0e, t_.Below(0x1000));
    Word(at + 0x10, t_.Word() & 0x7fd7);
    for (u32 i = 0; i < 8; ++i) Word(at + 0x12 + 2 * i, t_.Below(0x3000));
    for (u32 i = 0; i < 4; ++i)
      Word(at + 0x22 + 2 * i, 8 * (kFirstOfRing + 4 * ring + (i == 1 ? 2 : 3)) + ring);
  }

  void Gates() {
    for (u32 vector = 0; vector < 256; ++vector) {
      const u32 at = FuzzWorld::kIdt + 8 * vector;
      const u32 dpl = vector >= 0x20 ? t_.Below(4) : t_.OneIn(8) ? 3 : 0;
      const u32 trap = t_.Below(2);
      const u32 odd = t_.Below(64);
      if (odd == 0) {
        Gate(at, 8 * (kTssOtherIndex + t_.Below(2)), 0, kTypeTaskGate, dpl);
      } else if (odd == 1) {
        Gate(at, ChooseSelector(t_), CodeOffset(), kTypeInterruptGate32 + trap, dpl);
      } else if (odd == 2) {
        // 16-bit gate: an error code of two bytes.
        Gate(at, 8 * kFirstOfRing, FuzzWorld::kHandlers16 + 16 * vector,
             kTypeInterruptGate16 + trap, dpl);
      } else {
        Gate(at, 8 * kFirstOfRing, FuzzWorld::kHandlers + 16 * vector,
             kTypeInterruptGate32 + trap, dpl);
      }
      // Real mode: CS 0100 leads to the same handlers' 16-bit sisters.
      Long(4 * vector, 0x0100u << 16 | (FuzzWorld::kHandlers16 + 16 * vector - 0x1000));
    }
  }

  void Handlers() {
    for (u32 vector = 0; vector < 256; ++vector) {
      u32 at = FuzzWorld::kHandlers + 16 * vector;
      if (HasErrorCode(vector)) Put(at, {0x83, 0xc4, 0x04}), at += 3;  // ADD ESP, 4
      Put(at, {0xff, 0x04, 0x24, 0xcf});                               // INC [ESP]; IRET
      // By 32-bit code for 16-bit gates, by 16-bit code in real mode: both skip what they
      // see as the return address. PUSH BP; MOV BP, SP; INC word [BP+2]; POP BP; IRET
      at = FuzzWorld::kHandlers16 + 16 * vector;
      if (w_.mode == FuzzMode::kReal) {
        Put(at, {0x55, 0x89, 0xe5, 0xff, 0x46, 0x02, 0x5d, 0xcf});
      } else {
        if (HasErrorCode(vector)) Put(at, {0x83, 0xc4, 0x02}), at += 3;
        Put(at, {0x66, 0xff, 0x04, 0x24, 0x66, 0xcf});
      }
    }
  }

  void ControlRegisters() {
    CpuState& s = w_.state;
    s.cr0 = kCr0Et | (w_.mode == FuzzMode::kReal ? 0 : kCr0Pe) | (paging_ ? kCr0Pg : 0);
    constexpr u32 kFpuBits[] = {kCr0Mp, kCr0Em, kCr0Ts, kCr0Mp | kCr0Ts};
    constexpr u32 kChance[] = {kCr0Wp, kCr0Am, kCr0Ne};
    for (const u32 bit : kChance) s.cr0 |= c_.OneIn(2) ? bit : 0;
    if (c_.OneIn(8)) s.cr0 |= c_.Of(kFpuBits);
    s.cr4 = c_.Long() & (kCr4Tsd | kCr4De | kCr4Pse | kCr4Pge | kCr4Pce | kCr4Osfxsr |
                         kCr4Osxmmexcpt);
    if (pae_) s.cr4 |= kCr4Pae;
    if (pae_ && c_.OneIn(2)) s.efer |= kEferNxe;
    s.cr3 = FuzzWorld::kTables;
    s.gdtr = {FuzzWorld::kGdt, 8 * FuzzWorld::kGdtEntries - 1};
    s.idtr = {FuzzWorld::kIdt, 0x7ff};
    if (w_.mode == FuzzMode::kReal) s.idtr = {0, 0x3ff};
    s.tr.Set(8 * kTssIndex, FuzzWorld::kTss, 0x67 + c_.Below(0x100),
             kAttrPresent | kTypeTss32Busy);
    if (c_.OneIn(2)) {
      s.ldtr.Set(8 * kLdtIndex, FuzzWorld::kLdt, 8 * FuzzWorld::kLdtEntries - 1,
                 kAttrPresent | kTypeLdt);
    } else {
      s.ldtr.SetNull(0);
    }
    s.sysenter_cs = 8 * kFirstOfRing;
    s.sysenter_eip = CodeOffset();
    s.sysenter_esp = FuzzWorld::kStacks;
    if (c_.OneIn(8)) {
      for (u32 i = 0; i < 4; ++i) s.dr[i] = Address(c_);
      s.dr[7] = (c_.Long() & 0xffff03ff) | 0x400;
    }
  }

  // What a page may be: mostly everything.
  u32 Rights() {
    constexpr u32 kRights[] = {7,    7,    7, 7, 7, 7, 7,     0x67,
                               0x67, 0x67, 5, 3, 1, 0, 0x107, 0x27};
    return t_.Of(kRights);
  }

  void Entry(u32 at, u32 frame, u32 rights, bool no_execute) {
    if (pae_) {
      Long(at, frame | rights);
      Long(at + 4, no_execute ? 0x80000000 : 0);
    } else {
      Long(at, frame | rights);
    }
  }

  // Two levels: a directory and a table. PAE: pointers, a directory, two tables. The
  // machine's memory is mapped to itself, what lies above leads back into it.
  void PageTables() {
    const u32 size = pae_ ? 8 : 4;
    const u32 directory = FuzzWorld::kTables + (pae_ ? 0x1000 : 0);
    const u32 tables = directory + 0x1000;
    if (pae_) {
      for (u32 i = 0; i < 4; ++i) {
        w_.state.pdpte[i] = i == 0 || t_.OneIn(4) ? directory | 1u : 0u;
        StoreLe<u64>(&w_.memory[FuzzWorld::kTables + 8 * i], w_.state.pdpte[i]);
      }
    }
    const u32 directories = pae_ ? 2 : 1;
    for (u32 i = 0; i < directories; ++i)
      Entry(directory + size * i, tables + 0x1000 * i, 7, false);
    // Further entries: large pages, tables again, nothing.
    for (u32 i = directories; i < 8; ++i) {
      const u32 large = t_.OneIn(2) ? 0x80 : 0;
      Entry(directory + size * i, large != 0 ? 0 : tables, large | Rights(), t_.OneIn(8));
    }
    const u32 frames = FuzzWorld::kMemory / kPageSize;
    for (u32 page = 0; page < FuzzWorld::kMapped / kPageSize; ++page) {
      const bool system = page < FuzzWorld::kCode / kPageSize && !t_.OneIn(32);
      if (page < frames) {
        Entry(tables + size * page, page * kPageSize, system ? 7 : Rights(),
              !system && t_.OneIn(16));
      } else if (page < 2 * frames) {
        Entry(tables + size * page, t_.Below(frames + 1) * kPageSize, Rights(),
              t_.OneIn(16));
      }
    }
  }

  void Segments() {
    CpuState& s = w_.state;
    s.cpl = static_cast<u8>(w_.ring);
    if (w_.mode == FuzzMode::kReal || w_.mode == FuzzMode::kV86) {
      const u16 attr = static_cast<u16>(kDataAttr | w_.ring << kAttrDplShift);
      for (u32 i = 0; i < kSegments; ++i) {
        const u16 selector = i == 1   ? FuzzWorld::kCode >> 4
                             : i == 2 ? 0x0700
                                      : FuzzWorld::kData >> 4;
        s.seg[i].Set(selector, u32{selector} << 4, 0xffff, attr);
      }
      return;
    }
    for (u32 i = 0; i < kSegments; ++i) {
      if (i >= 4 && c_.OneIn(2)) {
        s.seg[i].SetNull(static_cast<u16>(c_.Below(4)));
        continue;
      }
      // A 16-bit program has 32-bit data now and then, and the other way round.
      const bool small = (w_.mode == FuzzMode::kProtected16) != (i != 1 && c_.OneIn(8));
      const u32 index = kFirstOfRing + 4 * w_.ring + (small ? 2 : 0) + (i == 1 ? 0 : 1);
      LoadFrom(&s.seg[i], index);
    }
  }

  void LoadFrom(Segment* segment, u32 index) {
    const u8* d = &w_.memory[FuzzWorld::kGdt + 8 * index];
    const u32 low = LoadLe<u32>(d), high = LoadLe<u32>(d + 4);
    const u32 attr = (high >> 8) & 0xf0ff;
    const u32 field = (low & 0xffff) | (high & 0xf0000);
    segment->Set(static_cast<u16>(8 * index + w_.ring),
                 (high & 0xff000000) | (high & 0xff) << 16 | low >> 16,
                 (attr & kAttrG) != 0 ? field << 12 | 0xfff : field,
                 static_cast<u16>(attr));
  }

  void Registers() {
    CpuState& s = w_.state;
    for (u32 i = 0; i < 8; ++i) {
      s.regs[i] = c_.OneIn(3) ? c_.Long() : c_.OneIn(2) ? c_.Below(64) : Address(c_);
      if (!w_.code32) s.regs[i] &= c_.OneIn(8) ? 0xffffffff : 0x3fff;
    }
    const bool small_stack = (s.seg[2].attr & kAttrDb) == 0;
    s.regs[kEsp] = small_stack ? 0x0ff0 : FuzzWorld::kStacks + 0x1000 * w_.ring;
    if (w_.mode == FuzzMode::kProtected16 && !small_stack) s.regs[kEsp] -= 0x100;
    const u32 base = s.seg[1].base;
    s.eip = FuzzWorld::kCode - base + (c_.OneIn(4) ? c_.Below(0x3000) : c_.Below(64));
    u32 eflags = kEflagsOne | (c_.Long() & kEflagsArithmetic);
    eflags |= c_.OneIn(2) ? kEflagsIf : 0;
    eflags |= c_.Below(4) << 12;
    constexpr u32 kSeldom[] = {kEflagsAc, kEflagsDf, kEflagsId,  kEflagsNt,
                               kEflagsRf, kEflagsTf, kEflagsVif, kEflagsVip};
    for (const u32 bit : kSeldom) eflags |= c_.OneIn(12) ? bit : 0;
    if (w_.mode == FuzzMode::kV86) eflags |= kEflagsVm;
    s.flags.SetArithmetic(eflags);
    s.eflags_rest = eflags & ~(kEflagsArithmetic | kEflagsOne);
    for (Float80& f : s.fpu.regs) f = ChooseFloat();
    s.fpu.valid = c_.OneIn(2) ? c_.Byte() : 0;
    if (c_.OneIn(4)) s.fpu.cw = static_cast<u16>((c_.Word() & 0x0f3f) | 0x40);
    for (auto& xmm : s.fpu.xmm)
      for (u8& b : xmm) b = c_.Byte();
    if (c_.OneIn(4)) s.fpu.mxcsr = c_.Word() & kMxcsrMask;
  }

  Float80 ChooseFloat() {
    constexpr u16 kExponents[] = {0,      1,      0x3ffe, 0x3fff, 0x4000,
                                  0x401e, 0x403e, 0x7ffe, 0x7fff};
    Float80 f;
    f.significand = u64{c_.Long()} << 32 | (c_.OneIn(2) ? 0 : c_.Long());
    if (!c_.OneIn(8)) f.significand |= u64{1} << 63;
    f.sign_exp = static_cast<u16>(c_.Of(kExponents) | (c_.OneIn(2) ? 0x8000 : 0));
    return f;
  }

  // A few bytes of the tables become anything.
  void Damage() {
    constexpr u32 kWhere[] = {FuzzWorld::kGdt,
                              FuzzWorld::kIdt,
                              FuzzWorld::kTss,
                              FuzzWorld::kTables,
                              FuzzWorld::kTables + 0x1000,
                              FuzzWorld::kTables + 0x2000};
    for (u32 n = 1 + t_.Below(6); n != 0; --n)
      w_.memory[t_.Of(kWhere) + t_.Below(0x400)] = t_.Byte();
  }

  Choices& c_;
  Choices& code_;
  Choices& t_;
  FuzzWorld w_;
  bool paging_ = false;
  bool pae_ = false;
};

}  // namespace

u16 ChooseSelector(Choices& c) {
  const u32 kind = c.Below(8);
  if (kind < 4) {
    const u32 ring = c.Below(4);
    return static_cast<u16>(8 * (kFirstOfRing + 4 * ring + c.Below(4)) + ring);
  }
  if (kind == 4) return static_cast<u16>(8 * (kTssIndex + c.Below(4)) + c.Below(4));
  if (kind == 5)
    return static_cast<u16>(8 * (kGates + c.Below(kOdd - kGates)) + c.Below(4));
  if (kind == 6) return static_cast<u16>(c.Below(0x240));
  return static_cast<u16>(8 * c.Below(FuzzWorld::kLdtEntries) + 4 + c.Below(4));
}

WorldChoices::WorldChoices(std::span<const u8> input)
    : registers(0, {}), code(0, {}), tables(0, {}) {
  constexpr std::size_t kSeed = 8, kRegisters = 56;
  u64 seed = 0;
  for (const u8 b : input.first(std::min(input.size(), kSeed))) seed = seed << 8 | b;
  input = input.subspan(std::min(input.size(), kSeed));
  const std::size_t split = std::min(input.size(), kRegisters);
  registers = Choices(seed, input.first(split));
  code = Choices(seed + 1, input.subspan(split));
  tables = Choices(seed + 2, {});
}

FuzzWorld MakeWorld(WorldChoices& choices) { return Builder(choices).Build(); }

}  // namespace lgx
