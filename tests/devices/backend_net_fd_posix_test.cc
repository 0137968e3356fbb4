#include "devices/backend_net_fd_posix.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "devices/backend_net_tap_posix.h"
#include "tests/devices/fake_net.h"

namespace lgx {
namespace {

class FdNetTest : public testing::Test {
 protected:
  ~FdNetTest() override {
    for (const int fd : fds_) close(fd);
  }
  std::unique_ptr<NetBackend> Open(int type) {
    CHECK(socketpair(AF_UNIX, type, 0, fds_) == 0);
    StatusOr<std::unique_ptr<NetBackend>> net = FdNet::ForDescriptor(fds_[0]);
    CHECK(net.ok()) << MessageOf(net.status());
    return *std::move(net);
  }
  void Write(std::string_view bytes) {
    EXPECT_EQ(write(fds_[1], bytes.data(), bytes.size()), ssize_t(bytes.size()));
  }
  std::string Read() {
    char bytes[1000];
    const ssize_t count = recv(fds_[1], bytes, sizeof bytes, MSG_DONTWAIT);
    return {bytes, static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }
  int fds_[2] = {-1, -1};
};

TEST_F(FdNetTest, AMessageIsAFrame) {
  const auto net = Open(SOCK_DGRAM);
  EXPECT_FALSE(net->TakesUnfinished());
  EXPECT_TRUE(net->MayReceive());
  NetFrame frame;
  EXPECT_FALSE(net->Receive(&frame));
  net->Send(FrameOf("one"));
  net->Send(FrameOf("two"));
  EXPECT_EQ(Read(), "one");
  EXPECT_EQ(Read(), "two");
  Write("three");
  ASSERT_TRUE(net->Receive(&frame));
  EXPECT_EQ(TextOf(frame), "three");
  EXPECT_FALSE(net->Receive(&frame));
}

TEST_F(FdNetTest, InAStreamEachFrameFollowsItsLength) {
  const auto net = Open(SOCK_STREAM);
  net->Send(FrameOf("one"));
  EXPECT_EQ(Read(), std::string("\0\0\0\3one", 7));
  NetFrame frame;
  const std::string bytes("\0\0\0\3two\0\0\0\5three\0\0\1\0", 20);
  for (const char byte : bytes.substr(0, 5)) {
    Write(std::string(1, byte));
    EXPECT_FALSE(net->Receive(&frame));
  }
  Write(bytes.substr(5));
  ASSERT_TRUE(net->Receive(&frame));
  EXPECT_EQ(TextOf(frame), "two");
  ASSERT_TRUE(net->Receive(&frame));
  EXPECT_EQ(TextOf(frame), "three");
  EXPECT_FALSE(net->Receive(&frame));
}

TEST_F(FdNetTest, AStreamThatAnnouncesTooMuchIsCut) {
  const auto net = Open(SOCK_STREAM);
  Write("\x7f\xff\xff\xff");
  NetFrame frame;
  EXPECT_FALSE(net->Receive(&frame));
  EXPECT_FALSE(net->MayReceive());
}

TEST_F(FdNetTest, AStreamThatNobodyReadsNeitherBlocksNorGrowsForEver) {
  const auto net = Open(SOCK_STREAM);
  for (int i = 0; i < 200; ++i) net->Send(FrameOf(std::string(kMaxFrame, 'x')));
  std::vector<WaitFd> fds;
  u64 timeout = 5;
  net->PrepareWait(&fds, &timeout);
  ASSERT_EQ(fds.size(), 1u);
  EXPECT_TRUE(fds[0].read && fds[0].write);
  EXPECT_EQ(timeout, 5u);
}

TEST_F(FdNetTest, TheOtherSideMayGoAway) {
  for (const int type : {SOCK_STREAM, SOCK_SEQPACKET}) {
    const auto net = Open(type);
    close(fds_[1]);
    NetFrame frame;
    EXPECT_FALSE(net->Receive(&frame));
    EXPECT_FALSE(net->MayReceive());
    net->Send(FrameOf("nobody"));
    close(fds_[0]);
    fds_[0] = fds_[1] = -1;
  }
}

TEST_F(FdNetTest, ATapPassesHeadersOn) {
  CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds_) == 0);
  FdNet net(fds_[0], FdNet::Form::kHeaders, false, "tap");
  EXPECT_TRUE(net.TakesUnfinished());
  NetFrame sent = FrameOf("abc");
  sent.header.gso_size = 7;
  net.Send(sent);
  EXPECT_EQ(Read(), std::string("\0\0\0\0\7\0\0\0\0\0abc", 13));
  Write(std::string("\1\0\0\0\0\0\5\0\6\0xyz", 13));
  NetFrame frame;
  ASSERT_TRUE(net.Receive(&frame));
  EXPECT_EQ(TextOf(frame), "xyz");
  EXPECT_EQ(frame.header.flags, 1);
  EXPECT_EQ(frame.header.csum_start, 5);
  EXPECT_EQ(frame.header.csum_offset, 6);
  Write("short");
  EXPECT_FALSE(net.Receive(&frame));
}

TEST(FdNet, ADescriptorThatIsNotOpenIsRefused) {
  const auto net = FdNet::ForDescriptor(987654);
  ASSERT_FALSE(net.ok());
  EXPECT_NE(MessageOf(net.status()).find("fd=987654"), std::string::npos);
}

TEST(Tap, AnImpossibleNameIsRefused) {
  const auto tap = OpenTap({"a-name-longer-than-any", {}, ""});
  ASSERT_FALSE(tap.ok());
  EXPECT_NE(MessageOf(tap.status()).find("a-name-longer-than-any"), std::string::npos);
}

}  // namespace
}  // namespace lgx
