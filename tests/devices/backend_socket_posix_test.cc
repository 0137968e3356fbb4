#include "devices/backend_socket_posix.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace lgx {
namespace {

constexpr u64 kSecond = 1'000'000'000;

std::string TestPath() {
  const char* const folder = std::getenv("TMPDIR");
  return std::string(folder != nullptr ? folder : "/tmp") + "/lgx-socket-" +
         std::to_string(getpid());
}

int Connect(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

std::string ReadAll(SocketBackend& backend) {
  u8 bytes[100];
  for (int i = 0; i < 100; i++) {
    const size_t count = backend.Read(bytes);
    if (count != 0) return std::string(bytes, bytes + count);
    backend.Wait(kSecond / 10, true, {});
  }
  return "";
}

void Write(SocketBackend& backend, std::string_view text) {
  backend.Write(std::span(reinterpret_cast<const u8*>(text.data()), text.size()));
}

class SocketBackendTest : public ::testing::Test {
 protected:
  std::unique_ptr<SocketBackend> Listen(StopSignals* signals = nullptr) {
    auto backend = SocketBackend::Listen(path_, signals);
    EXPECT_TRUE(backend.ok()) << backend.status();
    return backend.ok() ? *std::move(backend) : nullptr;
  }
  ~SocketBackendTest() override { std::remove(path_.c_str()); }

  const std::string path_ = TestPath();
};

TEST_F(SocketBackendTest, WhoConnectsHasTheConsole) {
  const auto backend = Listen();
  ASSERT_NE(backend, nullptr);
  EXPECT_FALSE(backend->WaitForClient(0));
  const int fd = Connect(path_);
  EXPECT_TRUE(backend->WaitForClient(10 * kSecond));
  Write(*backend, "to you");
  char text[100];
  EXPECT_EQ(read(fd, text, sizeof text), 6);
  ASSERT_EQ(write(fd, "to me\xff", 6), 6);
  EXPECT_EQ(ReadAll(*backend), "to me\xff");
  EXPECT_FALSE(backend->InputEnded());
  close(fd);
}

TEST_F(SocketBackendTest, WhenOneHasGoneTheNextIsServed) {
  const auto backend = Listen();
  ASSERT_NE(backend, nullptr);
  close(Connect(path_));
  EXPECT_TRUE(backend->WaitForClient(10 * kSecond));
  u8 byte[1];
  EXPECT_EQ(backend->Read(byte), 0u);
  EXPECT_FALSE(backend->connected());
  Write(*backend, "lost");
  const int fd = Connect(path_);
  ASSERT_EQ(write(fd, "again", 5), 5);
  EXPECT_EQ(ReadAll(*backend), "again");
  close(fd);
}

TEST_F(SocketBackendTest, ALeftOverSocketIsReplacedAndNothingElse) {
  {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(fd);
  }
  const auto backend = Listen();
  ASSERT_NE(backend, nullptr);
  const Status second = SocketBackend::Listen(path_, nullptr).status();
  EXPECT_EQ(second.code(), kUnavailable);
  EXPECT_NE(MessageOf(second).find(path_), std::string::npos) << second;
}

TEST_F(SocketBackendTest, ItRemovesItsSocket) {
  Listen().reset();
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
}

TEST_F(SocketBackendTest, NamesHaveALength) {
  for (const std::string& path : {std::string(), std::string(200, 'x')}) {
    EXPECT_EQ(SocketBackend::Listen(path, nullptr).status().code(),
              StatusCode::kOutOfRange);
  }
}

TEST_F(SocketBackendTest, SignalsEndAWaitAndBecomeEvents) {
  StopSignals signals;
  const auto backend = Listen(&signals);
  ASSERT_NE(backend, nullptr);
  raise(SIGTERM);
  EXPECT_FALSE(backend->WaitForClient(600 * kSecond));
  const auto event = backend->NextEvent();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->kind, ConsoleEventKind::kSignal);
  EXPECT_EQ(event->value, SIGTERM);
}

}  // namespace
}  // namespace lgx
