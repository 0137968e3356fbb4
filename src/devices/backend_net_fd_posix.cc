#include "devices/backend_net_fd_posix.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "base/log.h"

namespace lgx {
namespace {

constexpr std::size_t kHeaderBytes = 10;
constexpr std::size_t kLengthBytes = 4;
// More than this waits in no stream; then its reader does not read, and frames are lost.
constexpr std::size_t kUnsentLimit = 1 << 20;

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

bool IsReady(int fd, short events) {
  pollfd entry = {fd, events, 0};
  return poll(&entry, 1, 0) == 1;
}

u32 LengthAt(const std::vector<u8>& bytes) {
  return u32{bytes[0]} << 24 | u32{bytes[1]} << 16 | u32{bytes[2]} << 8 | bytes[3];
}

}  // namespace

StatusOr<std::unique_ptr<NetBackend>> FdNet::ForDescriptor(int fd) {
  if (fcntl(fd, F_GETFL) < 0) {
    return Errorf(StatusCode::kFailedPrecondition,
                  "--net fd=%d: there is no such open descriptor (%s); whoever starts "
                  "lgx has to open it",
                  fd, std::strerror(errno));
  }
  int type = 0;
  socklen_t length = sizeof type;
  const bool is_socket = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0;
  const Form form = is_socket && type == SOCK_STREAM ? Form::kStream : Form::kFrames;
  return std::unique_ptr<NetBackend>(
      new FdNet(fd, form, false, absl::StrFormat("descriptor %d", fd)));
}

FdNet::FdNet(int fd, Form form, bool owned, std::string name)
    : fd_(fd), form_(form), owned_(owned), name_(std::move(name)) {
  if (form_ != Form::kStream) buffer_.resize(kHeaderBytes + kMaxFrame);
}

FdNet::~FdNet() {
  if (owned_) close(fd_);
}

void FdNet::Send(NetFrame frame) {
  if (ended_) return;
  if (form_ == Form::kStream) return SendToStream(frame);
  u8 header[kHeaderBytes];
  EncodeNetHeader(frame.header, NetHeaderFormat::kLegacy, header);
  iovec parts[] = {{header, sizeof header}, {frame.bytes.data(), frame.bytes.size()}};
  const bool with_header = form_ == Form::kHeaders;
  // What the other side does not take now is lost, as on a cable.
  if (!IsReady(fd_, POLLOUT)) return;
  if (writev(fd_, with_header ? parts : parts + 1, with_header ? 2 : 1) < 0 &&
      !WouldBlock()) {
    Logf(LogLevel::kDebug, "%s: a frame was refused: %s", name_, std::strerror(errno));
  }
}

void FdNet::SendToStream(const NetFrame& frame) {
  FlushStream();
  if (unsent_.size() > kUnsentLimit) return;
  const u32 length = static_cast<u32>(frame.bytes.size());
  for (const u32 shift : {24u, 16u, 8u, 0u}) {
    unsent_.push_back(static_cast<u8>(length >> shift));
  }
  unsent_.insert(unsent_.end(), frame.bytes.begin(), frame.bytes.end());
  FlushStream();
}

void FdNet::FlushStream() {
  std::size_t done = 0;
  while (done < unsent_.size() && IsReady(fd_, POLLOUT)) {
    const ssize_t count = send(fd_, unsent_.data() + done, unsent_.size() - done,
                               MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && WouldBlock()) break;
    if (count < 0) {
      ended_ = true;
      unsent_.clear();
      return;
    }
    done += static_cast<std::size_t>(count);
  }
  unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(done));
}

bool FdNet::Receive(NetFrame* frame) {
  if (form_ != Form::kStream) return !ended_ && ReceiveMessage(frame);
  if (!ended_) FlushStream();
  return ReceiveFromStream(frame);
}

bool FdNet::ReceiveMessage(NetFrame* frame) {
  if (!IsReady(fd_, POLLIN)) return false;
  const ssize_t count = read(fd_, buffer_.data(), buffer_.size());
  if (count <= 0) {
    ended_ = count == 0 || !WouldBlock();
    return false;
  }
  std::span<const u8> message(buffer_.data(), static_cast<std::size_t>(count));
  frame->header = NetHeader();
  if (form_ == Form::kHeaders) {
    if (message.size() < kHeaderBytes) return false;
    frame->header = DecodeNetHeader(NetHeaderFormat::kLegacy, message);
    message = message.subspan(kHeaderBytes);
  }
  frame->bytes.assign(message.begin(), message.end());
  return true;
}

bool FdNet::ReceiveFromStream(NetFrame* frame) {
  for (;;) {
    if (buffer_.size() >= kLengthBytes) {
      const u32 length = LengthAt(buffer_);
      if (length > kMaxFrame) {
        Logf(LogLevel::kWarning,
             "%s: a frame of %d bytes is announced, and %d is the most; the cable is cut",
             name_, length, kMaxFrame);
        ended_ = true;
        buffer_.clear();
        return false;
      }
      if (buffer_.size() - kLengthBytes >= length) {
        const auto start = buffer_.begin() + kLengthBytes;
        frame->header = NetHeader();
        frame->bytes.assign(start, start + length);
        buffer_.erase(buffer_.begin(), start + length);
        return true;
      }
    }
    if (!FillStream()) return false;
  }
}

// Takes what the stream has, into buffer_. False: nothing.
bool FdNet::FillStream() {
  if (ended_ || !IsReady(fd_, POLLIN)) return false;
  u8 bytes[65536];
  const ssize_t count = recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count <= 0) {
    ended_ = count == 0 || !WouldBlock();
    return false;
  }
  buffer_.insert(buffer_.end(), bytes, bytes + count);
  return true;
}

void FdNet::PrepareWait(std::vector<WaitFd>* fds, u64*) {
  if (!ended_) fds->push_back({fd_, true, !unsent_.empty()});
}

}  // namespace lgx
