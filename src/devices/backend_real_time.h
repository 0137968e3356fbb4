// The host's time, for runs that follow it (--clock host). Nothing else in a machine asks
// for it.
#ifndef LGX_DEVICES_BACKEND_REAL_TIME_H_
#define LGX_DEVICES_BACKEND_REAL_TIME_H_

#include "base/types.h"

namespace lgx {

class RealTime {
 public:
  virtual ~RealTime() = default;
  // Never backwards; its start means nothing.
  virtual u64 NowNs() = 0;
  // Seconds since 1970.
  virtual i64 Date() = 0;
};

// The clocks of the host system.
RealTime& HostTime();

}  // namespace lgx

#endif  // LGX_DEVICES_BACKEND_REAL_TIME_H_
