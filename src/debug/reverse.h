// Going back in time. Whoever has a recording of the run implements it.
#ifndef LGX_DEBUG_REVERSE_H_
#define LGX_DEBUG_REVERSE_H_

#include "base/status.h"
#include "debug/run_control.h"

namespace lgx {

class ReverseExecution {
 public:
  virtual ~ReverseExecution() = default;
  // `n` instructions back, or to the beginning.
  virtual StatusOr<StopReport> Back(u64 n) = 0;
  // To the last stop place before this moment, or to the beginning.
  virtual StatusOr<StopReport> BackToPlace() = 0;
};

}  // namespace lgx

#endif  // LGX_DEBUG_REVERSE_H_
