// Rings, status changes and notifications of every kind, against the console, the rng and
// a stand-in: no crash, no endless loop, no growth. The format is RunUglyGuest's.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/log.h"
#include "tests/devices/ugly_guest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lgx::SetLogLevel(lgx::LogLevel::kError);
  lgx::FuzzUglyGuest(std::span(data, size), 0, lgx::UglyGuest::kRings);
  return 0;
}
