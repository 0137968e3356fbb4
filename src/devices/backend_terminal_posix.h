// A console on two file descriptors: the terminal, a pipe, a file.
//
// A terminal is put in raw mode and has escape keys. Everything else is byte-exact in
// both directions, and its end is not an error.
#ifndef LGX_DEVICES_BACKEND_TERMINAL_POSIX_H_
#define LGX_DEVICES_BACKEND_TERMINAL_POSIX_H_

#include <deque>
#include <string>
#include <vector>

#include "base/types.h"
#include "devices/backend_signals_posix.h"
#include "devices/console_backend.h"
#include "devices/escape_keys.h"

namespace lgx {

class TerminalBackend : public ConsoleBackend {
 public:
  struct Options {
    int in_fd = 0;                   // -1: no input at all
    int out_fd = 1;                  // -1: output is dropped
    EscapeKeys::Options keys = {};   // on a terminal only
    StopSignals* signals = nullptr;  // become events; must outlive the backend
  };

  // Neither descriptor is closed by the backend.
  explicit TerminalBackend(const Options& options);
  // Restores the terminal.
  ~TerminalBackend() override;

  bool is_terminal() const { return raw_; }

  void Write(std::span<const u8> bytes) override;
  std::size_t Read(std::span<u8> to) override;
  bool InputEnded() const override { return ended_ && waiting_.empty(); }
  u64 Wait(u64 timeout_ns, bool want_input, std::span<const WaitFd> others) override;
  std::optional<ConsoleEvent> NextEvent() override;

 private:
  bool ReadyToRead() const;
  void ReadTerminal();
  std::size_t TakeWaiting(std::span<u8> to);
  std::size_t ReadOnce(std::span<u8> to);
  bool WaitToWrite() const;
  void EndInput(std::string why);
  void OutputFailed(int error);

  Options options_;
  bool raw_ = false;
  bool ended_ = false;
  bool output_dead_ = false;
  EscapeKeys keys_;
  std::vector<u8> waiting_;  // typed at a terminal and not yet taken, at most kTypeAhead
  std::deque<ConsoleEvent> events_;
};

}  // namespace lgx

#endif  // LGX_DEVICES_BACKEND_TERMINAL_POSIX_H_
