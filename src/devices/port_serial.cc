#include "devices/port_serial.h"

#include <utility>

namespace lgx {
namespace {

// The registers, by their distance from the first port.
constexpr u16 kData = 0;             // the divisor's low byte while it is visible
constexpr u16 kInterruptEnable = 1;  // its high byte
constexpr u16 kInterruptId = 2;      // FIFO control when written
constexpr u16 kLineControl = 3;
constexpr u16 kModemControl = 4;
constexpr u16 kLineStatus = 5;
constexpr u16 kModemStatus = 6;

constexpr u8 kNoInterrupt = 0x01;
constexpr u8 kFifosOn = 0xc0;
constexpr u8 kDataReady = 0x01;
constexpr u8 kTransmitterEmpty = 0x60;  // holding register and shift register
constexpr u8 kConnected = 0xb0;         // DCD, DSR, CTS

}  // namespace

// In loopback the four outputs DTR, RTS, OUT1, OUT2 come back as DSR, CTS, RI, DCD.
u8 SerialPort::ModemStatus() const {
  if (!Loopback()) return kConnected;
  const u8 outputs = modem_control_;
  return static_cast<u8>((outputs & 0x1) << 5 | (outputs & 0x2) << 3 |
                         (outputs & 0xc) << 4);
}

u32 SerialPort::In(u16 port, u32) {
  switch (port - kFirst) {
    case kData:
      if (DivisorVisible()) return divisor_ & 0xff;
      return std::exchange(looped_back_, std::nullopt).value_or(0);
    case kInterruptEnable:
      return DivisorVisible() ? divisor_ >> 8 : interrupt_enable_;
    case kInterruptId:
      return (fifo_control_ & 1) != 0 ? kNoInterrupt | kFifosOn : kNoInterrupt;
    case kLineControl:
      return line_control_;
    case kModemControl:
      return modem_control_;
    case kLineStatus:
      return kTransmitterEmpty | (looped_back_ ? kDataReady : 0);
    case kModemStatus:
      return ModemStatus();
    default:
      return scratch_;
  }
}

void SerialPort::Out(u16 port, u32, u32 value) {
  const u8 byte = static_cast<u8>(value);
  switch (port - kFirst) {
    case kData:
      if (DivisorVisible()) {
        divisor_ = static_cast<u16>((divisor_ & 0xff00) | byte);
      } else if (Loopback()) {
        looped_back_ = byte;
      } else {
        line_->Put(byte);
      }
      break;
    case kInterruptEnable:
      if (DivisorVisible()) {
        divisor_ = static_cast<u16>((divisor_ & 0xff) | byte << 8);
      } else {
        interrupt_enable_ = byte & 0x0f;
      }
      break;
    case kInterruptId:
      fifo_control_ = byte;
      break;
    case kLineControl:
      line_control_ = byte;
      break;
    case kModemControl:
      modem_control_ = byte & 0x1f;
      break;
    case kLineStatus:
    case kModemStatus:
      break;  // read only
    default:
      scratch_ = byte;
      break;
  }
}

}  // namespace lgx
