#include "report/trace_recorder.h"

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"
#include "base/version.h"

namespace lgx {
namespace {

u64 HashOf(const TraceEvent& event) {
  StateHash hash;
  hash.Value(static_cast<u32>(event.category));
  hash.Value(static_cast<u32>(event.phase));
  hash.Text(event.name);
  for (const TraceArg& arg : event.args) hash.Value(arg.value);
  hash.Text(event.text);
  return hash.Digest();
}

}  // namespace

void TraceRecorder::MachineBegins(Machine& machine) {
  CHECK(machine_ == nullptr) << "two machines at once";
  if (consumers_.empty()) return;
  machine_ = &machine;
  if (!begun_) {
    begun_ = true;
    const TraceHeader header{std::string(ProgramVersion()),
                             machine.instructions_per_second()};
    for (const Consumer& each : consumers_) each.consumer->Begin(header);
  }
  machine.AttachTrace(this, mask_);
}

void TraceRecorder::MachineEnds() {
  if (machine_ == nullptr) return;
  machine_->AttachTrace(nullptr, 0);
  base_insn_ += machine_->instructions();
  base_ns_ += machine_->virtual_ns();
  machine_ = nullptr;
}

void TraceRecorder::Finish() {
  MachineEnds();
  for (const Consumer& each : consumers_) each.consumer->Finish();
}

// Several events may belong to one instruction, and the machine may stand between them.
bool TraceRecorder::IsNew(const TraceEvent& event, u64 insn) {
  const u64 hash = HashOf(event);
  if (insn > last_insn_) {
    repeats_ = false;
    here_.clear();
  } else if (repeats_ &&
             (insn < last_insn_ || std::count(here_.begin(), here_.end(), hash))) {
    return false;
  }
  here_.push_back(hash);
  last_insn_ = insn;
  return true;
}

void TraceRecorder::OnEvent(const TraceEvent& event) {
  const u64 insn = base_insn_ + machine_->instructions();
  if (may_go_back_ && !IsNew(event, insn)) return;
  last_ns_ = std::max(last_ns_, base_ns_ + machine_->virtual_ns());
  const TraceRecord record{insn,       last_ns_,   event.category, event.phase,
                           event.name, event.args, event.text};
  const u32 bit = Trace::MaskOf(event.category);
  for (const Consumer& each : consumers_) {
    if ((each.mask & bit) != 0) each.consumer->Add(record);
  }
}

}  // namespace lgx
