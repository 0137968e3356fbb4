// Which device answers at which port.
#ifndef LGX_DEVICES_PORT_MAP_H_
#define LGX_DEVICES_PORT_MAP_H_

#include <vector>

#include "devices/port_device.h"

namespace lgx {

// How a device sees an access of 2 or 4 bytes.
enum class PortWidth : u8 {
  kByte,   // as accesses to as many ports, lowest first
  kWhole,  // as it is
};

class PortMap {
 public:
  // The first device at a port keeps it. `device` must outlive the map.
  void Add(u16 first, u16 count, PortWidth width, PortDevice* device);

  // Where nobody answers, reads give ones and writes are lost.
  u32 In(u16 port, u32 bytes);
  void Out(u16 port, u32 bytes, u32 value);

 private:
  struct Range {
    u16 first;
    u16 count;
    PortWidth width;
    PortDevice* device;
  };
  const Range* Find(u16 port) const;

  std::vector<Range> ranges_;
};

}  // namespace lgx

#endif  // LGX_DEVICES_PORT_MAP_H_
