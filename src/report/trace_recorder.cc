#include "report/trace_recorder.h"

#include "base/check.h"
#include "base/version.h"

namespace lgx {

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

void TraceRecorder::OnEvent(const TraceEvent& event) {
  const TraceRecord record{base_insn_ + machine_->instructions(),
                           base_ns_ + machine_->virtual_ns(),
                           event.category,
                           event.phase,
                           event.name,
                           event.args,
                           event.text};
  const u32 bit = Trace::MaskOf(event.category);
  for (const Consumer& each : consumers_) {
    if ((each.mask & bit) != 0) each.consumer->Add(record);
  }
}

}  // namespace lgx
