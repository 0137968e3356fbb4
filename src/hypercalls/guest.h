// One Guest and its one virtual processor, as the Host keeps them (host-01 section 5),
// and why the Guest was killed.
//
// Guest and Vcpu are the Host's own data, shared by the files of this module as lguest's
// were: the dispatcher, the run loop and the guest_* files are functions that work on
// them. Everything runs on the thread that runs the Guest, except SetInterrupt(),
// SendSignal() and notify_map.
#ifndef LGX_HYPERCALLS_GUEST_H_
#define LGX_HYPERCALLS_GUEST_H_

#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/hash.h"
#include "base/stats.h"
#include "base/trace.h"
#include "hypercalls/abi.h"
#include "hypercalls/guest_regs.h"
#include "hypercalls/host_parts.h"
#include "hypercalls/host_stats.h"
#include "hypercalls/hypercall_log.h"
#include "hypercalls/notify_map.h"
#include "mmu/guest_view.h"
#include "mmu/kill_sink.h"
#include "mmu/lg_access.h"
#include "mmu/shadow_tables.h"
#include "switcher/layout.h"

namespace lgx {

// Bits of Vcpu::changed: what the next entry must copy to the CPU's tables.
inline constexpr u32 kChangedIdt = 1;
inline constexpr u32 kChangedGdt = 2;
inline constexpr u32 kChangedGdtTls = 4;
inline constexpr u32 kChangedAll = kChangedIdt | kChangedGdt;

// lguest_data.irq_enabled and irq_pending hold this bit or 0; in EFLAGS it is IF.
inline constexpr u32 kVirtualIf = 0x200;

// Optional deviations from the reference (host-01 section 11); all off by default.
struct GuestQuirks {
  bool q1_mended = false;   // irq_pending is cleared when nothing else is deliverable
  bool q2_mended = false;   // a handler starts with TF, NT, RF and VM clear
  bool q18_mended = false;  // present system descriptors become empty ones
};

struct GuestOptions {
  const Abi* abi = nullptr;  // a supported one
  ShadowOptions shadow;      // paging mode, slots, Q6
  GuestQuirks quirks;
  // PGD index of the kernel's PAGE_OFFSET in the boot tables; 0 is the usual one.
  u32 page_offset_index = 0;
  // The module option syscall_vector: one more vector that may go direct.
  u32 syscall_vector = kSyscallVector;
};

// A trap that the Launcher has to deal with: struct lguest_pending (guest-04 section
// 5.2).
struct PendingTrap {
  static constexpr u32 kSize = 12;  // as read() gives it
  static constexpr u32 kInsnBytes = 7;

  u8 trap = 0;  // 13: port instruction, 14: device memory; 0: nothing is pending
  std::array<u8, kInsnBytes> insn{};  // from EIP on; zeros where nothing is mapped
  u32 addr = 0;                       // guest-physical, with trap 14
};

// host-01 section 5.2.
struct Vcpu {
  Vcpu(PhysMemory& memory, Mfn page) : regs_page(page), regs(memory, page) {}

  u32 ts = 0;    // the Guest wants CR0.TS set
  u32 esp1 = 0;  // the Guest kernel's stack for traps from ring 3
  u16 ss1 = 0;
  u32 stack_pages = 0;
  u32 changed = 0;
  u32 pending_notify = 0;  // value of an unserved NOTIFY
  PendingTrap pending_trap;
  std::optional<u32> register_read;  // its value is what the next read() gives
  const Mfn regs_page;
  GuestRegs regs;
  const SwitcherPages* last_pages = nullptr;  // the CPU that this VCPU used last
  bool hcall = false;                         // a hypercall waits in `regs`
  u32 next_hcall = 0;                         // cursor in the async ring
  std::optional<u64> clock_deadline;  // the one-shot timer, in HostClock::NowNs() time
  bool halted = false;
  std::atomic<u32> irqs_pending{0};
  std::atomic<bool> signal{false};  // the Launcher thread has a signal pending
  std::array<DescriptorWords, kGdtEntries> gdt{};
  std::array<DescriptorWords, kIdtEntries> idt{};
  u64 entered_at = 0;      // instructions that had retired at the last entry
  u32 last_pagefault = 0;  // CR2 of the last exit with trap 14
};

class Guest final : public KillSink {
 public:
  // `regs_page` is a zeroed frame that belongs to this Guest from now on; the caller
  // gives it back to the pool after the Guest is gone.
  Guest(const HostParts& parts, const GuestOptions& options, GuestView memory,
        u32 mem_base, Mfn regs_page);
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  // ---- what it is made of ----
  const HostParts host;
  const GuestOptions options;
  const Abi& abi;
  const u32 mem_base;  // Launcher address of guest-physical 0; only ever printed
  GuestView memory;
  const LgAccess lg;  // lgread and lgwrite
  ShadowTables shadow;
  Vcpu cpu;
  NotifyMap notify_map;
  HostStats stats;
  HypercallLog log;
  Trace trace;  // hypercall, crossing, fault, irq and timer events

  // ---- struct lguest_data ----
  std::optional<Gpa> lguest_data;  // nothing until LGUEST_INIT
  u32 noirq_start = 0;             // the Host's copies, read once
  u32 noirq_end = 0;

  // A word of lguest_data by its offset. The range was checked at LGUEST_INIT; before
  // that, and only then, these are false.
  [[nodiscard]] bool GetData(u16 offset, u32* value) const {
    return lguest_data && memory.LoadValue<u32>(*lguest_data + offset, value);
  }
  [[nodiscard]] bool PutData(u16 offset, u32 value) {
    return lguest_data && memory.StoreValue<u32>(*lguest_data + offset, value);
  }
  // lguest_data.irq_enabled says so. False before LGUEST_INIT.
  bool InterruptsEnabled() const {
    u32 enabled = 0;
    return GetData(abi.data.irq_enabled, &enabled) && (enabled & kVirtualIf) != 0;
  }

  // ---- events from outside, from any thread ----

  // set_interrupt: makes virtual interrupt `irq` (below kLguestIrqs) pending. They do not
  // count: setting a pending one changes nothing.
  void SetInterrupt(u32 irq);
  // The Launcher thread gets a signal: RunGuest() returns soon.
  void SendSignal();

  // ---- death ----

  // The first reason wins; nothing is unwound.
  void Kill(std::string_view reason, std::string detail) override;
  void Kill(std::string_view reason) { Kill(reason, std::string()); }
  // SHUTDOWN with restart: the reason becomes ERESTART, whatever it was.
  void KillForRestart();
  bool dead() const override {
    return death_.load(std::memory_order_relaxed) != Death::kAlive;
  }
  bool wants_restart() const { return death_ == Death::kRestart; }
  // lguest's text; empty while alive and after KillForRestart().
  const std::string& reason() const { return reason_; }
  // Ours, for people; often empty.
  const std::string& detail() const { return detail_; }

  // ---- for those who watch ----

  // The Host's part of the state hash: what the Guest could ever notice and what lies in
  // no machine memory. Registers, lguest_data and the tables are hashed where they lie.
  void HashInto(StateHash& hash) const;
  // All of that, the shadow tables' and the counters, as bytes. Who loads has the same
  // options, and its memory is loaded already.
  void SaveState(ByteWriter* out) const;
  void LoadState(ByteReader* in);
  // This Guest's counters and those of its shadow tables.
  void VisitStats(StatsVisitor& out) const;

 private:
  enum class Death : u8 { kAlive, kText, kRestart };

  std::atomic<Death> death_{Death::kAlive};  // write() asks from any thread
  std::string reason_;
  std::string detail_;
};

}  // namespace lgx

#endif  // LGX_HYPERCALLS_GUEST_H_
