// A console on a Unix socket: whoever connects has the terminal's place.
//
// One at a time; a second one waits until the first has gone. What the Guest writes while
// nobody is there is lost, as it is on a terminal that nobody looks at.
#ifndef LGX_DEVICES_BACKEND_SOCKET_POSIX_H_
#define LGX_DEVICES_BACKEND_SOCKET_POSIX_H_

#include <memory>
#include <string>

#include "base/status.h"
#include "base/types.h"
#include "devices/backend_signals_posix.h"
#include "devices/console_backend.h"

namespace lgx {

class SocketBackend : public ConsoleBackend {
 public:
  // Listens at `path`. A socket there that nobody listens at any more is replaced; any
  // other file is an error. `signals` become events, outlive the backend, and may be
  // null.
  static StatusOr<std::unique_ptr<SocketBackend>> Listen(const std::string& path,
                                                         StopSignals* signals);
  // Removes the socket.
  ~SocketBackend() override;

  // Waits until somebody is there, a signal comes or the time is over. True: somebody is.
  bool WaitForClient(u64 timeout_ns);
  bool connected() const { return client_ >= 0; }

  void Write(std::span<const u8> bytes) override;
  std::size_t Read(std::span<u8> to) override;
  bool InputEnded() const override { return false; }  // somebody else may connect
  u64 Wait(u64 timeout_ns, bool want_input, std::span<const WaitFd> others) override;
  std::optional<ConsoleEvent> NextEvent() override;

 private:
  SocketBackend(std::string path, int listener, StopSignals* signals)
      : path_(std::move(path)), listener_(listener), signals_(signals) {}
  void Accept();
  void Hangup();
  bool WaitToWrite();

  std::string path_;
  int listener_;
  int client_ = -1;
  StopSignals* signals_;
};

}  // namespace lgx

#endif  // LGX_DEVICES_BACKEND_SOCKET_POSIX_H_
