// The outer loop: events between instructions, and blocks in between.
#include <algorithm>

#include "base/check.h"
#include "cpu/block_cache.h"
#include "cpu/body.h"
#include "cpu/cpu.h"
#include "cpu/handlers.h"
#include "cpu/translate.h"

namespace lgx {
namespace {

const BindingTable& TableOf(Binding binding) {
  const BindingTable* table = binding == Binding::kTail ? TailBinding() : LoopBinding();
  CHECK(table != nullptr) << "this build has no such binding";
  return *table;
}

// So many events one after the other take no instruction; more take one each.
constexpr u32 kEventsForFree = 256;

constexpr TlbEntry kMissAlways[Tlb::kEntries] = {};

}  // namespace

bool BindingExists(Binding binding) {
  return binding == Binding::kLoop || TailBinding() != nullptr;
}

Binding DefaultBinding() {
#ifdef LGX_BINDING_LOOP
  return Binding::kLoop;
#else
  return BindingExists(Binding::kTail) ? Binding::kTail : Binding::kLoop;
#endif
}

Cpu::Cpu(PhysMemory& memory, Binding binding)
    : ram(memory.ram()),
      watched_chunks(memory.watched_chunks()),
      memory_(memory),
      tlb_(memory),
      blocks_(std::make_unique<BlockCache>(memory, TableOf(binding).handlers[kStale])),
      binding_(binding) {
  static_assert(offsetof(CpuState, regs) == 0);
  memory.set_watch(this);
  StateChanged();
}

Cpu::~Cpu() { memory_.set_watch(nullptr); }

void Cpu::WillStore(Mpa at, const u8* bytes, u32 len) {
  const u8 marks = memory_.marks(MfnOf(at));
  if (!plan_.frames.empty()) [[unlikely]]
    InspectStore(at, bytes, len);
  if ((marks & kHoldsCode) != 0) blocks_->WillStore(at, len);
  if ((marks & kHoldsTables) != 0) {
    const u32 context = tlb_.code_context();
    tlb_.WillStore(at, bytes, len);
    if (!plan_.frames.empty()) [[unlikely]]
      MarkInspected();
    if (context != tlb_.code_context()) CodeContextChanged();
  }
}

// By a store to a table. The running code may have unmapped itself. Links between blocks
// stay inside a page, so dropping the blocks of this page makes the next instruction
// start from a lookup.
void Cpu::CodeContextChanged() {
  ModeChanged();
  if (storing != nullptr) blocks_->DropFrame(storing->block()->frame);
}

// -- derived state
// ----------------------------------------------------------------------------

void Cpu::StateChanged() {
  state.regs[kZeroRegister] = 0;
  DebugChanged();
  PagingChanged();
}

void Cpu::PagingChanged() {
  PagingRegisters regs;
  regs.paging = (state.cr0 & kCr0Pg) != 0;
  regs.write_protect = (state.cr0 & kCr0Wp) != 0;
  regs.pae = (state.cr4 & kCr4Pae) != 0;
  regs.pse = (state.cr4 & kCr4Pse) != 0;
  regs.no_execute = (state.efer & kEferNxe) != 0;
  if (regs.paging) {
    regs.cr3 = regs.pae ? state.cr3 & ~31u : state.cr3 & ~kPageMask;
    if (regs.pae) std::copy(std::begin(state.pdpte), std::end(state.pdpte), regs.pdpte);
  }
  tlb_.Select(regs);
  ChooseTlb();
  ModeChanged();
}

void Cpu::SpaceChanged() {
  if ((state.cr0 & kCr0Pg) == 0) return PagingChanged();
  const bool pae = (state.cr4 & kCr4Pae) != 0;
  if (!tlb_.SelectSpace(pae ? state.cr3 & ~31u : state.cr3 & ~kPageMask, state.pdpte)) {
    return PagingChanged();
  }
  ChooseTlb();
  ChooseTlbOfRing();
  ChooseJumps();
}

TlbEntry* Cpu::MissAlways() { return const_cast<TlbEntry*>(kMissAlways); }

// With a data breakpoint set, or with an observer, the accesses of the processor itself
// take the slow path too.
void Cpu::ChooseTlb() {
  const bool misses = watches_data_ || access_observer_ != nullptr;
  for (const bool user : {false, true}) {
    tlb_by_ring[user ? 1 : 0] = misses ? MissAlways() : tlb_.Entries(user);
  }
}

u8 Cpu::Mode(bool step) const {
  static_assert(kShapeCode32 == kModeCode32 && kShapeStack32 == kModeStack32);
  const auto shape = [this](Seg seg) { return state.seg[static_cast<u8>(seg)].shape; };
  const u8 data = shape(Seg::kSs) & shape(Seg::kDs) & shape(Seg::kEs);
  const u8 sizes = (shape(Seg::kCs) & kShapeCode32) | (shape(Seg::kSs) & kShapeStack32);
  const bool flat = sizes == (kShapeCode32 | kShapeStack32) &&
                    (shape(Seg::kCs) & kShapeFlat) != 0 && (data & kShapeFlatData) != 0;
  return static_cast<u8>((state.cpl == 3 ? kModeUser : 0) | sizes |
                         (flat ? kModeFlat : 0) | (step ? kModeStep : 0));
}

void Cpu::ModeChanged() {
  mode_ = Mode(false);
  ChooseTlbOfRing();
  ChooseJumps();
}

void Cpu::ChooseJumps() {
  // The jump cache serves flat code only, where one bit of the mode is left to tell
  // apart.
  const u64 context = u64{tlb_.code_context()} << 1 | (mode_ & kModeUser);
  jump_context = (mode_ & kModeFlat) != 0 && !inspect_stop_ ? context << 32 : kNoJumps;
  jump_salt = static_cast<u32>(context) * 0x9e3779b1 >> 20;
  if (jump_epoch_ != tlb_.context_epoch()) {
    jump_epoch_ = tlb_.context_epoch();
    jump_cache.fill(JumpEntry());
  }
}

void Cpu::SetEflags(u32 value) {
  state.flags.SetArithmetic(value);
  state.eflags_rest = value & kEflagsStored;
  EflagsRestChanged();
}

void Cpu::EflagsRestChanged() { ChooseTlbOfRing(); }

// -- events
// -----------------------------------------------------------------------------------

bool Cpu::RaiseInterrupt(u8 vector) {
  if (interrupt_waiting_) return false;
  interrupt_waiting_ = true;
  interrupt_vector_ = vector;
  return true;
}

Flow Cpu::Raise(u8 vector) {
  fault_ = Fault{vector, false, 0, 0};
  fault_waiting_ = true;
  return Flow::kFault;
}

Flow Cpu::Raise(u8 vector, u32 error) {
  fault_ = Fault{vector, true, error, 0};
  fault_waiting_ = true;
  return Flow::kFault;
}

// Delivers the first of what is due before the next instruction. False: stop (last_event_
// or shutdown).
bool Cpu::DeliverPending(bool* delivered) {
  *delivered = true;
  if (fault_waiting_) {
    fault_waiting_ = false;
    return DeliverFault();
  }
  // In the order of the manual: debug traps of the last instruction, NMI, interrupts.
  if (debug_trap_ != 0 && !state.trap_shadow) return DeliverDebugTrap();
  *delivered = false;
  if (state.interrupt_shadow) return true;
  Event event;
  event.kind = EventKind::kInterrupt;
  event.eip = state.eip;
  if (nmi_waiting_ && !state.nmi_blocked) {
    nmi_waiting_ = false;
    if (!stop_at_events_) state.nmi_blocked = true;
    event.fault.vector = kVectorNmi;
  } else if (interrupt_waiting_ && (state.eflags_rest & kEflagsIf) != 0) {
    interrupt_waiting_ = false;
    event.fault.vector = interrupt_vector_;
    ++stats_.interrupts;
  } else {
    return true;
  }
  *delivered = true;
  state.halted = false;
  if (stop_at_events_) return StopAt(event);
  if (Deliver(event)) return true;
  return stop_ == StopReason::kNone;  // another fault came up: it is next
}

StopReason Cpu::Run(u64 until) {
  stop_ = StopReason::kNone;
  link_request = nullptr;
  while (true) {
    if (stop_requested_) {
      stop_requested_ = false;
      if (inspect_stop_) return EndInspectStop();
      return StopReason::kRequest;
    }
    if (fault_waiting_ || nmi_waiting_ || interrupt_waiting_ || debug_trap_ != 0) {
      link_request = nullptr;
      // A handler whose first instruction faults is called again and again. Time passes,
      // or Run() would never return.
      const bool costs = state.events_in_a_row >= kEventsForFree;
      if (costs && retired_ >= until) return StopReason::kDeadline;
      bool delivered = false;
      if (!DeliverPending(&delivered)) return stop_;
      // An interrupt that the handler leaves open comes before its first instruction.
      if (delivered) {
        if (costs) {
          ++retired_;
        } else {
          ++state.events_in_a_row;
        }
        SettleDebug();
        continue;
      }
    }
    if (state.halted) return StopReason::kHalt;
    if (retired_ >= until) return StopReason::kDeadline;
    RunBlocks(until);
    if (stop_ != StopReason::kNone) return stop_;
  }
}

// Runs blocks until the handlers leave, or one instruction (of a rep: one iteration)
// where more must not run.
void Cpu::RunBlocks(u64 until) {
  const bool trap = (state.eflags_rest & kEflagsTf) != 0;
  const bool shadow = state.interrupt_shadow;
  const bool alone = trap || shadow || stepping_;
  if (inspects_code_ && StopsBeforeInstruction()) return;
  if (alone && watches_code_ && MeetsBreakpoint()) return;
  run_until_ = alone ? retired_ + 1 : until;
  state.interrupt_shadow = state.trap_shadow = false;
  left_ = static_cast<i64>(run_until_ - retired_);
  Block** const request = link_request;
  link_request = nullptr;
  Block* block = alone ? nullptr : JumpTarget(this, state.eip);
  // The jump cache may still name a block that was dropped: Lookup replaces it.
  if (block == nullptr || !block->alive) block = Lookup(alone);
  if (block == nullptr) return;  // the fetch faulted
  if (block->count > left_) {
    block = Lookup(true);
    if (block == nullptr) return;
  } else if (request != nullptr && block->links_ok && !blocks_cleared_) {
    *request = block;
  }
  blocks_cleared_ = false;
  const u64 retired_before = retired_;
  left_ -= block->count;
  TableOf(binding_).enter(*this, block);
  storing = nullptr;
  retired_ = run_until_ - static_cast<u64>(left_);
  if (retired_ != retired_before) state.events_in_a_row = 0;
  // A single step traps after an instruction that completed, not after one that faulted,
  // nor after one that only delivered an event of its own.
  if (trap && !fault_waiting_ && retired_ != retired_before && !event_delivered_ &&
      !state.trap_shadow) {
    debug_trap_ |= kDr6Bs;
  }
  event_delivered_ = false;
  if (alone || resume_pending_) SettleDebug();
}

// -- finding and making blocks
// ---------------------------------------------------------------

void Cpu::set_uncached(bool on) {
  uncached_ = on;
  DebugChanged();
  ForgetBlocks();
}

void Cpu::ForgetBlocks() {
  blocks_->Clear();
  blocks_cleared_ = true;
  jump_cache.fill(JumpEntry());
}

// The block at CS:EIP. Null: fetching faulted, the fault is recorded.
Block* Cpu::Lookup(bool step) {
  ++stats_.lookups;
  const Segment& cs = segment(Seg::kCs);
  const u8 mode = static_cast<u8>(mode_ | (step ? kModeStep : 0));
  const bool flat = (mode & kModeFlat) != 0;
  const u32 lin = cs.base + state.eip;
  if (!flat && !cs.Contains(state.eip, 1)) {
    RaiseFalse(kVectorGp, 0);
    return nullptr;
  }
  const WalkResult walk = tlb_.Fetch(Lin(lin), state.cpl == 3);
  if (!walk.ok) {
    PageFault(Lin(lin), walk.error);
    return nullptr;
  }
  Block* block = blocks_->Find(walk.frame, lin & kPageMask, mode);
  if (block != nullptr && uncached_) {
    blocks_->Drop(block);
    block = nullptr;
  }
  if (block != nullptr && block->Crosses()) {
    const WalkResult second = tlb_.Fetch(Lin((lin | kPageMask) + 1), state.cpl == 3);
    if (!second.ok || second.frame != block->second_frame) {
      blocks_->Drop(block);
      block = nullptr;
    }
  }
  if (block != nullptr && !flat && !cs.Contains(state.eip, block->bytes)) {
    if (!step) return Lookup(true);
    blocks_->Drop(block);
    block = nullptr;
  }
  if (block == nullptr) block = MakeBlock(Lin(lin), walk.frame, mode);
  if (block != nullptr && flat && !step && block->links_ok) {
    JumpEntry& entry = jump_cache[JumpIndex(lin)];
    entry.key = jump_context | lin;
    entry.block = block;
  }
  return block;
}

// One instruction on its way into a block: the bytes it may have, to the end of its page
// and at the start of the next one, and what became of them.
struct Cpu::FetchWindow {
  u8 bytes[2 * kMaxInsnBytes];
  u32 first = 0;  // bytes on the first page
  u32 all = 0;
  Mfn second_frame;

  DecodeStatus status = DecodeStatus::kNeedMore;
  RawInsn insn;
  u32 used = 0;  // bytes that decided the outcome

  bool Crosses() const { return used > first; }
};

// An instruction that does not fit its page: the second page is fetched like the first.
bool Cpu::FetchSecond(Lin lin, FetchWindow* window) {
  const Lin next((lin.value | kPageMask) + 1);
  const WalkResult walk = tlb_.Fetch(next, state.cpl == 3);
  if (!walk.ok) return PageFault(next, walk.error);
  window->second_frame = walk.frame;
  const u32 more = kMaxInsnBytes - window->first;
  memory_.Read(MpaOf(walk.frame), window->bytes + window->first, more);
  window->all = window->first + more;
  return true;
}

// How many bytes may be fetched at CS:eip before the segment ends.
u32 Cpu::FetchLimit(u32 eip, u32 wanted) {
  const Segment& cs = segment(Seg::kCs);
  if ((mode_ & kModeFlat) != 0 || cs.Contains(eip, wanted)) return wanted;
  return cs.last - eip + 1;
}

// Fetches and decodes the instruction at `at` = CS:eip. False: it does not fit into its
// page or its segment. For the first instruction of a block a fault is recorded then; a
// later one starts a block of its own, and faults there.
bool Cpu::FetchInsn(Lin at, Mfn frame, u32 eip, bool first, FetchWindow* window) {
  const bool code32 = (mode_ & kModeCode32) != 0;
  window->first = window->all = std::min(kMaxInsnBytes, kPageSize - PageOffset(at));
  memory_.Read(MpaOf(frame) + PageOffset(at), window->bytes, window->first);
  u32 limit = FetchLimit(eip, window->all);
  window->status = Decode({window->bytes, limit}, code32, &window->insn);
  if (window->status == DecodeStatus::kNeedMore) {
    if (!first) return false;
    if (limit == window->all && window->all < kMaxInsnBytes) {
      if (!FetchSecond(at, window)) return false;
      limit = FetchLimit(eip, window->all);
      window->status = Decode({window->bytes, limit}, code32, &window->insn);
    }
    // The segment's limit cuts it off.
    if (window->status == DecodeStatus::kNeedMore) return RaiseFalse(kVectorGp, 0);
  }
  window->used = window->status == DecodeStatus::kOk ? window->insn.length : limit;
  return true;
}

// Decodes from `lin` on until the block must end. False: the first instruction cannot be
// fetched, its fault is recorded.
bool Cpu::FillBlock(Block* block, Lin lin) {
  Translator translator(TableOf(binding_), model_.features, block);
  const u32 max_insns = (block->mode & kModeStep) != 0 ? 1 : Block::kMaxInsns;
  u32 offset = 0;
  bool ended = false;
  while (!ended && block->count < max_insns) {
    const Lin at = lin + offset;
    const bool first = offset == 0;
    if (!first && (PageOffset(at) == 0 || plan_.code[PageOffset(at)])) break;
    FetchWindow window;
    if (!FetchInsn(at, block->frame, state.eip + offset, first, &window)) {
      if (first) return false;
      break;
    }
    if (window.status == DecodeStatus::kOk) {
      ended = translator.Add(window.insn, offset);
    } else {
      const bool undefined = window.status == DecodeStatus::kUndefined;
      translator.AddFault(undefined ? kVectorUd : kVectorGp, offset);
      ended = true;
    }
    offset += window.used;
    if (window.Crosses()) {
      block->second_frame = window.second_frame;
      block->links_ok = false;
      break;
    }
  }
  if (!ended) translator.Finish(offset);
  if (max_insns > 1) translator.Specialise();
  block->bytes = static_cast<u16>(offset);
  return true;
}

Block* Cpu::MakeBlock(Lin lin, Mfn frame, u8 mode) {
  bool cleared = false;
  Block* const block = blocks_->Allocate(&cleared);
  if (cleared) {
    ++stats_.cache_flushes;
    ForgetBlocks();
  }
  block->frame = block->second_frame = frame;
  block->offset = static_cast<u16>(PageOffset(lin));
  block->mode = mode;
  block->links_ok =
      (mode & kModeFlat) != 0 && (mode & kModeStep) == 0 && !plan_.code[PageOffset(lin)];
  if (!FillBlock(block, lin)) return nullptr;
  blocks_->Commit(block);
  ++stats_.blocks_made;
  tlb_.ForgetWrites(block->frame);
  tlb_.ForgetWrites(block->second_frame);
  return block;
}

}  // namespace lgx
