// The Host's knowledge of a Guest, as bytes.
#include <algorithm>

#include "hypercalls/guest.h"

namespace lgx {
namespace {

constexpr u32 kMaxText = 1u << 16;
constexpr u64 kLatestAlarm = u64{1} << 60;  // ns

void SaveDescriptors(std::span<const DescriptorWords> table, ByteWriter* out) {
  for (const DescriptorWords& entry : table) {
    out->U32(entry.a);
    out->U32(entry.b);
  }
}

void LoadDescriptors(ByteReader* in, std::span<DescriptorWords> table) {
  for (DescriptorWords& entry : table) {
    entry.a = in->U32("a descriptor");
    entry.b = in->U32("a descriptor");
  }
}

// Visits every counter; `stats` may be const.
template <typename HostStatsType, typename Visit>
void ForEachCounter(HostStatsType& stats, Visit visit) {
  visit(stats.crossings);
  visit(stats.hypercalls);
  visit(stats.hypercalls_async);
  visit(stats.rewritten);
  visit(stats.forwarded);
  for (auto& count : stats.causes) visit(count);
  for (auto& count : stats.calls) visit(count);
  for (auto& count : stats.calls_async) visit(count);
  for (auto& count : stats.irqs_injected) visit(count);
  for (auto& count : stats.passage_instructions.counts()) visit(count);
  for (auto& count : stats.fault_distance.counts()) visit(count);
  visit(stats.last_fault);
}

void SaveLog(const HypercallLog& log, ByteWriter* out) {
  out->U64(log.total());
  for (u32 i = 0; i < log.size(); ++i) {
    const HypercallRecord& record = log[i];
    out->U32(record.args.number);
    for (const u32 arg : record.args.arg) out->U32(arg);
    out->U8(static_cast<u8>(record.call));
    out->U8(record.async ? 1 : 0);
    out->U32(record.eip);
  }
}

void LoadLog(ByteReader* in, HypercallLog* log) {
  const u64 total = in->U64("the number of hypercalls");
  log->Restore(total);
  for (u64 i = total - log->size(); i != total && in->ok(); ++i) {
    HypercallRecord& record = log->record(i);
    record.args.number = in->U32("a hypercall's number");
    for (u32& arg : record.args.arg) arg = in->U32("a hypercall's argument");
    const u8 call = in->U8("a hypercall");
    if (call >= kCalls) in->Fail("a hypercall that does not exist");
    record.call = call < kCalls ? static_cast<Call>(call) : Call::kUnknown;
    record.async = in->U8("whether a hypercall came from the ring") != 0;
    record.eip = in->U32("where a hypercall was made");
  }
}

}  // namespace

void Guest::SaveState(ByteWriter* out) const {
  out->U8(lguest_data ? 1 : 0);
  out->U32(lguest_data.value_or(Gpa(0)).value);
  for (const u32 word : {noirq_start, noirq_end, cpu.ts, cpu.esp1, u32{cpu.ss1},
                         cpu.stack_pages, cpu.changed, cpu.pending_notify, cpu.next_hcall,
                         cpu.irqs_pending.load(), cpu.last_pagefault}) {
    out->U32(word);
  }
  for (const bool flag :
       {cpu.hcall, cpu.halted, cpu.signal.load(), cpu.last_pages != nullptr,
        cpu.register_read.has_value(), cpu.clock_deadline.has_value()}) {
    out->U8(flag ? 1 : 0);
  }
  out->U64(cpu.entered_at);
  out->U32(cpu.register_read.value_or(0));
  out->U64(cpu.clock_deadline.value_or(0));
  out->U8(cpu.pending_trap.trap);
  out->Bytes(cpu.pending_trap.insn);
  out->U32(cpu.pending_trap.addr);
  out->U32(cpu.regs_page.value);
  SaveDescriptors(cpu.gdt, out);
  SaveDescriptors(cpu.idt, out);
  shadow.SaveState(out);
  out->U8(static_cast<u8>(death_.load()));
  out->String(reason_);
  out->String(detail_);
  ForEachCounter(stats, [&](u64 count) { out->U64(count); });
  SaveLog(log, out);
}

void Guest::LoadState(ByteReader* in) {
  const bool initialised = in->U8("whether the Guest is initialised") != 0;
  const Gpa data(in->U32("where lguest_data is"));
  lguest_data.reset();
  if (initialised) {
    if (!lg.Ok(data, abi.data.size)) in->Fail("lguest_data lies outside the Guest");
    lguest_data = data;
  }
  u32 ss1 = 0, irqs = 0;
  for (u32* word :
       {&noirq_start, &noirq_end, &cpu.ts, &cpu.esp1, &ss1, &cpu.stack_pages,
        &cpu.changed, &cpu.pending_notify, &cpu.next_hcall, &irqs, &cpu.last_pagefault}) {
    *word = in->U32("a word of the Guest");
  }
  cpu.ss1 = static_cast<u16>(ss1);
  if (cpu.next_hcall >= kRingSize) in->Fail("the ring of hypercalls has no such entry");
  cpu.irqs_pending = irqs;
  bool signal = false, ran = false, has_register = false, has_deadline = false;
  for (bool* flag :
       {&cpu.hcall, &cpu.halted, &signal, &ran, &has_register, &has_deadline}) {
    *flag = in->U8("a flag of the Guest") != 0;
  }
  cpu.signal = signal;
  // The Guest ran last on the processor that it has here, or not at all.
  SwitcherPages& pages = host.port.Pages();
  cpu.last_pages = ran ? &pages : nullptr;
  pages.last_vcpu = ran ? &cpu : nullptr;
  cpu.entered_at = in->U64("when the Guest was entered");
  const u32 value = in->U32("a register that is asked for");
  cpu.register_read = has_register ? std::optional(value) : std::nullopt;
  const u64 deadline = in->U64("the Guest's alarm");
  if (deadline > kLatestAlarm) in->Fail("the Guest's alarm is centuries away");
  cpu.clock_deadline = has_deadline ? std::optional(deadline) : std::nullopt;
  cpu.pending_trap.trap = in->U8("a trap for the Launcher");
  const std::span<const u8> insn = in->Bytes(PendingTrap::kInsnBytes, "an instruction");
  std::copy(insn.begin(), insn.end(), cpu.pending_trap.insn.begin());
  cpu.pending_trap.addr = in->U32("the address of a trap");
  if (Mfn(in->U32("the register page")) != cpu.regs_page) {
    in->Fail("the register page is another one");
  }
  LoadDescriptors(in, cpu.gdt);
  LoadDescriptors(in, cpu.idt);
  shadow.LoadState(in);
  const u8 death = in->U8("whether the Guest lives");
  if (death > static_cast<u8>(Death::kRestart)) in->Fail("the Guest has an unknown fate");
  death_ = static_cast<Death>(std::min(death, static_cast<u8>(Death::kRestart)));
  reason_ = in->String(kMaxText, "the reason of death");
  detail_ = in->String(kMaxText, "the detail of death");
  ForEachCounter(stats, [&](u64& count) { count = in->U64("a counter of the Host"); });
  LoadLog(in, &log);
}

}  // namespace lgx
