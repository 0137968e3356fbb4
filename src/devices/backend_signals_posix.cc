#include "devices/backend_signals_posix.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/check.h"
#include "devices/backend_raw_mode_posix.h"

namespace lgx {
namespace {

constexpr int kCaught[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE};
constexpr int kCaughtCount = sizeof kCaught / sizeof kCaught[0];

std::atomic<bool> g_installed = false;
std::atomic<int> g_stop = 0;
std::atomic<bool> g_stats = false;
int g_wake[2] = {-1, -1};  // a pipe: handlers write to [1]
struct sigaction g_before[kCaughtCount];

void Wake() {
  const int error = errno;
  // A full pipe wakes as well as one more byte.
  [[maybe_unused]] const ssize_t written = write(g_wake[1], "", 1);
  errno = error;
}

void OnStop(int number) {
  if (g_stop.exchange(number) != 0) {
    LeaveRawMode();
    signal(number, SIG_DFL);
    raise(number);
  }
  Wake();
}

void OnStats(int) {
  g_stats.store(true);
  Wake();
}

void (*HandlerOf(int number))(int) {
  if (number == SIGPIPE) return SIG_IGN;
  return number == SIGUSR1 ? OnStats : OnStop;
}

}  // namespace

StopSignals::StopSignals() {
  CHECK(!g_installed.exchange(true)) << "two StopSignals";
  g_stop.store(0);
  g_stats.store(false);
  CHECK(pipe(g_wake) == 0) << "no pipe: errno " << errno;
  for (const int end : g_wake) {
    fcntl(end, F_SETFL, O_NONBLOCK);
    fcntl(end, F_SETFD, FD_CLOEXEC);
  }
  for (int i = 0; i < kCaughtCount; ++i) {
    sigaction(kCaught[i], nullptr, &g_before[i]);
    if (g_before[i].sa_handler == SIG_IGN) continue;
    struct sigaction action = {};
    action.sa_handler = HandlerOf(kCaught[i]);
    sigemptyset(&action.sa_mask);
    sigaction(kCaught[i], &action, nullptr);
  }
}

StopSignals::~StopSignals() {
  for (int i = 0; i < kCaughtCount; ++i) sigaction(kCaught[i], &g_before[i], nullptr);
  for (int& end : g_wake) {
    close(end);
    end = -1;
  }
  g_installed.store(false);
}

int StopSignals::Take() { return g_stop.exchange(0); }
bool StopSignals::Pending() const { return g_stop.load() != 0; }
bool StopSignals::TakeStatsRequest() { return g_stats.exchange(false); }
int StopSignals::wake_fd() const { return g_wake[0]; }

void StopSignals::Drain() {
  char bytes[64];
  while (read(g_wake[0], bytes, sizeof bytes) > 0) {
  }
}

}  // namespace lgx
