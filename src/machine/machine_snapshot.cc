// A machine as bytes, part by part.
#include <algorithm>

#include "machine/machine.h"

namespace lgx {
namespace {

// Some centuries. What is beyond is no time of a run, and could not be calculated with.
constexpr u64 kMostTicks = u64{1} << 60;

}  // namespace

void Machine::SaveState(ByteWriter* out) const {
  cpu_->SaveState(out);
  crossing_->SaveState(out);
  out->U64(clock_->skipped());
  pool_->SaveState(out);
  for (const u64 word : slots_->SaveState()) out->U64(word);
  file_->guest()->SaveState(out);
  bus_->SaveState(out);
  out->U8(started_ ? 1 : 0);
  out->U64(interrupts_raised_);
  out->U64(next_timer_);
  out->U64(last_output_ns_);
}

// Below the pool are the Host and the Switcher. Of the Guest's pages the first says how
// much memory there is, and the devices are behind its memory.
bool Machine::IsEmptyWhenNew(Mfn frame) const {
  if (pool_->Owns(frame)) return frame.value - pool_->first().value >= pool_->peak();
  return frame > layout_.guest &&
         frame.value - layout_.guest.value < config_.memory >> kPageShift;
}

void Machine::LoadState(ByteReader* in) {
  cpu_->LoadState(in);
  crossing_->LoadState(in);
  const u64 skipped = in->U64("the time that was skipped");
  if (skipped > kMostTicks || cpu_->retired() > kMostTicks) {
    in->Fail("more time than a run can take");
  }
  clock_->set_skipped(std::min(skipped, kMostTicks));
  pool_->LoadState(in);
  std::vector<u64> words = slots_->SaveState();
  for (u64& word : words) word = in->U64("the state of the die");
  if (!slots_->RestoreState(words)) in->Fail("the state of the die is another one's");
  file_->guest()->LoadState(in);
  bus_->LoadState(in);
  started_ = in->U8("whether the run has begun") != 0;
  interrupts_raised_ = in->U64("the number of interrupts");
  next_timer_ = in->U64("the Host's next timer interrupt");
  // Later than that, the Host would not be asked for whatever else is due.
  if (timer_period_ != 0 && next_timer_ > clock_->Ticks() + timer_period_) {
    in->Fail("the Host's next timer interrupt is too late");
  }
  last_output_ns_ = in->U64("when the Guest spoke last");
  ending_.reset();
  stop_wanted_ = false;
}

}  // namespace lgx
