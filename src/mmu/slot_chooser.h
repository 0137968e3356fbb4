// Who decides which shadow slot a new Guest page table gets (host-07 section 6.4).
//
// The reference rolls a die. Ours is deterministic: the same seed gives the same choices
// on every host. Tests replace it.
#ifndef LGX_MMU_SLOT_CHOOSER_H_
#define LGX_MMU_SLOT_CHOOSER_H_

#include "base/types.h"

namespace lgx {

class SlotChooser {
 public:
  virtual ~SlotChooser() = default;
  // A number below `slots`, which is not 0.
  virtual u32 Choose(u32 slots) = 0;
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

  // All there is to save and to restore.
  u64 state() const { return state_; }
  void set_state(u64 state) { state_ = state; }

 private:
  u64 state_;
};

}  // namespace lgx

#endif  // LGX_MMU_SLOT_CHOOSER_H_
