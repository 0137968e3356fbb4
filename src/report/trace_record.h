// One event of a run with its time, and how it reaches a file: every format is written
// from the same records.
#ifndef LGX_REPORT_TRACE_RECORD_H_
#define LGX_REPORT_TRACE_RECORD_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/trace.h"
#include "base/types.h"

namespace lgx {

// What is true of a whole trace.
struct TraceHeader {
  std::string program;                        // the version that made it
  u64 instructions_per_second = 100'000'000;  // of virtual time
};

// Valid while it is handed over only. The time is virtual: instructions that have
// retired, and nanoseconds that also count what the Guest slept. Both go on over
// restarts.
struct TraceRecord {
  u64 insn = 0;
  u64 ns = 0;
  TraceCategory category = TraceCategory::kCrossing;
  TracePhase phase = TracePhase::kInstant;
  std::string_view name;
  std::span<const TraceArg> args;
  std::string_view text;  // raw bytes

  // Zero if there is no such argument.
  u64 Arg(std::string_view key) const;
};

// Is an argument of this name an address or a pattern of bits, better read in hex?
bool IsHexArg(std::string_view key);

// Takes the records of one trace in their order.
class TraceConsumer {
 public:
  virtual ~TraceConsumer() = default;
  virtual void Begin(const TraceHeader& header) = 0;
  virtual void Add(const TraceRecord& record) = 0;
  virtual void Finish() = 0;
};

// Where a writer's bytes go.
using TextSink = std::function<void(std::string_view)>;

enum class TraceFormat : u8 { kText, kJsonLines, kPerfetto };
// By the extension: .txt, .jsonl, .pftrace. Names the three if it is another one.
StatusOr<TraceFormat> TraceFormatOf(std::string_view path);
std::unique_ptr<TraceConsumer> MakeTraceWriter(TraceFormat format, TextSink sink);

// Collects small pieces for a sink.
class BufferedSink {
 public:
  explicit BufferedSink(TextSink sink) : sink_(std::move(sink)) {
    buffer_.reserve(kFull * 2);
  }
  // Append to this, then call MayFlush().
  std::string& buffer() { return buffer_; }
  void MayFlush() {
    if (buffer_.size() >= kFull) Flush();
  }
  void Flush() {
    sink_(buffer_);
    buffer_.clear();
  }

 private:
  static constexpr size_t kFull = size_t{1} << 16;
  TextSink sink_;
  std::string buffer_;
};

// What a writer makes of an argument's key, by the key's address: keys live as long as
// the trace.
template <typename Made>
class KeyCache {
 public:
  template <typename Make>
  const Made& Of(const char* key, Make make) {
    constexpr u64 kStir = 0x9e3779b97f4a7c15;
    Slot& slot = slots_[reinterpret_cast<std::uintptr_t>(key) * kStir >> (64 - kBits)];
    if (slot.key != key) slot = {key, make(key)};
    return slot.made;
  }

 private:
  static constexpr u32 kBits = 8;
  struct Slot {
    const char* key = nullptr;
    Made made{};
  };
  std::array<Slot, size_t{1} << kBits> slots_{};
};

// Quick digits, for writers.
void AppendDecimal(u64 value, std::string* out);
void AppendHex(u64 value, u32 digits, std::string* out);  // with 0x in front

}  // namespace lgx

#endif  // LGX_REPORT_TRACE_RECORD_H_
