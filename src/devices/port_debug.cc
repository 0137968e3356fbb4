#include "devices/port_debug.h"

namespace lgx {

u32 DebugconPort::In(u16, u32) { return 0xe9; }

void DebugconPort::Out(u16, u32, u32 value) { text_->Put(static_cast<u8>(value)); }

u32 DebugExit::In(u16, u32) { return 0; }

void DebugExit::Out(u16, u32 bytes, u32 value) {
  if (!value_) value_ = value & (0xffffffffu >> (32 - 8 * bytes));
}

u32 PostPort::In(u16, u32) { return last_.value_or(0xff); }

void PostPort::Out(u16, u32, u32 value) {
  last_ = static_cast<u8>(value);
  codes_->Put(*last_);
}

}  // namespace lgx
