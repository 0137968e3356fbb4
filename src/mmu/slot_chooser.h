// Who decides which shadow slot a new Guest page table gets (host-07 section 6.4).
//
// The reference rolls a die. Ours is deterministic: the same seed gives the same choices
// on every host. The other rule is here to be compared with it. Tests replace both.
#ifndef LGX_MMU_SLOT_CHOOSER_H_
#define LGX_MMU_SLOT_CHOOSER_H_

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "base/types.h"

namespace lgx {

enum class SlotReplacement : u8 {
  kRandom,  // the reference's
  kLru,     // the slot that was current longest ago; empty slots first
};

class SlotChooser {
 public:
  virtual ~SlotChooser() = default;
  // A number below `slots`, which is not 0.
  virtual u32 Choose(u32 slots) = 0;
  // `slot` has just become the current one.
  virtual void Use(u32 /*slot*/) {}

  // All there is to save and to restore. False: these words are not of such a chooser.
  virtual std::vector<u64> SaveState() const { return {}; }
  [[nodiscard]] virtual bool RestoreState(std::span<const u64> words) {
    return words.empty();
  }
};

// SplitMix64: a counter and a mixing function.
class RandomSlotChooser final : public SlotChooser {
 public:
  explicit RandomSlotChooser(u64 seed) : state_(seed) {}

  u32 Choose(u32 slots) override {
    state_ += 0x9e3779b97f4a7c15;
    u64 z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    // The high half times the count: every slot as likely as the others, up to 2^-30.
    return static_cast<u32>(((z >> 32) * slots) >> 32);
  }

  std::vector<u64> SaveState() const override { return {state_}; }
  bool RestoreState(std::span<const u64> words) override {
    if (words.size() != 1) return false;
    state_ = words[0];
    return true;
  }

  u64 state() const { return state_; }
  void set_state(u64 state) { state_ = state; }

 private:
  u64 state_;
};

class LruSlotChooser final : public SlotChooser {
 public:
  // For at most `slots` slots.
  explicit LruSlotChooser(u32 slots) : last_use_(slots) {}

  // Of slots that were never current, the first.
  u32 Choose(u32 slots) override {
    const auto end =
        last_use_.begin() +
        static_cast<std::ptrdiff_t>(std::min<std::size_t>(slots, last_use_.size()));
    return static_cast<u32>(std::min_element(last_use_.begin(), end) - last_use_.begin());
  }
  void Use(u32 slot) override {
    if (slot < last_use_.size()) last_use_[slot] = ++uses_;
  }

  std::vector<u64> SaveState() const override { return last_use_; }
  bool RestoreState(std::span<const u64> words) override {
    if (words.size() != last_use_.size()) return false;
    last_use_.assign(words.begin(), words.end());
    uses_ = last_use_.empty() ? 0 : *std::max_element(last_use_.begin(), last_use_.end());
    return true;
  }

 private:
  std::vector<u64> last_use_;  // 0: never; else what uses_ was then
  u64 uses_ = 0;
};

inline std::unique_ptr<SlotChooser> MakeSlotChooser(SlotReplacement rule, u64 seed,
                                                    u32 slots) {
  if (rule == SlotReplacement::kLru) return std::make_unique<LruSlotChooser>(slots);
  return std::make_unique<RandomSlotChooser>(seed);
}

}  // namespace lgx

#endif  // LGX_MMU_SLOT_CHOOSER_H_
