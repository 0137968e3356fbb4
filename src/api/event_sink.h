// Hands the events of a machine to a function of the library's user.
#ifndef LGX_API_EVENT_SINK_H_
#define LGX_API_EVENT_SINK_H_

#include <string>
#include <vector>

#include "api/run.h"
#include "base/trace.h"
#include "lgx/lgx.h"

namespace lgx {

class EventSink final : public TraceSink {
 public:
  // `run` outlives this.
  EventSink(Run& run, lgx_event_fn function, void* user)
      : run_(run), function_(function), user_(user) {}

  void OnEvent(const TraceEvent& event) override;

 private:
  Run& run_;
  lgx_event_fn function_;
  void* user_;
  std::string name_;
  std::vector<lgx_event_arg> args_;
};

}  // namespace lgx

#endif  // LGX_API_EVENT_SINK_H_
