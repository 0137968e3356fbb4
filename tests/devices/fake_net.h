// The far end of a cable, for tests: keeps what the Guest sent, gives what it is told to.
#ifndef LGX_TESTS_DEVICES_FAKE_NET_H_
#define LGX_TESTS_DEVICES_FAKE_NET_H_

#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "devices/net_backend.h"

namespace lgx {

class FakeNet final : public NetBackend {
 public:
  explicit FakeNet(bool unfinished = false) : unfinished_(unfinished) {}
  const char* name() const override { return "fake"; }
  bool TakesUnfinished() const override { return unfinished_; }
  void Send(NetFrame frame) override { sent.push_back(std::move(frame)); }
  bool Receive(NetFrame* frame) override {
    if (arriving.empty()) return false;
    *frame = std::move(arriving.front());
    arriving.pop_front();
    return true;
  }
  bool MayReceive() override { return may_receive; }
  void PrepareWait(std::vector<WaitFd>*, u64*) override {}

  std::vector<NetFrame> sent;
  std::deque<NetFrame> arriving;
  bool may_receive = false;

 private:
  bool unfinished_;
};

inline NetFrame FrameOf(std::string_view text) {
  return {{}, std::vector<u8>(text.begin(), text.end())};
}

inline std::string TextOf(const NetFrame& frame) {
  return {frame.bytes.begin(), frame.bytes.end()};
}

}  // namespace lgx

#endif  // LGX_TESTS_DEVICES_FAKE_NET_H_
