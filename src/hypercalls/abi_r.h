// Generation R: 2.6.31 to about 2.6.33, the reference (host-04). vmcall, five-word calls,
// PAE.
#ifndef LGX_HYPERCALLS_ABI_R_H_
#define LGX_HYPERCALLS_ABI_R_H_

#include <cstddef>

#include "hypercalls/abi.h"

namespace lgx {

// E has it unchanged.
struct LguestDataR {
  u32 irq_enabled;
  u32 blocked_interrupts;
  u32 cr2;
  u32 tv_sec, tv_nsec;
  u32 irq_pending;
  u8 hcall_status[kRingSize];
  u32 hcalls[kRingSize][5];
  u32 reserve_mem;
  u32 tsc_khz;
  u32 pgdir;
  u32 noirq_start, noirq_end;
  u32 kernel_address;
  u32 syscall_vec;
};

inline constexpr Abi kAbiR = {
    .letter = 'R',
    .supported = true,
    .data = {.irq_enabled = offsetof(LguestDataR, irq_enabled),
             .blocked_interrupts = offsetof(LguestDataR, blocked_interrupts),
             .cr2 = offsetof(LguestDataR, cr2),
             .tv_sec = offsetof(LguestDataR, tv_sec),
             .tv_nsec = offsetof(LguestDataR, tv_nsec),
             .irq_pending = offsetof(LguestDataR, irq_pending),
             .hcall_status = offsetof(LguestDataR, hcall_status),
             .hcalls = offsetof(LguestDataR, hcalls),
             .reserve_mem = offsetof(LguestDataR, reserve_mem),
             .tsc_khz = offsetof(LguestDataR, tsc_khz),
             .pgdir = offsetof(LguestDataR, pgdir),
             .noirq_start = offsetof(LguestDataR, noirq_start),
             .noirq_end = offsetof(LguestDataR, noirq_end),
             .noirq_iret = kAbsentField,
             .kernel_address = offsetof(LguestDataR, kernel_address),
             .syscall_vec = offsetof(LguestDataR, syscall_vec),
             .size = sizeof(LguestDataR)},
    .calls = {Call::kFlushAsync,       // 0
              Call::kLguestInit,       // 1
              Call::kShutdown,         // 2
              Call::kUnknown,          // 3
              Call::kNewPgtable,       // 4
              Call::kFlushTlb,         // 5
              Call::kLoadIdtEntry,     // 6
              Call::kSetStack,         // 7
              Call::kTs,               // 8
              Call::kSetClockevent,    // 9
              Call::kHalt,             // 10
              Call::kUnknown,          // 11
              Call::kUnknown,          // 12
              Call::kSetPmd,           // 13, with PAE only
              Call::kSetPte,           // 14
              Call::kSetPgd,           // 15
              Call::kLoadTls,          // 16
              Call::kNotify,           // 17
              Call::kLoadGdtEntry,     // 18
              Call::kSendInterrupts},  // 19
    .registers = {1, 2, 3, 4},         // EBX, ECX, EDX, ESI
    .ring = {1, 2, 3, 4},
    .ring_words = 5,
    .exact_in = false,
};

// T04-16
static_assert(kAbiR.data.irq_enabled == 0x000 && kAbiR.data.blocked_interrupts == 0x004);
static_assert(kAbiR.data.cr2 == 0x008);
static_assert(kAbiR.data.tv_sec == 0x00c && kAbiR.data.tv_nsec == 0x010);
static_assert(kAbiR.data.irq_pending == 0x014);
static_assert(kAbiR.data.hcall_status == 0x018 && kAbiR.data.hcalls == 0x058);
static_assert(kAbiR.data.reserve_mem == 0x558 && kAbiR.data.tsc_khz == 0x55c);
static_assert(kAbiR.data.pgdir == 0x560);
static_assert(kAbiR.data.noirq_start == 0x564 && kAbiR.data.noirq_end == 0x568);
static_assert(kAbiR.data.kernel_address == 0x56c && kAbiR.data.syscall_vec == 0x570);
static_assert(kAbiR.data.size == 1396);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_ABI_R_H_
