#include "devices/backend_real_time.h"

#include <chrono>

namespace lgx {
namespace {

class SystemTime final : public RealTime {
 public:
  u64 NowNs() override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<u64>(std::chrono::nanoseconds(now).count());
  }
  i64 Date() override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
  }
};

}  // namespace

RealTime& HostTime() {
  static SystemTime time;
  return time;
}

}  // namespace lgx
