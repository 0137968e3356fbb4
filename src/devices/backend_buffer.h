// A console whose far end is memory: for tests, scripts and machines without a console.
#ifndef LGX_DEVICES_BACKEND_BUFFER_H_
#define LGX_DEVICES_BACKEND_BUFFER_H_

#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "base/types.h"
#include "devices/console_backend.h"

namespace lgx {

class BufferBackend : public ConsoleBackend {
 public:
  // Everything the Guest wrote since the last TakeOutput().
  const std::string& output() const { return output_; }
  std::string TakeOutput() { return std::exchange(output_, {}); }

  // What the Guest will read.
  void Type(std::string_view text) {
    input_.insert(input_.end(), text.begin(), text.end());
  }
  // No more after what was typed.
  void EndInput() { ended_ = true; }
  void Post(ConsoleEvent event) { events_.push_back(std::move(event)); }

  void Write(std::span<const u8> bytes) override;
  std::size_t Read(std::span<u8> to) override;
  bool InputEnded() const override { return ended_ && input_.empty(); }
  // Nothing comes while the caller waits, so there is nothing to wait for: all the time
  // passes at once.
  u64 Wait(u64 timeout_ns, bool, std::span<const WaitFd>) override { return timeout_ns; }
  std::optional<ConsoleEvent> NextEvent() override;

 private:
  std::string output_;
  std::deque<u8> input_;
  std::deque<ConsoleEvent> events_;
  bool ended_ = false;
};

}  // namespace lgx

#endif  // LGX_DEVICES_BACKEND_BUFFER_H_
