// The far end of a network cable: where a Guest's frames go and where others come from.
//
// Whoever runs the machine moves received frames: it asks the backend what is there, at a
// moment it knows by instruction count, and queues them in the Net device. So a frame
// from outside has an exact place in the run, and a device never waits for the network.
#ifndef LGX_DEVICES_NET_BACKEND_H_
#define LGX_DEVICES_NET_BACKEND_H_

#include <vector>

#include "base/types.h"
#include "devices/net_frame.h"
#include "devices/wait_fd.h"

namespace lgx {

class NetBackend {
 public:
  virtual ~NetBackend() = default;

  // What the cable leads to, for messages: "user", "virtual lan".
  virtual const char* name() const = 0;

  // Frames may come and go unfinished (net_frame.h). Otherwise every frame is whole, with
  // a header of zeros.
  virtual bool TakesUnfinished() const = 0;

  // A frame of the Guest, at least kMinFrame bytes and at most kMaxFrame. What cannot be
  // delivered is lost, as on any cable.
  virtual void Send(NetFrame frame) = 0;

  // Takes the next frame for the Guest that is there now. False: there is none. Never
  // waits.
  virtual bool Receive(NetFrame* frame) = 0;

  // Can a frame still come by itself, although the Guest sends none? While one can, a
  // sleeping Guest waits in real time.
  virtual bool MayReceive() = 0;

  // Adds what has to be waited for, and shortens the wait where something is due earlier.
  virtual void PrepareWait(std::vector<WaitFd>* fds, u64* timeout_ns) = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_NET_BACKEND_H_
