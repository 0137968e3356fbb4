// The console of a run, between its far end and the machine: what the person allows (real
// time, amount of text), and the pause key.
#ifndef LGX_TOOLS_RUN_CONSOLE_H_
#define LGX_TOOLS_RUN_CONSOLE_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>

#include "devices/console_backend.h"
#include "machine/config.h"

namespace lgx {

class RunConsole final : public ConsoleBackend {
 public:
  // `say` shows a line to the person. Time counts from here.
  RunConsole(ConsoleBackend& real, const MachineConfig::Limits& limits,
             std::function<void(std::string_view)> say);

  void Write(std::span<const u8> bytes) override;
  std::size_t Read(std::span<u8> to) override { return real_.Read(to); }
  bool InputEnded() const override { return real_.InputEnded(); }
  u64 Wait(u64 timeout_ns, bool want_input, std::span<const WaitFd> others) override;
  // Stays here while the run is paused.
  std::optional<ConsoleEvent> NextEvent() override;

 private:
  u64 TimeLeft() const;
  std::optional<ConsoleEvent> Pause();

  ConsoleBackend& real_;
  std::optional<u64> timeout_ns_;
  std::optional<u64> bytes_left_;
  std::function<void(std::string_view)> say_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool said_timeout_ = false;
  bool too_much_ = false;  // text beyond the limit came, and this was not said yet
  bool said_limit_ = false;
  bool paused_ = false;
};

}  // namespace lgx

#endif  // LGX_TOOLS_RUN_CONSOLE_H_
