#include "devices/backend_raw_mode_posix.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace lgx {
namespace {

constexpr tcflag_t kClearedFlags = ISIG | ICANON | ECHO;

// Signals that kill unless somebody catches them. The first seven come from errors of
// ours: for them whoever else catches them (a sanitizer) gets them after us. The others
// are ours only while nobody else (StopSignals) wants them.
constexpr int kKillers[] = {SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,  SIGABRT,
                            SIGQUIT, SIGSYS,  SIGTERM, SIGINT,  SIGHUP,
                            SIGPIPE, SIGALRM, SIGXCPU, SIGUSR1, SIGUSR2};
constexpr int kKillerCount = sizeof kKillers / sizeof kKillers[0];
constexpr int kErrorCount = 7;

termios g_saved;                             // valid while g_raw_fd >= 0
std::atomic<int> g_raw_fd = -1;              // the terminal in raw mode
std::atomic<const char*> g_leave = nullptr;  // what is written when it ends
struct sigaction g_before[kKillerCount];     // what the killers did before

// The terminal first, then whatever would have happened without us. The signal stays
// blocked until this returns; then it is delivered again.
void OnKiller(int signal) {
  LeaveRawMode();
  for (int i = 0; i < kKillerCount; ++i) {
    if (kKillers[i] == signal) sigaction(signal, &g_before[i], nullptr);
  }
  raise(signal);
}

void CatchKillers() {
  for (int i = 0; i < kKillerCount; ++i) {
    sigaction(kKillers[i], nullptr, &g_before[i]);
    if (g_before[i].sa_handler == SIG_IGN) continue;
    if (i >= kErrorCount && g_before[i].sa_handler != SIG_DFL) continue;
    struct sigaction action = {};
    action.sa_handler = OnKiller;
    action.sa_flags = SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(kKillers[i], &action, nullptr);
  }
}

// A process in the background may not change its terminal and would be stopped for
// trying. With SIGTTOU blocked the change is allowed.
void SetWithoutStopping(int fd, const termios& settings) {
  sigset_t ttou;
  sigset_t before;
  sigemptyset(&ttou);
  sigaddset(&ttou, SIGTTOU);
  sigprocmask(SIG_BLOCK, &ttou, &before);
  while (tcsetattr(fd, TCSANOW, &settings) != 0 && errno == EINTR) {
  }
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

void WriteLeave() {
  const char* const text = g_leave.exchange(nullptr);
  if (text == nullptr) return;
  size_t left = std::strlen(text);
  for (const char* at = text; left != 0;) {
    const ssize_t n = write(STDOUT_FILENO, at, left);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    at += n;
    left -= static_cast<size_t>(n);
  }
}

}  // namespace

bool EnterRawMode(int fd, const char* leave) {
  if (g_raw_fd.load() >= 0 || tcgetattr(fd, &g_saved) != 0) return false;
  static const bool prepared = [] {
    CatchKillers();
    return std::atexit(LeaveRawMode) == 0;
  }();
  if (!prepared) return false;
  termios raw = g_saved;
  raw.c_lflag &= ~kClearedFlags;
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  g_leave.store(leave);
  g_raw_fd.store(fd);
  if (tcsetattr(fd, TCSANOW, &raw) == 0) return true;
  g_raw_fd.store(-1);
  return false;
}

void LeaveRawMode() {
  const int error = errno;
  const int fd = g_raw_fd.exchange(-1);
  if (fd >= 0) {
    WriteLeave();
    SetWithoutStopping(fd, g_saved);
  }
  errno = error;
}

}  // namespace lgx
