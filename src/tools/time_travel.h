// A debugger's way back in time: RunControl on a TimeMachine.
#ifndef LGX_TOOLS_TIME_TRAVEL_H_
#define LGX_TOOLS_TIME_TRAVEL_H_

#include <functional>
#include <utility>
#include <vector>

#include "debug/event_log.h"
#include "debug/reverse.h"
#include "debug/run_control.h"
#include "replay/time_machine.h"

namespace lgx {

class TimeTravel final : public ReverseExecution {
 public:
  // From now on `control` runs its machine through this; the machine stands still, at
  // the beginning. `events` forgets what was taken back, and may be null. Both outlive
  // this. `disks` are those that the Guest writes to.
  TimeTravel(RunControl& control, EventLog* events, std::vector<ReplayDisk*> disks);
  ~TimeTravel() override;
  TimeTravel(const TimeTravel&) = delete;
  TimeTravel& operator=(const TimeTravel&) = delete;

  // Called before the machine is put to an earlier place. May be null.
  void set_before_back(std::function<void()> before_back) {
    before_back_ = std::move(before_back);
  }

  [[nodiscard]] StatusOr<bool> Back(u64 n) override;
  [[nodiscard]] StatusOr<bool> BackInGuest() override;
  [[nodiscard]] StatusOr<bool> BackToStop() override;

 private:
  TimeMachine::Options OptionsFor(std::vector<ReplayDisk*> disks);
  Machine::Stop RunTo(const Machine::Goal& goal);
  void Hush(bool on);
  Status GoTo(u64 instructions);
  Status FindInGuest(u64 from, u64 end, std::vector<u64>* found);

  RunControl& control_;
  EventLog* events_;
  std::function<void()> before_back_;
  TimeMachine time_;
  u64 bound_ = EventSource::kNever;  // nothing runs beyond it
};

}  // namespace lgx

#endif  // LGX_TOOLS_TIME_TRAVEL_H_
