#include "base/trace.h"

#include <array>

namespace lgx {
namespace {

constexpr std::array<std::string_view, kTraceCategories> kNames = {
    "crossing", "hypercall", "fault",   "demand", "shadow", "irq",
    "timer",    "device",    "console", "insn",   "mem",
};

}  // namespace

std::string_view TraceCategoryName(TraceCategory category) {
  return kNames[static_cast<u32>(category)];
}

std::optional<TraceCategory> TraceCategoryFromName(std::string_view name) {
  for (u32 i = 0; i < kTraceCategories; i++) {
    if (kNames[i] == name) return static_cast<TraceCategory>(i);
  }
  return std::nullopt;
}

void Trace::Emit(TraceCategory category, TracePhase phase, std::string_view name,
                 std::initializer_list<TraceArg> args) {
  if (!On(category)) return;
  sink_->OnEvent(TraceEvent{category, phase, name,
                            std::span<const TraceArg>(args.begin(), args.size())});
}

}  // namespace lgx
