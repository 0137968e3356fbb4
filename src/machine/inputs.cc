#include "machine/inputs.h"

#include <algorithm>

namespace lgx {

bool LiveInputs::MayCome() {
  return !console_.InputEnded() ||
         std::any_of(cards_.begin(), cards_.end(),
                     [](NetBackend* card) { return card->MayReceive(); });
}

void LiveInputs::PrepareWait(const InputWish& wish, std::vector<WaitFd>* fds,
                             u64* timeout_ns) {
  for (u32 card = 0; card < cards_.size(); ++card) {
    if ((wish.cards >> card & 1) != 0) cards_[card]->PrepareWait(fds, timeout_ns);
  }
}

u64 LiveInputs::Wait(u64 timeout_ns, const InputWish& wish) {
  std::vector<WaitFd> fds;
  PrepareWait(wish, &fds, &timeout_ns);
  return console_.Wait(timeout_ns, wish.console, fds);
}

}  // namespace lgx
