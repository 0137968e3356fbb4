// The console behind gdb's `monitor`: all that looks at the machine or sets stops. What
// lets it run is left to gdb, which would not know of it.
#ifndef LGX_DEBUG_GDB_MONITOR_H_
#define LGX_DEBUG_GDB_MONITOR_H_

#include <string>
#include <string_view>

#include "debug/console.h"
#include "debug/event_log.h"
#include "debug/symbols.h"

namespace lgx {

class GdbMonitor {
 public:
  // Notes the machine's events from now on. `control` outlives this; `other` is as for
  // EventLog.
  GdbMonitor(RunControl& control, SymbolTable kernel, TraceSink* other = nullptr,
             u32 other_mask = 0);

  // What the command says, or what is wrong with it.
  std::string Obey(std::string_view line);

  EventLog& events() { return events_; }

 private:
  Symbols symbols_;
  EventLog events_;
  std::string said_;
  DebugConsole console_;
};

}  // namespace lgx

#endif  // LGX_DEBUG_GDB_MONITOR_H_
