// Generation F: 3.1 to 3.19. The Guest keeps CR3 itself, so `pgdir` is gone.
#ifndef LGX_HYPERCALLS_ABI_F_H_
#define LGX_HYPERCALLS_ABI_F_H_

#include <cstddef>

#include "hypercalls/abi_r.h"

namespace lgx {

struct LguestDataF {
  u32 irq_enabled;
  u32 blocked_interrupts;
  u32 cr2;
  u32 tv_sec, tv_nsec;
  u32 irq_pending;
  u8 hcall_status[kRingSize];
  u32 hcalls[kRingSize][5];
  u32 reserve_mem;
  u32 tsc_khz;
  u32 noirq_start, noirq_end;
  u32 kernel_address;
  u32 syscall_vec;
};

inline constexpr Abi kAbiF = {
    .letter = 'F',
    .supported = true,
    .data = {.irq_enabled = offsetof(LguestDataF, irq_enabled),
             .blocked_interrupts = offsetof(LguestDataF, blocked_interrupts),
             .cr2 = offsetof(LguestDataF, cr2),
             .tv_sec = offsetof(LguestDataF, tv_sec),
             .tv_nsec = offsetof(LguestDataF, tv_nsec),
             .irq_pending = offsetof(LguestDataF, irq_pending),
             .hcall_status = offsetof(LguestDataF, hcall_status),
             .hcalls = offsetof(LguestDataF, hcalls),
             .reserve_mem = offsetof(LguestDataF, reserve_mem),
             .tsc_khz = offsetof(LguestDataF, tsc_khz),
             .pgdir = kAbsentField,
             .noirq_start = offsetof(LguestDataF, noirq_start),
             .noirq_end = offsetof(LguestDataF, noirq_end),
             .noirq_iret = kAbsentField,
             .kernel_address = offsetof(LguestDataF, kernel_address),
             .syscall_vec = offsetof(LguestDataF, syscall_vec),
             .size = sizeof(LguestDataF)},
    .calls = kAbiR.calls,
    .registers = kAbiR.registers,
    .ring = kAbiR.ring,
    .ring_words = kAbiR.ring_words,
    .exact_in = true,
};

static_assert(kAbiF.data.irq_enabled == 0 && kAbiF.data.blocked_interrupts == 4);
static_assert(kAbiF.data.cr2 == 8 && kAbiF.data.tv_sec == 12 && kAbiF.data.tv_nsec == 16);
static_assert(kAbiF.data.irq_pending == 20);
static_assert(kAbiF.data.hcall_status == 24 && kAbiF.data.hcalls == 88);
static_assert(kAbiF.data.reserve_mem == 1368 && kAbiF.data.tsc_khz == 1372);
static_assert(kAbiF.data.noirq_start == 1376 && kAbiF.data.noirq_end == 1380);
static_assert(kAbiF.data.kernel_address == 1384 && kAbiF.data.syscall_vec == 1388);
static_assert(kAbiF.data.size == 1392);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_ABI_F_H_
