// Generation G: 4.0 to 4.13. PCI devices, so no NOTIFY; from 4.1 on one protected
// address, the iret. 4.0 has the data of F.
#ifndef LGX_HYPERCALLS_ABI_G_H_
#define LGX_HYPERCALLS_ABI_G_H_

#include <cstddef>

#include "hypercalls/abi_f.h"
#include "hypercalls/abi_r.h"

namespace lgx {

struct LguestDataG {
  u32 irq_enabled;
  u32 blocked_interrupts;
  u32 cr2;
  u32 tv_sec, tv_nsec;
  u32 irq_pending;
  u8 hcall_status[kRingSize];
  u32 hcalls[kRingSize][5];
  u32 reserve_mem;
  u32 tsc_khz;
  u32 noirq_iret;
  u32 kernel_address;
  u32 syscall_vec;
};

inline constexpr Abi kAbiG = {
    .letter = 'G',
    .supported = true,
    .data = {.irq_enabled = offsetof(LguestDataG, irq_enabled),
             .blocked_interrupts = offsetof(LguestDataG, blocked_interrupts),
             .cr2 = offsetof(LguestDataG, cr2),
             .tv_sec = offsetof(LguestDataG, tv_sec),
             .tv_nsec = offsetof(LguestDataG, tv_nsec),
             .irq_pending = offsetof(LguestDataG, irq_pending),
             .hcall_status = offsetof(LguestDataG, hcall_status),
             .hcalls = offsetof(LguestDataG, hcalls),
             .reserve_mem = offsetof(LguestDataG, reserve_mem),
             .tsc_khz = offsetof(LguestDataG, tsc_khz),
             .pgdir = kAbsentField,
             .noirq_start = kAbsentField,
             .noirq_end = kAbsentField,
             .noirq_iret = offsetof(LguestDataG, noirq_iret),
             .kernel_address = offsetof(LguestDataG, kernel_address),
             .syscall_vec = offsetof(LguestDataG, syscall_vec),
             .size = sizeof(LguestDataG)},
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
              Call::kUnknown,          // 17, was NOTIFY
              Call::kLoadGdtEntry,     // 18
              Call::kSendInterrupts},  // 19
    .registers = kAbiR.registers,
    .ring = kAbiR.ring,
    .ring_words = kAbiR.ring_words,
    .exact_in = true,
    .forwards_traps = true,
    .reflects_syscalls = true,
    .exact_present = true,
};

inline constexpr Abi kAbiG40 = [] {
  Abi abi = kAbiG;
  abi.data = kAbiF.data;
  return abi;
}();

static_assert(kAbiG.data.irq_enabled == 0 && kAbiG.data.blocked_interrupts == 4);
static_assert(kAbiG.data.cr2 == 8 && kAbiG.data.tv_sec == 12 && kAbiG.data.tv_nsec == 16);
static_assert(kAbiG.data.irq_pending == 20);
static_assert(kAbiG.data.hcall_status == 24 && kAbiG.data.hcalls == 88);
static_assert(kAbiG.data.reserve_mem == 1368 && kAbiG.data.tsc_khz == 1372);
static_assert(kAbiG.data.noirq_iret == 1376);
static_assert(kAbiG.data.kernel_address == 1380 && kAbiG.data.syscall_vec == 1384);
static_assert(kAbiG.data.size == 1388);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_ABI_G_H_
