// One terminal for several Guests: the first has it to itself, the text of each other one
// comes line by line, with its name in front. Only the first can be typed at.
#ifndef LGX_DEVICES_BACKEND_PREFIX_H_
#define LGX_DEVICES_BACKEND_PREFIX_H_

#include <string>
#include <utility>

#include "devices/console_backend.h"

namespace lgx {

// The console of the first Guest: passes everything through, and knows where a line ends.
class SharedConsole final : public ConsoleBackend {
 public:
  explicit SharedConsole(ConsoleBackend& real) : real_(real) {}

  void Write(std::span<const u8> bytes) override;
  std::size_t Read(std::span<u8> to) override { return real_.Read(to); }
  bool InputEnded() const override { return real_.InputEnded(); }
  u64 Wait(u64 timeout_ns, bool want_input, std::span<const WaitFd> others) override {
    return real_.Wait(timeout_ns, want_input, others);
  }
  std::optional<ConsoleEvent> NextEvent() override { return real_.NextEvent(); }

  // A line of somebody else's, without its end. An unfinished line of the first Guest is
  // ended before it.
  void WriteLine(const std::string& line);

 private:
  ConsoleBackend& real_;
  bool at_line_start_ = true;
};

// The console of any other Guest. No input.
class PrefixConsole final : public ConsoleBackend {
 public:
  // A line that is longer is shown in pieces.
  static constexpr std::size_t kLongestLine = 4096;

  // `shared` outlives it.
  PrefixConsole(SharedConsole& shared, std::string prefix)
      : shared_(shared), prefix_(std::move(prefix)) {}
  // Shows what is left of an unfinished line.
  ~PrefixConsole() override;

  void Write(std::span<const u8> bytes) override;
  std::size_t Read(std::span<u8>) override { return 0; }
  bool InputEnded() const override { return true; }
  u64 Wait(u64 timeout_ns, bool, std::span<const WaitFd>) override { return timeout_ns; }
  std::optional<ConsoleEvent> NextEvent() override { return std::nullopt; }

 private:
  void Flush();

  SharedConsole& shared_;
  std::string prefix_;
  std::string line_;
};

}  // namespace lgx

#endif  // LGX_DEVICES_BACKEND_PREFIX_H_
