#include "kernel/clock.h"

#include "common/text.h"
#include "kernel/lguest.h"
#include "kernel/scheduler.h"
#include "kernel/traps.h"

enum { kClockIrq = 0 };
enum { kTimeSlice = 10000 };       // microseconds
enum { kLongestDelay = 4000000 };  // microseconds: the Host takes 32 bits of nanoseconds

static u64 boot_tsc;
static u32 boot_seconds;
static u32 tsc_scale;   // microseconds per tick, times 2^32
static u64 alarm_time;  // when the Host will interrupt us; 0: it will not

static u64 ReadTsc(void) {
  u32 low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (u64)high << 32 | low;
}

// Without a usable counter there is only the wall clock that the Host writes down
// whenever it delivers an interrupt. Seconds are read again, in case that happened in
// between.
static u64 HostMicroseconds(void) {
  u32 seconds, nanoseconds;
  do {
    seconds = lguest_data.time_sec;
    nanoseconds = lguest_data.time_nsec;
  } while (seconds != lguest_data.time_sec);
  return (u64)(seconds - boot_seconds) * 1000000 + nanoseconds / 1000;
}

u64 Microseconds(void) {
  if (!tsc_scale) return HostMicroseconds();
  u64 ticks = ReadTsc() - boot_tsc;
  return (ticks >> 32) * tsc_scale + ((u32)ticks * (u64)tsc_scale >> 32);
}

u32 WallSeconds(void) {
  return boot_seconds + (u32)Divide(Microseconds(), 1000000, NULL);
}

void UpdateClock(void) {
  u64 now = Microseconds();
  u64 next = WakeSleepers(now);
  if (OthersAreReady() && (!next || next > now + kTimeSlice)) next = now + kTimeSlice;
  // An alarm that comes too early does no harm: we come back here. So nothing is done for
  // a later one, and a process that is switched to a thousand times per slice asks the
  // Host only once.
  if (!next || (alarm_time && alarm_time <= next)) return;
  u64 delay = next - now < kLongestDelay ? next - now : kLongestDelay;
  alarm_time = now + delay;
  Hypercall(kHcSetClockevent, (u32)delay * 1000, 0, 0, 0);
}

static void HandleClockInterrupt(void) {
  alarm_time = 0;
  if (OthersAreReady()) reschedule = true;
  UpdateClock();
}

void InitClock(void) {
  boot_seconds = lguest_data.time_sec;
  boot_tsc = ReadTsc();
  // 2^32 * 1000 / kHz has to fit into 32 bits.
  if (lguest_data.tsc_khz > 1000) {
    tsc_scale = (u32)Divide((u64)1000 << 32, lguest_data.tsc_khz, NULL);
  }
  SetInterruptHandler(kClockIrq, HandleClockInterrupt);
}
