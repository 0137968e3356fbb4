// Generation B: 2.6.24. First virtio, kernel and user halves told apart.
#ifndef LGX_HYPERCALLS_ABI_B_H_
#define LGX_HYPERCALLS_ABI_B_H_

#include <cstddef>

#include "hypercalls/abi.h"

namespace lgx {

// C and D have it unchanged.
struct LguestDataB {
  u32 irq_enabled;
  u32 blocked_interrupts;
  u32 cr2;
  u32 tv_sec, tv_nsec;
  u8 hcall_status[kRingSize];
  u32 hcalls[kRingSize][4];
  u32 reserve_mem;
  u32 tsc_khz;
  u32 pgdir;
  u32 noirq_start, noirq_end;
  u32 kernel_address;
  u32 syscall_vec;
};

inline constexpr Abi kAbiB = {
    .letter = 'B',
    .supported = true,
    .data = {.irq_enabled = offsetof(LguestDataB, irq_enabled),
             .blocked_interrupts = offsetof(LguestDataB, blocked_interrupts),
             .cr2 = offsetof(LguestDataB, cr2),
             .tv_sec = offsetof(LguestDataB, tv_sec),
             .tv_nsec = offsetof(LguestDataB, tv_nsec),
             .irq_pending = kAbsentField,
             .hcall_status = offsetof(LguestDataB, hcall_status),
             .hcalls = offsetof(LguestDataB, hcalls),
             .reserve_mem = offsetof(LguestDataB, reserve_mem),
             .tsc_khz = offsetof(LguestDataB, tsc_khz),
             .pgdir = offsetof(LguestDataB, pgdir),
             .noirq_start = offsetof(LguestDataB, noirq_start),
             .noirq_end = offsetof(LguestDataB, noirq_end),
             .noirq_iret = kAbsentField,
             .kernel_address = offsetof(LguestDataB, kernel_address),
             .syscall_vec = offsetof(LguestDataB, syscall_vec),
             .size = sizeof(LguestDataB)},
    .calls = {Call::kFlushAsync,         // 0
              Call::kLguestInit,         // 1
              Call::kShutdown,           // 2, still called CRASH
              Call::kLoadGdt,            // 3
              Call::kNewPgtable,         // 4
              Call::kFlushTlb,           // 5
              Call::kLoadIdtEntry,       // 6
              Call::kSetStack,           // 7
              Call::kTs,                 // 8
              Call::kSetClockevent,      // 9
              Call::kHalt,               // 10
              Call::kUnknown,            // 11
              Call::kUnknown,            // 12
              Call::kUnknown,            // 13
              Call::kSetPte,             // 14
              Call::kSetPgd,             // 15, then called SET_PMD
              Call::kLoadTls,            // 16
              Call::kNotify},            // 17
    .registers = {3, 1, 2, kAbsentArg},  // EDX, EBX, ECX
    .ring = {3, 1, 2, kAbsentArg},       // the order of the saved registers
    .ring_words = 4,
    .exact_in = false,
    .device_fields = true,
    .knows_pae = false,
};

static_assert(kAbiB.data.irq_enabled == 0 && kAbiB.data.blocked_interrupts == 4);
static_assert(kAbiB.data.cr2 == 8 && kAbiB.data.tv_sec == 12 && kAbiB.data.tv_nsec == 16);
static_assert(kAbiB.data.hcall_status == 20 && kAbiB.data.hcalls == 84);
static_assert(kAbiB.data.reserve_mem == 1108 && kAbiB.data.tsc_khz == 1112);
static_assert(kAbiB.data.pgdir == 1116);
static_assert(kAbiB.data.noirq_start == 1120 && kAbiB.data.noirq_end == 1124);
static_assert(kAbiB.data.kernel_address == 1128 && kAbiB.data.syscall_vec == 1132);
static_assert(kAbiB.data.size == 1136);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_ABI_B_H_
