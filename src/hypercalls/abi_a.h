// Generation A: 2.6.23. Its own bus instead of virtio, arguments from EDX.
#ifndef LGX_HYPERCALLS_ABI_A_H_
#define LGX_HYPERCALLS_ABI_A_H_

#include <cstddef>

#include "hypercalls/abi.h"

namespace lgx {

struct LguestDataA {
  u32 irq_enabled;
  u32 blocked_interrupts;
  u32 cr2;
  u32 tv_sec, tv_nsec;
  u8 hcall_status[kRingSize];
  u32 hcalls[kRingSize][4];
  u32 reserve_mem;
  u16 guestid;
  u32 tsc_khz;
  u32 noirq_start, noirq_end;
};

inline constexpr Abi kAbiA = {
    .letter = 'A',
    .supported = false,
    .data = {.irq_enabled = offsetof(LguestDataA, irq_enabled),
             .blocked_interrupts = offsetof(LguestDataA, blocked_interrupts),
             .cr2 = offsetof(LguestDataA, cr2),
             .tv_sec = offsetof(LguestDataA, tv_sec),
             .tv_nsec = offsetof(LguestDataA, tv_nsec),
             .irq_pending = kAbsentField,
             .hcall_status = offsetof(LguestDataA, hcall_status),
             .hcalls = offsetof(LguestDataA, hcalls),
             .reserve_mem = offsetof(LguestDataA, reserve_mem),
             .tsc_khz = offsetof(LguestDataA, tsc_khz),
             .pgdir = kAbsentField,
             .noirq_start = offsetof(LguestDataA, noirq_start),
             .noirq_end = offsetof(LguestDataA, noirq_end),
             .noirq_iret = kAbsentField,
             .kernel_address = kAbsentField,
             .syscall_vec = kAbsentField,
             .size = sizeof(LguestDataA)},
    .calls = {Call::kFlushAsync,         // 0
              Call::kLguestInit,         // 1
              Call::kShutdown,           // 2, then called CRASH: a text and no reason
              Call::kLoadGdt,            // 3
              Call::kNewPgtable,         // 4
              Call::kFlushTlb,           // 5
              Call::kLoadIdtEntry,       // 6
              Call::kSetStack,           // 7
              Call::kTs,                 // 8
              Call::kSetClockevent,      // 9
              Call::kHalt,               // 10
              Call::kUnknown,            // 11
              Call::kBindDma,            // 12
              Call::kSendDma,            // 13
              Call::kSetPte,             // 14
              Call::kSetPgd,             // 15, then called SET_PMD
              Call::kLoadTls},           // 16
    .registers = {3, 1, 2, kAbsentArg},  // EDX, EBX, ECX
    .ring = {1, 2, 3, kAbsentArg},
    .ring_words = 4,
    .exact_in = false,
    .knows_pae = false,
};

static_assert(kAbiA.data.irq_enabled == 0 && kAbiA.data.blocked_interrupts == 4);
static_assert(kAbiA.data.cr2 == 8 && kAbiA.data.tv_sec == 12 && kAbiA.data.tv_nsec == 16);
static_assert(kAbiA.data.hcall_status == 20 && kAbiA.data.hcalls == 84);
static_assert(kAbiA.data.reserve_mem == 1108 && offsetof(LguestDataA, guestid) == 1112);
static_assert(kAbiA.data.tsc_khz == 1116);
static_assert(kAbiA.data.noirq_start == 1120 && kAbiA.data.noirq_end == 1124);
static_assert(kAbiA.data.size == 1128);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_ABI_A_H_
