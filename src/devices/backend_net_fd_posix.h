// A network cable that is a descriptor of the host: one that somebody else opened
// (`--net fd=N`), or a tap (backend_net_tap_posix.h).
//
// Each message of the descriptor is one frame. A stream has no messages, so there each
// frame follows its length in four bytes, most significant first.
#ifndef LGX_DEVICES_BACKEND_NET_FD_POSIX_H_
#define LGX_DEVICES_BACKEND_NET_FD_POSIX_H_

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "devices/net_backend.h"

namespace lgx {

class FdNet final : public NetBackend {
 public:
  enum class Form : u8 {
    kFrames,   // a message is a frame
    kHeaders,  // a message is a header of 10 bytes and a frame: a tap that takes both
    kStream,
  };

  // For a descriptor of the person's: finds out which form it has. It is not closed.
  static StatusOr<std::unique_ptr<NetBackend>> ForDescriptor(int fd);

  // `owned`: closed with the object.
  FdNet(int fd, Form form, bool owned, std::string name);
  ~FdNet() override;

  const char* name() const override { return name_.c_str(); }
  bool TakesUnfinished() const override { return form_ == Form::kHeaders; }
  void Send(NetFrame frame) override;
  bool Receive(NetFrame* frame) override;
  bool MayReceive() override { return !ended_; }
  void PrepareWait(std::vector<WaitFd>* fds, u64* timeout_ns) override;

 private:
  void SendToStream(const NetFrame& frame);
  void FlushStream();
  bool ReceiveMessage(NetFrame* frame);
  bool ReceiveFromStream(NetFrame* frame);
  bool FillStream();

  int fd_;
  Form form_;
  bool owned_;
  std::string name_;
  bool ended_ = false;
  std::vector<u8>
      buffer_;  // room for one message; of a stream, what came and is no frame
  std::vector<u8> unsent_;  // the rest of a frame that a stream did not take at once
};

}  // namespace lgx

#endif  // LGX_DEVICES_BACKEND_NET_FD_POSIX_H_
