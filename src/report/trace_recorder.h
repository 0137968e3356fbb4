// Between a machine and those who consume its events: stamps each with virtual time and
// hands it to whoever asked for its category.
#ifndef LGX_REPORT_TRACE_RECORDER_H_
#define LGX_REPORT_TRACE_RECORDER_H_

#include <vector>

#include "base/trace.h"
#include "machine/machine.h"
#include "report/trace_record.h"

namespace lgx {

class TraceRecorder final : public TraceSink {
 public:
  // Before the first machine. The consumer outlives the recorder.
  void AddConsumer(TraceConsumer& consumer, u32 mask) {
    consumers_.push_back({&consumer, mask});
    mask_ |= mask;
  }
  bool empty() const { return consumers_.empty(); }

  // A machine begins to run, the first or one after a restart. It is watched until
  // MachineEnds(), which comes before it is gone.
  void MachineBegins(Machine& machine);
  void MachineEnds();
  // From now on the machine may be put back to earlier places, but none before this. What
  // it then does again is handed on once. Time never goes back, even if it does now
  // something else than before.
  void MayGoBack() { may_go_back_ = true; }
  // It is about to be put back.
  void GoesBack() { repeats_ = true; }
  // Nothing will follow.
  void Finish();

  // What it asks a machine for.
  u32 mask() const { return mask_; }

  void OnEvent(const TraceEvent& event) override;

 private:
  struct Consumer {
    TraceConsumer* consumer;
    u32 mask;
  };

  bool IsNew(const TraceEvent& event, u64 insn);

  std::vector<Consumer> consumers_;
  u32 mask_ = 0;
  Machine* machine_ = nullptr;
  bool begun_ = false;
  u64 base_insn_ = 0;  // of the machines before
  u64 base_ns_ = 0;
  bool may_go_back_ = false;
  bool repeats_ = false;  // what comes may have been handed on before
  u64 last_insn_ = 0;     // of the newest event
  u64 last_ns_ = 0;
  std::vector<u64> here_;  // what happened at that instruction, as hashes
};

}  // namespace lgx

#endif  // LGX_REPORT_TRACE_RECORDER_H_
