// The one virtual clock: retired instructions, plus the time a halted Guest slept
// through.
//
// TSC, wall clock, clock events and the Host's timer all come from it, so a Guest that
// compares them finds them equal, and every run of the same input is the same run.
#ifndef LGX_MACHINE_CLOCK_H_
#define LGX_MACHINE_CLOCK_H_

#include "cpu/cpu.h"
#include "hypercalls/host_parts.h"

namespace lgx {

//: time.010 One clock
// Time here is the number of instructions that have retired, at so many per second. An
// emulator could ask the host for the time instead, and then no two runs would be alike:
// an interrupt would hit another instruction each time. It also has to be one clock for
// everything. A kernel checks the cycle counter against the timer and the timer against
// the time of day, and stops trusting one of them if they drift.
//:
class VirtualClock final : public HostClock {
 public:
  // A tick is the time of one instruction. `epoch` is the wall clock at the start, in
  // seconds since 1970. `cpu` outlives the clock.
  VirtualClock(Cpu& cpu, u64 ticks_per_second, i64 epoch)
      : cpu_(cpu),
        rate_(ticks_per_second),
        epoch_(epoch),
        tick_ns_(WholeNs(ticks_per_second)) {}

  u64 Ticks() const { return cpu_.retired() + skipped_; }
  u64 TicksPerSecond() const { return rate_; }
  // The first tick at which NowNs() has reached `ns`.
  u64 TicksAt(u64 ns) const;
  // The retired-instruction count at which Ticks() is `ticks`, if nothing is skipped
  // until then; 0 for the past.
  u64 RetiredAt(u64 ticks) const { return ticks > skipped_ ? ticks - skipped_ : 0; }
  // Time passes without instructions, up to `ns`. Not backwards.
  void SkipTo(u64 ns) { SkipToTick(TicksAt(ns)); }
  void SkipToTick(u64 target);
  // For snapshots: all the time that was skipped. Ticks may go back here.
  u64 skipped() const { return skipped_; }
  void set_skipped(u64 ticks) {
    skipped_ = ticks;
    cpu_.set_tsc_offset(ticks);
  }

  u64 NowNs() const override;
  WallTime Wall() const override;
  u32 TscKhz() const override { return static_cast<u32>(rate_ / 1000); }

 private:
  // The nanoseconds of a tick, if they are a whole number; else 0.
  static u64 WholeNs(u64 rate);

  Cpu& cpu_;
  u64 rate_;
  i64 epoch_;
  u64 skipped_ = 0;
  u64 tick_ns_;
  // What TicksAt was last asked: it is asked for the same alarm again and again.
  mutable u64 asked_ns_ = 0;
  mutable u64 asked_ticks_ = 0;
};

}  // namespace lgx

#endif  // LGX_MACHINE_CLOCK_H_
