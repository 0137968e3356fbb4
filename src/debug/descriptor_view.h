// Descriptor tables for people: `info gdt`, `info idt`, `info tss`.
#ifndef LGX_DEBUG_DESCRIPTOR_VIEW_H_
#define LGX_DEBUG_DESCRIPTOR_VIEW_H_

#include <string>

#include "debug/symbols.h"
#include "hypercalls/guest.h"
#include "mmu/phys_memory.h"
#include "switcher/crossing_port.h"

namespace lgx {

// "code, base 0x00000000, limit 0xffffffff, DPL 1, 32-bit, readable, accessed".
std::string DescribeDescriptor(DescriptorWords words);
// "trap gate to 0061:0xc0101234, DPL 3".
std::string DescribeGate(DescriptorWords words);

// What the CPU uses while the Guest runs: lguest_ro_state. Equal gates are one line.
std::string ViewGdt(const PhysMemory& memory, const SwitcherPages& pages);
std::string ViewIdt(const PhysMemory& memory, const SwitcherPages& pages,
                    const Guest& guest, const Symbols& symbols);
std::string ViewTss(const PhysMemory& memory, const SwitcherPages& pages);

}  // namespace lgx

#endif  // LGX_DEBUG_DESCRIPTOR_VIEW_H_
