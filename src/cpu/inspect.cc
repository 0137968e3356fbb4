// The processor's half of inspector.h.
#include "cpu/inspector.h"

#include <algorithm>

#include "cpu/block_cache.h"
#include "cpu/cpu.h"

namespace lgx {

namespace {

// Marked like a table, which nobody takes for one: stores there are announced.
constexpr FrameMark kMark = kHoldsTables;

}  // namespace

void Cpu::Inspect(CpuInspector* inspector, const InspectionPlan& plan) {
  for (const Mfn frame : plan_.frames) {
    if (!tlb_.IsTable(frame)) memory_.ClearMark(frame, kMark);
  }
  // Blocks that are cut elsewhere.
  if (plan.code != plan_.code) ForgetBlocks();
  inspector_ = inspector;
  plan_ = plan;
  inspects_code_ = plan.code.any();
  inspects_data_ = !plan.pages.empty();
  tlb_.HidePages(plan.pages);
  MarkInspected();
}

void Cpu::set_access_observer(AccessObserver* observer) {
  access_observer_ = observer;
  ChooseTlb();
  ModeChanged();
}

// Again after each store: what was a table too may have lost the mark.
void Cpu::MarkInspected() {
  for (const Mfn frame : plan_.frames) {
    if ((memory_.marks(frame) & kMark) != 0) continue;
    memory_.AddMark(frame, kMark);
    tlb_.ForgetWrites(frame);
  }
}

void Cpu::InspectStore(Mpa at, const u8* bytes, u32 len) {
  const auto& frames = plan_.frames;
  if (std::find(frames.begin(), frames.end(), MfnOf(at)) == frames.end()) return;
  if (inspector_->OnStore(at, bytes, len)) StopForInspector();
}

// Run() returns as soon as the running instruction is done. The block it belongs to is
// dropped, and with it all blocks that a link leads to; the jump cache gives no answers
// until then. So the next instruction starts from a lookup.
void Cpu::StopForInspector() {
  inspect_stop_ = stop_requested_ = true;
  jump_context = kNoJumps;
  if (storing != nullptr) blocks_->DropFrame(storing->block()->frame);
}

StopReason Cpu::EndInspectStop() {
  inspect_stop_ = false;
  ModeChanged();
  return StopReason::kInspect;
}

// As it is asked before anything else is done for the instruction, nothing is undone.
bool Cpu::StopsBeforeInstruction() {
  const u32 lin = segment(Seg::kCs).base + state.eip;
  if (!plan_.code[lin & kPageMask] || !inspector_->BeforeInstruction(Lin(lin))) {
    return false;
  }
  StopForInspector();
  return true;
}

// Other pages come by here as well, whenever the TLB does not have them.
void Cpu::InspectAccess(Lin at, u32 len, bool write) {
  const auto touched = [&](const HiddenPage& page) {
    return (write || page.reads) &&
           (at.value - page.first.value < kPageSize || page.first.value - at.value < len);
  };
  const auto& pages = plan_.pages;
  if (std::none_of(pages.begin(), pages.end(), touched)) return;
  if (inspector_->OnAccess(at, len, write)) StopForInspector();
}

void Cpu::InspectEvent(const Event& event) {
  if (inspector_->OnEvent(event)) StopForInspector();
}

}  // namespace lgx
