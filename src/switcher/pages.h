// What lguest_arch_host_init writes into one CPU's lguest_pages (host-02 section 5.1).
#ifndef LGX_SWITCHER_PAGES_H_
#define LGX_SWITCHER_PAGES_H_

#include <array>

#include "mmu/phys_memory.h"
#include "switcher/layout.h"

namespace lgx {

// A CPU's Host tables, as the way back needs them.
struct HostTables {
  Lin gdt;  // kGdtEntries
  Lin idt;
  u16 idt_limit = kIdtLimit;
};

// Fills the zeroed lguest_ro_state at machine address `state`, which belongs to the pages
// that are mapped at `p`: all that stays the same for as long as the module is loaded.
void InitRoState(PhysMemory& memory, Mpa state, Lin p, const HostTables& host,
                 const std::array<u32, kIdtEntries>& stubs);

void StoreDescriptor(PhysMemory& memory, Mpa at, DescriptorWords descriptor);
DescriptorWords LoadDescriptor(const PhysMemory& memory, Mpa at);

}  // namespace lgx

#endif  // LGX_SWITCHER_PAGES_H_
