// A trace for people: one line for each event.
#ifndef LGX_REPORT_TRACE_TEXT_H_
#define LGX_REPORT_TRACE_TEXT_H_

#include <string>

#include "report/trace_record.h"

namespace lgx {

// "   1234567  0.012345670 crossing  exit  trap=14 eip=0xc0101234 page_fault". What lies
// between a beginning and its end is indented.
class TextTraceWriter final : public TraceConsumer {
 public:
  explicit TextTraceWriter(TextSink sink) : out_(std::move(sink)) {}
  void Begin(const TraceHeader& header) override;
  void Add(const TraceRecord& record) override;
  void Finish() override { out_.Flush(); }

 private:
  // As it stands before the value.
  struct Key {
    std::string text;
    bool hex = false;
  };

  BufferedSink out_;
  KeyCache<Key> keys_;
};

}  // namespace lgx

#endif  // LGX_REPORT_TRACE_TEXT_H_
