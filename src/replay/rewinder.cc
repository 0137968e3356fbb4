#include "replay/rewinder.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lgx {

Rewinder::Rewinder(Machine& machine)
    : machine_(machine),
      inner_(machine.input_source()),
      inner_watch_(machine.watch()),
      inner_watch_at_(machine.watch_at()) {
  machine.set_input_source(this);
  machine.set_watch(this, inner_watch_at_);
}

Rewinder::~Rewinder() {
  machine_.set_input_source(&inner_);
  machine_.set_watch(inner_watch_, inner_watch_at_);
}

void Rewinder::GoBackTo(u64 place) {
  CHECK(place <= furthest_) << place;
  question_ = place;
  const auto first =
      std::upper_bound(answers_.begin(), answers_.end(), place,
                       [](u64 at, const Answer& answer) { return at < answer.question; });
  next_ = static_cast<std::size_t>(first - answers_.begin());
  may_come_ = true;
  for (std::size_t i = next_; i-- != 0;) {
    if (!answers_[i].changes_may_come) continue;
    may_come_ = answers_[i].number != 0;
    break;
  }
  // Who stands behind was told already of what comes now.
  machine_.set_watch(this, repeats() ? kNever : inner_watch_at_);
}

// Counts a question. True: it is a new one, for whoever stands behind.
bool Rewinder::Asks() {
  if (++question_ <= furthest_) return false;
  furthest_ = question_;
  return true;
}

const Rewinder::Answer* Rewinder::Kept() {
  const Answer* answer = nullptr;
  if (next_ < answers_.size() && answers_[next_].question == question_) {
    answer = &answers_[next_++];
  }
  if (question_ == furthest_) machine_.set_watch(this, inner_watch_at_);
  if (answer != nullptr && answer->ending) machine_.End(*answer->ending);
  return answer;
}

// Called when whoever stands behind has answered the question asked now.
void Rewinder::KeepEnding() {
  if (!machine_.ended() || ended_) return;
  ended_ = true;
  const bool has_answer = !answers_.empty() && answers_.back().question == question_;
  (has_answer ? answers_.back() : Keep()).ending = machine_.ending();
}

Rewinder::Answer& Rewinder::Keep() {
  Answer& answer = answers_.emplace_back();
  answer.question = question_;
  next_ = answers_.size();
  return answer;
}

std::size_t Rewinder::ReadConsole(std::span<u8> to) {
  if (Asks()) {
    const std::size_t count = inner_.ReadConsole(to);
    if (count != 0) {
      Keep().bytes.assign(to.begin(), to.begin() + static_cast<std::ptrdiff_t>(count));
    }
    KeepEnding();
    return count;
  }
  const Answer* answer = Kept();
  if (answer == nullptr) return 0;
  CHECK(answer->bytes.size() <= to.size()) << "the machine went another way";
  std::copy(answer->bytes.begin(), answer->bytes.end(), to.begin());
  return answer->bytes.size();
}

bool Rewinder::ReceiveFrame(u32 card, NetFrame* frame) {
  if (Asks()) {
    const bool there = inner_.ReceiveFrame(card, frame);
    if (there) Keep().frame = *frame;
    KeepEnding();
    return there;
  }
  const Answer* answer = Kept();
  if (answer == nullptr || answer->frame.bytes.empty()) return false;
  *frame = answer->frame;
  return true;
}

bool Rewinder::MayCome() {
  if (Asks()) {
    const bool may_come = inner_.MayCome();
    if (may_come != may_come_) {
      Answer& answer = Keep();
      answer.number = may_come ? 1 : 0;
      answer.changes_may_come = true;
    }
    KeepEnding();
    return may_come_ = may_come;
  }
  const Answer* answer = Kept();
  if (answer != nullptr && answer->changes_may_come) may_come_ = answer->number != 0;
  return may_come_;
}

u64 Rewinder::Wait(u64 timeout_ns, const InputWish& wish) {
  if (Asks()) {
    const u64 waited = std::min(timeout_ns, inner_.Wait(timeout_ns, wish));
    if (waited != timeout_ns) {
      Answer& answer = Keep();
      answer.number = waited;
      answer.early = true;
    }
    KeepEnding();
    return waited;
  }
  const Answer* answer = Kept();
  return answer == nullptr || !answer->early ? timeout_ns : answer->number;
}

// Events that change nothing are not kept: nobody wants to see the help again.
std::optional<ConsoleEvent> Rewinder::NextEvent() {
  if (question_ + 1 > furthest_) {
    std::optional<ConsoleEvent> event = inner_.NextEvent();
    if (event && !EndingFor(*event)) return event;
    (void)Asks();
    if (event) Keep().event = event;
    KeepEnding();
    return event;
  }
  (void)Asks();
  const Answer* answer = Kept();
  return answer == nullptr ? std::nullopt : answer->event;
}

u64 Rewinder::AtInput(Machine& machine) {
  if (repeats()) return kNever;
  inner_watch_at_ = inner_watch_ == nullptr ? kNever : inner_watch_->AtInput(machine);
  return inner_watch_at_;
}

}  // namespace lgx
