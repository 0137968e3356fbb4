// A trace as JSON lines, written and read.
//
// The first line is {"lgx_trace":1,"program":...,"instructions_per_second":...}; each
// other line is one event:
//
//   {"insn":1234,"ns":12340,"cat":"crossing","ph":"B","name":"enter","args":{"eip":1}}
//
// "ph" is B for a beginning, E for an end, and I for what has no length. "text" is there
// only if it is not empty; each of its characters, U+0000 to U+00FF, is one byte.
#ifndef LGX_REPORT_TRACE_JSONL_H_
#define LGX_REPORT_TRACE_JSONL_H_

#include <string_view>

#include "report/trace_record.h"

namespace lgx {

inline constexpr u32 kJsonTraceVersion = 1;

class JsonTraceWriter final : public TraceConsumer {
 public:
  explicit JsonTraceWriter(TextSink sink) : out_(std::move(sink)) {}
  void Begin(const TraceHeader& header) override;
  void Add(const TraceRecord& record) override;
  void Finish() override { out_.Flush(); }

 private:
  BufferedSink out_;
  KeyCache<std::string> keys_;  // as they stand before the value
};

// Gives everything in `lines` to `consumer`, Begin() and Finish() included. An error
// names `path` and the line; what came before it has been given.
Status ReadJsonTrace(std::string_view lines, std::string_view path,
                     TraceConsumer& consumer);

}  // namespace lgx

#endif  // LGX_REPORT_TRACE_JSONL_H_
