#include "devices/escape_keys.h"

#include "absl/strings/str_format.h"

namespace lgx {
namespace {

constexpr u8 kCtrlA = 1;
constexpr u8 kCtrlC = 3;

struct EscapeKey {
  u8 key;
  ConsoleEventKind event;
  const char* help;  // null: has no function yet
};

constexpr EscapeKey kKeys[] = {
    {'x', ConsoleEventKind::kQuit, "quit"},
    {'h', ConsoleEventKind::kHelp, "this help"},
    {'p', ConsoleEventKind::kPause, "pause, continue"},
    {'d', ConsoleEventKind::kDebugger, nullptr},
    {'s', ConsoleEventKind::kStats, "write statistics"},
    {'w', ConsoleEventKind::kSnapshot, nullptr},
    {'t', ConsoleEventKind::kToggleTrace, nullptr},
};

}  // namespace

std::string EscapeKeyHelp() {
  std::string text;
  for (const EscapeKey& key : kKeys) {
    if (key.help == nullptr) continue;
    absl::StrAppendFormat(&text, "Ctrl-A %c   %s\n", key.key, key.help);
  }
  text += "Ctrl-A a   a literal Ctrl-A\n";
  return text;
}

void EscapeKeys::Filter(std::span<const u8> typed, u64 now, std::vector<u8>* guest,
                        std::deque<ConsoleEvent>* events) {
  if (typed.empty()) return;
  if (options_.three_ctrl_c && ThirdCtrlC(typed, now)) {
    events->push_back(ConsoleEvent{ConsoleEventKind::kThreeCtrlC, 0, ""});
  }
  for (const u8 key : typed) Key(key, guest, events);
}

void EscapeKeys::Key(u8 key, std::vector<u8>* guest, std::deque<ConsoleEvent>* events) {
  if (!escaped_) {
    if (options_.ctrl_a && key == kCtrlA) {
      escaped_ = true;
    } else {
      guest->push_back(key);
    }
    return;
  }
  escaped_ = false;
  for (const EscapeKey& known : kKeys) {
    if (known.key != key) continue;
    events->push_back(ConsoleEvent{known.event, 0, ""});
    return;
  }
  guest->push_back(kCtrlA);
  if (key != 'a' && key != kCtrlA) guest->push_back(key);
}

// Does this Ctrl-C complete three of them? The third may come in the same second as the
// first or in the next; seconds are compared as whole numbers, and after the third, in
// time or not, counting starts again. Any other input starts it again as well.
bool EscapeKeys::ThirdCtrlC(std::span<const u8> typed, u64 now) {
  if (typed.size() != 1 || typed[0] != kCtrlC) {
    ctrl_c_count_ = 0;
    return false;
  }
  ++ctrl_c_count_;
  if (ctrl_c_count_ == 1) first_ctrl_c_ = now;
  if (ctrl_c_count_ < 3) return false;
  ctrl_c_count_ = 0;
  return now <= first_ctrl_c_ + 1;
}

}  // namespace lgx
