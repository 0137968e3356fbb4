// Requests of every kind to a disk, with a host that sometimes fails: no crash, no
// endless loop, no byte outside of the disk. The format is RunUglyDiskGuest's.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/log.h"
#include "tests/devices/ugly_disk_guest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lgx::SetLogLevel(lgx::LogLevel::kError);
  lgx::RunUglyDiskGuest(std::span(data, size));
  return 0;
}
