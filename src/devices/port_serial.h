// A 16550 serial port that can only transmit: the line is always ready, nothing is ever
// received except in loopback, no interrupt comes.
#ifndef LGX_DEVICES_PORT_SERIAL_H_
#define LGX_DEVICES_PORT_SERIAL_H_

#include <optional>

#include "devices/port_device.h"

namespace lgx {

class SerialPort final : public PortDevice {
 public:
  static constexpr u16 kFirst = 0x3f8;
  static constexpr u16 kPorts = 8;

  explicit SerialPort(ByteSink* line) : line_(line) {}
  u32 In(u16 port, u32 bytes) override;
  void Out(u16 port, u32 bytes, u32 value) override;

 private:
  bool DivisorVisible() const { return (line_control_ & 0x80) != 0; }
  bool Loopback() const { return (modem_control_ & 0x10) != 0; }
  u8 ModemStatus() const;

  ByteSink* line_;
  std::optional<u8> looped_back_;
  u16 divisor_ = 1;
  u8 interrupt_enable_ = 0;
  u8 fifo_control_ = 0;
  u8 line_control_ = 0;
  u8 modem_control_ = 0;
  u8 scratch_ = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_PORT_SERIAL_H_
