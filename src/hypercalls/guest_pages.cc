#include "hypercalls/guest_pages.h"

#include "absl/strings/str_format.h"
#include "mmu/boot_tables.h"

namespace lgx {

Status InitGuestPagetable(Guest& guest) {
  const PagingMode mode = guest.shadow.mode();
  const StatusOr<BootSizes> sizes = ReadBootSizes(guest.memory);
  if (!sizes.ok()) return sizes.status();
  const u32 index = guest.options.page_offset_index;
  const StatusOr<Gpa> top = SetupBootTables(
      guest.memory,
      {.mode = mode,
       .mem = sizes->mem,
       .initrd_size = sizes->initrd_size,
       .page_offset_index = index != 0 ? index : UsualPageOffsetIndex(mode)});
  if (!top.ok()) return top.status();
  return guest.shadow.Init(*top);
}

bool PageTableGuestDataInit(Guest& guest) {
  const LguestDataLayout& data = guest.abi.data;
  u32 kernel_address;
  if (!guest.GetData(data.kernel_address, &kernel_address) ||
      !guest.PutData(data.reserve_mem, ReserveMem(guest.shadow.mode()))) {
    return false;
  }
  const Gpa boot_tables = guest.shadow.slots()[0].gpgdir;
  if (data.pgdir != kAbsentField && !guest.PutData(data.pgdir, boot_tables.value)) {
    return false;
  }
  return guest.shadow.SetKernelAddress(Lin(kernel_address));
}

void SetPte(Guest& guest, const HcallArgs& args) {
  u64 pte = args.arg[2];
  // With PAE the high word follows, but "forget this translation" is a call with three
  // arguments and a low word of 0: what ESI holds then is garbage.
  if (guest.shadow.mode() == PagingMode::kPae && pte != 0) pte |= u64{args.arg[3]} << 32;
  guest.shadow.SetPte(Gpa(args.arg[0]), Lin(args.arg[1]), pte);
}

void FlushTlb(Guest& guest, u32 what) {
  if (what == 0) {
    guest.shadow.FlushUser();
  } else {
    guest.shadow.ClearAll();
  }
}

void SetStack(Guest& guest, u32 seg, u32 esp, u32 pages) {
  // The reference stores the values after a kill (Q17).
  if ((seg & 3) != kGuestPl) {
    guest.Kill(absl::StrFormat("bad stack segment %i", static_cast<i32>(seg)));
    return;
  }
  if (pages > 2) {
    guest.Kill(absl::StrFormat("bad stack pages %u", pages));
    return;
  }
  guest.cpu.ss1 = static_cast<u16>(seg);
  guest.cpu.esp1 = esp;
  guest.cpu.stack_pages = pages;
  guest.shadow.SetStack(Lin(esp), pages);
}

}  // namespace lgx
