#include "api/registers.h"

#include "debug/register_view.h"

namespace lgx {

static_assert(LGX_PARTY_HOST == static_cast<int>(Party::kHost));
static_assert(LGX_PARTY_SWITCHER == static_cast<int>(Party::kSwitcher));
static_assert(LGX_PARTY_GUEST_KERNEL == static_cast<int>(Party::kGuestKernel));
static_assert(LGX_PARTY_GUEST_USER == static_cast<int>(Party::kGuestUser));

void FillRegisters(const RunControl& control, lgx_registers* out) {
  const CurrentRegisters now = ReadRegisters(control);
  out->eax = now.regs[kEax];
  out->ecx = now.regs[kEcx];
  out->edx = now.regs[kEdx];
  out->ebx = now.regs[kEbx];
  out->esp = now.regs[kEsp];
  out->ebp = now.regs[kEbp];
  out->esi = now.regs[kEsi];
  out->edi = now.regs[kEdi];
  out->eip = now.eip;
  out->eflags = now.eflags;
  const auto selector = [&now](Seg seg) { return now.selectors[static_cast<u8>(seg)]; };
  out->cs = selector(Seg::kCs);
  out->ss = selector(Seg::kSs);
  out->ds = selector(Seg::kDs);
  out->es = selector(Seg::kEs);
  out->fs = selector(Seg::kFs);
  out->gs = selector(Seg::kGs);
  out->cpl = now.cpl;
  out->saved = now.saved ? 1 : 0;
  if (now.saved) {
    out->party = now.cpl == 3 ? LGX_PARTY_GUEST_USER : LGX_PARTY_GUEST_KERNEL;
  } else {
    out->party = static_cast<int32_t>(control.CurrentParty());
  }
  const CpuState& state = control.machine().cpu().state;
  out->cr0 = state.cr0;
  out->cr2 = state.cr2;
  out->cr3 = state.cr3;
  out->cr4 = state.cr4;
  for (u32 i = 0; i < kSegments; ++i) {
    const Segment& seg = state.seg[i];
    out->segment[i] = {seg.selector, seg.attr, seg.base, seg.limit};
  }
}

}  // namespace lgx
