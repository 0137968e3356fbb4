#include "debug/event_log.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "debug/explain.h"

namespace lgx {
namespace {

// What the Guest writes is shown as it is.
constexpr u32 kCategories = Trace::kUsual & ~Trace::MaskOf(TraceCategory::kConsole);

u64 ArgOf(const TraceEvent& event, std::string_view key) {
  for (const TraceArg& arg : event.args) {
    if (key == arg.key) return arg.value;
  }
  return 0;
}

// Counts and sizes read better in decimal, addresses and bits in hex.
bool IsHex(std::string_view key) {
  for (const std::string_view name :
       {"eip", "cs", "cr2", "lin", "gpa", "mpa", "spte", "gpgdir", "handler", "arg1",
        "arg2", "arg3", "arg4", "address", "addr"}) {
    if (key == name) return true;
  }
  return false;
}

std::string LineOf(const TraceEvent& event) {
  std::string line = absl::StrFormat("%-9s %s", TraceCategoryName(event.category),
                                     std::string(event.name));
  for (const TraceArg& arg : event.args) {
    line += IsHex(arg.key) ? absl::StrFormat(" %s=0x%08x", arg.key, arg.value)
                           : absl::StrFormat(" %s=%d", arg.key, arg.value);
  }
  return line;
}

}  // namespace

EventLog::EventLog(Machine& machine, const Symbols& symbols, TraceSink* other,
                   u32 other_mask)
    : machine_(machine), symbols_(symbols), other_(other), other_mask_(other_mask) {
  machine_.AttachTrace(this, kCategories | other_mask);
}

EventLog::~EventLog() { machine_.AttachTrace(other_, other_mask_); }

void EventLog::OnEvent(const TraceEvent& event) {
  if ((other_mask_ & Trace::MaskOf(event.category)) != 0) other_->OnEvent(event);
  if (quiet_ || (kCategories & Trace::MaskOf(event.category)) == 0) return;
  if (event.phase == TracePhase::kBegin) return;  // the end says more
  Add(LineOf(event), ExplainEvent(event));
}

std::string EventLog::ExplainEvent(const TraceEvent& event) const {
  const Guest& guest = machine_.guest();
  switch (event.category) {
    case TraceCategory::kCrossing:
      if (event.name != "exit") return "";
      return ExplainExit(guest, symbols_, ExitFactsOf(guest, machine_.cpu().state.cr2));
    case TraceCategory::kHypercall: {
      HcallArgs args;
      args.number = static_cast<u32>(ArgOf(event, "number"));
      args.arg = {
          static_cast<u32>(ArgOf(event, "arg1")), static_cast<u32>(ArgOf(event, "arg2")),
          static_cast<u32>(ArgOf(event, "arg3")), static_cast<u32>(ArgOf(event, "arg4"))};
      const bool async = ArgOf(event, "async") != 0;
      return ExplainHypercall(guest, symbols_, guest.abi.CallOf(args.number), args,
                              async);
    }
    case TraceCategory::kIrq:
      if (event.name != "inject") return "";
      return ExplainInjection(guest, symbols_, static_cast<u32>(ArgOf(event, "irq")));
    default:
      return "";
  }
}

void EventLog::AddDirectTrap(u32 vector) {
  Add(absl::StrFormat("direct    trap vector=%d", vector),
      ExplainDirectTrap(machine_.guest(), symbols_, vector,
                        machine_.cpu().state.regs[kEax]));
}

void EventLog::Add(std::string line, std::string explanation) {
  if (entries_.size() == kKept) entries_.pop_front();
  entries_.push_back({machine_.instructions(), machine_.virtual_ns(),
                      machine_.crossing().count(), std::move(line),
                      std::move(explanation)});
}

void EventLog::ForgetAfter(u64 instructions) {
  while (!entries_.empty() && entries_.back().instructions > instructions) {
    entries_.pop_back();
  }
}

const EventLog::Entry* EventLog::LastExplained() const {
  for (size_t i = entries_.size(); i-- > 0;) {
    if (!entries_[i].explanation.empty()) return &entries_[i];
  }
  return nullptr;
}

}  // namespace lgx
