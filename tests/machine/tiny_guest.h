// Guests of a few instructions, on a whole Machine: the test writes the kernel's code,
// the emulated CPU runs it, and what it stored in its memory can be read afterwards.
//
// A tiny kernel stays at identity-mapped addresses, in the boot page tables. They let
// ring 3 reach everything, so its programs need no tables of their own.
#ifndef LGX_TESTS_MACHINE_TINY_GUEST_H_
#define LGX_TESTS_MACHINE_TINY_GUEST_H_

#include <array>
#include <memory>
#include <string>

#include "devices/backend_buffer.h"
#include "hypercalls/abi_r.h"
#include "machine/machine.h"
#include "switcher/assembler.h"

namespace lgx::test {

// Guest-physical and linear addresses at once.
inline constexpr u32 kTinyText = 0x00100000;     // the first instruction
inline constexpr u32 kTinyProgram = 0x00110000;  // ring 3
inline constexpr u32 kTinyHandlers = 0x00120000;
inline constexpr u32 kTinyData = 0x00130000;  // struct lguest_data
inline constexpr u32 kTinyTexts = 0x00131000;
inline constexpr u32 kTinyResults = 0x00140000;
inline constexpr u32 kTinyTables = 0x00150000;
inline constexpr u32 kTinyStackEnd = 0x00162000;
inline constexpr u32 kTinyUserStackEnd = 0x00164000;
inline constexpr u32 kTinyEnd = 0x00170000;

inline constexpr u32 kIrqEnabledAt = kTinyData + kAbiR.data.irq_enabled;
inline constexpr u32 kBlockedAt = kTinyData + kAbiR.data.blocked_interrupts;
inline constexpr u32 kCr2At = kTinyData + kAbiR.data.cr2;

// Result word n.
constexpr u32 ResultAt(u32 n) { return kTinyResults + 4 * n; }

enum class Gate : u32 { kInterrupt = 14, kTrap = 15 };

// Code at a fixed address. Hypercalls have generation R's numbers and registers.
class TinyCode : public Assembler {
 public:
  explicit TinyCode(u32 at) : at_(at) {}

  u32 at() const { return at_; }
  u32 address() const { return at_ + here(); }  // of the next instruction

  void Hypercall(u32 number, u32 arg1 = 0, u32 arg2 = 0, u32 arg3 = 0, u32 arg4 = 0);
  // LGUEST_INIT on a stack of its own, the segments of ring 3, all interrupts unmasked.
  void Init();
  // SHUTDOWN, reason 1, with one of the texts below.
  void PowerOff();
  void Crash();
  void Restart();
  void LoadGate(u32 vector, u32 handler, Gate type, u32 dpl = 0);
  void LoadGdt(u32 entry, u32 a, u32 b) { Hypercall(18, entry, a, b); }
  void SetClock(u32 ns) { Hypercall(9, ns); }

  void Put(u32 at, u32 value) { Mov(DwordAt(at), Imm{value}); }
  void Put(u32 at, Reg value) { Mov(DwordAt(at), value); }
  void Count(u32 at) { Add(DwordAt(at), Imm{1}); }
  // Pops `words` words into result words first, first + 1, ...
  void PopResults(u32 first, u32 words);
  // Takes a data segment that reaches everything, as a handler must.
  void UseKernelData();
  void UseUserData();
  void ToRing3(u32 eip);
  void SpinWhileZero(u32 at);  // a loop without any exit
  void SpinForEver() { Raw({0xeb, 0xfe}); }
  // The value at `at` becomes the tick of the time stamp counter (low half).
  void PutTime(u32 at);
  // Goes on behind the jump while the word at `at` is below `value`.
  void JumpWhenReached(u32 at, u32 value, Label to);

 private:
  u32 at_;
};

class TinyGuest {
 public:
  // Calls and registers are those of R; other generations may have other words in struct
  // lguest_data.
  explicit TinyGuest(PagingMode mode = PagingMode::kTwoLevel,
                     Generation generation = Generation::kR);

  // ---- before Boot() ----
  TinyCode text{kTinyText};
  TinyCode program{kTinyProgram};
  TinyCode handler{kTinyHandlers};
  std::vector<u8> MakeKernel() const;  // an ELF file
  // The same with the marks of generation R elsewhere in it, so that it is recognised.
  std::vector<u8> MakeVmlinux() const;
  MachineConfig config;
  BufferBackend console;  // at its end from the start; no input
  void SetNoirqRange(u32 start, u32 end);
  RealTime* real_time = nullptr;  // for clock.mode host

  // ---- the run ----
  Ending Run();
  // Only makes the machine.
  Machine& Boot();
  Machine& machine() { return *machine_; }
  Stats stats() const;
  // A word of guest-physical memory, after Run().
  u32 Word(u32 at) const;
  u32 Result(u32 n) const { return Word(ResultAt(n)); }

 private:
  PagingMode mode_;
  Generation generation_;
  u32 noirq_start_ = 0, noirq_end_ = 0;
  std::unique_ptr<Machine> machine_;
};

}  // namespace lgx::test

#endif  // LGX_TESTS_MACHINE_TINY_GUEST_H_
