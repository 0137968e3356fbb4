// The console's commands that let the machine run, and what is said when it stops.
#include <algorithm>

#include "absl/strings/str_format.h"
#include "debug/console.h"
#include "debug/explain.h"
#include "debug/memory_view.h"
#include "debug/register_view.h"
#include "hypercalls/guest_idt.h"

namespace lgx {
namespace {

using Why = StopReport::Why;

std::string HexBytes(const std::vector<u8>& bytes) {
  std::string text;
  for (size_t i = bytes.size(); i-- > 0;) text += absl::StrFormat("%02x", bytes[i]);
  return bytes.size() <= 8 ? text : text.substr(0, 16) + "...";
}

std::string WatchText(const StopReport& stop) {
  const StopReport::Watch& w = *stop.watch;
  std::string text =
      absl::StrFormat("watchpoint %d: %s of %d bytes at %s:0x%08x", stop.place,
                      w.write ? "write" : "read", w.len, NameOf(w.space), w.address);
  if (w.write && !w.old_value.empty() && !w.new_value.empty()) {
    text +=
        absl::StrFormat(", 0x%s -> 0x%s", HexBytes(w.old_value), HexBytes(w.new_value));
  }
  return text;
}

std::string EndingText(const Ending& ending) {
  std::string text = absl::StrFormat("the run is over: %s", NameOf(ending.kind));
  if (!ending.reason.empty()) text += ", " + ending.reason;
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

std::string DebugConsole::DescribeWhy(const StopReport& stop) const {
  switch (stop.why) {
    case Why::kStart:
    case Why::kStep:
    case Why::kReached:
      return "";
    case Why::kBreakpoint:
      return absl::StrFormat("breakpoint %d", stop.place);
    case Why::kWatchpoint:
      return stop.watch ? WatchText(stop) : "watchpoint";
    case Why::kStage:
      return stop.stage ? lgx::DescribeStage(*stop.stage) : "";
    case Why::kEvent:
      return stop.event ? TrapName(stop.event->fault.vector) : "event";
    case Why::kCrossingBegin:
      return absl::StrFormat("crossing %d begins", stop.crossing);
    case Why::kCrossingEnd:
      return absl::StrFormat("crossing %d is over; the Host has not looked yet",
                             stop.crossing);
    case Why::kInterrupted:
      return "interrupted";
    case Why::kEnded:
      return EndingText(parts_.control.machine().ending());
  }
  return "";
}

std::string DebugConsole::DescribeStop() const {
  const RunControl& control = parts_.control;
  const StopReport& stop = control.last();
  const std::string why = DescribeWhy(stop);
  std::string out = why.empty() ? "" : why + "\n";
  out += absl::StrFormat("insn %d  time %d.%09d s  crossing %d", stop.instructions,
                         stop.ns / 1'000'000'000, stop.ns % 1'000'000'000, stop.crossing);
  if (stop.why == Why::kEnded) return out + "\n";
  const bool between = control.BetweenCrossings();
  out +=
      absl::StrFormat("  %s\n", between ? "between two crossings" : NameOf(stop.party));
  const CurrentRegisters now = ReadRegisters(control);
  const Lin at = between ? Lin(now.eip) : stop.lin;
  if (between) out += "the Guest goes on at\n";
  const std::string name = parts_.symbols.Describe(at);
  if (!name.empty()) out += name + ":\n";
  return out + "=> " + DisassemblyLine(ReadInsn(control, parts_.symbols, at)) + "\n";
}

void DebugConsole::Stopped() { Say(DescribeStop()); }

// The Host never hears of a direct trap, so nobody else can tell of it.
void DebugConsole::NoteDirectTrap(u32 old_cpl) {
  const StopReport& stop = parts_.control.last();
  if (parts_.events == nullptr || old_cpl != 3 || stop.party != Party::kGuestKernel ||
      !stop.inside)
    return;
  const Guest& guest = parts_.control.machine().guest();
  for (const u32 vector : {kSyscallVector, guest.options.syscall_vector, 0u, 1u, 3u, 4u,
                           5u, 9u, 10u, 11u, 12u, 16u, 17u}) {
    const DescriptorWords gate = guest.cpu.idt[vector % kIdtEntries];
    if (!GatePresent(gate) || GateType(gate) != kGateTrap) continue;
    if (GateHandler(gate) != stop.eip) continue;
    parts_.events->AddDirectTrap(vector);
    return;
  }
}

Status DebugConsole::DoStep(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 1));
  const StatusOr<u64> n = Count(words, 0, 1);
  if (!n.ok()) return n.status();
  LGX_RETURN_IF_ERROR(StillRuns());
  const u32 cpl = ReadRegisters(parts_.control).cpl;
  parts_.control.Step(*n);
  if (*n == 1) NoteDirectTrap(cpl);
  Stopped();
  return absl::OkStatus();
}

// To the instruction behind a call, in the same frame of the stack.
const StopReport& DebugConsole::OverCall() {
  RunControl& control = parts_.control;
  const CurrentRegisters now = ReadRegisters(control);
  const DisassembledInsn insn = ReadInsn(control, parts_.symbols, control.last().lin);
  StopPlace behind;
  behind.address = control.last().lin.value + insn.bytes.size();
  while (true) {
    const StatusOr<StopReport> stop = control.RunToPlace(behind);
    if (!stop.ok()) return control.Step();
    // A recursion comes by here with a deeper stack.
    const bool behind_it = ReadRegisters(control).regs[kEsp] >= now.regs[kEsp];
    if (stop->why != Why::kReached || behind_it) return control.last();
  }
}

Status DebugConsole::DoNext(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 0));
  LGX_RETURN_IF_ERROR(StillRuns());
  RunControl& control = parts_.control;
  const DisassembledInsn insn = ReadInsn(control, parts_.symbols, control.last().lin);
  const bool in_guest = IsGuest(control.CurrentParty()) && !control.BetweenCrossings();
  const bool hypercall = insn.text.starts_with("int 0x1f");
  if (in_guest && (insn.is_call || insn.repeats) && !hypercall) {
    OverCall();
  } else if (in_guest) {
    control.StepGuest();
  } else {
    control.Step();
  }
  Stopped();
  return absl::OkStatus();
}

const StopReport& DebugConsole::ContinueWith(const StopKinds& kinds) {
  const StopKinds before = parts_.control.stop_kinds();
  parts_.control.set_stop_kinds(kinds);
  parts_.control.Continue();
  parts_.control.set_stop_kinds(before);
  return parts_.control.last();
}

Status DebugConsole::DoContinue(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 0));
  LGX_RETURN_IF_ERROR(StillRuns());
  parts_.control.Continue();
  Stopped();
  return absl::OkStatus();
}

Status DebugConsole::DoUntil(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 1));
  if (words.empty())
    return Errorf(kInvalidArgument, "say until when: until insn:1000000");
  LGX_RETURN_IF_ERROR(StillRuns());
  RunControl& control = parts_.control;
  const StatusOr<Point> point = ParsePoint(words[0]);
  if (point.ok()) {
    const StatusOr<StopReport> stop = control.RunTo(*point);
    if (!stop.ok()) return stop.status();
    Stopped();
    return absl::OkStatus();
  }
  const StatusOr<TypedAddress> at = Address(words[0]);
  // Whoever writes a colon means a point.
  const bool is_point = words[0].find(':') != std::string::npos &&
                        !SpaceFromName(words[0].substr(0, words[0].find(':')));
  if (!at.ok()) return is_point ? point.status() : at.status();
  StopPlace place;
  place.space = at->space;
  place.address = at->value;
  const StatusOr<StopReport> stop = control.RunToPlace(place);
  if (!stop.ok()) return stop.status();
  Stopped();
  return absl::OkStatus();
}

Status DebugConsole::DoCrossing(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 1));
  const std::string what = words.empty() ? "next" : words[0];
  if (what != "next" && what != "end") {
    return Errorf(kInvalidArgument,
                  "\"%s\" is not one of next, end; the crossing with a "
                  "number: until crossing:N",
                  what);
  }
  LGX_RETURN_IF_ERROR(StillRuns());
  StopKinds kinds = parts_.control.stop_kinds();
  (what == "next" ? kinds.crossing_begin : kinds.crossing_end) = true;
  ContinueWith(kinds);
  Stopped();
  return absl::OkStatus();
}

// --- stages

StageWorld DebugConsole::stage_world() const {
  Machine& machine = parts_.control.machine();
  Crossing& crossing = machine.crossing();
  return {machine.cpu(), machine.guest().shadow, crossing.Pages(), crossing.HostRoot(),
          machine.guest().cpu.regs_page};
}

std::optional<StageRange> DebugConsole::CurrentStage() const {
  const RunControl& control = parts_.control;
  if (control.CurrentParty() != Party::kSwitcher || control.BetweenCrossings()) {
    return std::nullopt;
  }
  return StageRangeAt(control.machine().crossing().text(), control.last().lin);
}

void DebugConsole::DescribeStage(const StageSnapshot& before,
                                 std::optional<StageRange> at, const StopReport& start) {
  const StageWorld world = stage_world();
  const StopReport& stop = parts_.control.last();
  if (at) {
    Say(StageHeading(start.crossing, at->stage, at->vector));
  } else if (start.inside && IsGuest(start.party)) {
    const u64 ran = stop.instructions - start.instructions;
    Say(absl::StrFormat("crossing %d  the Guest ran %d instructions\n", start.crossing,
                        ran));
  } else {
    Say(absl::StrFormat("crossing %d  the Host calls the Switcher\n", stop.crossing));
    return;
  }
  Say(DescribeStageChanges(world, before, TakeStageSnapshot(world)));
}

Status DebugConsole::DoStage(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 1));
  const StatusOr<u64> n = Count(words, 0, 1);
  if (!n.ok()) return n.status();
  RunControl& control = parts_.control;
  for (u64 i = 0; i < *n; ++i) {
    LGX_RETURN_IF_ERROR(StillRuns());
    const StopReport start = control.last();
    const std::optional<StageRange> at = CurrentStage();
    const StageSnapshot before = TakeStageSnapshot(stage_world());
    if (at && at->stage == Stage::kEnterGuest) {
      control.Step();  // the Guest has no stages: stop at its first instruction
    } else {
      StopKinds kinds;
      kinds.stages = kinds.crossing_end = true;
      ContinueWith(kinds);
    }
    DescribeStage(before, at, start);
    const StopReport& stop = control.last();
    constexpr u64 kBetweenPolls = 64;
    if (i % kBetweenPolls == kBetweenPolls - 1) (void)control.PollNow();
    const bool expected = stop.why == Why::kStage || stop.why == Why::kStep ||
                          stop.why == Why::kEvent || stop.why == Why::kCrossingEnd;
    if (!expected) {
      Stopped();
      return absl::OkStatus();
    }
  }
  const StopReport& stop = control.last();
  if (stop.why == Why::kCrossingEnd) Say(DescribeWhy(stop) + "\n");
  return absl::OkStatus();
}

// --- back

Status DebugConsole::WentBack(const StatusOr<bool>& found) {
  if (!found.ok()) return found.status();
  if (!*found) Say("this is the beginning\n");
  Stopped();
  return absl::OkStatus();
}

Status DebugConsole::CanGoBack() const {
  if (parts_.reverse != nullptr) return absl::OkStatus();
  return Errorf(StatusCode::kFailedPrecondition, "%s", parts_.why_not_back);
}

Status DebugConsole::DoBack(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 1));
  const StatusOr<u64> n = Count(words, 0, 1);
  if (!n.ok()) return n.status();
  LGX_RETURN_IF_ERROR(CanGoBack());
  return WentBack(parts_.reverse->Back(*n));
}

Status DebugConsole::DoReverseContinue(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 0));
  LGX_RETURN_IF_ERROR(CanGoBack());
  return WentBack(parts_.reverse->BackToStop());
}

}  // namespace lgx
