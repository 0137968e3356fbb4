// The full screen of `lgx debug --tui` as lines of text: code, registers, both walks of
// an address, the last events, and what was said last.
#ifndef LGX_DEBUG_FULL_SCREEN_H_
#define LGX_DEBUG_FULL_SCREEN_H_

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "debug/console.h"

namespace lgx {

// Which address the page tables are shown for.
enum class PageFocus : u8 { kEip, kEsp, kFault };

struct ScreenSize {
  u32 columns = 80;
  u32 rows = 24;
};

class FullScreen {
 public:
  // `console` outlives it.
  explicit FullScreen(DebugConsole& console) : console_(console) {}

  // What a command or the Guest has said: the last lines are shown.
  void Say(std::string_view text);
  // The next one of the addresses.
  void TurnFocus();

  // The command that a key stands for; empty: none. ':' and 'q' and such are the
  // caller's.
  static std::string_view CommandOf(char key);

  // Exactly `size.rows` lines of at most `size.columns` printable characters.
  std::vector<std::string> Draw(const ScreenSize& size) const;

 private:
  std::vector<std::string> CodeLines(u32 rows) const;
  std::vector<std::string> CodeAndRegisters(u32 columns) const;
  std::vector<std::string> PageLines() const;
  std::vector<std::string> EventLines(u32 rows) const;

  DebugConsole& console_;
  PageFocus focus_ = PageFocus::kEip;
  std::deque<std::string> said_;
};

}  // namespace lgx

#endif  // LGX_DEBUG_FULL_SCREEN_H_
