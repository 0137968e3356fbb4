#include "switcher/host_env.h"

#include "base/check.h"
#include "cpu/cpuid.h"
#include "mmu/pte.h"
#include "switcher/assembler.h"

namespace lgx {
namespace {

// Each processor has four frames. Data and code are apart, because a store to a page that
// holds code is slow.
enum CpuFrame : u32 { kTables, kIdt, kCode, kStack, kCpuFrames };

// In the first of them.
constexpr u32 kGdtAt = 0x000;
constexpr u32 kTssAt = 0x100;
constexpr u32 kEntryAt = 0x180;          // lguest_entry: offset, selector
constexpr u32 kLastInterruptAt = 0x190;  // vector
constexpr u32 kFatalAt = 0x194;          // vector + 1 of an exception of the Host itself

constexpr u32 kCpuidFxsr = 1u << 24;
constexpr u32 kCpuidSse = 1u << 25;
constexpr u32 kCpuidPge = 1u << 13;

constexpr u64 kFirstAfterHost = 16 << 20;
constexpr u64 kMemoryLimit = (u64{4} << 30) - (16 << 20);
constexpr u32 kGuestAlign = 0x400;  // frames: 4 MiB

// A gate into the Host's kernel.
DescriptorWords HostGate(u32 handler) {
  return {kHostKernelCs << 16 | (handler & 0xffff), (handler & 0xffff0000) | 0x8e00};
}

}  // namespace

StatusOr<MachineLayout> PlanMachine(PagingMode mode, u32 cpus, u32 pool_frames,
                                    u32 guest_frames) {
  MachineLayout layout;
  layout.mode = mode;
  layout.cpus = cpus;
  layout.pool_frames = pool_frames;
  layout.guest_frames = guest_frames;
  if (cpus == 0 || cpus > MachineLayout::kMaxCpus) {
    return Errorf(kInvalidArgument, "%u processors asked for; 1 to %u are possible", cpus,
                  MachineLayout::kMaxCpus);
  }
  const u64 pool_end = u64{layout.pool.value} + pool_frames;
  const u64 guest = (pool_end + kGuestAlign - 1) / kGuestAlign * kGuestAlign;
  const u64 end = guest + guest_frames;
  if (end > kMemoryLimit >> kPageShift) {
    return Errorf(kInvalidArgument,
                  "the machine would need %u MiB: 16 MiB for the Host, %u KiB for shadow "
                  "tables, %u KiB for the Guest. At most %u MiB are possible; give the "
                  "Guest less memory",
                  end >> 8, u64{pool_frames} * 4, u64{guest_frames} * 4,
                  kMemoryLimit >> 20);
  }
  layout.guest = Mfn(static_cast<u32>(guest));
  static_assert(kFirstAfterHost == u64{0x1000} << kPageShift);
  return layout;
}

HostEnv::HostEnv(PhysMemory& memory, const MachineLayout& layout)
    : memory_(memory), layout_(layout) {
  CHECK(memory.size() >= layout.Size()) << "machine memory is smaller than its layout";
  if (layout.mode == PagingMode::kPae) {
    BuildPageTables<Pae>();
  } else {
    BuildPageTables<TwoLevel>();
  }
  for (u32 n = 0; n < layout.cpus; ++n) BuildCpu(n);
}

// ---- page tables

// Frame 0 of host_tables is the top, frame 1 the entries of the Switcher's region; then
// the entries of the kernel, and with PAE the middle level.
template <class F>
void HostEnv::BuildPageTables() {
  const Mfn top = layout_.host_tables;
  const Mfn kernel = layout_.host_tables + 2;
  const u32 kernel_tables = kKernelPages / F::kEntries;
  const Mfn middle = kernel + kernel_tables;
  constexpr u32 kFlags = kPtePresent | kPteRw | kPteAccessed | kPteDirty;
  memory_.Fill(MpaOf(top), 0, u64{3 + kernel_tables} * kPageSize);
  const auto hook = [&](Mfn table, u32 index, Mfn below, u32 flags) {
    memory_.Store(MpaOf(table) + EntryOffset<F>(index), TableEntry<F>(below, flags).raw);
  };
  Mfn above = top;  // the level that points to pages of entries
  if constexpr (F::kHasPmd) {
    hook(top, F::kSwitcherPgd, middle, kPtePresent);  // a PDPT entry has no other flags
    above = middle;
    hook(middle, F::kSwitcherPmd, switcher_pte_page(), kFlags);
  } else {
    hook(top, F::kSwitcherPgd, switcher_pte_page(), kFlags);
  }
  const u32 first = F::kHasPmd ? 0 : kKernelBase >> F::kPgdShift;
  for (u32 i = 0; i < kernel_tables; ++i) hook(above, first + i, kernel + i, kFlags);
  for (u32 i = 0; i < kKernelPages; ++i) {
    const PageEntry<F> entry(Mfn(i), kKernelExecFlags);
    memory_.Store(MpaOf(kernel) + EntryOffset<F>(i), entry.raw);
  }
}

// ---- one processor

Mfn HostEnv::TablesFrame(u32 n) const {
  CHECK(n < layout_.cpus) << "processor " << n << " of " << layout_.cpus;
  return layout_.host_cpus + n * kCpuFrames;
}

Lin HostEnv::RunGuestOnce(u32 n) const {
  return LinearOf(TablesFrame(n) + kCode) + run_guest_once_;
}
Lin HostEnv::RunGuestOnceEnd(u32 n) const {
  return LinearOf(TablesFrame(n) + kCode) + run_guest_once_end_;
}
Lin HostEnv::HandlerOf(u32 n, u32 vector) const {
  return LinearOf(TablesFrame(n) + kCode) + handlers_[vector];
}

HostTables HostEnv::TablesOf(u32 n) const {
  HostTables tables;
  tables.gdt = LinearOf(TablesFrame(n)) + kGdtAt;
  tables.idt = LinearOf(TablesFrame(n) + kIdt);
  return tables;
}

void HostEnv::BuildCpu(u32 n) {
  const Mfn first = TablesFrame(n);
  const Lin tables = LinearOf(first + kTables);
  memory_.Fill(MpaOf(first), 0, u64{kCpuFrames} * kPageSize);

  const Mpa gdt = MpaOf(first) + kGdtAt;
  StoreDescriptor(memory_, gdt + kHostKernelCs, kFullCode);
  StoreDescriptor(memory_, gdt + kHostKernelDs, kFullData);
  DescriptorWords tss = TssDescriptor(tables.value + kTssAt);
  tss.b |= 0x200;  // busy: it is loaded
  StoreDescriptor(memory_, gdt + kTssSelector, tss);
  const Mpa tss_at = MpaOf(first) + kTssAt;
  memory_.Store<u32>(tss_at + offsetof(LguestTss, sp0),
                     LinearOf(first + kStack).value + kPageSize);
  memory_.Store<u32>(tss_at + offsetof(LguestTss, ss0), kHostKernelDs);
  memory_.Store<u16>(tss_at + offsetof(LguestTss, io_bitmap_base), kIoBitmapBase);

  //: crossing.050 The smallest Host there is
  // Two hundred and fifty-six handlers of two instructions each. That of an interrupt
  // writes down its vector and returns; what a real Host would do then is done by C++
  // after the crossing. That of an exception writes down its vector and stops: the Host's
  // own code never faults, so there is something wrong with us. An NMI is ignored.
  //
  // The call of the Switcher stands at the end. C++ sets EAX, EBX and EIP, lets the
  // processor run, and gets it back when it executes the hlt.
  //:
  Assembler a;
  for (u32 vector = 0; vector < kIdtEntries; ++vector) {
    handlers_[vector] = a.here();
    if (vector >= kFirstExternalVector) {
      a.Mov(DwordAt(tables.value + kLastInterruptAt), Imm{vector});
      a.Iret();
    } else if (vector == kVectorNmi) {
      a.Iret();
    } else {
      a.Mov(DwordAt(tables.value + kFatalAt), Imm{vector + 1});
      a.Hlt();
    }
  }
  run_guest_once_ = a.here();
  a.Pushf();
  a.CallFar(PairAt(tables.value + kEntryAt));
  a.Hlt();
  run_guest_once_end_ = a.here();
  CHECK(a.here() <= kPageSize) << "the Host's code does not fit its page";
  memory_.Write(MpaOf(first + kCode), a.bytes().data(), a.here());

  const Mpa idt = MpaOf(first + kIdt);
  for (u32 vector = 0; vector < kIdtEntries; ++vector) {
    StoreDescriptor(memory_, idt + 8 * vector, HostGate(HandlerOf(n, vector).value));
  }
}

void HostEnv::AddLguestSegments(u32 n, Lin switch_to_guest) {
  const Mpa tables = MpaOf(TablesFrame(n));
  StoreDescriptor(memory_, tables + kGdtAt + kLguestCs, kFullCode);
  StoreDescriptor(memory_, tables + kGdtAt + kLguestDs, kFullData);
  memory_.Store<u32>(tables + kEntryAt, switch_to_guest.value);
  memory_.Store<u16>(tables + kEntryAt + 4, kLguestCs);
}

namespace {

void SetSegment(Segment* segment, u32 selector, DescriptorWords words) {
  const u16 attr = static_cast<u16>((words.b >> 8) & 0xf0ff);
  segment->Set(static_cast<u16>(selector), 0, 0xffffffff, attr);
}

}  // namespace

void HostEnv::BringUp(Cpu& cpu, u32 n) const {
  CpuState& s = cpu.state;
  const u32 features = Cpuid(cpu.model(), 1, 0).edx;
  const HostTables tables = TablesOf(n);
  s.gdtr = {tables.gdt.value, kGdtLimit};
  s.idtr = {tables.idt.value, tables.idt_limit};
  SetSegment(&s.seg[static_cast<u8>(Seg::kCs)], kHostKernelCs, kFullCode);
  for (const Seg seg : {Seg::kEs, Seg::kSs, Seg::kDs}) {
    SetSegment(&s.seg[static_cast<u8>(seg)], kHostKernelDs, kFullData);
  }
  for (const Seg seg : {Seg::kFs, Seg::kGs}) s.seg[static_cast<u8>(seg)].SetNull(0);
  s.ldtr.SetNull(0);
  s.tr.Set(kTssSelector, LinearOf(TablesFrame(n)).value + kTssAt, kTssLimit,
           kAttrPresent | kTypeTss32Busy);
  s.cpl = 0;
  cpu.SetEflags(0);
  cpu.Gpr(kEsp) = LinearOf(TablesFrame(n) + kStack).value + kPageSize;
  s.eip = RunGuestOnceEnd(n).value;
  s.halted = true;

  s.cr0 = kCr0Pe | kCr0Mp | kCr0Et | kCr0Ne | kCr0Wp | kCr0Pg;
  s.cr3 = static_cast<u32>(root().value);
  s.cr4 = 0;
  if ((features & kCpuidPge) != 0) s.cr4 |= kCr4Pge;
  if ((features & kCpuidFxsr) != 0) s.cr4 |= kCr4Osfxsr;
  if ((features & kCpuidSse) != 0) s.cr4 |= kCr4Osxmmexcpt;
  if (layout_.mode == PagingMode::kPae) {
    s.cr4 |= kCr4Pae;
    for (u32 i = 0; i < 4; ++i) s.pdpte[i] = memory_.Load<u64>(root() + 8 * i);
  }
  s.sysenter_cs = (features & kCpuidSep) != 0 ? kHostKernelCs : 0;
  cpu.StateChanged();
}

u32 HostEnv::LastInterrupt(u32 n) const {
  return memory_.Load<u32>(MpaOf(TablesFrame(n)) + kLastInterruptAt);
}

void HostEnv::ForgetInterrupt(u32 n) {
  memory_.Store<u32>(MpaOf(TablesFrame(n)) + kLastInterruptAt, 0);
}

std::string HostEnv::DescribeFatal(const Cpu& cpu, u32 n) const {
  const u32 vector = memory_.Load<u32>(MpaOf(TablesFrame(n)) + kFatalAt) - 1;
  const CpuState& s = cpu.state;
  if (vector >= kFirstExternalVector) {
    return absl::StrFormat("hlt at %04x:%08x", s.seg[static_cast<u8>(Seg::kCs)].selector,
                           s.eip - 1);
  }
  const Mpa frame = MachineOf(Lin(s.regs[kEsp]));
  const bool code = HasErrorCode(vector);
  return absl::StrFormat("exception %u, error code %08x, at %04x:%08x, CR2 %08x", vector,
                         code ? memory_.Load<u32>(frame) : 0,
                         memory_.Load<u32>(frame + (code ? 8 : 4)),
                         memory_.Load<u32>(frame + (code ? 4 : 0)), s.cr2);
}

}  // namespace lgx
