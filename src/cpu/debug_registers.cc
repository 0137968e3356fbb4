// Debug registers: four breakpoints on instructions, data or ports, and the reasons of a
// debug exception (SDM volume 3, "Debug Registers" and "Debug Exceptions").
//
// Nothing here costs a program that sets no breakpoint: with one enabled, instructions
// run one at a time, and with one on data every access takes the slow path, which asks
// MatchData. Faults are those of MOV DRn with DR7.GD set; all else comes between
// instructions, as a trap of the last one or as a breakpoint on the next.
#include "cpu/cpu.h"
#include "cpu/slow_ops.h"

namespace lgx {
namespace {

constexpr u32 kBreakpoints = 4;

enum class Watch : u8 { kCode = 0, kWrites = 1, kPorts = 2, kReadsAndWrites = 3 };

// One of the four, as DR7 describes it.
//   bits 2n, 2n+1     Ln, Gn: enabled for this task, for all tasks
//   bits 16+4n ...    R/Wn (two bits), LENn (two bits: 1, 2, 8, 4 bytes)
struct Breakpoint {
  bool enabled;
  Watch watch;
  u32 first;
  u32 size;

  bool Covers(u32 at, u32 len) const { return at - first < size || first - at < len; }
};

Breakpoint BreakpointOf(const CpuState& s, u32 n) {
  static constexpr u32 kSizes[4] = {1, 2, 8, 4};
  const u32 control = s.dr[7] >> (16 + 4 * n) & 15;
  Breakpoint b;
  b.watch = static_cast<Watch>(control & 3);
  // Without CR4.DE there are no breakpoints on ports.
  const bool exists = b.watch != Watch::kPorts || (s.cr4 & kCr4De) != 0;
  b.enabled = exists && (s.dr[7] >> (2 * n) & 3) != 0;
  b.size = b.watch == Watch::kCode ? 1 : kSizes[control >> 2];
  b.first = s.dr[n] & ~(b.size - 1);
  return b;
}

// DR6 bits of the enabled breakpoints for which `fits` holds.
template <typename Fits>
u32 Matching(const CpuState& s, Fits fits) {
  u32 hits = 0;
  for (u32 n = 0; n < kBreakpoints; ++n) {
    const Breakpoint b = BreakpointOf(s, n);
    if (b.enabled && fits(b)) hits |= 1u << n;
  }
  return hits;
}

}  // namespace

void Cpu::DebugChanged() {
  const auto any = [this](auto fits) { return Matching(state, fits) != 0; };
  watches_code_ = any([](const Breakpoint& b) { return b.watch == Watch::kCode; });
  watches_ports_ = any([](const Breakpoint& b) { return b.watch == Watch::kPorts; });
  watches_data_ = any([](const Breakpoint& b) {
    return b.watch == Watch::kWrites || b.watch == Watch::kReadsAndWrites;
  });
  stepping_ = uncached_ || watches_code_ || watches_ports_ || watches_data_;
  ChooseTlb();
  ModeChanged();
}

void Cpu::MatchData(Lin at, u32 len, bool write) {
  debug_hits_ |= Matching(state, [&](const Breakpoint& b) {
    const bool watched =
        b.watch == Watch::kReadsAndWrites || (write && b.watch == Watch::kWrites);
    return watched && b.Covers(at.value, len);
  });
}

void Cpu::MatchPort(u16 port, u32 bytes) {
  debug_hits_ |= Matching(state, [&](const Breakpoint& b) {
    return b.watch == Watch::kPorts && b.Covers(port, bytes);
  });
}

// Is there a breakpoint on the instruction at CS:EIP that RF does not pass over? Then its
// #DB is due. None is met right after a load of SS.
bool Cpu::MeetsBreakpoint() {
  if (ResumeFlag() || state.trap_shadow) return false;
  const u32 at = segment(Seg::kCs).base + state.eip;
  debug_trap_ |= Matching(state, [at](const Breakpoint& b) {
    return b.watch == Watch::kCode && b.first == at;
  });
  return debug_trap_ != 0;
}

// The instruction that ran has come to its end, or an event has been delivered: what it
// met counts, unless it faulted.
void Cpu::SettleDebug() {
  if (!fault_waiting_) debug_trap_ |= debug_hits_;
  debug_hits_ = 0;
  if (resume_pending_) resume_at_ = retired_;
  event_delivered_ = false;
  resume_pending_ = false;
}

// DR6 names the breakpoints of this exception and collects the other reasons; the debug
// registers are open to the handler.
void Cpu::EnterDebug(u32 dr6) {
  state.dr[6] = (state.dr[6] & ~kDr6Breakpoints) | dr6;
  state.dr[7] &= ~kDr7Gd;
}

// False: Run() must stop.
bool Cpu::DeliverDebugTrap() {
  Event event;
  event.kind = EventKind::kTrap;
  event.fault.vector = kVectorDb;
  event.eip = state.eip;
  EnterDebug(debug_trap_);
  debug_trap_ = 0;
  state.halted = false;
  if (stop_at_events_) return StopAt(event);
  if (Deliver(event)) return true;
  return stop_ == StopReason::kNone;  // another fault came up: it is next
}

Flow Cpu::RaiseDebug(u32 dr6) {
  fault_dr6_ = dr6;
  return Raise(kVectorDb);
}

namespace {

// DR4 and DR5 are DR6 and DR7 unless CR4.DE; any access faults while DR7.GD is set.
Flow CheckDebugRegister(Cpu& cpu, u8* which) {
  if (*which == 4 || *which == 5) {
    if ((cpu.state.cr4 & kCr4De) != 0) return cpu.Raise(kVectorUd);
    *which = static_cast<u8>(*which + 2);
  }
  if (cpu.state.cpl != 0) return cpu.Raise(kVectorGp, 0);
  if ((cpu.state.dr[7] & kDr7Gd) != 0) return cpu.RaiseDebug(kDr6Bd);
  return Flow::kNext;
}

}  // namespace

// MOV r32, DRn (0F21). Faults: #UD (DR4, DR5 with CR4.DE), #GP(0), #DB (DR7.GD).
Flow OpMovFromDr(Cpu& cpu, const Op& op) {
  u8 which = op.insn().Reg();
  if (const Flow flow = CheckDebugRegister(cpu, &which); flow != Flow::kNext) return flow;
  cpu.Gpr(op.insn().Rm()) = cpu.state.dr[which];
  return Flow::kNext;
}

// MOV DRn, r32 (0F23). Faults: as above. Reserved bits keep their fixed values.
Flow OpMovToDr(Cpu& cpu, const Op& op) {
  constexpr u32 kDr6Writable = kDr6Breakpoints | kDr6Bd | kDr6Bs | kDr6Bt;
  constexpr u32 kDr7Writable = 0xffff23ff;
  u8 which = op.insn().Reg();
  if (const Flow flow = CheckDebugRegister(cpu, &which); flow != Flow::kNext) return flow;
  u32 value = cpu.Gpr(op.insn().Rm());
  if (which == 6) value = (value & kDr6Writable) | kDr6Ones;
  if (which == 7) value = (value & kDr7Writable) | kDr7Ones;
  cpu.state.dr[which] = value;
  cpu.DebugChanged();
  return Flow::kEnd;
}

}  // namespace lgx
