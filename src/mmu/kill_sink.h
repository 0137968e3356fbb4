// How the lower layers kill a Guest without knowing what a Guest is (host-01).
//
// The first reason wins. Nothing is unwound: the caller leaves its work as it stands, and
// the Guest never runs again.
#ifndef LGX_MMU_KILL_SINK_H_
#define LGX_MMU_KILL_SINK_H_

#include <string>
#include <string_view>

namespace lgx {

class KillSink {
 public:
  virtual ~KillSink() = default;
  // `reason` is lguest's own text, which the Launcher reads: part of the interface.
  // `detail` is ours, for people.
  virtual void Kill(std::string_view reason, std::string detail) = 0;
  virtual bool dead() const = 0;
};

}  // namespace lgx

#endif  // LGX_MMU_KILL_SINK_H_
