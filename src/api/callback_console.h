// The far end of a console that belongs to the library's user: functions of theirs.
#ifndef LGX_API_CALLBACK_CONSOLE_H_
#define LGX_API_CALLBACK_CONSOLE_H_

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "devices/console_backend.h"
#include "machine/config.h"

namespace lgx {

class CallbackConsole final : public ConsoleBackend {
 public:
  using Output = std::function<void(std::span<const u8> bytes)>;
  // How many bytes it has put there; nothing: none will ever come.
  using Input = std::function<std::optional<std::size_t>(std::span<u8> to)>;
  // How long it waited.
  using Waiting = std::function<u64(u64 ns)>;

  explicit CallbackConsole(const MachineConfig& config);
  ~CallbackConsole() override;

  // Each may be null. Without `input` the input is at its end.
  void set_output(Output output) { output_ = std::move(output); }
  void set_input(Input input) {
    input_ = std::move(input);
    input_ended_ = false;
  }
  void set_waiting(Waiting waiting) { waiting_ = std::move(waiting); }
  // Called before time is about to pass at once although somebody may type. True: it does
  // not pass.
  void set_dry(std::function<bool()> dry) { dry_ = std::move(dry); }
  // Called where the machine asks for input.
  void set_look(std::function<void()> look) { look_ = std::move(look); }

  // What the limit of console output leaves; nothing: there is no limit.
  std::optional<u64> bytes_left() const { return bytes_left_; }
  void set_bytes_left(std::optional<u64> bytes) { bytes_left_ = bytes; }

  void Write(std::span<const u8> bytes) override;
  std::size_t Read(std::span<u8> to) override;
  bool InputEnded() const override { return input_ == nullptr || input_ended_; }
  u64 Wait(u64 timeout_ns, bool want_input, std::span<const WaitFd> others) override;
  std::optional<ConsoleEvent> NextEvent() override;

 private:
  Output output_;
  Input input_;
  Waiting waiting_;
  std::function<bool()> dry_;
  std::function<void()> look_;
  bool input_ended_ = false;
  const bool real_time_;
  std::optional<u64> bytes_left_;
  bool too_much_ = false;  // text beyond the limit came, and this was not said yet
  std::unique_ptr<ConsoleBackend> real_waiter_;  // knows how to wait for descriptors
};

}  // namespace lgx

#endif  // LGX_API_CALLBACK_CONSOLE_H_
