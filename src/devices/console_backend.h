// The far end of a console: where the Guest's text goes and where its input comes from.
//
// Whoever runs the machine moves input: it asks the backend what is there, at a moment it
// knows by instruction count, records it, and queues it in the Console. So a replay needs
// no backend, and a device never waits for a person.
#ifndef LGX_DEVICES_CONSOLE_BACKEND_H_
#define LGX_DEVICES_CONSOLE_BACKEND_H_

#include <optional>
#include <span>
#include <string>

#include "base/types.h"
#include "devices/wait_fd.h"

namespace lgx {

// Something the person or the host system wants, and the Guest never sees.
enum class ConsoleEventKind : u8 {
  kQuit,  // escape keys (user-interface section 3) ...
  kHelp,
  kPause,
  kDebugger,
  kStats,
  kSnapshot,
  kToggleTrace,
  kThreeCtrlC,    // the way out of the original Launcher (guest-03 section A4)
  kSignal,        // `value` is its number: stop, exit code 128 + value
  kInputEnded,    // `text` says why; said once, and no reason to stop
  kOutputClosed,  // nobody reads the output any more: end quietly with code 141
  kOutputFailed,  // the host refused output: `text` says how
  kTimeout,       // the time that the person gave this run is over
  kOutputLimit,   // the Guest has written more than the person wants: `text` says it
  kScriptEnd,     // a rule of a script ends the run: `value` is the exit code, `text` its
                  // pattern
};

struct ConsoleEvent {
  ConsoleEventKind kind;
  int value = 0;
  std::string text;
};

class ConsoleBackend {
 public:
  virtual ~ConsoleBackend() = default;

  // Delivers all bytes in order before it returns, byte for byte. A host that refuses
  // them is an event, not an error of the Guest: from then on output is dropped.
  virtual void Write(std::span<const u8> bytes) = 0;

  // Takes input that is there now, at most to.size() bytes; 0 if there is none. Never
  // waits.
  virtual std::size_t Read(std::span<u8> to) = 0;

  // No byte will ever come again.
  virtual bool InputEnded() const = 0;

  // Waits until input or an event may be there, at most `timeout_ns`. Ends early at will.
  // `want_input` false: there is no room for input, so it is no reason to wake up. The
  // `others` are a reason, too. Returns how long it took.
  virtual u64 Wait(u64 timeout_ns, bool want_input, std::span<const WaitFd> others) = 0;

  // The oldest event not yet taken.
  virtual std::optional<ConsoleEvent> NextEvent() = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_CONSOLE_BACKEND_H_
