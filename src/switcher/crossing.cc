#include "switcher/crossing.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "cpu/cpuid.h"

namespace lgx {
namespace {

// Far enough ahead to be never reached, near enough to be counted down to.
constexpr u64 kFarAway = u64{1} << 62;
// The way back takes some hundred instructions after an interrupt was raised. A Host that
// came from a file may not come back at all.
constexpr u64 kPatience = 1'000'000;

// Bits of a snapshot.
constexpr u8 kRequested = 1;
constexpr u8 kRaised = 2;

}  // namespace

Crossing::Crossing(Cpu& cpu, HostEnv& host, const SwitcherMap& map, u32 n)
    : cpu_(cpu),
      host_(host),
      map_(map),
      n_(n),
      entry_eip_(host.RunGuestOnce(n).value),
      end_eip_(host.RunGuestOnceEnd(n).value),
      had_pge_((cpu.state.cr4 & kCr4Pge) != 0),
      has_sysenter_((Cpuid(cpu.model(), 1, 0).edx & kCpuidSep) != 0) {
  pages_.linear = map.PagesOf(n);
  pages_.state = MpaOf(map.StateFrame(n));
  pages_.stubs = map.text().default_idt_entries;
  pages_.mapping = map.EntryOf(n);
  InitRoState(cpu.memory(), pages_.state, pages_.linear, host.TablesOf(n), pages_.stubs);
  host.AddLguestSegments(n, map.text().switch_to_guest);
  // A global page would stay cached across a load of CR3, and the Host's would then be in
  // the Guest's way.
  cpu.state.cr4 &= ~kCr4Pge;
  cpu.StateChanged();
}

Crossing::~Crossing() {
  if (!had_pge_) return;
  cpu_.state.cr4 |= kCr4Pge;
  cpu_.StateChanged();
}

void Crossing::SetTs(bool on) {
  cpu_.state.cr0 = on ? cpu_.state.cr0 | kCr0Ts : cpu_.state.cr0 & ~kCr0Ts;
}

//: crossing.060 A call that returns much later
// For the C++ of the Host this is one call. In between, the processor leaves the Host,
// runs the Guest for as long as it likes, and comes back through the frame that the far
// call has left. Events that become due meanwhile do not stop the Guest by magic: they
// are interrupts, raised at their exact instruction, and they take the way of all
// interrupts. One that comes while the Switcher is on its way in has to wait until the
// Guest is there.
//:
void Crossing::RunGuestOnce(const GuestEntry& entry) {
  if (place_ == Place::kOutside) {
    Begin(entry);
    if (passage_observer_ != nullptr && passage_observer_->AtBegin()) return;
  }
  if (place_ == Place::kInside) {
    if (!RunToEnd()) return;
    place_ = Place::kAtEnd;
    if (passage_observer_ != nullptr && passage_observer_->AtEnd()) return;
  }
  place_ = Place::kOutside;
}

void Crossing::Begin(const GuestEntry& entry) {
  CpuState& s = cpu_.state;
  ++count_;
  place_ = Place::kInside;
  host_.ForgetInterrupt(n_);
  s.halted = false;
  s.eip = entry_eip_;
  s.regs[kEax] = pages_.linear.value;
  s.regs[kEbx] = static_cast<u32>(entry.shadow_root.value);
  in_stub_ = false;
  requested_ = false;
  raised_ = cpu_.interrupt_waiting();
  raised_at_ = cpu_.retired();
}

// False: somebody wants to stop before the end.
bool Crossing::RunToEnd() {
  while (true) {
    if (cpu_.retired() >= stop_at_ || !failure_.empty()) return false;
    const bool asks = events_ != nullptr && !raised_;
    const u64 next = asks ? events_->NextEvent() : EventSource::kNever;
    RaiseDueEvents(requested_, next);
    requested_ = false;
    const StopReason reason = RunUntil(std::min(Deadline(next), stop_at_));
    if (reason == StopReason::kHalt) break;
    if (reason == StopReason::kInspect) return false;
    if (reason != StopReason::kDeadline && reason != StopReason::kRequest) {
      return GiveUp("the processor gave up during a crossing, reason " +
                    std::to_string(static_cast<int>(reason)));
    }
    requested_ = reason == StopReason::kRequest;
    if (loaded_ && raised_ && cpu_.retired() - raised_at_ >= kPatience) {
      return GiveUp("the emulated Host does not come back from an interrupt");
    }
  }
  if (cpu_.state.eip == end_eip_) return true;
  return GiveUp("the emulated Host stopped: " + host_.DescribeFatal(cpu_, n_));
}

// The Host's code and tables are ours, unless they came from a file.
bool Crossing::GiveUp(std::string why) {
  CHECK(loaded_) << why;
  failure_ = std::move(why);
  return false;
}

// One interrupt ends the crossing. What is due besides can wait for the Host, who will
// look at everything; and what was due is due until then, so it must not be raised again
// if somebody stops on the way back.
void Crossing::RaiseDueEvents(bool requested, u64 next) {
  if (events_ == nullptr || raised_) return;
  if (requested || cpu_.retired() >= next) {
    cpu_.RaiseInterrupt(events_->EventDue());
    raised_ = true;
    raised_at_ = cpu_.retired();
  }
}

u64 Crossing::Deadline(u64 next) const {
  if (raised_ && loaded_) return raised_at_ + kPatience;
  if (raised_) return cpu_.retired() + kFarAway;
  return std::min(next, cpu_.retired() + kFarAway);
}

StopReason Crossing::RunUntil(u64 until) {
  if (sampler_ != nullptr) [[unlikely]] {
    until = std::min(until, sampler_->NextSample());
  }
  const bool stepping = observer_ != nullptr || !steps_.empty();
  const StopReason reason = stepping ? Step(until) : cpu_.Run(until);
  if (sampler_ != nullptr && cpu_.retired() >= sampler_->NextSample()) [[unlikely]] {
    sampler_->Sample(cpu_);
  }
  return reason;
}

// One instruction, because somebody watches.
StopReason Crossing::Step(u64 until) {
  const Lin eip(cpu_.state.eip);
  const SwitcherText& text = map_.text();
  const bool in_stub = text.Contains(eip) && text.StageAround(eip) == Stage::kStub;
  if (in_stub && !in_stub_ && observer_ != nullptr) {
    observer_->AtStage(Stage::kStub, cpu_);
  }
  in_stub_ = in_stub;
  if (observer_ != nullptr && !in_stub && text.Contains(eip)) {
    if (const std::optional<Stage> stage = text.StageAt(eip)) {
      observer_->AtStage(*stage, cpu_);
    }
  }
  for (StepObserver* const each : steps_) each->BeforeStep(cpu_);
  const StopReason reason = cpu_.Run(std::min(until, cpu_.retired() + 1));
  for (StepObserver* const each : steps_) each->AfterStep(cpu_);
  return reason;
}

void Crossing::SaveState(ByteWriter* out) const {
  out->U8(static_cast<u8>(place_));
  out->U8(static_cast<u8>((requested_ ? kRequested : 0) | (raised_ ? kRaised : 0)));
  out->U64(count_);
}

void Crossing::LoadState(ByteReader* in) {
  const u8 place = in->U8("the place in a crossing");
  if (place > static_cast<u8>(Place::kAtEnd)) in->Fail("there is no such place");
  place_ = static_cast<Place>(std::min(place, static_cast<u8>(Place::kAtEnd)));
  const u8 interrupt = in->U8("whether an interrupt was asked for");
  requested_ = (interrupt & kRequested) != 0;
  raised_ = (interrupt & kRaised) != 0 || cpu_.interrupt_waiting();
  raised_at_ = cpu_.retired();
  count_ = in->U64("the number of crossings");
  in_stub_ = false;
  loaded_ = true;
  failure_.clear();
}

}  // namespace lgx
