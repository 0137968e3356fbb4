#include "base/trace.h"

#include <array>
#include <string>

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

StatusOr<u32> ParseTraceCategories(std::string_view names) {
  u32 mask = 0;
  while (true) {
    const size_t comma = names.find(',');
    const std::string_view name = names.substr(0, comma);
    if (name == "all") {
      mask |= Trace::kUsual;
    } else if (const std::optional<TraceCategory> category =
                   TraceCategoryFromName(name)) {
      mask |= Trace::MaskOf(*category);
    } else {
      std::string known;
      for (const std::string_view each : kNames) known += std::string(each) + ", ";
      return Errorf(StatusCode::kOutOfRange,
                    "\"%s\" is no category of a trace; there are %sand all for those but "
                    "insn and mem",
                    std::string(name), known);
    }
    if (comma == std::string_view::npos) return mask;
    names.remove_prefix(comma + 1);
  }
}

void Trace::Emit(TraceCategory category, TracePhase phase, std::string_view name,
                 std::span<const TraceArg> args, std::string_view text) const {
  if (!On(category)) return;
  sink_->OnEvent(TraceEvent{category, phase, name, args, text});
}

}  // namespace lgx
