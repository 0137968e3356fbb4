// Going back in time. Whoever can repeat the run implements it.
#ifndef LGX_DEBUG_REVERSE_H_
#define LGX_DEBUG_REVERSE_H_

#include "base/status.h"
#include "base/types.h"

namespace lgx {

// RunControl::last() is about the place that was reached. False: the beginning, which is
// as far as it goes, came first.
class ReverseExecution {
 public:
  virtual ~ReverseExecution() = default;
  // `n` instructions, of anybody.
  [[nodiscard]] virtual StatusOr<bool> Back(u64 n) = 0;
  // To where the Guest was about to execute an instruction, the last time before now.
  [[nodiscard]] virtual StatusOr<bool> BackInGuest() = 0;
  // To where RunControl::Continue() would have stopped, the last time before now. At a
  // watchpoint that is before the access.
  [[nodiscard]] virtual StatusOr<bool> BackToStop() = 0;
};

}  // namespace lgx

#endif  // LGX_DEBUG_REVERSE_H_
