// Configuration space, registers and rings of devices on the PCI bus, in every order: no
// crash, no endless loop, no growth. The format is RunUglyPciGuest's.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/log.h"
#include "tests/devices/ugly_pci_guest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lgx::SetLogLevel(lgx::LogLevel::kError);
  lgx::FuzzUglyPciGuest(std::span(data, size));
  return 0;
}
