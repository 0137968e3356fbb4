// Reading a machine's memory as its program sees it, without any effect on it: no A bit,
// no TLB entry, no fault.
#ifndef LGX_MACHINE_OBSERVE_H_
#define LGX_MACHINE_OBSERVE_H_

#include <optional>
#include <span>

#include "base/types.h"
#include "cpu/cpu.h"

namespace lgx {

// By the page tables the CPU uses now. How many bytes from the first on could be read.
u32 ObserveLinear(Cpu& cpu, Lin at, std::span<u8> bytes);

// Where that leads in the machine's memory; nothing where the tables lead nowhere.
std::optional<Mpa> ObserveAddress(Cpu& cpu, Lin at);

}  // namespace lgx

#endif  // LGX_MACHINE_OBSERVE_H_
