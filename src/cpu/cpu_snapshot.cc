// The processor as bytes: all that a program, or a counter, could tell it apart by.
#include <algorithm>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "cpu/cpu.h"

namespace lgx {
namespace {

void SaveSegment(const Segment& segment, ByteWriter* out) {
  out->U16(segment.selector);
  out->U16(segment.attr);
  out->U32(segment.base);
  out->U32(segment.limit);
}

void LoadSegment(ByteReader* in, Segment* segment) {
  const u16 selector = in->U16("a segment's selector");
  const u16 attr = in->U16("a segment's attributes");
  const u32 base = in->U32("a segment's base");
  const u32 limit = in->U32("a segment's limit");
  segment->Set(selector, base, limit, attr);
}

// Not by way of FXSAVE, which leaves some of it out.
void SaveFpu(const FpuState& fpu, ByteWriter* out) {
  for (const Float80& value : fpu.regs) {
    out->U64(value.significand);
    out->U16(value.sign_exp);
  }
  out->U8(fpu.valid);
  for (const u16 word : {fpu.cw, fpu.sw, fpu.fop, fpu.fcs, fpu.fds}) out->U16(word);
  for (const u32 word : {fpu.fip, fpu.fdp, fpu.mxcsr}) out->U32(word);
  for (const auto& value : fpu.xmm) out->Bytes(value);
}

void LoadFpu(ByteReader* in, FpuState* fpu) {
  for (Float80& value : fpu->regs) {
    value.significand = in->U64("an x87 register");
    value.sign_exp = in->U16("an x87 register");
  }
  fpu->valid = in->U8("the x87 tags");
  for (u16* word : {&fpu->cw, &fpu->sw, &fpu->fop, &fpu->fcs, &fpu->fds}) {
    *word = in->U16("an x87 control register");
  }
  for (u32* word : {&fpu->fip, &fpu->fdp, &fpu->mxcsr}) {
    *word = in->U32("an x87 pointer, or MXCSR");
  }
  for (auto& value : fpu->xmm) {
    const std::span<const u8> bytes = in->Bytes(value.size(), "an XMM register");
    std::copy(bytes.begin(), bytes.end(), value.begin());
  }
}

void SaveRegisters(const CpuState& s, ByteWriter* out) {
  for (u32 i = 0; i < 8; ++i) out->U32(s.regs[i]);
  out->U32(s.eip);
  out->U32(s.flags.Arithmetic());
  out->U32(s.eflags_rest);
  for (const Segment& segment : s.seg) SaveSegment(segment, out);
  SaveSegment(s.ldtr, out);
  SaveSegment(s.tr, out);
  for (const TableRegister* table : {&s.gdtr, &s.idtr}) {
    out->U32(table->base);
    out->U16(table->limit);
  }
  for (const u32 value : {s.cr0, s.cr2, s.cr3, s.cr4}) out->U32(value);
  for (const u64 value : s.pdpte) out->U64(value);
  out->U64(s.efer);
  for (const u32 value : s.dr) out->U32(value);
  for (const u32 value : {s.sysenter_cs, s.sysenter_esp, s.sysenter_eip}) {
    out->U32(value);
  }
  out->U8(s.cpl);
  for (const bool flag : {s.interrupt_shadow, s.trap_shadow, s.nmi_blocked, s.halted}) {
    out->U8(flag ? 1 : 0);
  }
  out->U32(s.events_in_a_row);
}

void LoadRegisters(ByteReader* in, CpuState* s) {
  for (u32 i = 0; i < 8; ++i) s->regs[i] = in->U32("a general register");
  s->eip = in->U32("EIP");
  s->flags.SetArithmetic(in->U32("the arithmetic flags"));
  s->eflags_rest = in->U32("EFLAGS") & kEflagsStored;
  for (Segment& segment : s->seg) LoadSegment(in, &segment);
  LoadSegment(in, &s->ldtr);
  LoadSegment(in, &s->tr);
  for (TableRegister* table : {&s->gdtr, &s->idtr}) {
    table->base = in->U32("a table's base");
    table->limit = in->U16("a table's limit");
  }
  for (u32* value : {&s->cr0, &s->cr2, &s->cr3, &s->cr4}) {
    *value = in->U32("a control register");
  }
  for (u64& value : s->pdpte) value = in->U64("a PDPT entry");
  s->efer = in->U64("EFER");
  for (u32& value : s->dr) value = in->U32("a debug register");
  for (u32* value : {&s->sysenter_cs, &s->sysenter_esp, &s->sysenter_eip}) {
    *value = in->U32("a SYSENTER register");
  }
  s->cpl = in->U8("the privilege level");
  if (s->cpl > 3) in->Fail("the privilege level is above 3");
  for (bool* flag :
       {&s->interrupt_shadow, &s->trap_shadow, &s->nmi_blocked, &s->halted}) {
    *flag = in->U8("a flag of the processor") != 0;
  }
  s->events_in_a_row = in->U32("the number of events");
}

}  // namespace

void Cpu::SaveState(ByteWriter* out) const {
  SaveRegisters(state, out);
  SaveFpu(state.fpu, out);
  out->U64(retired_);
  out->U64(tsc_offset_);
  out->U8(interrupt_waiting_ ? 1 : 0);
  out->U8(interrupt_vector_);
  out->U8(nmi_waiting_ ? 1 : 0);
  out->U8(fault_waiting_ ? 1 : 0);
  out->U8(fault_.vector);
  out->U8(fault_.has_error ? 1 : 0);
  out->U32(fault_.error);
  out->U32(fault_.cr2);
  out->U32(fault_dr6_);
  out->U32(debug_trap_);
  out->U8(resume_pending_ ? 1 : 0);
  out->U64(resume_at_);
  out->U64(stats_.faults);
  out->U64(stats_.interrupts);
}

void Cpu::LoadState(ByteReader* in) {
  CpuState fresh;
  LoadRegisters(in, &fresh);
  LoadFpu(in, &fresh.fpu);
  state = fresh;
  retired_ = in->U64("the number of instructions");
  tsc_offset_ = in->U64("the offset of the time stamp counter");
  interrupt_waiting_ = in->U8("whether an interrupt waits") != 0;
  interrupt_vector_ = in->U8("the vector of an interrupt");
  nmi_waiting_ = in->U8("whether an NMI waits") != 0;
  fault_waiting_ = in->U8("whether a fault waits") != 0;
  fault_.vector = in->U8("the vector of a fault");
  fault_.has_error = in->U8("whether a fault has an error code") != 0;
  fault_.error = in->U32("an error code");
  fault_.cr2 = in->U32("the address of a page fault");
  fault_dr6_ = in->U32("the reasons of a debug fault");
  debug_trap_ = in->U32("the reasons of a debug trap");
  resume_pending_ = in->U8("whether RF is to be set") != 0;
  resume_at_ = in->U64("where RF holds");
  stats_.faults = in->U64("a counter");
  stats_.interrupts = in->U64("a counter");
  stop_requested_ = inspect_stop_ = false;
  debug_hits_ = 0;
  event_delivered_ = false;
  storing = nullptr;
  link_request = nullptr;
  // Memory is another one too: nothing that was made from it holds.
  ForgetBlocks();
  tlb_.DropAll();
  MarkInspected();
  StateChanged();
}

}  // namespace lgx
