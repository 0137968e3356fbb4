// The user network against real sockets, on the loopback interface only.
#include "devices/backend_net_user.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <optional>

#include "base/check.h"
#include "tests/devices/fake_net.h"

namespace lgx {
namespace {

using Ip = std::array<u8, 4>;
constexpr Ip kGuest = {10, 0, 2, 15};
constexpr Ip kGateway = {10, 0, 2, 2};
constexpr u8 kProtocolIcmp = 1;
constexpr u8 kProtocolUdp = 17;

void PutBe16(std::vector<u8>* bytes, std::size_t at, u32 value) {
  (*bytes)[at] = static_cast<u8>(value >> 8);
  (*bytes)[at + 1] = static_cast<u8>(value);
}

u16 ChecksumOf(std::span<const u8> bytes) {
  u32 sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += u32{bytes[i]} << (i % 2 ? 0 : 8);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<u16>(~sum);
}

NetFrame Packet(u8 protocol, Ip to, const std::vector<u8>& body) {
  NetFrame frame;
  std::vector<u8>& b = frame.bytes;
  b = {0x52, 0x55, 10, 0, 2, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 0, 0, 1, 0, 0, 64};
  b.push_back(protocol);
  b.insert(b.end(), {0, 0});
  b.insert(b.end(), kGuest.begin(), kGuest.end());
  b.insert(b.end(), to.begin(), to.end());
  PutBe16(&b, 16, static_cast<u32>(20 + body.size()));
  PutBe16(&b, 24, ChecksumOf(std::span(b).subspan(14)));
  b.insert(b.end(), body.begin(), body.end());
  return frame;
}

NetFrame Udp(u16 from, Ip to_ip, u16 to, std::string_view text) {
  std::vector<u8> body(8);
  PutBe16(&body, 0, from);
  PutBe16(&body, 2, to);
  PutBe16(&body, 4, static_cast<u32>(8 + text.size()));
  body.insert(body.end(), text.begin(), text.end());
  return Packet(kProtocolUdp, to_ip, body);
}

// A socket on the loopback.
class LoopSocket {
 public:
  LoopSocket() : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~LoopSocket() { Close(); }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  u16 port() const { return port_; }
  void SendTo(u16 port, std::string_view text) {
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    sendto(fd_, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
  }
  std::string Take() {
    char bytes[1000];
    sockaddr_in from = {};
    socklen_t size = sizeof from;
    const ssize_t count = recvfrom(fd_, bytes, sizeof bytes, MSG_DONTWAIT,
                                   reinterpret_cast<sockaddr*>(&from), &size);
    if (count < 0) return "";
    last_sender_ = ntohs(from.sin_port);
    return {bytes, static_cast<std::size_t>(count)};
  }
  u16 last_sender() const { return last_sender_; }
  int fd() const { return fd_; }

 private:
  int fd_;
  u16 port_ = 0;
  u16 last_sender_ = 0;
};

class UserNetTest : public testing::Test {
 protected:
  void Open(const UserNetOptions& options = {}) {
    if (!HasUserNet()) GTEST_SKIP() << "built without libslirp";
    StatusOr<std::unique_ptr<NetBackend>> net = MakeUserNet(options);
    ASSERT_TRUE(net.ok()) << net.status();
    net_ = *std::move(net);
  }

  // The next frame for the Guest, whose ARP this answers. Waits, but not for ever.
  std::optional<NetFrame> Next() {
    for (int i = 0; i < 100; ++i) {
      NetFrame frame;
      if (net_->Receive(&frame)) {
        const std::vector<u8>& b = frame.bytes;
        if (b[12] == 8 && b[13] == 6) {
          if (b[21] == 1) Answer(b);
          continue;
        }
        return frame;
      }
      Wait(50);
    }
    return std::nullopt;
  }
  // Until `what` gives something.
  std::string Await(const std::function<std::string()>& what) {
    for (int i = 0; i < 100; ++i) {
      if (std::string text = what(); !text.empty()) return text;
      NetFrame frame;
      net_->Receive(&frame);
      Wait(20);
    }
    return "";
  }
  void Wait(int ms) {
    std::vector<WaitFd> wanted;
    u64 timeout_ns = u64(ms) * 1'000'000;
    net_->PrepareWait(&wanted, &timeout_ns);
    std::vector<pollfd> fds;
    for (const WaitFd& fd : wanted) {
      fds.push_back({fd.fd, static_cast<short>(fd.read ? POLLIN : POLLOUT), 0});
    }
    poll(fds.data(), fds.size(), static_cast<int>(timeout_ns / 1'000'000));
  }
  void Answer(const std::vector<u8>& request) {
    NetFrame frame;
    frame.bytes = {
        request[6], request[7], request[8], request[9], request[10], request[11], 2, 0,
        0,          0,          0,          1,          8,           6,           0, 1,
        8,          0,          6,          4,          0,           2,           2, 0,
        0,          0,          0,          1,          10,          0,           2, 15};
    frame.bytes.insert(frame.bytes.end(), request.begin() + 22, request.begin() + 32);
    net_->Send(frame);
  }

  std::unique_ptr<NetBackend> net_;
};

TEST_F(UserNetTest, TheGatewayAnswersAPing) {
  Open();
  if (!net_) return;
  EXPECT_FALSE(net_->MayReceive());
  std::vector<u8> echo = {8, 0, 0, 0, 0x12, 0x34, 0, 1, 'p', 'i', 'n', 'g'};
  PutBe16(&echo, 2, ChecksumOf(echo));
  net_->Send(Packet(kProtocolIcmp, kGateway, echo));
  const std::optional<NetFrame> reply = Next();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->bytes[34], 0);
  EXPECT_EQ(std::string(reply->bytes.begin() + 42, reply->bytes.begin() + 46), "ping");
}

TEST_F(UserNetTest, TheGatewayLeadsToTheLoopbackOfTheHost) {
  Open();
  if (!net_) return;
  LoopSocket host;
  net_->Send(Udp(5555, kGateway, host.port(), "question"));
  EXPECT_EQ(Await([&] { return host.Take(); }), "question");
  EXPECT_TRUE(net_->MayReceive()) << "the answer can come at any time";
  host.SendTo(host.last_sender(), "answer");
  const std::optional<NetFrame> reply = Next();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(std::string(reply->bytes.begin() + 42, reply->bytes.end()), "answer");
}

TEST_F(UserNetTest, AForwardedPortLeadsToTheGuest) {
  LoopSocket free_port;
  UserNetOptions options;
  options.forwards.push_back({true, 0x7f000001, free_port.port(), 53});
  free_port.Close();
  Open(options);
  if (!net_) return;
  EXPECT_TRUE(net_->MayReceive());
  LoopSocket host;
  host.SendTo(options.forwards[0].host_port, "question");
  const std::optional<NetFrame> arrived = Next();
  ASSERT_TRUE(arrived.has_value());
  const std::vector<u8>& b = arrived->bytes;
  EXPECT_EQ(std::string(b.begin() + 42, b.end()), "question");
  EXPECT_EQ(b[37], 53);
  net_->Send(Udp(53, {b[26], b[27], b[28], b[29]}, static_cast<u16>(b[34] << 8 | b[35]),
                 "answer"));
  EXPECT_EQ(Await([&] { return host.Take(); }), "answer");
}

TEST_F(UserNetTest, ARestrictedGuestReachesNobody) {
  UserNetOptions options;
  options.restricted = true;
  Open(options);
  if (!net_) return;
  LoopSocket host;
  net_->Send(Udp(5555, kGateway, host.port(), "question"));
  NetFrame frame;
  net_->Receive(&frame);
  EXPECT_EQ(host.Take(), "");
  EXPECT_FALSE(net_->MayReceive());
}

TEST_F(UserNetTest, APortInUseIsRefusedByName) {
  if (!HasUserNet()) GTEST_SKIP() << "built without libslirp";
  LoopSocket taken;
  UserNetOptions options;
  options.forwards.push_back({true, 0x7f000001, taken.port(), 53});
  const auto net = MakeUserNet(options);
  ASSERT_FALSE(net.ok());
  EXPECT_NE(MessageOf(net.status()).find("UDP port " + std::to_string(taken.port())),
            std::string::npos)
      << net.status();
}

TEST_F(UserNetTest, NonsenseOfTheGuestIsIgnored) {
  Open();
  if (!net_) return;
  const NetFrame good = Udp(1, kGateway, 9, "x");
  for (std::size_t size = kMinFrame; size < good.bytes.size(); ++size) {
    NetFrame frame = good;
    frame.bytes.resize(size);
    net_->Send(frame);
  }
  net_->Send(FrameOf(std::string(kMaxFrame, '\xff')));
  NetFrame frame = good;
  frame.bytes.resize(kMaxFrame, 'x');
  net_->Send(frame);
}

}  // namespace
}  // namespace lgx
