#include "debug/descriptor_view.h"

#include "absl/strings/str_format.h"
#include "cpu/protection.h"
#include "hypercalls/guest_idt.h"
#include "switcher/pages.h"

namespace lgx {
namespace {

const char* GdtUse(u32 entry) {
  switch (entry) {
    case kGdtTls:
    case kGdtTls + 1:
    case kGdtTls + 2:
      return "thread-local storage";
    case kGdtLguestCs:
      return "LGUEST_CS, the Switcher's code";
    case kGdtLguestDs:
      return "LGUEST_DS, the Switcher's data";
    case kGdtKernelCs:
      return "the kernel's code";
    case kGdtKernelDs:
      return "the kernel's data";
    case 14:
      return "code of programs";
    case 15:
      return "data of programs";
    case kGdtTss:
      return "TSS";
    default:
      return "";
  }
}

std::string SystemType(u8 type) {
  switch (type) {
    case kTypeLdt:
      return "LDT";
    case kTypeTss32Available:
      return "32-bit TSS, available";
    case kTypeTss32Busy:
      return "32-bit TSS, busy";
    default:
      return absl::StrFormat("system type %d", type);
  }
}

}  // namespace

std::string DescribeDescriptor(DescriptorWords words) {
  // Nothing but what the Host sets in every entry (host-06 section 5): DPL 1, accessed.
  constexpr DescriptorWords kEmptyMended{0, 0x2100};
  if (words == DescriptorWords{} || words == kEmptyMended) return "empty";
  const Descriptor d{words.a, words.b, Lin(0)};
  std::string text = !d.IsSegment() ? SystemType(d.Type()) : d.IsCode() ? "code" : "data";
  text += absl::StrFormat(", base 0x%08x, limit 0x%08x, DPL %d", d.Base(), d.Limit(),
                          d.Dpl());
  if (!d.IsPresent()) text += ", not present";
  if (!d.IsSegment()) return text;
  text += (d.Attr() & kAttrDb) != 0 ? ", 32-bit" : ", 16-bit";
  if (d.IsCode()) {
    if (d.IsReadable()) text += ", readable";
    if (d.IsConforming()) text += ", conforming";
  } else {
    if (d.IsWritableData()) text += ", writable";
    if ((d.Type() & 4) != 0) text += ", expand-down";
  }
  if ((d.Type() & 1) != 0) text += ", accessed";
  return text;
}

std::string DescribeGate(DescriptorWords words) {
  const Descriptor d{words.a, words.b, Lin(0)};
  if (!d.IsPresent()) return "no gate";
  const char* const kind = GateType(words) == kGateTrap        ? "trap gate"
                           : GateType(words) == kGateInterrupt ? "interrupt gate"
                                                               : "other gate";
  return absl::StrFormat("%s to %04x:0x%08x, DPL %d", kind, d.GateSelector(),
                         GateHandler(words), d.Dpl());
}

std::string ViewGdt(const PhysMemory& memory, const SwitcherPages& pages) {
  const u32 at = pages.linear.value + offsetof(LguestPages, state.guest_gdt);
  std::string out = absl::StrFormat("the Guest's GDT at 0x%08x\n", at);
  for (u32 entry = 0; entry < kGdtEntries; ++entry) {
    const DescriptorWords words = LoadDescriptor(
        memory, pages.state + (offsetof(LguestRoState, guest_gdt) + 8 * entry));
    if (DescribeDescriptor(words) == "empty") continue;
    out += absl::StrFormat("%2d  0x%04x  %08x %08x  %s\n", entry, entry * 8, words.a,
                           words.b, DescribeDescriptor(words));
    if (*GdtUse(entry) != 0)
      out += absl::StrFormat("                %s\n", GdtUse(entry));
  }
  return out;
}

std::string ViewIdt(const PhysMemory& memory, const SwitcherPages& pages,
                    const Guest& guest, const Symbols& symbols) {
  const u32 at = pages.linear.value + offsetof(LguestPages, state.guest_idt);
  std::string out = absl::StrFormat(
      "the Guest's IDT at 0x%08x; gates that the Guest has set, and where they lead\n",
      at);
  u32 untouched = 0;
  for (u32 vector = 0; vector < kIdtEntries; ++vector) {
    const DescriptorWords used = LoadDescriptor(
        memory, pages.state + (offsetof(LguestRoState, guest_idt) + 8 * vector));
    const bool direct = GateHandler(used) != pages.stubs[vector];
    const DescriptorWords wish = guest.cpu.idt[vector];
    if (!direct && !GatePresent(wish)) {
      ++untouched;
      continue;
    }
    out += absl::StrFormat("%3d  %s\n", vector, DescribeGate(used));
    out += absl::StrFormat("     %s %s\n",
                           direct ? "direct: the CPU enters the Guest kernel at"
                                  : "to the Switcher; the Host reflects it to",
                           symbols.Address(Lin(GateHandler(direct ? used : wish))));
  }
  return out +
         absl::StrFormat("%d further gates lead to the Switcher's stubs\n", untouched);
}

std::string ViewTss(const PhysMemory& memory, const SwitcherPages& pages) {
  const auto word = [&](u64 offset) {
    return memory.Load<u32>(pages.state + offsetof(LguestRoState, guest_tss) + offset);
  };
  const u32 at = pages.linear.value + offsetof(LguestPages, state.guest_tss);
  std::string out = absl::StrFormat("the Guest's TSS at 0x%08x\n", at);
  out += absl::StrFormat("ring 0  ss0 %04x  sp0 0x%08x  the end of the register page\n",
                         word(offsetof(LguestTss, ss0)), word(offsetof(LguestTss, sp0)));
  out += absl::StrFormat("ring 1  ss1 %04x  sp1 0x%08x  the Guest kernel's stack\n",
                         word(offsetof(LguestTss, ss1)), word(offsetof(LguestTss, sp1)));
  out += absl::StrFormat("I/O bitmap at 0x%04x: behind the limit, so every port traps\n",
                         word(offsetof(LguestTss, trace)) >> 16);
  return out;
}

}  // namespace lgx
