// What a run says to the person, on standard error: banner, warnings, help, summary.
#ifndef LGX_TOOLS_SCREEN_H_
#define LGX_TOOLS_SCREEN_H_

#include <string>
#include <string_view>

#include "machine/launcher.h"

namespace lgx {

class Screen final : public LaunchObserver {
 public:
  struct Options {
    bool quiet = false;
    bool verbose = false;
    bool terminal = false;  // standard error is one
    bool raw = false;       // the terminal needs a carriage return before each newline
    bool color = false;
  };

  // `config` outlives the screen.
  Screen(const MachineConfig& config, const Options& options)
      : config_(config), options_(options) {}

  void Say(std::string_view text) const;
  void Warn(const std::string& text) const;
  // The terminal is as it was: from now on a newline is enough.
  void LeaveRaw() { options_.raw = false; }
  bool quiet() const { return options_.quiet; }
  // The banner says so.
  void set_recorded(bool on) { recorded_ = on; }
  // `text` in the colour of what went well or did not.
  std::string Painted(bool good, const std::string& text) const;

  void OnBoot(const BootFiles& files, u32 boot) override;
  void OnWarning(const std::string& text) override { Warn(text); }
  void OnConsoleEvent(const ConsoleEvent& event) override;
  void OnStats(const Stats& stats) override;

 private:
  const MachineConfig& config_;
  Options options_;
  bool recorded_ = false;
};

// Does the person want colours on standard error? "auto" asks the terminal, NO_COLOR and
// TERM.
enum class ColorChoice : u8 { kAuto, kAlways, kNever };
bool WantColor(ColorChoice choice, bool terminal);

}  // namespace lgx

#endif  // LGX_TOOLS_SCREEN_H_
