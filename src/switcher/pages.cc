#include "switcher/pages.h"

namespace lgx {
namespace {

#define FIELD(name) static_cast<u32>(offsetof(LguestRoState, name))

void StoreTableDesc(PhysMemory& memory, Mpa at, u32 limit, Lin address) {
  memory.Store<u16>(at + offsetof(LguestTableDesc, limit), static_cast<u16>(limit));
  memory.Store<u32>(at + offsetof(LguestTableDesc, address), address.value);
}

}  // namespace

void StoreDescriptor(PhysMemory& memory, Mpa at, DescriptorWords descriptor) {
  memory.Store<u32>(at, descriptor.a);
  memory.Store<u32>(at + 4, descriptor.b);
}

DescriptorWords LoadDescriptor(const PhysMemory& memory, Mpa at) {
  return {memory.Load<u32>(at), memory.Load<u32>(at + 4)};
}

void InitRoState(PhysMemory& memory, Mpa state, Lin p, const HostTables& host,
                 const std::array<u32, kIdtEntries>& stubs) {
  const Lin linear = p + kStateOffset;  // of lguest_ro_state itself
  StoreTableDesc(memory, state + FIELD(host_idt_desc), host.idt_limit, host.idt);
  StoreTableDesc(memory, state + FIELD(host_gdt_desc), kGdtLimit, host.gdt);
  StoreTableDesc(memory, state + FIELD(guest_idt_desc), kIdtLimit,
                 linear + FIELD(guest_idt));
  StoreTableDesc(memory, state + FIELD(guest_gdt_desc), kGdtLimit,
                 linear + FIELD(guest_gdt));

  // Traps from the Guest push onto the end of the register page.
  memory.Store<u32>(state + FIELD(guest_tss.sp0), p.value + kStateOffset);
  memory.Store<u32>(state + FIELD(guest_tss.ss0), kLguestDs);
  memory.Store<u16>(state + FIELD(guest_tss.io_bitmap_base), kIoBitmapBase);

  const Mpa gdt = state + FIELD(guest_gdt);
  StoreDescriptor(memory, gdt + kLguestCs, kFullCode);
  StoreDescriptor(memory, gdt + kLguestDs, kFullData);
  StoreDescriptor(memory, gdt + kTssSelector,
                  TssDescriptor(linear.value + FIELD(guest_tss)));

  const Mpa idt = state + FIELD(guest_idt);
  for (u32 vector = 0; vector < kIdtEntries; ++vector) {
    StoreDescriptor(memory, idt + 8 * vector, DefaultGate(vector, stubs[vector], {}));
  }
}

#undef FIELD

}  // namespace lgx
