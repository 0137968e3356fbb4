#include "tools/debug_screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

#include "devices/backend_raw_mode_posix.h"
#include "devices/backend_signals_posix.h"
#include "tools/exit_codes.h"

namespace lgx {
namespace {

// The other screen of the terminal, without cursor; and back.
constexpr const char* kEnter = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr const char* kLeave = "\x1b[?25h\x1b[?1049l";
constexpr char kCtrlC = 3;
constexpr char kEscape = 27;
constexpr int kRedrawMs = 250;  // a window may have changed its size

void Put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno != EINTR) return;
    if (n > 0) text.remove_prefix(static_cast<size_t>(n));
  }
}

ScreenSize SizeOfTerminal() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {size.ws_col, size.ws_row};
}

// A key within `timeout_ms`; -1: none yet, -2: the input has ended.
int ReadKey(int timeout_ms) {
  pollfd fd = {STDIN_FILENO, POLLIN, 0};
  const int ready = poll(&fd, 1, timeout_ms);
  if (ready <= 0) return -1;
  char key = 0;
  const ssize_t n = read(STDIN_FILENO, &key, 1);
  if (n == 1) return static_cast<unsigned char>(key);
  return n < 0 && errno == EINTR ? -1 : -2;
}

class Terminal {
 public:
  Terminal(DebugSession& session, FullScreen& screen)
      : session_(session), screen_(screen) {}

  int Run() {
    if (!EnterRawMode(STDIN_FILENO, kLeave)) {
      return ReportNoTerminal();
    }
    Put(kEnter);
    session_.control().set_poll([this] { return Interrupts(); });
    Draw();
    int signal = 0;
    while (!session_.console().done() && (signal = signals_.Take()) == 0) {
      const int key = ReadKey(kRedrawMs);
      if (key == -2) break;
      if (key == -1) {
        const ScreenSize now = SizeOfTerminal();
        if (now.columns == size_.columns && now.rows == size_.rows) continue;
      } else if (!Obey(static_cast<char>(key))) {
        break;
      }
      Draw();
    }
    session_.control().set_poll({});
    LeaveRawMode();
    return signal == 0 ? int{kExitOk} : kExitSignalBase + signal;
  }

 private:
  static int ReportNoTerminal() {
    std::fputs("lgx: debug: --tui needs a terminal as standard input\n", stderr);
    return kExitUsage;
  }

  // While the machine runs: Ctrl-C, or a signal.
  bool Interrupts() {
    if (signals_.Pending()) return true;
    return ReadKey(0) == kCtrlC;
  }

  void Draw() {
    size_ = SizeOfTerminal();
    std::string text = "\x1b[H";
    const std::vector<std::string> lines = screen_.Draw(size_);
    for (size_t i = 0; i < lines.size(); ++i) {
      if (i != 0) text += "\r\n";
      const bool bar = lines[i].starts_with("-- ");
      const bool mark = lines[i].starts_with("=> ");
      if (bar || mark) text += "\x1b[1m";
      text += lines[i] + "\x1b[0m\x1b[K";
    }
    Put(text);
  }

  void Execute(std::string_view command) {
    screen_.Say("(lgx) " + std::string(command));
    const Status status = session_.console().Execute(command);
    if (!status.ok()) screen_.Say(MessageOf(status));
    session_.guest_text().Flush();
  }

  // False: quit.
  bool Obey(char key) {
    if (key == 'q' || key == kCtrlC || key == 4) return false;
    if (key == 'p') {
      screen_.TurnFocus();
    } else if (key == ':') {
      if (const std::optional<std::string> command = AskCommand()) Execute(*command);
    } else if (const std::string_view command = FullScreen::CommandOf(key);
               !command.empty()) {
      Execute(command);
    }
    return true;
  }

  // A line typed at the bottom; nothing if it was given up.
  std::optional<std::string> AskCommand() {
    std::string typed;
    while (true) {
      Put("\x1b[" + std::to_string(size_.rows) + ";1H\x1b[K:" + typed + "_");
      const int key = ReadKey(-1);
      if (key == -2 || key == kEscape || key == kCtrlC) return std::nullopt;
      if (key == '\r' || key == '\n') return typed;
      if (key == 127 || key == 8) {
        if (!typed.empty()) typed.pop_back();
      } else if (key >= ' ' && key <= '~' && typed.size() + 3 < size_.columns) {
        typed += static_cast<char>(key);
      }
    }
  }

  DebugSession& session_;
  FullScreen& screen_;
  StopSignals signals_;
  ScreenSize size_;
};

}  // namespace

int RunFullScreen(DebugSession& session, FullScreen& screen) {
  return Terminal(session, screen).Run();
}

}  // namespace lgx
