// A script for the console: waits for texts of the Guest and types answers (--expect).
//
// It stands between the machine and the console's far end. Rules are used in their order,
// each once; what it types goes before what the far end has. It depends on nothing but
// the Guest's text, so runs with a script repeat.
#ifndef LGX_MACHINE_CONSOLE_SCRIPT_H_
#define LGX_MACHINE_CONSOLE_SCRIPT_H_

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "devices/console_backend.h"
#include "machine/config.h"
#include "machine/pattern.h"

namespace lgx {

class ConsoleScript final : public ConsoleBackend {
 public:
  // The patterns of all rules; an error names the rule by its path.
  static StatusOr<std::vector<Pattern>> Compile(
      const std::vector<MachineConfig::Expect>& rules);

  // `real` outlives the script; `patterns` are those of `rules`.
  ConsoleScript(ConsoleBackend& real, std::vector<MachineConfig::Expect> rules,
                std::vector<Pattern> patterns);

  size_t done() const { return done_; }
  size_t size() const { return rules_.size(); }
  // The pattern that is waited for; empty when the script is over.
  std::string waits_for() const;

  // How far it has come, to go back there with a machine that goes back.
  struct Place {
    std::vector<Pattern> patterns;
    size_t done = 0;
    std::deque<u8> typed;
    std::deque<ConsoleEvent> events;
  };
  Place place() const { return {patterns_, done_, typed_, events_}; }
  // `place` is one of a script with the same rules.
  void GoTo(Place place) {
    patterns_ = std::move(place.patterns);
    done_ = place.done;
    typed_ = std::move(place.typed);
    events_ = std::move(place.events);
  }

  void Write(std::span<const u8> bytes) override;
  std::size_t Read(std::span<u8> to) override;
  bool InputEnded() const override { return typed_.empty() && real_.InputEnded(); }
  u64 Wait(u64 timeout_ns, bool want_input, std::span<const WaitFd> others) override;
  std::optional<ConsoleEvent> NextEvent() override;

 private:
  ConsoleBackend& real_;
  std::vector<MachineConfig::Expect> rules_;
  std::vector<Pattern> patterns_;
  size_t done_ = 0;
  std::deque<u8> typed_;
  std::deque<ConsoleEvent> events_;
};

}  // namespace lgx

#endif  // LGX_MACHINE_CONSOLE_SCRIPT_H_
