// The emulated Host: as much of an operating system as the Switcher needs around it
// (host-02 section 10). The Host's logic is C++; what is here is what the CPU itself
// looks at: page tables, GDT, IDT, TSS, a stack, interrupt handlers, and the few
// instructions that call the Switcher.
#ifndef LGX_SWITCHER_HOST_ENV_H_
#define LGX_SWITCHER_HOST_ENV_H_

#include <string>

#include "base/status.h"
#include "cpu/cpu.h"
#include "mmu/phys_memory.h"
#include "switcher/layout.h"
#include "switcher/pages.h"

namespace lgx {

//: machine.010 Where everything lies
// One range of machine memory holds both the Host and the Guest. The Host has the first
// 16 MiB: its tables, the Switcher, one register page for each virtual processor. Then
// come the pages that shadow tables are made of, and behind them the Guest's "physical"
// memory in one piece. It does not start at zero, so a guest-physical address that is
// mistaken for a machine address leads to the wrong place at once and not by chance to
// the right one. The very first pages stay empty for the same reason.
//:
struct MachineLayout {
  static constexpr u32 kMaxCpus = 8;
  static constexpr u32 kRegsPages = 0x100;  // virtual processors at most

  PagingMode mode = PagingMode::kTwoLevel;
  u32 cpus = 1;
  u32 pool_frames = 0;
  u32 guest_frames = 0;  // the Launcher's pfn_limit

  Mfn host_tables{0x010};
  Mfn host_cpus{0x020};
  Mfn switcher_pte_pages{0x0c0};
  Mfn switcher{0x100};
  Mfn regs_pages{0x200};
  Mfn pool{0x1000};
  Mfn guest;

  u64 Size() const { return MpaOf(guest + guest_frames).value; }
};

// kInvalidArgument if it does not fit into the machine's address space.
StatusOr<MachineLayout> PlanMachine(PagingMode mode, u32 cpus, u32 pool_frames,
                                    u32 guest_frames);

// CPUID leaf 1, EDX: SYSENTER exists, and with it MSR 0x174.
inline constexpr u32 kCpuidSep = 1u << 11;

class HostEnv {
 public:
  // Linear address 0xc0000000 + n is machine address n, for the first megabytes.
  static constexpr u32 kKernelBase = 0xc0000000;
  static constexpr u32 kKernelPages = 1024;

  // Builds everything in machine memory. `memory` outlives this and has layout.Size()
  // bytes.
  HostEnv(PhysMemory& memory, const MachineLayout& layout);

  const MachineLayout& layout() const { return layout_; }
  Mpa root() const { return MpaOf(layout_.host_tables); }
  // The page of entries for the Switcher's region; empty until it is mapped.
  Mfn switcher_pte_page() const { return layout_.host_tables + 1; }

  // Turns `cpu` into the Host's processor `n`, in the middle of the kernel, with
  // interrupts off. Global pages are on, as the Host likes them.
  void BringUp(Cpu& cpu, u32 n) const;

  HostTables TablesOf(u32 n) const;
  // GDT entries 10 and 11, and lguest_entry (host-02 section 5.1, steps 8 and 9).
  void AddLguestSegments(u32 n, Lin switch_to_guest);

  // run_guest_once: pushf, call far [lguest_entry], hlt. The second is where hlt leaves
  // the processor.
  Lin RunGuestOnce(u32 n) const;
  Lin RunGuestOnceEnd(u32 n) const;

  // The vector of the last interrupt that a handler of processor n has served; 0 after
  // Forget.
  u32 LastInterrupt(u32 n) const;
  void ForgetInterrupt(u32 n);
  // Where the handler of an interrupt begins.
  Lin HandlerOf(u32 n, u32 vector) const;

  // After a hlt somewhere else: which exception of the Host it was, for people.
  std::string DescribeFatal(const Cpu& cpu, u32 n) const;

 private:
  template <class F>
  void BuildPageTables();
  void BuildCpu(u32 n);

  Mfn TablesFrame(u32 n) const;
  Lin LinearOf(Mfn frame) const { return Lin(kKernelBase + (frame.value << kPageShift)); }
  Mpa MachineOf(Lin at) const { return Mpa(at.value - kKernelBase); }

  PhysMemory& memory_;
  MachineLayout layout_;
  u32 handlers_[kIdtEntries] = {};  // offsets in a processor's page of code
  u32 run_guest_once_ = 0;
  u32 run_guest_once_end_ = 0;
};

}  // namespace lgx

#endif  // LGX_SWITCHER_HOST_ENV_H_
