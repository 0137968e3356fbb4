// Typed events of a run, for those who want to watch it.
//
// A part that can be watched holds a Trace. Off costs one test of a bit:
//
//   if (trace.On(TraceCategory::kFault)) {
//     trace.Event(TraceCategory::kFault, "page fault", {{"cr2", cr2}, {"error_code",
//     code}});
//   }
//
// Events carry no time: the sink stamps them with the machine's virtual clock, so two
// traces of one run are byte-identical.
#ifndef LGX_BASE_TRACE_H_
#define LGX_BASE_TRACE_H_

#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "base/status.h"
#include "base/types.h"

namespace lgx {

// user-interface section 7.
enum class TraceCategory : u8 {
  kCrossing,
  kHypercall,
  kFault,
  kDemand,
  kShadow,
  kIrq,
  kTimer,
  kDevice,
  kConsole,
  kInsn,
  kMem,
};
inline constexpr u32 kTraceCategories = 11;

std::string_view TraceCategoryName(TraceCategory category);
std::optional<TraceCategory> TraceCategoryFromName(std::string_view name);
// "crossing,fault" as a mask; "all" is Trace::kUsual.
StatusOr<u32> ParseTraceCategories(std::string_view names);

struct TraceArg {
  const char* key;
  u64 value;
};

enum class TracePhase : u8 { kInstant, kBegin, kEnd };

// Valid during the call only.
struct TraceEvent {
  TraceCategory category;
  TracePhase phase;
  std::string_view name;
  std::span<const TraceArg> args;
  // What a number cannot say: a device's name, the bytes of console text. Raw bytes.
  std::string_view text;
};

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void OnEvent(const TraceEvent& event) = 0;
};

class Trace {
 public:
  // `sink` may be null: everything off.
  void Attach(TraceSink* sink, u32 category_mask) {
    sink_ = sink;
    mask_ = sink == nullptr ? 0 : category_mask;
  }
  static constexpr u32 MaskOf(TraceCategory category) {
    return u32{1} << static_cast<u32>(category);
  }
  static constexpr u32 kAll = (u32{1} << kTraceCategories) - 1;
  // Those that need no single steps.
  static constexpr u32 kUsual =
      kAll & ~(u32{1} << static_cast<u32>(TraceCategory::kInsn) |
               u32{1} << static_cast<u32>(TraceCategory::kMem));

  bool On(TraceCategory category) const { return (mask_ & MaskOf(category)) != 0; }

  void Event(TraceCategory category, std::string_view name,
             std::initializer_list<TraceArg> args = {},
             std::string_view text = {}) const {
    Emit(category, TracePhase::kInstant, name, AsSpan(args), text);
  }
  void Event(TraceCategory category, std::string_view name,
             std::span<const TraceArg> args, std::string_view text) const {
    Emit(category, TracePhase::kInstant, name, args, text);
  }
  // Begin and End of one category nest.
  void Begin(TraceCategory category, std::string_view name,
             std::initializer_list<TraceArg> args = {},
             std::string_view text = {}) const {
    Emit(category, TracePhase::kBegin, name, AsSpan(args), text);
  }
  void End(TraceCategory category, std::string_view name,
           std::initializer_list<TraceArg> args = {}, std::string_view text = {}) const {
    Emit(category, TracePhase::kEnd, name, AsSpan(args), text);
  }

 private:
  static std::span<const TraceArg> AsSpan(std::initializer_list<TraceArg> args) {
    return {args.begin(), args.size()};
  }
  void Emit(TraceCategory category, TracePhase phase, std::string_view name,
            std::span<const TraceArg> args, std::string_view text) const;

  TraceSink* sink_ = nullptr;
  u32 mask_ = 0;
};

}  // namespace lgx

#endif  // LGX_BASE_TRACE_H_
