#include "devices/backend_terminal_posix.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>

#include "base/check.h"
#include "devices/backend_raw_mode_posix.h"

namespace lgx {
namespace {

constexpr u64 kSecond = 1'000'000'000;

std::vector<u8> BytesOf(std::string_view text) { return {text.begin(), text.end()}; }

std::string ReadAll(TerminalBackend& backend, std::size_t room = 1000) {
  std::vector<u8> bytes(room);
  const std::size_t count = backend.Read(bytes);
  return std::string(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
}

// Waits for input or an end, at most ten seconds.
std::string WaitAndRead(TerminalBackend& backend) {
  for (int i = 0; i < 100; ++i) {
    backend.Wait(kSecond / 10, true, {});
    const std::string text = ReadAll(backend);
    if (!text.empty() || backend.InputEnded()) return text;
  }
  return "";
}

void WriteTo(int fd, std::string_view text) {
  ASSERT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

struct Pipe {
  Pipe() {
    int ends[2];
    CHECK(pipe(ends) == 0);
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    CloseRead();
    CloseWrite();
  }
  void CloseRead() { Close(&read_end); }
  void CloseWrite() { Close(&write_end); }
  static void Close(int* fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
  }
  int read_end;
  int write_end;
};

// --- pipes and files ---

TEST(TerminalBackend, G03_6_PipeIsByteExactAndItsEndIsNoError) {
  Pipe in;
  Pipe out;
  TerminalBackend backend({.in_fd = in.read_end, .out_fd = out.write_end});
  EXPECT_FALSE(backend.is_terminal());
  EXPECT_EQ(ReadAll(backend), "");
  const std::string text("\x01x\x03\x00\xff\r\n", 7);
  WriteTo(in.write_end, text);
  EXPECT_EQ(WaitAndRead(backend), text);
  EXPECT_FALSE(backend.InputEnded());
  in.CloseWrite();
  EXPECT_EQ(WaitAndRead(backend), "");
  EXPECT_TRUE(backend.InputEnded());
  EXPECT_EQ(backend.NextEvent()->kind, ConsoleEventKind::kInputEnded);
  EXPECT_FALSE(backend.NextEvent());
  EXPECT_EQ(ReadAll(backend), "");
  backend.Write(BytesOf(text));
  char bytes[100];
  EXPECT_EQ(read(out.read_end, bytes, sizeof bytes), 7);
  EXPECT_EQ(std::string(bytes, 7), text);
}

TEST(TerminalBackend, InputIsLeftWhereItIsWhenThereIsNoRoom) {
  Pipe in;
  TerminalBackend backend({.in_fd = in.read_end, .out_fd = -1});
  WriteTo(in.write_end, "abcdef");
  EXPECT_EQ(ReadAll(backend, 0), "");
  EXPECT_EQ(ReadAll(backend, 4), "abcd");
  EXPECT_EQ(ReadAll(backend, 4), "ef");
}

TEST(TerminalBackend, NoInputAtAllHasEndedFromTheStart) {
  TerminalBackend backend({.in_fd = -1, .out_fd = -1});
  EXPECT_TRUE(backend.InputEnded());
  EXPECT_EQ(ReadAll(backend), "");
  backend.Write(BytesOf("dropped"));
  EXPECT_FALSE(backend.NextEvent());
}

TEST(TerminalBackend, UnreadableInputEndsWithTheWordsOfLguest) {
  const int closed = dup(0);
  close(closed);
  TerminalBackend backend({.in_fd = closed, .out_fd = -1});
  EXPECT_EQ(ReadAll(backend), "");
  EXPECT_TRUE(backend.InputEnded());
  const auto event = backend.NextEvent();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->text.find("Failed to get console input, ignoring console"), 0u);
}

TEST(TerminalBackend, LargeOutputPassesThroughASlowNonBlockingPipe) {
  Pipe out;
  fcntl(out.write_end, F_SETFL, O_NONBLOCK);
  std::string received;
  std::thread reader([&] {
    char bytes[5000];
    for (ssize_t count; (count = read(out.read_end, bytes, sizeof bytes)) > 0;) {
      received.append(bytes, static_cast<std::size_t>(count));
    }
  });
  std::string text;
  for (int i = 0; i < 500000; ++i) text.push_back(static_cast<char>(i % 253));
  {
    TerminalBackend backend({.in_fd = -1, .out_fd = out.write_end});
    backend.Write(BytesOf(text));
  }
  out.CloseWrite();
  reader.join();
  EXPECT_EQ(received, text);
}

TEST(TerminalBackend, BrokenOutputPipeIsAQuietEvent) {
  StopSignals signals;
  Pipe out;
  TerminalBackend backend({.in_fd = -1, .out_fd = out.write_end, .signals = &signals});
  out.CloseRead();
  backend.Write(BytesOf("x"));
  backend.Write(BytesOf("y"));
  const auto event = backend.NextEvent();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, ConsoleEventKind::kOutputClosed);
  EXPECT_FALSE(backend.NextEvent()) << "said once";
}

TEST(TerminalBackend, RefusedOutputIsAnEventThatSaysWhy) {
  const int full = open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  TerminalBackend backend({.in_fd = -1, .out_fd = full});
  backend.Write(BytesOf("x"));
  close(full);
  const auto event = backend.NextEvent();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, ConsoleEventKind::kOutputFailed);
  EXPECT_EQ(event->text.find("Write to stdout gave an error: No space left"), 0u);
}

TEST(TerminalBackend, WaitEndsAtItsTimeAndNotLater) {
  Pipe in;
  TerminalBackend backend({.in_fd = in.read_end, .out_fd = -1});
  const auto start = std::chrono::steady_clock::now();
  backend.Wait(20'000'000, true, {});
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(19));
  WriteTo(in.write_end, "x");
  backend.Wait(1000 * kSecond, true, {});
  EXPECT_EQ(ReadAll(backend), "x");
}

TEST(TerminalBackend, UnwantedInputDoesNotEndTheWait) {
  Pipe in;
  TerminalBackend backend({.in_fd = in.read_end, .out_fd = -1});
  WriteTo(in.write_end, "x");
  const auto start = std::chrono::steady_clock::now();
  backend.Wait(20'000'000, false, {});
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(19));
}

// --- signals ---

TEST(StopSignals, SignalIsAnEventWithItsNumberAndEndsTheWait) {
  StopSignals signals;
  TerminalBackend backend({.in_fd = -1, .out_fd = -1, .signals = &signals});
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    raise(number);
    backend.Wait(1000 * kSecond, true, {});
    const auto event = backend.NextEvent();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->kind, ConsoleEventKind::kSignal);
    EXPECT_EQ(event->value, number);
    EXPECT_FALSE(backend.NextEvent());
  }
}

TEST(StopSignals, Usr1AsksForStatistics) {
  StopSignals signals;
  TerminalBackend backend({.in_fd = -1, .out_fd = -1, .signals = &signals});
  raise(SIGUSR1);
  EXPECT_EQ(backend.NextEvent()->kind, ConsoleEventKind::kStats);
  EXPECT_FALSE(backend.NextEvent());
}

TEST(StopSignals, OutputThatNobodyReadsDoesNotKeepUsFromStopping) {
  StopSignals signals;
  Pipe out;  // never read, soon full
  TerminalBackend backend({.in_fd = -1, .out_fd = out.write_end, .signals = &signals});
  std::thread killer([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    kill(getpid(), SIGTERM);
  });
  backend.Write(std::vector<u8>(1000000, 'x'));
  killer.join();
  EXPECT_EQ(backend.NextEvent()->value, SIGTERM);
}

TEST(StopSignals, FormerHandlersComeBack) {
  struct sigaction before = {};
  struct sigaction after = {};
  sigaction(SIGTERM, nullptr, &before);
  {
    StopSignals signals;
  }
  sigaction(SIGTERM, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

// --- a terminal, and every way out of it ---

// A pseudo-terminal: the test holds the master, a child process has the terminal.
class Pty {
 public:
  Pty() {
    CHECK(openpty(&master_, &slave_, nullptr, nullptr, nullptr) == 0);
    before_ = Settings();
  }
  ~Pty() {
    close(master_);
    close(slave_);
  }
  int master() const { return master_; }
  int slave() const { return slave_; }

  termios Settings() const {
    termios settings;
    CHECK(tcgetattr(slave_, &settings) == 0);
    return settings;
  }
  bool Restored() const {
    const termios now = Settings();
    return now.c_iflag == before_.c_iflag && now.c_oflag == before_.c_oflag &&
           now.c_cflag == before_.c_cflag && now.c_lflag == before_.c_lflag &&
           std::memcmp(now.c_cc, before_.c_cc, sizeof now.c_cc) == 0;
  }
  bool Raw() const { return (Settings().c_lflag & (ISIG | ICANON | ECHO)) == 0; }

  // Waits, at most ten seconds, for the child's next text.
  std::string Receive() const {
    pollfd fd = {master_, POLLIN, 0};
    if (poll(&fd, 1, 10000) != 1) return "";
    char bytes[1000];
    const ssize_t count = read(master_, bytes, sizeof bytes);
    return std::string(bytes, count > 0 ? static_cast<std::size_t>(count) : 0);
  }

 private:
  int master_;
  int slave_;
  termios before_;
};

// Runs `body` in a child process whose terminal is `pty`; the wait status.
class Child {
 public:
  Child(Pty& pty, const std::function<void()>& body) : pid_(fork()) {
    if (pid_ != 0) return;
    setsid();
    ioctl(pty.slave(), TIOCSCTTY, 0);
    dup2(pty.slave(), 0);
    dup2(pty.slave(), 1);
    dup2(open("/dev/null", O_WRONLY), 2);
    const rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    alarm(30);
    body();
    _exit(99);
  }
  pid_t pid() const { return pid_; }
  int Wait() const {
    int status = 0;
    waitpid(pid_, &status, 0);
    return status;
  }

 private:
  pid_t pid_;
};

void Say(TerminalBackend& backend, std::string_view text) {
  backend.Write(BytesOf(text));
}

// What a run loop does with the backend, until an event.
ConsoleEvent NextEventOf(TerminalBackend& backend) {
  for (;;) {
    backend.Wait(kSecond, true, {});
    ReadAll(backend);
    if (auto event = backend.NextEvent()) return *event;
  }
}

TEST(RawMode, G03_4_OnlyThreeFlagsChangeAndOutputProcessingStays) {
  Pty pty;
  Child child(pty, [] {
    TerminalBackend backend({});
    Say(backend, "ready\n");
    char byte;
    CHECK(read(0, &byte, 1) == 1);
  });
  EXPECT_EQ(pty.Receive(), "ready\r\n") << "OPOST and ONLCR are on";
  const termios raw = pty.Settings();
  EXPECT_TRUE(pty.Raw());
  EXPECT_NE(raw.c_oflag & OPOST, 0u);
  WriteTo(pty.master(), "x");
  EXPECT_EQ(WEXITSTATUS(child.Wait()), 99);
  EXPECT_TRUE(pty.Restored());
}

struct WayOut {
  const char* name;
  std::function<void()> leave;  // with the terminal in raw mode; "x" has been typed
  int exit_code;                // or -1:
  int signal;
};

const WayOut kWaysOut[] = {
    {"Exit", [] { std::exit(5); }, 5, 0},
    {"FailedCheck", [] { CHECK(1 + 1 == 3) << "arithmetic"; }, 70, 0},
    {"Abort", [] { std::abort(); }, -1, SIGABRT},
    {"Crash", [] { raise(SIGSEGV); }, -1, SIGSEGV},
    {"Term", [] { raise(SIGTERM); }, -1, SIGTERM},
    {"Hangup", [] { raise(SIGHUP); }, -1, SIGHUP},
    {"Quit", [] { raise(SIGQUIT); }, -1, SIGQUIT},
    {"Pipe", [] { raise(SIGPIPE); }, -1, SIGPIPE},
};

TEST(RawMode, G03_4_TerminalIsRestoredOnEveryWayOut) {
  for (const WayOut& way : kWaysOut) {
    SCOPED_TRACE(way.name);
    Pty pty;
    Child child(pty, [&] {
      for (const int number : {SIGSEGV, SIGABRT}) signal(number, SIG_DFL);
      SetCheckFailureHook([](const char*) { LeaveRawMode(); });
      TerminalBackend backend({});
      Say(backend, "ready");
      WaitAndRead(backend);
      way.leave();
    });
    EXPECT_EQ(pty.Receive(), "ready");
    EXPECT_TRUE(pty.Raw());
    WriteTo(pty.master(), "x");
    const int status = child.Wait();
    if (way.exit_code >= 0) {
      EXPECT_EQ(WEXITSTATUS(status), way.exit_code);
    } else {
      EXPECT_TRUE(WIFSIGNALED(status));
      EXPECT_EQ(WTERMSIG(status), way.signal);
    }
    EXPECT_TRUE(pty.Restored());
  }
}

TEST(RawMode, G03_4_SignalFromOutsideEndsOrderlyWithTheTerminalRestored) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    SCOPED_TRACE(number);
    Pty pty;
    Child child(pty, [] {
      StopSignals signals;
      int code = 0;
      {
        TerminalBackend backend({.signals = &signals});
        Say(backend, "ready");
        code = 128 + NextEventOf(backend).value;
      }
      std::exit(code);
    });
    EXPECT_EQ(pty.Receive(), "ready");
    EXPECT_TRUE(pty.Raw());
    kill(child.pid(), number);
    EXPECT_EQ(WEXITSTATUS(child.Wait()), 128 + number);
    EXPECT_TRUE(pty.Restored());
  }
}

TEST(RawMode, G03_4_SecondSignalEndsAProgramThatNoLongerLooks) {
  Pty pty;
  Child child(pty, [] {
    StopSignals signals;
    TerminalBackend backend({.signals = &signals});
    Say(backend, "ready");
    for (;;) pause();
  });
  EXPECT_EQ(pty.Receive(), "ready");
  kill(child.pid(), SIGTERM);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(pty.Raw());
  kill(child.pid(), SIGTERM);
  EXPECT_EQ(WTERMSIG(child.Wait()), SIGTERM);
  EXPECT_TRUE(pty.Restored());
}

TEST(RawMode, G03_4_ThreeCtrlCEndWithTheTerminalRestored) {
  Pty pty;
  Child child(pty, [] {
    StopSignals signals;
    TerminalBackend backend({.keys = {.three_ctrl_c = true}, .signals = &signals});
    std::string guest;
    std::optional<ConsoleEvent> event;
    Say(backend, "ready");
    while (!event) {
      const std::string text = WaitAndRead(backend);
      guest += text;
      Say(backend, std::to_string(text.size()));
      event = backend.NextEvent();
    }
    const bool right =
        event->kind == ConsoleEventKind::kThreeCtrlC && guest == "\x03\x03\x03";
    std::exit(right ? 130 : 1);
  });
  EXPECT_EQ(pty.Receive(), "ready");
  for (int i = 0; i < 3; ++i) {
    WriteTo(pty.master(), "\x03");
    EXPECT_EQ(pty.Receive(), "1");  // each one read alone
  }
  EXPECT_EQ(WEXITSTATUS(child.Wait()), 130);
  EXPECT_TRUE(pty.Restored());
}

TEST(RawMode, EscapeKeysWorkWhileTheGuestTakesNoInput) {
  Pty pty;
  Child child(pty, [] {
    TerminalBackend backend({});
    Say(backend, "ready");
    for (;;) {
      backend.Wait(kSecond / 100, false, {});
      ReadAll(backend, 0);
      if (auto event = backend.NextEvent()) {
        std::exit(event->kind == ConsoleEventKind::kQuit ? 7 : 8);
      }
    }
  });
  EXPECT_EQ(pty.Receive(), "ready");
  const std::string much(2000, 'm');
  for (int i = 0; i < 4; ++i) WriteTo(pty.master(), much);
  WriteTo(pty.master(), "\x01x");
  EXPECT_EQ(WEXITSTATUS(child.Wait()), 7);
  EXPECT_TRUE(pty.Restored());
}

TEST(RawMode, PastedTextIsCompleteWhileThereIsRoom) {
  Pty pty;
  Child child(pty, [] {
    TerminalBackend backend({});
    Say(backend, "ready");
    std::string all;
    while (all.size() < 20000) {
      backend.Wait(kSecond, true, {});
      all += ReadAll(backend, 777);
    }
    bool right = true;
    for (std::size_t i = 0; i < all.size(); ++i)
      right &= all[i] == 'a' + static_cast<int>(i % 26);
    std::exit(right ? 0 : 1);
  });
  EXPECT_EQ(pty.Receive(), "ready");
  std::string text;
  for (int i = 0; i < 20000; ++i) text.push_back(static_cast<char>('a' + i % 26));
  for (std::size_t at = 0; at < text.size(); at += 500) {
    WriteTo(pty.master(), std::string_view(text).substr(at, 500));
  }
  EXPECT_EQ(WEXITSTATUS(child.Wait()), 0);
}

TEST(RawMode, HangupOfTheTerminalEndsTheInput) {
  int master = -1;
  int slave = -1;
  ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  {
    TerminalBackend backend({.in_fd = slave, .out_fd = -1});
    EXPECT_TRUE(backend.is_terminal());
    close(master);
    EXPECT_EQ(WaitAndRead(backend), "");
    EXPECT_TRUE(backend.InputEnded());
  }
  close(slave);
}

TEST(RawMode, PipeHasNone) {
  Pipe pipe;
  EXPECT_FALSE(EnterRawMode(pipe.read_end));
  LeaveRawMode();
}

}  // namespace
}  // namespace lgx
