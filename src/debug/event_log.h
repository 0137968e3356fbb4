// The last events of a run, with what each meant (user-interface section 8: `explain` and
// `trace`).
#ifndef LGX_DEBUG_EVENT_LOG_H_
#define LGX_DEBUG_EVENT_LOG_H_

#include <deque>
#include <string>

#include "base/trace.h"
#include "debug/symbols.h"
#include "machine/machine.h"

namespace lgx {

class EventLog final : public TraceSink {
 public:
  static constexpr size_t kKept = 256;

  // Attaches itself to `machine`, which outlives it, as does `symbols`. `other`, who was
  // attached before for the categories of `other_mask`, goes on to get his events, and is
  // alone again when this ends; null: there was nobody.
  EventLog(Machine& machine, const Symbols& symbols, TraceSink* other = nullptr,
           u32 other_mask = 0);
  ~EventLog() override;
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  void OnEvent(const TraceEvent& event) override;

  struct Entry {
    u64 instructions = 0;
    u64 ns = 0;
    u64 crossing = 0;
    std::string line;
    std::string explanation;  // empty: the line says it all
  };
  const std::deque<Entry>& entries() const { return entries_; }
  // While it is quiet, nothing is noted.
  void set_quiet(bool quiet) { quiet_ = quiet; }
  // What came after `instructions` was taken back.
  void ForgetAfter(u64 instructions);
  // The newest entry that has an explanation; null: there is none.
  const Entry* LastExplained() const;
  // A trap that went through one of the Guest's own gates, which the Host never saw.
  void AddDirectTrap(u32 vector);

 private:
  void Add(std::string line, std::string explanation);
  std::string ExplainEvent(const TraceEvent& event) const;

  Machine& machine_;
  const Symbols& symbols_;
  TraceSink* const other_;
  const u32 other_mask_;
  std::deque<Entry> entries_;
  bool quiet_ = false;
};

}  // namespace lgx

#endif  // LGX_DEBUG_EVENT_LOG_H_
