#include "machine/clock.h"

namespace lgx {
namespace {

constexpr u64 kNsPerSecond = 1'000'000'000;

// a * b / c for a / c up to some centuries; rounded down.
u64 Scale(u64 a, u64 b, u64 c) { return a / c * b + a % c * b / c; }

}  // namespace

u64 VirtualClock::WholeNs(u64 rate) {
  return kNsPerSecond % rate == 0 ? kNsPerSecond / rate : 0;
}

u64 VirtualClock::NowNs() const {
  if (tick_ns_ != 0) return Ticks() * tick_ns_;
  return Scale(Ticks(), kNsPerSecond, rate_);
}

u64 VirtualClock::TicksAt(u64 ns) const {
  if (ns == asked_ns_) return asked_ticks_;
  u64 ticks = Scale(ns, rate_, kNsPerSecond);
  while (Scale(ticks, kNsPerSecond, rate_) < ns) ++ticks;
  asked_ns_ = ns;
  asked_ticks_ = ticks;
  return ticks;
}

void VirtualClock::SkipToTick(u64 target) {
  const u64 now = Ticks();
  if (target <= now) return;
  skipped_ += target - now;
  cpu_.set_tsc_offset(skipped_);
}

HostClock::WallTime VirtualClock::Wall() const {
  const u64 ns = NowNs();
  return {static_cast<u32>(epoch_ + static_cast<i64>(ns / kNsPerSecond)),
          static_cast<u32>(ns % kNsPerSecond)};
}

}  // namespace lgx
