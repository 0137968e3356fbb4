// MOVS CMPS STOS LODS SCAS, with and without REP.
//
// An instruction runs as many elements as it has and as the next event allows; each
// counts as one instruction, and a fault leaves ECX, ESI and EDI at the element that
// faulted. Where both sides are plain memory, a run of elements goes straight over host
// memory, page by page.
#include <algorithm>
#include <cstring>

#include "cpu/cpu.h"
#include "cpu/slow_ops.h"

namespace lgx {
namespace {

// The state of one string instruction.
class StringOp {
 public:
  StringOp(Cpu& cpu, const Op& op)
      : cpu_(cpu),
        insn_(op.insn()),
        block_(*op.block()),
        size_((insn_.opcode & 1) != 0 ? insn_.operand_bytes : 1),
        step_((cpu.state.eflags_rest & kEflagsDf) != 0 ? 0u - size_ : size_),
        source_(static_cast<Seg>(op.seg)) {}

  u32 size() const { return size_; }
  bool backward() const { return step_ != size_; }
  Seg source() const { return source_; }

  u32 Index(Reg reg) const {
    return insn_.address_bytes == 4 ? cpu_.Gpr(reg) : cpu_.Gpr(reg) & 0xffff;
  }
  void Advance(Reg reg, u32 by) {
    if (insn_.address_bytes == 4) {
      cpu_.Gpr(reg) += by;
    } else {
      cpu_.WriteReg(reg, 2, cpu_.Gpr(reg) + by);
    }
  }
  void AdvanceOne(Reg reg) { Advance(reg, step_); }

  // Runs `element` as often as REP asks. `element` returns false on a fault; `stop`,
  // asked after each element, ends a REPE or REPNE early. `many` may do several elements
  // at once and returns how many (0: none possible here); it must not fault.
  template <typename Element, typename Stop, typename Many>
  Flow Repeat(Element element, Stop stop, Many many) {
    if (insn_.rep == 0) return element() ? Flow::kEnd : Flow::kFault;
    u64 done = 0;
    const u64 allowed = cpu_.IterationsLeft();
    // A repeated CMPS or SCAS changes the flags when it completes, not where it is broken
    // off by a fault or an event: the manual (REP) promises the flags from before it.
    const Flags before = cpu_.state.flags;
    while (true) {
      const u32 count = Index(kEcx);
      if (count == 0) break;
      if (done == allowed || !block_.alive) {
        // The rest follows after the event. A rep that has overwritten itself goes on
        // with what stands there now, as it would if an event had come between.
        cpu_.state.flags = before;
        cpu_.RepeatGoesOn();
        break;
      }
      const u32 run = many(static_cast<u32>(std::min<u64>(count, allowed - done)));
      if (run != 0) {
        Advance(kEcx, 0u - run);
        done += run;
        continue;
      }
      if (!element()) {
        cpu_.state.flags = before;
        cpu_.CountIterationsBeforeFault(done);
        return Flow::kFault;
      }
      Advance(kEcx, 0u - 1);
      ++done;
      if (stop()) break;
    }
    cpu_.CountIterations(done == 0 ? 1 : done);
    return Flow::kEnd;
  }

  // The flags of CMPS and SCAS.
  void Compare(u32 a, u32 b) {
    Flags& flags = cpu_.state.flags;
    if (size_ == 1) {
      flags.Sub(static_cast<u8>(a), static_cast<u8>(b));
    } else if (size_ == 2) {
      flags.Sub(static_cast<u16>(a), static_cast<u16>(b));
    } else {
      flags.Sub(a, b);
    }
  }
  // REPE goes on while equal, REPNE while not.
  bool ComparisonEnds() const { return cpu_.state.flags.Zf() != (insn_.rep == 0xf3); }

  // May elements be done in runs over host memory: flat addresses, upwards?
  bool RunsPossible(bool reads, bool writes) const {
    if (backward() || insn_.address_bytes != 4 || cpu_.ChecksAlignment()) return false;
    return (!reads || cpu_.segment(source_).IsFlat()) &&
           (!writes || cpu_.segment(Seg::kEs).IsFlatData());
  }
  // Elements from `lin` that end before their page does.
  u32 UntilPageEnd(u32 lin) const { return (kPageSize - (lin & kPageMask)) / size_; }

 private:
  Cpu& cpu_;
  const Insn& insn_;
  const Block& block_;
  u32 size_;
  u32 step_;
  Seg source_;
};

constexpr auto kNever = [] { return false; };
constexpr auto kOneByOne = [](u32) { return 0u; };

// Below this many elements the set-up of a run costs more than it saves.
constexpr u32 kWorthwhile = 2;

// Copies `count` elements upwards exactly as single elements would: a destination shortly
// behind its source repeats the bytes between them.
void CopyUp(u8* to, const u8* from, u32 bytes, u32 size) {
  const std::uintptr_t gap =
      reinterpret_cast<std::uintptr_t>(to) - reinterpret_cast<std::uintptr_t>(from);
  if (gap >= bytes) {  // also true where `to` lies below `from`: memmove is what we want
    std::memmove(to, from, bytes);
    return;
  }
  for (u32 i = 0; i < bytes; i += size) std::memmove(to + i, from + i, size);
}

}  // namespace

// MOVS (A4 A5). No flags.
Flow OpMovs(Cpu& cpu, const Op& op) {
  StringOp s(cpu, op);
  const auto element = [&] {
    u32 value = 0;
    if (!cpu.LoadOperand(s.source(), s.Index(kEsi), s.size(), &value) ||
        !cpu.StoreOperand(Seg::kEs, s.Index(kEdi), s.size(), value)) {
      return false;
    }
    s.AdvanceOne(kEsi);
    s.AdvanceOne(kEdi);
    return true;
  };
  if (!s.RunsPossible(true, true)) return s.Repeat(element, kNever, kOneByOne);
  return s.Repeat(element, kNever, [&](u32 most) {
    const u32 from = cpu.Gpr(kEsi), to = cpu.Gpr(kEdi);
    const u32 n = std::min({most, s.UntilPageEnd(from), s.UntilPageEnd(to)});
    if (n < kWorthwhile) return 0u;
    const u8* source = cpu.ReadCached(Lin(from));
    u8* target = cpu.WriteCached(Lin(to));
    if (source == nullptr || target == nullptr) return 0u;
    CopyUp(target, source, n * s.size(), s.size());
    s.Advance(kEsi, n * s.size());
    s.Advance(kEdi, n * s.size());
    return n;
  });
}

// STOS (AA AB). No flags.
Flow OpStos(Cpu& cpu, const Op& op) {
  StringOp s(cpu, op);
  const u32 value = cpu.ReadReg(kEax, s.size());
  const auto element = [&] {
    if (!cpu.StoreOperand(Seg::kEs, s.Index(kEdi), s.size(), value)) return false;
    s.AdvanceOne(kEdi);
    return true;
  };
  if (!s.RunsPossible(false, true)) return s.Repeat(element, kNever, kOneByOne);
  return s.Repeat(element, kNever, [&](u32 most) {
    const u32 to = cpu.Gpr(kEdi);
    const u32 n = std::min(most, s.UntilPageEnd(to));
    if (n < kWorthwhile) return 0u;
    u8* target = cpu.WriteCached(Lin(to));
    if (target == nullptr) return 0u;
    if (s.size() == 1 || value == (value & 0xff) * 0x01010101u) {
      std::memset(target, static_cast<int>(value & 0xff), n * s.size());
    } else {
      u8 raw[4];
      StoreLe<u32>(raw, value);
      for (u32 i = 0; i < n; ++i) std::memcpy(target + i * s.size(), raw, s.size());
    }
    s.Advance(kEdi, n * s.size());
    return n;
  });
}

// LODS (AC AD). No flags.
Flow OpLods(Cpu& cpu, const Op& op) {
  StringOp s(cpu, op);
  const auto element = [&] {
    u32 value = 0;
    if (!cpu.LoadOperand(s.source(), s.Index(kEsi), s.size(), &value)) return false;
    cpu.WriteReg(kEax, s.size(), value);
    s.AdvanceOne(kEsi);
    return true;
  };
  if (!s.RunsPossible(true, false)) return s.Repeat(element, kNever, kOneByOne);
  return s.Repeat(element, kNever, [&](u32 most) {
    const u32 from = cpu.Gpr(kEsi);
    const u32 n = std::min(most, s.UntilPageEnd(from));
    const u8* source = n < kWorthwhile ? nullptr : cpu.ReadCached(Lin(from));
    if (source == nullptr) return 0u;
    u8 raw[4] = {};
    std::memcpy(raw, source + (n - 1) * s.size(), s.size());
    cpu.WriteReg(kEax, s.size(), LoadLe<u32>(raw));
    s.Advance(kEsi, n * s.size());
    return n;
  });
}

// CMPS (A6 A7). Flags: as CMP [source], [ES:EDI].
Flow OpCmps(Cpu& cpu, const Op& op) {
  StringOp s(cpu, op);
  const auto element = [&] {
    u32 a = 0, b = 0;
    if (!cpu.LoadOperand(s.source(), s.Index(kEsi), s.size(), &a) ||
        !cpu.LoadOperand(Seg::kEs, s.Index(kEdi), s.size(), &b)) {
      return false;
    }
    s.AdvanceOne(kEsi);
    s.AdvanceOne(kEdi);
    s.Compare(a, b);
    return true;
  };
  const auto stop = [&] { return s.ComparisonEnds(); };
  if (!s.RunsPossible(true, true)) return s.Repeat(element, stop, kOneByOne);
  // Equal elements of a REPE are skipped in runs; the one that ends it goes alone.
  return s.Repeat(element, stop, [&](u32 most) {
    if (op.insn().rep != 0xf3 || most < 2) return 0u;
    const u32 a = cpu.Gpr(kEsi), b = cpu.Gpr(kEdi);
    const u32 n = std::min({most - 1, s.UntilPageEnd(a), s.UntilPageEnd(b)});
    const u8* left = cpu.ReadCached(Lin(a));
    const u8* right = cpu.ReadCached(Lin(b));
    if (n < kWorthwhile || left == nullptr || right == nullptr) return 0u;
    const u8* end = left + n * s.size();
    const u32 same = static_cast<u32>(std::mismatch(left, end, right).first - left);
    const u32 equal = same / s.size();
    if (equal == 0) return 0u;
    // The flags of the last equal element, in case the count ends here.
    cpu.state.flags.Sub<u32>(0, 0);
    s.Advance(kEsi, equal * s.size());
    s.Advance(kEdi, equal * s.size());
    return equal;
  });
}

// SCAS (AE AF). Flags: as CMP accumulator, [ES:EDI].
Flow OpScas(Cpu& cpu, const Op& op) {
  StringOp s(cpu, op);
  const u32 value = cpu.ReadReg(kEax, s.size());
  const auto element = [&] {
    u32 b = 0;
    if (!cpu.LoadOperand(Seg::kEs, s.Index(kEdi), s.size(), &b)) return false;
    s.AdvanceOne(kEdi);
    s.Compare(value, b);
    return true;
  };
  const auto stop = [&] { return s.ComparisonEnds(); };
  if (!s.RunsPossible(false, true) || s.size() != 1) {
    return s.Repeat(element, stop, kOneByOne);
  }
  // Bytes that let the instruction go on are skipped; the last one tried sets the flags.
  return s.Repeat(element, stop, [&](u32 most) {
    if (most < 2) return 0u;
    const u32 at = cpu.Gpr(kEdi);
    const u32 n = std::min(most - 1, s.UntilPageEnd(at));
    const u8* bytes = cpu.ReadCached(Lin(at));
    if (n < kWorthwhile || bytes == nullptr) return 0u;
    const u8 wanted = static_cast<u8>(value);
    u32 skip = n;
    if (op.insn().rep == 0xf2) {
      const void* hit = std::memchr(bytes, wanted, n);
      if (hit != nullptr) skip = static_cast<u32>(static_cast<const u8*>(hit) - bytes);
    } else {
      skip = 0;
      while (skip < n && bytes[skip] == wanted) ++skip;
    }
    if (skip == 0) return 0u;
    s.Compare(value, bytes[skip - 1]);
    s.Advance(kEdi, skip);
    return skip;
  });
}

}  // namespace lgx
