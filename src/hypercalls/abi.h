// How a generation of guest kernels talks to the Host: where the words of struct
// lguest_data are, which number means which call, and which register holds which argument
// (guest-04 sections 2 and 3).
//
// lguest never promised a stable interface. What differs is data in one small file per
// generation (abi_a.h to abi_g.h); the Host logic is written once.
#ifndef LGX_HYPERCALLS_ABI_H_
#define LGX_HYPERCALLS_ABI_H_

#include <array>

#include "base/types.h"

namespace lgx {

// What a Guest can ask for, under whatever number.
enum class Call : u8 {
  kUnknown,
  kFlushAsync,
  kLguestInit,
  kShutdown,
  kNewPgtable,
  kFlushTlb,
  kLoadIdtEntry,
  kSetStack,
  kTs,
  kSetClockevent,
  kHalt,
  kSetPmd,
  kSetPte,
  kSetPgd,
  kLoadTls,
  kNotify,
  kLoadGdtEntry,
  kSendInterrupts,
  // Only before 2.6.30.
  kLoadGdt,
  kBindDma,
  kSendDma,
};
inline constexpr u32 kCalls = static_cast<u32>(Call::kSendDma) + 1;

// lguest's name without LHCALL_, as in "SET_PTE". Part of the counters' names.
const char* NameOf(Call call);

inline constexpr u32 kRingSize = 64;         // LHCALL_RING_SIZE
inline constexpr u32 kMaxRingWords = 5;      // of one entry, the number included
inline constexpr u32 kCallNumbers = 20;      // numbers 0 ... 19
inline constexpr u16 kAbsentField = 0xffff;  // a field that this generation does not have
inline constexpr u8 kAbsentArg = 0xff;

// Byte offsets in struct lguest_data.
struct LguestDataLayout {
  u16 irq_enabled;
  u16 blocked_interrupts;
  u16 cr2;
  u16 tv_sec;
  u16 tv_nsec;
  u16 irq_pending;
  u16 hcall_status;
  u16 hcalls;
  u16 reserve_mem;
  u16 tsc_khz;
  u16 pgdir;
  u16 noirq_start;
  u16 noirq_end;
  u16 noirq_iret;
  u16 kernel_address;
  u16 syscall_vec;
  u16 size;
};

struct Abi {
  char letter;
  bool supported;  // the Host logic serves it
  LguestDataLayout data;
  std::array<Call, kCallNumbers> calls;
  // arg1 ... arg4: word of struct lguest_regs for int 0x1f, word of an async ring entry.
  // Word 0 is the number in both.
  std::array<u8, 4> registers;
  std::array<u8, 4> ring;
  u8 ring_words;
  // IN of a byte or word changes AL or AX only. Before 3.1 it changed more (Q4).
  bool exact_in;
  // Devices are described by typed fields (guest-04 section 5.1), not by arrays.
  bool device_fields = false;
  // Page tables of the PAE format exist.
  bool knows_pae = true;
  // Port instructions and accesses to device memory go up to the Launcher, which asks for
  // registers and sets them; nothing is known of notifications. From 4.0.
  bool forwards_traps = false;
  // A system call through an interrupt gate reaches the Guest. Kernels of 4.6 and later
  // make such calls; before, the Host lost them (Q10).
  bool reflects_syscalls = false;
  // The present bit of a reflected page fault is that of the Guest's own tables (Q25).
  bool exact_present = false;

  constexpr Call CallOf(u32 number) const {
    return number < kCallNumbers ? calls[number] : Call::kUnknown;
  }
};

// The interface of the generation called 'A' ... 'G' or 'R'; null for any other letter.
const Abi* FindAbi(char letter);

}  // namespace lgx

#endif  // LGX_HYPERCALLS_ABI_H_
