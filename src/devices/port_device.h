// What answers at the I/O ports of the bare machine (user-interface section 11).
#ifndef LGX_DEVICES_PORT_DEVICE_H_
#define LGX_DEVICES_PORT_DEVICE_H_

#include "base/types.h"

namespace lgx {

class PortDevice {
 public:
  virtual ~PortDevice() = default;
  // `port` is one of those the device was put at; `bytes` is 1, 2 or 4.
  virtual u32 In(u16 port, u32 bytes) = 0;
  virtual void Out(u16 port, u32 bytes, u32 value) = 0;
};

// Where a device's bytes go. Called in order, before the instruction completes.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void Put(u8 byte) = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_PORT_DEVICE_H_
