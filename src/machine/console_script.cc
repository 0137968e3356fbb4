#include "machine/console_script.h"

#include <algorithm>
#include <utility>

namespace lgx {

StatusOr<std::vector<Pattern>> ConsoleScript::Compile(
    const std::vector<MachineConfig::Expect>& rules) {
  std::vector<Pattern> patterns;
  for (size_t i = 0; i < rules.size(); i++) {
    StatusOr<Pattern> pattern = Pattern::Compile(rules[i].match);
    if (!pattern.ok()) {
      return Errorf(StatusCode::kOutOfRange, "expect[%d].match: %s", i,
                    MessageOf(pattern.status()));
    }
    patterns.push_back(*std::move(pattern));
  }
  return patterns;
}

ConsoleScript::ConsoleScript(ConsoleBackend& real,
                             std::vector<MachineConfig::Expect> rules,
                             std::vector<Pattern> patterns)
    : real_(real), rules_(std::move(rules)), patterns_(std::move(patterns)) {}

std::string ConsoleScript::waits_for() const {
  return done_ < rules_.size() ? rules_[done_].match : "";
}

void ConsoleScript::Write(std::span<const u8> bytes) {
  real_.Write(bytes);
  for (const u8 byte : bytes) {
    if (done_ == rules_.size()) return;
    if (!patterns_[done_].Feed(byte)) continue;
    const MachineConfig::Expect& rule = rules_[done_++];
    typed_.insert(typed_.end(), rule.send.begin(), rule.send.end());
    if (!rule.exit) continue;
    events_.push_back({ConsoleEventKind::kScriptEnd, *rule.exit, rule.match});
    done_ = rules_.size();
  }
}

std::size_t ConsoleScript::Read(std::span<u8> to) {
  if (typed_.empty()) return real_.Read(to);
  const std::size_t count = std::min(to.size(), typed_.size());
  const auto end = typed_.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(typed_.begin(), end, to.begin());
  typed_.erase(typed_.begin(), end);
  return count;
}

u64 ConsoleScript::Wait(u64 timeout_ns, bool want_input, std::span<const WaitFd> others) {
  if (!events_.empty() || (want_input && !typed_.empty())) return 0;
  return real_.Wait(timeout_ns, want_input, others);
}

std::optional<ConsoleEvent> ConsoleScript::NextEvent() {
  if (events_.empty()) return real_.NextEvent();
  ConsoleEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace lgx
