// The console alone, with the steps of virtqueue_fuzz: every input goes to its two rings.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/log.h"
#include "tests/devices/ugly_guest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lgx::SetLogLevel(lgx::LogLevel::kError);
  lgx::FuzzUglyGuest(std::span(data, size), 0, 2);
  return 0;
}
