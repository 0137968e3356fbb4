#include "debug/stage_view.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "cpu/protection.h"
#include "mmu/page_walk.h"
#include "switcher/host_env.h"

namespace lgx {
namespace {

constexpr const char* kRegNames[] = {"EAX", "ECX", "EDX", "EBX",
                                     "ESP", "EBP", "ESI", "EDI"};
constexpr const char* kSegNames[] = {"ES", "CS", "SS", "DS", "FS", "GS"};
// The byte with the type in a descriptor, and the bit that says busy.
constexpr u32 kTypeByte = 5;
constexpr u8 kBusy = 2;

StageSnapshot::Mapping MappingOf(Cpu& cpu, Lin at) {
  const WalkResult walk = ObservePageTables(cpu.memory(), cpu.tlb().registers(), at);
  if (!walk.ok) return {};
  return {walk.frame, walk.writable};
}

bool BusyAt(const PhysMemory& memory, Mpa gdt) {
  return (memory.Load<u8>(gdt + kTssSelector + kTypeByte) & kBusy) != 0;
}

void ReadStack(const StageWorld& world, StageSnapshot* s) {
  for (u32 i = 0; i < s->stack.size(); ++i) {
    const Lin at(s->regs[kEsp] + 4 * i);
    if (PageOffset(at) > kPageSize - 4) continue;
    const StageSnapshot::Mapping m = MappingOf(world.cpu, at);
    if (!m.frame) continue;
    s->stack[i] = world.cpu.memory().Load<u32>(MpaOf(*m.frame) + PageOffset(at));
  }
}

// --- words

std::string Line(const char* name, const std::string& change, const std::string& remark) {
  std::string line = absl::StrFormat("  %-6s%s", name, change);
  if (!remark.empty()) line = absl::StrFormat("%-42s %s", line, remark);
  return line + "\n";
}

std::string Change(u32 from, u32 to) {
  return absl::StrFormat("0x%08x -> 0x%08x", from, to);
}
std::string Change16(u16 from, u16 to) {
  return absl::StrFormat("0x%04x -> 0x%04x", from, to);
}

const char* OwnerOfTable(const StageWorld& world, u32 base, u32 guest_offset) {
  return base == world.pages.linear.value + guest_offset ? "the Guest's" : "the Host's";
}

std::string NameOfRoot(const StageWorld& world, u32 cr3) {
  if (cr3 == world.host_root.value) return "the Host's own tables";
  const auto slots = world.shadow.slots();
  for (u32 i = 0; i < slots.size(); ++i) {
    if (slots[i].root && MpaOf(*slots[i].root).value == cr3) {
      return absl::StrFormat("shadow slot %d, guest cr3 gpa 0x%08x", i,
                             slots[i].gpgdir.value);
    }
  }
  return "";
}

std::string Registers(const StageSnapshot& before, const StageSnapshot& after) {
  std::string out;
  for (u32 i = 0; i < 8; ++i) {
    if (i == kEsp || before.regs[i] == after.regs[i]) continue;
    out += Line(kRegNames[i], Change(before.regs[i], after.regs[i]), "");
  }
  for (u32 i = 0; i < kSegments; ++i) {
    const bool shown_with_eip = i == static_cast<u32>(Seg::kCs);
    if (shown_with_eip || before.selectors[i] == after.selectors[i]) continue;
    out += Line(kSegNames[i], Change16(before.selectors[i], after.selectors[i]), "");
  }
  return out;
}

std::string Tables(const StageWorld& world, const StageSnapshot& before,
                   const StageSnapshot& after) {
  std::string out;
  if (before.gdtr.base != after.gdtr.base) {
    out += Line(
        "GDT", Change(before.gdtr.base, after.gdtr.base),
        OwnerOfTable(world, after.gdtr.base, offsetof(LguestPages, state.guest_gdt)));
  }
  if (before.idtr.base != after.idtr.base) {
    out += Line(
        "IDT", Change(before.idtr.base, after.idtr.base),
        OwnerOfTable(world, after.idtr.base, offsetof(LguestPages, state.guest_idt)));
  }
  if (before.tr_base != after.tr_base) {
    out +=
        Line("TR",
             absl::StrFormat("0x%04x, base %s", after.tr,
                             Change(before.tr_base, after.tr_base)),
             OwnerOfTable(world, after.tr_base, offsetof(LguestPages, state.guest_tss)));
  }
  const auto busy = [&](const char* whose, bool was, bool is) {
    if (was == is) return;
    out += Line(
        "TSS",
        absl::StrFormat("%s: %s", whose, is ? "available -> busy" : "busy -> available"),
        "");
  };
  busy("the Host's", before.host_tss_busy, after.host_tss_busy);
  busy("the Guest's", before.guest_tss_busy, after.guest_tss_busy);
  if (before.host_sp != after.host_sp) {
    out += Line("state", absl::StrFormat("host_sp = 0x%08x", after.host_sp),
                "where the way back finds the Host's stack");
  }
  return out;
}

std::string Paging(const StageWorld& world, const StageSnapshot& before,
                   const StageSnapshot& after) {
  if (before.cr3 == after.cr3) return "";
  std::string out =
      Line("CR3", Change(before.cr3, after.cr3), NameOfRoot(world, after.cr3));
  const bool same_stack = before.regs[kEsp] == after.regs[kEsp];
  if (same_stack && before.under_esp != after.under_esp && after.under_esp.frame) {
    const bool own = *after.under_esp.frame == world.regs_page;
    out += Line("ESP", absl::StrFormat("0x%08x", after.regs[kEsp]),
                absl::StrFormat("%s is mapped here now (mpa 0x%08x)",
                                own ? "the VCPU's own register page"
                                    : "the Host's page of this processor",
                                MpaOf(*after.under_esp.frame).value));
  }
  if (before.state_page.writable != after.state_page.writable) {
    out += Line(
        "pages",
        absl::StrFormat(
            "state page 0x%08x (GDT, IDT, TSS): %s", world.pages.linear.value + kPageSize,
            after.state_page.writable ? "writable again" : "read-only from this moment"),
        "");
  }
  return out;
}

std::string Words(const std::array<u32, StageSnapshot::kStackWords>& words, u32 count) {
  std::string out;
  for (u32 i = 0; i < count; ++i) {
    if (i % 6 == 0) out += out.empty() ? "" : "\n          ";
    out += absl::StrFormat(" %08x", words[i]);
  }
  return out;
}

// ESP, and what was pushed or popped on the way.
std::string Stack(const StageSnapshot& before, const StageSnapshot& after) {
  const u32 from = before.regs[kEsp], to = after.regs[kEsp];
  if (from == to) return "";
  constexpr u32 kMost = StageSnapshot::kStackWords * 4;
  const bool same_ring = before.cpl == after.cpl && before.cr3 == after.cr3;
  if (same_ring && to < from && from - to <= kMost) {
    const u32 count = (from - to) / 4;
    return Line("ESP", Change(from, to), absl::StrFormat("pushed %d words", count)) +
           absl::StrFormat("        at%s\n", Words(after.stack, count));
  }
  if (same_ring && from < to && to - from <= kMost) {
    return Line("ESP", Change(from, to),
                absl::StrFormat("popped %d words", (to - from) / 4));
  }
  return Line("ESP", Change(from, to), "");
}

std::string Place(const StageSnapshot& before, const StageSnapshot& after) {
  constexpr u32 kCs = static_cast<u32>(Seg::kCs);
  std::string out;
  if (before.cpl == after.cpl && before.selectors[kCs] == after.selectors[kCs])
    return out;
  std::string remark;
  if (before.cpl != after.cpl) {
    remark = absl::StrFormat("ring %d -> ring %d", before.cpl, after.cpl);
  }
  out = Line("CS:EIP",
             absl::StrFormat(" %04x:%08x -> %04x:%08x", before.selectors[kCs], before.eip,
                             after.selectors[kCs], after.eip),
             remark);
  if (before.cpl == after.cpl) return out;
  return out +
         Line("EFLAGS", " " + Change(before.eflags, after.eflags),
              (after.eflags & kEflagsIf) != 0 ? "the real IF is 1" : "the real IF is 0");
}

}  // namespace

StageSnapshot TakeStageSnapshot(const StageWorld& world) {
  const CpuState& state = world.cpu.state;
  const PhysMemory& memory = world.cpu.memory();
  StageSnapshot s;
  std::copy_n(state.regs, s.regs.size(), s.regs.begin());
  s.eip = state.eip;
  s.eflags = world.cpu.Eflags();
  for (u32 i = 0; i < kSegments; ++i) s.selectors[i] = state.seg[i].selector;
  s.gdtr = state.gdtr;
  s.idtr = state.idtr;
  s.tr = state.tr.selector;
  s.tr_base = state.tr.base;
  s.cr3 = state.cr3;
  s.cpl = state.cpl;
  s.under_esp = MappingOf(world.cpu, Lin(s.regs[kEsp]));
  s.state_page = MappingOf(world.cpu, world.pages.linear + kPageSize);
  const Mpa ro_state = world.pages.state;
  s.host_sp = memory.Load<u32>(ro_state + offsetof(LguestRoState, host_sp));
  // The emulated Host's kernel is mapped at a fixed distance.
  const u32 host_gdt =
      memory.Load<u32>(ro_state + offsetof(LguestRoState, host_gdt_desc.address));
  s.host_tss_busy = BusyAt(memory, Mpa(host_gdt - HostEnv::kKernelBase));
  s.guest_tss_busy = BusyAt(memory, ro_state + offsetof(LguestRoState, guest_gdt));
  ReadStack(world, &s);
  return s;
}

std::string StageHeading(u64 crossing, Stage stage, u32 vector) {
  std::string text = absl::StrFormat("crossing %d  %s", crossing, DescribeStage(stage));
  if (stage == Stage::kStub) text += absl::StrFormat(" of vector %d", vector);
  return absl::StrFormat("%-66s (host-02, section %s)\n", text, InfoOf(stage).section);
}

std::string DescribeStageChanges(const StageWorld& world, const StageSnapshot& before,
                                 const StageSnapshot& after) {
  return Place(before, after) + Registers(before, after) + Tables(world, before, after) +
         Paging(world, before, after) + Stack(before, after);
}

}  // namespace lgx
