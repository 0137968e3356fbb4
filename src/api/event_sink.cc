#include "api/event_sink.h"

namespace lgx {

static_assert(LGX_EVENT_CROSSING == Trace::MaskOf(TraceCategory::kCrossing));
static_assert(LGX_EVENT_HYPERCALL == Trace::MaskOf(TraceCategory::kHypercall));
static_assert(LGX_EVENT_FAULT == Trace::MaskOf(TraceCategory::kFault));
static_assert(LGX_EVENT_DEMAND == Trace::MaskOf(TraceCategory::kDemand));
static_assert(LGX_EVENT_SHADOW == Trace::MaskOf(TraceCategory::kShadow));
static_assert(LGX_EVENT_IRQ == Trace::MaskOf(TraceCategory::kIrq));
static_assert(LGX_EVENT_TIMER == Trace::MaskOf(TraceCategory::kTimer));
static_assert(LGX_EVENT_DEVICE == Trace::MaskOf(TraceCategory::kDevice));
static_assert(LGX_EVENT_CONSOLE == Trace::MaskOf(TraceCategory::kConsole));
static_assert(LGX_EVENT_INSN == Trace::MaskOf(TraceCategory::kInsn));
static_assert(LGX_EVENT_MEM == Trace::MaskOf(TraceCategory::kMem));
static_assert(LGX_EVENTS_USUAL == Trace::kUsual);

static_assert(LGX_PHASE_INSTANT == static_cast<int>(TracePhase::kInstant));
static_assert(LGX_PHASE_BEGIN == static_cast<int>(TracePhase::kBegin));
static_assert(LGX_PHASE_END == static_cast<int>(TracePhase::kEnd));

void EventSink::OnEvent(const TraceEvent& event) {
  name_ = event.name;
  args_.clear();
  for (const TraceArg& arg : event.args) args_.push_back({arg.key, arg.value});
  lgx_event out = {};
  out.size = sizeof out;
  out.category = Trace::MaskOf(event.category);
  out.phase = static_cast<int32_t>(event.phase);
  out.instructions = run_.machine().instructions();
  out.virtual_ns = run_.machine().virtual_ns();
  out.name = name_.c_str();
  out.args = args_.data();
  out.arg_count = args_.size();
  out.text = event.text.data();
  out.text_length = event.text.size();
  function_(user_, &out);
}

}  // namespace lgx
