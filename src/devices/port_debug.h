// The debugging ports that emulators agree on: text at 0xE9, a port that ends the run,
// and the diagnostic port of self-tests.
#ifndef LGX_DEVICES_PORT_DEBUG_H_
#define LGX_DEVICES_PORT_DEBUG_H_

#include <optional>

#include "devices/port_device.h"

namespace lgx {

inline constexpr u16 kDebugConsolePort = 0xe9;

// Every byte written is text. A read gives 0xe9, by which programs know that it is there.
class DebugconPort final : public PortDevice {
 public:
  explicit DebugconPort(ByteSink* text) : text_(text) {}
  u32 In(u16 port, u32 bytes) override;
  void Out(u16 port, u32 bytes, u32 value) override;

 private:
  ByteSink* text_;
};

// Remembers the first value written; the machine ends the run then.
class DebugExit final : public PortDevice {
 public:
  static constexpr u16 kPorts = 4;

  u32 In(u16 port, u32 bytes) override;
  void Out(u16 port, u32 bytes, u32 value) override;
  std::optional<u32> value() const { return value_; }

 private:
  std::optional<u32> value_;
};

// Passes each byte on and remembers the last one.
class PostPort final : public PortDevice {
 public:
  explicit PostPort(ByteSink* codes) : codes_(codes) {}
  u32 In(u16 port, u32 bytes) override;
  void Out(u16 port, u32 bytes, u32 value) override;
  std::optional<u8> last() const { return last_; }

 private:
  ByteSink* codes_;
  std::optional<u8> last_;
};

}  // namespace lgx

#endif  // LGX_DEVICES_PORT_DEBUG_H_
