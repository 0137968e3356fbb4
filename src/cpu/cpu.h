// The emulated processor: state, execution, and what handlers may ask of it.
//
// Run() executes until an exact instruction count. Between instructions it delivers
// faults, traps and interrupts; inside blocks it runs decoded handlers (dispatch.h).
// Counting: every completed instruction is one, every iteration of a rep is one, a rep
// whose count is zero is one, an instruction that faults and the delivery of an event are
// none. Only where hundreds of events follow each other and no instruction completes in
// between, each counts as one.
#ifndef LGX_CPU_CPU_H_
#define LGX_CPU_CPU_H_

#include <array>
#include <memory>
#include <optional>

#include "base/types.h"
#include "cpu/cpu_model.h"
#include "cpu/descriptor_cache.h"
#include "cpu/inspector.h"
#include "cpu/op.h"
#include "cpu/state.h"
#include "mmu/phys_memory.h"
#include "mmu/tlb.h"

// Slow paths called from handlers save what they use, so that handlers need no prologue.
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define LGX_SLOW_PATH __attribute__((preserve_most, noinline))
#else
#define LGX_SLOW_PATH
#endif

namespace lgx {

class BlockCache;
class ByteReader;
class ByteWriter;

// Exception vectors, with the manual's names.
enum Vector : u8 {
  kVectorDe = 0,
  kVectorDb = 1,
  kVectorNmi = 2,
  kVectorBp = 3,
  kVectorOf = 4,
  kVectorBr = 5,
  kVectorUd = 6,
  kVectorNm = 7,
  kVectorDf = 8,
  kVectorTs = 10,
  kVectorNp = 11,
  kVectorSs = 12,
  kVectorGp = 13,
  kVectorPf = 14,
  kVectorMf = 16,
  kVectorAc = 17,
  kVectorXf = 19,
};

// The three facts of a fault.
struct Fault {
  u8 vector = 0;
  bool has_error = false;
  u32 error = 0;
  u32 cr2 = 0;  // page faults only
};

// Where an event that goes through the IDT comes from.
enum class EventKind : u8 {
  kFault,      // restarts: the saved EIP is the instruction's
  kTrap,       // follows: the saved EIP is the next instruction's (most #DB). An
               // instruction breakpoint is delivered like one: it comes between
               // instructions too
  kSoftware,   // INT n, INT3, INTO: gate DPL is checked
  kInterrupt,  // external, NMI included
};

// An event that was just about to go through the IDT, for those who stop there.
struct Event {
  EventKind kind = EventKind::kFault;
  Fault fault;
  u32 eip = 0;  // that would be saved
};

enum class StopReason : u8 {
  kNone,
  kDeadline,  // the instruction count was reached
  kHalt,      // HLT was executed at CPL 0
  kShutdown,  // a fault while delivering a double fault
  kEvent,     // an event came up and stop_at_events is set; it is not delivered
  kRequest,   // RequestStop()
  kInspect,   // the inspector wants to
};

// Ports, as IN, OUT, INS and OUTS see them once they are allowed to.
class PortBus {
 public:
  virtual ~PortBus() = default;
  virtual u32 In(u16 port, u32 bytes) = 0;
  virtual void Out(u16 port, u32 bytes, u32 value) = 0;
};

// Which handler binding runs the blocks (dispatch.h).
enum class Binding : u8 { kTail, kLoop };
bool BindingExists(Binding binding);
Binding DefaultBinding();

struct CpuStats {
  u64 blocks_made = 0;
  u64 blocks_dropped = 0;
  u64 cache_flushes = 0;
  u64 lookups = 0;      // block lookups that left the handlers
  u64 faults = 0;       // exceptions delivered
  u64 interrupts = 0;   // external interrupts delivered
  u64 slow_access = 0;  // data accesses that left the inline path
};

class Cpu final : public StoreWatch {
 public:
  // The register file comes first in it: handlers address registers by byte offset.
  CpuState state;

  explicit Cpu(PhysMemory& memory, Binding binding = DefaultBinding());
  ~Cpu() override;

  // -- running --------------------------------------------------------------------------
  // Runs until `until` instructions have retired in all, or something stops it earlier.
  StopReason Run(u64 until);
  u64 retired() const { return retired_; }

  // The interrupt line: `vector` is delivered before the next instruction that may be
  // interrupted. One can wait at a time; false if one does already.
  bool RaiseInterrupt(u8 vector);
  bool interrupt_waiting() const { return interrupt_waiting_; }
  // The last instruction did not complete; its fault is delivered before the next one.
  bool fault_waiting() const { return fault_waiting_; }
  void RaiseNmi() { nmi_waiting_ = true; }
  void RequestStop() { stop_requested_ = true; }

  // With this set, Run() stops with kEvent instead of delivering anything through the
  // IDT.
  void set_stop_at_events(bool on) { stop_at_events_ = on; }
  const Event& last_event() const { return last_event_; }

  // Shows `inspector` what `plan` names, until it is called again; null and an empty plan
  // end it. Between calls of Run().
  void Inspect(CpuInspector* inspector, const InspectionPlan& plan);

  // Shows `observer` every access to data; null ends it. Between calls of Run().
  void set_access_observer(AccessObserver* observer);

  // Every instruction decoded anew and run alone: slow, and the measure for the rest.
  void set_uncached(bool on);

  void set_ports(PortBus* ports) { ports_ = ports; }
  // Before anything has run, and before the parts that ask for the model are made.
  void set_model(const CpuModel& model) {
    model_ = model;
    ForgetBlocks();
  }
  const CpuModel& model() const { return model_; }
  // RDTSC gives retired instructions plus this.
  void set_tsc_offset(u64 offset) { tsc_offset_ = offset; }
  u64 tsc_offset() const { return tsc_offset_; }

  // Processor state was changed from outside (tests, loading a state): derived values are
  // made again.
  void StateChanged();

  // All of it as bytes, between two calls of Run(). What only caches know is left out;
  // LoadState() empties them. Memory is saved and loaded by others, and is loaded first.
  void SaveState(ByteWriter* out) const;
  void LoadState(ByteReader* in);

  PhysMemory& memory() { return memory_; }
  const PhysMemory& memory() const { return memory_; }
  Tlb& tlb() { return tlb_; }
  const Tlb& tlb() const { return tlb_; }
  const CpuStats& stats() const { return stats_; }
  Binding binding() const { return binding_; }

  // StoreWatch
  void WillStore(Mpa at, const u8* bytes, u32 len) override;

  // -- for handlers: registers
  // --------------------------------------------------------------
  u32& R32(u8 offset) { return *reinterpret_cast<u32*>(Raw(offset)); }
  u16& R16(u8 offset) { return *reinterpret_cast<u16*>(Raw(offset)); }
  u8& R8(u8 offset) { return *Raw(offset); }
  u32& Gpr(u32 n) { return state.regs[n & 7]; }
  // Register n as an operand of `bytes` (1: AL ... BH).
  u32 ReadReg(u32 n, u32 bytes) {
    if (bytes == 4) return Gpr(n);
    if (bytes == 2) return static_cast<u16>(Gpr(n));
    return R8(RegOffset8(n & 7));
  }
  void WriteReg(u32 n, u32 bytes, u32 value) {
    if (bytes == 4) {
      Gpr(n) = value;
    } else if (bytes == 2) {
      R16(RegOffset16(n & 7)) = static_cast<u16>(value);
    } else {
      R8(RegOffset8(n & 7)) = static_cast<u8>(value);
    }
  }
  u32 Eflags() const { return state.eflags_rest | kEflagsOne | state.flags.Arithmetic(); }
  // All bits as given; the caller has decided which may change.
  void SetEflags(u32 value);
  // Bits outside the six arithmetic ones: call after changing eflags_rest.
  void EflagsRestChanged();
  // EFLAGS.RF lives from an IRET (or a task switch, or an iteration of a rep) to the end
  // of the next instruction, so it is no bit of the state but a place: the count of
  // retired instructions it holds at. Only saved EFLAGS images and breakpoints ask for
  // it.
  bool ResumeFlag() const { return retired_ == resume_at_; }
  // RF is set when the running instruction, or the event being delivered, is done.
  void SetResumeFlag() { resume_pending_ = true; }
  void ClearResumeFlag() { resume_at_ = kNever; }

  // -- for handlers: control flow
  // -----------------------------------------------------------
  u32 next_eip = 0;  // in an out-of-line function: EIP behind the instruction

  // Records a fault and returns Flow::kFault / false.
  Flow Raise(u8 vector);
  Flow Raise(u8 vector, u32 error);
  // #DB as a fault (DR7.GD), for the reasons `dr6`.
  Flow RaiseDebug(u32 dr6);
  bool RaiseFalse(u8 vector, u32 error) {
    Raise(vector, error);
    return false;
  }
  Fault& fault() { return fault_; }

  // How many iterations of a rep may run before the next event, at least 1.
  u64 IterationsLeft() const { return static_cast<u64>(left_ < 0 ? 0 : left_) + 1; }
  // `n` iterations of the rep that is running have completed (n may be 0 on a fault).
  void CountIterations(u64 n) { left_ -= static_cast<i64>(n) - 1; }
  // As CountIterations, for a rep that faults after `n` completed iterations.
  void CountIterationsBeforeFault(u64 n) { left_ -= static_cast<i64>(n); }
  // Iterations are left for later: the instruction comes again.
  void RepeatGoesOn() {
    next_eip = state.eip;
    SetResumeFlag();
  }
  // Retired instructions before the one that is running.
  u64 RetiredBefore(const Op& op) const {
    return run_until_ -
           static_cast<u64>(left_ + static_cast<i64>(op.block()->count - op.before));
  }

  void Halt() { state.halted = true; }

  // -- for handlers: debugging (debug_registers.cc)
  // ------------------------------------------
  // DR0-3, DR7 or CR4.DE changed.
  void DebugChanged();
  // A debug trap follows the running instruction, for the reasons `dr6`.
  void TrapAfter(u32 dr6) { debug_trap_ |= dr6; }
  // The running instruction ends in another context: no single-step trap follows it.
  void SuppressStep() { event_delivered_ = true; }
  void NotePort(u16 port, u32 bytes) {
    if (watches_ports_) MatchPort(port, bytes);
  }

  // Delivers an event through the IDT (interrupt.cc). False: it was not delivered; either
  // a fault that came up on the way is recorded, or (stop_at_events) stop_ is set.
  bool Deliver(const Event& event);
  // EFLAGS as an event saves them.
  u32 SavedFlags(const Event& event) const;
  // An IRET with a 32-bit operand, if it is one of the usual ones (quick_event.cc).
  // False: nothing has happened.
  bool ReturnQuickly();
  // The same for a load of ES, SS, DS, FS or GS, for LTR, and for a far jump or call with
  // a 32-bit operand.
  bool LoadSegmentQuickly(Seg seg, u16 selector);
  bool LoadTaskQuickly(u16 selector);
  bool TransferQuickly(u16 selector, u32 eip, bool call);
  // A load of ES, DS, FS or GS in protected mode, if nothing but the register changes: no
  // mode, and no descriptor in memory. Else false, and nothing has happened.
  [[gnu::always_inline]] bool LoadKnownSegment(Seg seg, u16 selector) {
    Segment& s = segment(seg);
    const bool in_mode = seg < Seg::kFs;
    if ((selector & ~3u) == 0) {
      if (in_mode && s.shape != 0) return false;
      s = Segment();
    } else {
      const CachedDescriptor* const d = QuickDescriptor(selector);
      if (d == nullptr || !d->IsDataFor(selector, state.cpl)) return false;
      if (in_mode && s.shape != d->segment.shape) return false;
      s = d->segment;
    }
    s.selector = selector;
    return true;
  }
  // INT n, INT3 and INTO (kSoftware) and INT1 (kTrap), as an out-of-line function ends
  // with it.
  Flow SoftwareInterrupt(u8 vector, EventKind kind = EventKind::kSoftware);

  // -- for handlers: memory (memory_access.cc)
  // ---------------------------------------------- The offset of a memory operand inside
  // its segment.
  u32 Offset(const Op& op) {
    const u32 offset = R32(op.base) + (R32(op.index) << op.scale) + op.disp;
    return op.insn().address_bytes == 2 ? offset & 0xffff : offset;
  }
  // Through a segment, with all checks. False: a fault is recorded.
  template <typename T>
  [[nodiscard]] bool Load(Seg seg, u32 offset, T* value) {
    const Segment& s = segment(seg);
    const u32 lin = s.base + offset;
    // tlb_now misses always while alignment is checked.
    const TlbEntry& entry = tlb_now[Tlb::IndexOf(lin)];
    if (s.readable && s.Contains(offset, sizeof(T)) &&
        entry.read_tag == ((lin + (sizeof(T) - 1)) & ~kPageMask)) {
      *value = LoadLe<T>(entry.Host(lin));
      return true;
    }
    u8 bytes[sizeof(T)];
    if (!LoadBytes(seg, offset, bytes, sizeof(T))) return false;
    *value = LoadLe<T>(bytes);
    return true;
  }
  template <typename T>
  [[nodiscard]] bool Store(Seg seg, u32 offset, T value) {
    const Segment& s = segment(seg);
    const u32 lin = s.base + offset;
    const TlbEntry& entry = tlb_now[Tlb::IndexOf(lin)];
    if (s.writable && s.Contains(offset, sizeof(T)) &&
        entry.write_tag == ((lin + (sizeof(T) - 1)) & ~kPageMask)) {
      StoreLe<T>(entry.Host(lin), value);
      return true;
    }
    u8 bytes[sizeof(T)];
    StoreLe<T>(bytes, value);
    return StoreBytes(seg, offset, bytes, sizeof(T));
  }
  // Alignment (#AC) is checked against `align` bytes, the size by default.
  [[nodiscard]] bool LoadBytes(Seg seg, u32 offset, u8* bytes, u32 len, u32 align = 0);
  [[nodiscard]] bool StoreBytes(Seg seg, u32 offset, const u8* bytes, u32 len,
                                u32 align = 0);
  // All checks of a store, and D bits, without the store.
  [[nodiscard]] bool ProbeStore(Seg seg, u32 offset, u32 len, u32 align = 0);

  // Load or store of an operand of 1, 2 or 4 bytes.
  [[nodiscard]] bool LoadOperand(Seg seg, u32 offset, u32 bytes, u32* value);
  [[nodiscard]] bool StoreOperand(Seg seg, u32 offset, u32 bytes, u32 value);

  // By linear address at a given privilege: descriptor tables, TSS, stacks of inner
  // rings.
  [[nodiscard]] bool LoadLinear(Lin at, u8* bytes, u32 len, bool user);
  [[nodiscard]] bool StoreLinear(Lin at, const u8* bytes, u32 len, bool user);
  [[nodiscard]] bool ProbeLinear(Lin at, u32 len, Access access, bool user);
  template <typename T>
  [[nodiscard]] bool LoadSystem(Lin at, T* value) {
    const TlbEntry& entry = tlb_by_ring[0][Tlb::IndexOf(at.value)];
    if (entry.read_tag == ((at.value + (sizeof(T) - 1)) & ~kPageMask)) {
      *value = LoadLe<T>(entry.Host(at.value));
      return true;
    }
    u8 bytes[sizeof(T)];
    if (!LoadLinear(at, bytes, sizeof(T), false)) return false;
    *value = LoadLe<T>(bytes);
    return true;
  }
  template <typename T>
  [[nodiscard]] bool StoreLinear(Lin at, T value, bool user) {
    const TlbEntry& entry = tlb_by_ring[user ? 1 : 0][Tlb::IndexOf(at.value)];
    if (entry.write_tag == ((at.value + (sizeof(T) - 1)) & ~kPageMask)) {
      StoreLe<T>(entry.Host(at.value), value);
      return true;
    }
    u8 bytes[sizeof(T)];
    StoreLe<T>(bytes, value);
    return StoreLinear(at, bytes, sizeof(T), user);
  }
  template <typename T>
  [[nodiscard]] bool StoreSystem(Lin at, T value) {
    return StoreLinear(at, value, false);
  }

  // The host address of `lin` if the TLB can answer for it, good to the end of the page:
  // for string runs. Null: use Load and Store, which also make the entry.
  const u8* ReadCached(Lin lin) {
    const TlbEntry& entry = tlb_by_ring[state.cpl == 3][Tlb::IndexOf(lin.value)];
    return entry.read_tag == (lin.value & ~kPageMask) ? entry.Host(lin.value) : nullptr;
  }
  u8* WriteCached(Lin lin) {
    const TlbEntry& entry = tlb_by_ring[state.cpl == 3][Tlb::IndexOf(lin.value)];
    return entry.write_tag == (lin.value & ~kPageMask) ? entry.Host(lin.value) : nullptr;
  }
  bool ChecksAlignment() const { return AlignmentActive(); }
  // False: #AC is recorded.
  [[nodiscard]] bool CheckAlignment(Lin at, u32 len) { return Aligned(at, len, 0); }

  // -- for handlers: the rest
  // ---------------------------------------------------------------
  bool Protected() const { return (state.cr0 & kCr0Pe) != 0; }
  bool V86() const { return (state.eflags_rest & kEflagsVm) != 0; }
  u32 Iopl() const { return (state.eflags_rest >> 12) & 3; }
  bool StackIs32() const { return (state.seg[2].attr & kAttrDb) != 0; }
  Segment& segment(Seg s) { return state.seg[static_cast<u8>(s)]; }
  PortBus* ports() { return ports_; }
  u64 TimeStamp(const Op& op) const { return RetiredBefore(op) + tsc_offset_; }

  // What blocks depend on (Block::mode). An instruction that leaves it alone does not end
  // its block.
  u8 mode() const { return mode_; }
  // CPL, a segment register, CR0, CR3, CR4 or EFER changed: modes and TLB follow.
  void ModeChanged();
  void PagingChanged();
  // CR3 alone, and with PAE the PDPT entries.
  void SpaceChanged();

  // An out-of-line instruction has ended its block at next_eip. True: nothing is due
  // before the next one, so the handlers may go to its block themselves.
  bool GoesOn() {
    if (left_ <= 0 || fault_waiting_ || nmi_waiting_ || stop_requested_ || stepping_ ||
        blocks_cleared_ || state.halted || state.interrupt_shadow || debug_trap_ != 0 ||
        stop_ != StopReason::kNone || (state.eflags_rest & kEflagsTf) != 0 ||
        (interrupt_waiting_ && (state.eflags_rest & kEflagsIf) != 0)) {
      return false;
    }
    event_delivered_ = false;
    if (resume_pending_) resume_at_ = run_until_ - static_cast<u64>(left_);
    resume_pending_ = false;
    return true;
  }

  // -- for the dispatch only
  // ------------------------------------------------------------------
  struct JumpEntry {
    u64 key = ~u64{0};
    Block* block = nullptr;
  };
  static constexpr u32 kJumpEntries = 4096;
  // Address spaces that know different code at one address do not compete for a slot.
  u32 JumpIndex(u32 lin) const {
    return (lin ^ (lin >> 12) ^ jump_salt) & (kJumpEntries - 1);
  }

  TlbEntry* tlb_now = nullptr;  // the array for the current bank and ring
  // Those of CPL 0-2 and CPL 3; like tlb_now they miss always while data is watched or
  // observed.
  TlbEntry* tlb_by_ring[2] = {};
  u8* const ram;  // all of it, and which of its chunks are watched
  const u64* const watched_chunks;
  u64 jump_context = 0;  // of the current bank and ring, shifted to the key's top
  u32 jump_salt = 0;     // made from it
  u32 block_eip = 0;     // of the running block's first instruction (the tail binding's)
  u32 exit_eip = 0;
  i64 left_ = 0;
  Block** link_request = nullptr;  // to be filled with the block at exit_eip
  const Op* storing = nullptr;     // the operation that may be storing out of line
  u8 bounce[16] = {};              // a read-modify-write operand that is not plain memory
  std::array<JumpEntry, kJumpEntries> jump_cache;

  struct SlowValue {
    u32 value;
    bool fault;
  };
  LGX_SLOW_PATH SlowValue SlowLoad(u32 lin, u32 size, const Op* op);
  LGX_SLOW_PATH bool SlowStore(u32 lin, u32 size, u32 value, const Op* op);
  LGX_SLOW_PATH u8* SlowModify(u32 lin, u32 size,
                               const Op* op);  // null: fault; may return bounce
  LGX_SLOW_PATH void FlushBounce(u32 size);
  // Segment check of an address operation. False: a fault is recorded.
  bool CheckSegment(Seg seg, u32 offset, u32 size, bool write);

 private:
  friend class BlockCache;

  u8* Raw(u8 offset) { return reinterpret_cast<u8*>(&state) + offset; }
  bool SegmentFault(Seg seg) {
    return RaiseFalse(seg == Seg::kSs ? kVectorSs : kVectorGp, 0);
  }
  bool PageFault(Lin lin, u32 error);
  bool AlignmentActive() const {
    return (state.eflags_rest & kEflagsAc) != 0 && state.cpl == 3 &&
           (state.cr0 & kCr0Am) != 0;
  }
  bool Aligned(Lin lin, u32 len, u32 align);
  bool CopyIn(Lin at, u8* bytes, u32 len, bool user);
  bool CopyInPages(Lin at, u8* bytes, u32 len, bool user);
  bool CopyOut(Lin at, const u8* bytes, u32 len, bool user);
  bool CopyOutPages(Lin at, const u8* bytes, u32 len, bool user);
  bool LetsThrough(const TlbEntry& entry, Lin at) const;
  [[gnu::noinline]] bool StoreOutOfLine(u32 lin, u32 size, u32 value, const Op* op);
  [[gnu::noinline]] bool StoreToTable(Mfn frame, u8* at, u32 value, const Op* op);
  [[gnu::noinline]] bool StoreSlowly(u32 lin, u32 size, u32 value, const Op* op);

  // run.cc
  struct FetchWindow;
  void CodeContextChanged();
  bool DeliverPending(bool* delivered);
  void RunBlocks(u64 until);
  Block* Lookup(bool step);
  Block* MakeBlock(Lin lin, Mfn frame, u8 mode);
  bool FillBlock(Block* block, Lin lin);
  bool FetchInsn(Lin at, Mfn frame, u32 eip, bool first, FetchWindow* window);
  bool FetchSecond(Lin lin, FetchWindow* window);
  void ForgetBlocks();
  u32 FetchLimit(u32 eip, u32 wanted);
  u8 Mode(bool step) const;
  void ChooseTlb();
  void ChooseTlbOfRing() {
    tlb_now = AlignmentActive() ? MissAlways() : tlb_by_ring[state.cpl == 3];
  }
  // With alignment checks on, every access takes the slow path, which checks.
  static TlbEntry* MissAlways();
  void ChooseJumps();

  // quick_event.cc. False: nothing has happened.
  bool DeliverQuickly(const Event& event);
  // Eight bytes of a system table, if the TLB knows them.
  [[gnu::always_inline]] bool QuickLoad(u32 lin, u64* value) const {
    const TlbEntry& entry = tlb_by_ring[0][Tlb::IndexOf(lin)];
    if (entry.read_tag != ((lin + 7) & ~kPageMask)) return false;
    *value = LoadLe<u64>(entry.Host(lin));
    return true;
  }
  // In the GDT; null: not at once.
  [[gnu::always_inline]] const CachedDescriptor* QuickDescriptor(u16 selector) {
    const bool in_gdt = (selector & ~3u) != 0 && (selector & 4) == 0;
    if (!in_gdt || (selector | 7u) > state.gdtr.limit) return nullptr;
    u64 bytes = 0;
    if (!QuickLoad(state.gdtr.base + (selector & ~7u), &bytes)) return nullptr;
    return &descriptors_.Decode(selector, bytes);
  }

  bool GoThroughIdt(const Event& event);  // interrupt.cc

  // exception.cc. False: Run() must stop.
  bool DeliverFault();
  bool StopAt(const Event& event);

  // debug_registers.cc
  static constexpr u64 kNever = ~u64{0};
  void MatchData(Lin at, u32 len, bool write);
  void MatchPort(u16 port, u32 bytes);
  bool MeetsBreakpoint();
  void EnterDebug(u32 dr6);
  bool DeliverDebugTrap();
  void NoteData(Lin at, u32 len, bool write) {
    if (watches_data_) [[unlikely]]
      MatchData(at, len, write);
    if (inspects_data_) [[unlikely]]
      InspectAccess(at, len, write);
  }
  void TellAccess(DataAccess kind, Lin at, const u8* bytes, u32 len) {
    if (access_observer_ != nullptr) [[unlikely]]
      access_observer_->OnData(kind, at, {bytes, len});
  }
  void SettleDebug();

  // inspect.cc
  static constexpr u64 kNoJumps = ~u64{0} << 32;  // a jump_context that no key has
  bool StopsBeforeInstruction();
  void InspectAccess(Lin at, u32 len, bool write);
  void InspectStore(Mpa at, const u8* bytes, u32 len);
  void MarkInspected();
  void InspectEvent(const Event& event);
  void StopForInspector();
  StopReason EndInspectStop();

  PhysMemory& memory_;
  Tlb tlb_;
  std::unique_ptr<BlockCache> blocks_;
  Binding binding_;
  PortBus* ports_ = nullptr;
  CpuModel model_ = DefaultCpuModel();
  u64 retired_ = 0;
  u64 run_until_ = 0;
  u64 tsc_offset_ = 0;
  u8 mode_ = 0;
  bool fault_waiting_ = false;
  bool interrupt_waiting_ = false;
  bool nmi_waiting_ = false;
  bool stop_requested_ = false;
  bool stop_at_events_ = false;
  bool uncached_ = false;
  bool stepping_ = false;      // uncached_, or a breakpoint is enabled
  bool watches_code_ = false;  // breakpoints of each kind that DR7 enables
  bool watches_data_ = false;
  bool watches_ports_ = false;
  bool resume_pending_ = false;  // RF is set once the current instruction is done
  u32 debug_hits_ = 0;           // breakpoints the running instruction has met
  u32 debug_trap_ = 0;           // a #DB that is due between instructions, as DR6 bits
  u32 fault_dr6_ = 0;            // of the #DB that is recorded as a fault
  u64 resume_at_ = kNever;
  bool blocks_cleared_ = false;   // since the last block was entered
  u32 jump_epoch_ = 0;            // Tlb::context_epoch() the jump cache was filled in
  bool event_delivered_ = false;  // by the instruction that is running
  StopReason stop_ = StopReason::kNone;
  u8 interrupt_vector_ = 0;
  Fault fault_;
  Event last_event_;
  AccessObserver* access_observer_ = nullptr;
  CpuInspector* inspector_ = nullptr;
  InspectionPlan plan_;
  bool inspects_code_ = false;
  bool inspects_data_ = false;
  bool inspect_stop_ = false;  // stop_requested_ is the inspector's
  u32 bounce_lin_ = 0;
  CpuStats stats_;
  DescriptorCache descriptors_;
};

}  // namespace lgx

#endif  // LGX_CPU_CPU_H_
