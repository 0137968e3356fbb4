#include "hypercalls/guest_segments.h"

#include "absl/strings/str_format.h"

namespace lgx {
namespace {

// Entries of the CPU's GDT that are the Host's own. A Guest may set them; it changes
// nothing.
constexpr bool IsIgnored(u32 num) {
  return num == kGdtLguestCs || num == kGdtLguestDs || num == kGdtTss ||
         num == kGdtDoubleFaultTss;
}

//: privilege.010 A kernel that does not know its rank
// A Linux kernel writes segments of privilege level 0 for itself, because that is what it
// has on every other machine. Here it runs at level 1. Nobody tells it: each descriptor
// of level 0 it sets becomes one of level 1 on the way to the CPU. The second repair is
// stranger. When a segment is loaded whose "accessed" bit is clear, the CPU sets the bit
// in memory, and the Guest's copy of the table is read-only. So the bit is set from the
// start.
//
// That second repair is also a hole. Bit 8 is "accessed" only for code and data; in a
// system descriptor it is part of the type, and the type of a Guest's harmless descriptor
// changes. The reference accepts this, and so do we unless asked otherwise (Q18).
//:
void FixupEntry(const Guest& guest, u32 num, DescriptorWords* entry) {
  if (IsIgnored(num)) return;
  const bool system = (entry->b & kDescriptorNotSystem) == 0;
  if (guest.options.quirks.q18_mended && system && (entry->b & kDescriptorPresent) != 0) {
    *entry = {};
  }
  if ((entry->b & kDescriptorDplMask) == 0) entry->b |= kGuestPl << kDescriptorDplShift;
  entry->b |= kDescriptorAccessed;
}

void StoreEntry(const Guest& guest, Mpa state, u32 num) {
  const Mpa at =
      state + offsetof(LguestRoState, guest_gdt) + num * sizeof(DescriptorWords);
  guest.host.memory.Store<u32>(at, guest.cpu.gdt[num].a);
  guest.host.memory.Store<u32>(at + 4, guest.cpu.gdt[num].b);
}

}  // namespace

void SetUpGuestGdt(Guest& guest) {
  const u32 dpl = kGuestPl << kDescriptorDplShift;
  guest.cpu.gdt[kGdtKernelCs] = {kFullCode.a, kFullCode.b | dpl};
  guest.cpu.gdt[kGdtKernelDs] = {kFullData.a, kFullData.b | dpl};
}

void LoadGdtEntry(Guest& guest, u32 num, u32 lo, u32 hi) {
  if (num >= kGdtEntries) {
    // The reference of July 2009 went on and stored out of bounds (Q14).
    guest.Kill(absl::StrFormat("too many gdt entries %i", static_cast<i32>(num)));
    return;
  }
  guest.cpu.gdt[num] = {lo, hi};
  FixupEntry(guest, num, &guest.cpu.gdt[num]);
  guest.cpu.changed |= kChangedGdt;
}

void LoadGdt(Guest& guest, Gpa table, u32 count) {
  if (count > kGdtEntries) {
    guest.Kill(absl::StrFormat("too many gdt entries %i", static_cast<i32>(count)));
    return;
  }
  u8 bytes[kGdtEntries * sizeof(DescriptorWords)];
  guest.lg.Read(table, bytes, count * u32{sizeof(DescriptorWords)});
  if (guest.dead()) return;
  for (u32 i = 0; i < count; ++i) {
    guest.cpu.gdt[i] = {LoadLe<u32>(bytes + 8 * i), LoadLe<u32>(bytes + 8 * i + 4)};
    FixupEntry(guest, i, &guest.cpu.gdt[i]);
  }
  guest.cpu.changed |= kChangedGdt;
}

void LoadTls(Guest& guest, Gpa table) {
  u8 bytes[kGdtTlsEntries * sizeof(DescriptorWords)];
  guest.lg.Read(table, bytes, sizeof bytes);
  for (u32 i = 0; i < kGdtTlsEntries; ++i) {
    DescriptorWords& entry = guest.cpu.gdt[kGdtTls + i];
    entry = {LoadLe<u32>(bytes + 8 * i), LoadLe<u32>(bytes + 8 * i + 4)};
    FixupEntry(guest, kGdtTls + i, &entry);
  }
  guest.cpu.changed |= kChangedGdtTls;
}

void CopyGdt(const Guest& guest, Mpa state) {
  for (u32 num = 0; num < kGdtEntries; ++num) {
    if (!IsIgnored(num)) StoreEntry(guest, state, num);
  }
}

void CopyGdtTls(const Guest& guest, Mpa state) {
  for (u32 i = 0; i < kGdtTlsEntries; ++i) StoreEntry(guest, state, kGdtTls + i);
}

}  // namespace lgx
