#include "debug/gdb_machine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "debug/gdb_packet.h"
#include "hypercalls/guest_regs.h"

namespace lgx {
namespace {

using Why = StopReport::Why;

// What of EFLAGS may be written: nothing that the Guest could not set with POPF.
constexpr u32 kWritableFlags = 0x00240dd5;

constexpr const char* kHelp =
    "space lin|gpa|mpa  which addresses memory, breakpoints and watchpoints have\n"
    "step guest|all     whether a step passes over the Switcher and the Host\n"
    "where              where the machine stands, and why\n"
    "stats              the counters\n";

// A word and the rest behind it.
std::pair<std::string_view, std::string_view> SplitWord(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\n')) text.remove_suffix(1);
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return {text, {}};
  std::string_view rest = text.substr(space);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  return {text.substr(0, space), rest};
}

u8 AccessOf(u32 type) {
  switch (type) {
    case 2:
      return StopPlace::kWrite;
    case 3:
      return StopPlace::kRead;
    case 4:
      return StopPlace::kRead | StopPlace::kWrite;
    default:
      return StopPlace::kExecute;
  }
}

}  // namespace

GdbMachine::GdbMachine(RunControl& control, Options options)
    : control_(control), options_(std::move(options)) {}

GdbMachine::~GdbMachine() {
  for (const auto& [key, id] : points_) control_.Remove(id);
}

void GdbMachine::Attach() { last_ = Translate(control_.SettleInGuest()); }

// ---- registers

GdbGeneral GdbMachine::General() const {
  GdbGeneral general;
  const Cpu& cpu = control_.machine().cpu();
  if (control_.BetweenCrossings()) {
    const GuestRegs& r = control_.machine().guest().cpu.regs;
    const u32 regs[8] = {r.eax(), r.ecx(), r.edx(), r.ebx(),
                         r.esp(), r.ebp(), r.esi(), r.edi()};
    std::copy(std::begin(regs), std::end(regs), general.regs);
    general.eip = r.eip();
    general.eflags = r.eflags();
    const u32 selectors[6] = {r.cs(), r.ss(), r.ds(), r.es(), r.fs(), r.gs()};
    std::copy(std::begin(selectors), std::end(selectors), general.selectors);
    return general;
  }
  const CpuState& s = cpu.state;
  std::copy_n(s.regs, 8, general.regs);
  general.eip = s.eip;
  general.eflags = cpu.Eflags();
  constexpr Seg kOrder[6] = {Seg::kCs, Seg::kSs, Seg::kDs, Seg::kEs, Seg::kFs, Seg::kGs};
  for (u32 i = 0; i < 6; ++i) {
    general.selectors[i] = s.seg[static_cast<u8>(kOrder[i])].selector;
  }
  return general;
}

u32 GdbMachine::GuestCpl() const {
  if (!control_.BetweenCrossings()) return control_.machine().cpu().state.cpl;
  return control_.machine().guest().cpu.regs.cs() & 3;
}

std::string GdbMachine::ReadRegisters() {
  return GdbRegisterBlock(General(), control_.machine().cpu().state, GuestCpl());
}

bool GdbMachine::WriteRegister(u32 number, std::span<const u8> value) {
  // In the Switcher or the Host it would be ours, and the crossing would fail.
  const bool between = control_.BetweenCrossings();
  if (control_.ended() || (!between && !IsGuest(control_.CurrentParty()))) return false;
  Cpu& cpu = control_.machine().cpu();
  if (number > kGdbEflags) return GdbSetFpuRegister(number, value, &cpu.state.fpu);
  if (value.size() != 4) return false;
  u32 word = LoadLe<u32>(value.data());
  if (number == kGdbEflags) {
    word = (General().eflags & ~kWritableFlags) | (word & kWritableFlags);
  }
  if (!between) {
    if (number == kGdbEip) {
      cpu.state.eip = word;
    } else if (number == kGdbEflags) {
      cpu.SetEflags(word);
    } else {
      cpu.state.regs[number] = word;
    }
    return true;
  }
  GuestRegs regs(cpu.memory(), control_.machine().guest().cpu.regs_page);
  using Setter = void (GuestRegs::*)(u32);
  constexpr Setter kSetters[kGdbEflags + 1] = {
      &GuestRegs::set_eax,   &GuestRegs::set_ecx, &GuestRegs::set_edx,
      &GuestRegs::set_ebx,   &GuestRegs::set_esp, &GuestRegs::set_ebp,
      &GuestRegs::set_esi,   &GuestRegs::set_edi, &GuestRegs::set_eip,
      &GuestRegs::set_eflags};
  (regs.*kSetters[number])(word);
  return true;
}

// ---- memory and places

u32 GdbMachine::ReadMemory(u64 at, std::span<u8> to) {
  return control_.ReadMemory(space_, at, to);
}

bool GdbMachine::WriteMemory(u64 at, std::span<const u8> from) {
  return control_.WriteMemory(space_, at, from);
}

bool GdbMachine::Insert(u32 type, u64 at, u32 len) {
  const PointKey key{type, space_, at, len};
  if (type > 4 || points_.contains(key)) return type <= 4;
  StopPlace place;
  place.access = AccessOf(type);
  place.space = space_;
  place.address = at;
  place.len = type < 2 ? 1 : len;
  const StatusOr<u32> id = control_.Add(place);
  if (id.ok()) points_[key] = *id;
  return id.ok();
}

bool GdbMachine::Remove(u32 type, u64 at, u32 len) {
  const auto found = points_.find({type, space_, at, len});
  if (found == points_.end()) return true;  // as gdb wants it
  control_.Remove(found->second);
  points_.erase(found);
  return true;
}

// ---- running

GdbStop GdbMachine::Translate(const StopReport& report) {
  using GdbWhy = GdbStop::Why;
  GdbStop stop;
  switch (report.why) {
    case Why::kEnded:
      stop.why = GdbWhy::kExited;
      if (options_.exit_code) {
        stop.code = options_.exit_code(control_.machine().ending());
      }
      break;
    case Why::kInterrupted:
      stop.why = GdbWhy::kInterrupted;
      break;
    case Why::kBreakpoint:
    case Why::kWatchpoint:
      for (const auto& [key, id] : points_) {
        if (id != report.place) continue;
        constexpr GdbWhy kWhy[5] = {GdbWhy::kSoftwareBreakpoint,
                                    GdbWhy::kHardwareBreakpoint, GdbWhy::kWrite,
                                    GdbWhy::kRead, GdbWhy::kAccess};
        stop.why = kWhy[key.type];
        stop.address = key.at;
      }
      break;
    default:
      break;
  }
  return stop;
}

const StopReport& GdbMachine::StepRange(u64 from, u64 to) {
  constexpr u32 kBetweenPolls = 1024;
  u32 steps = 0;
  do {
    control_.StepGuest();
    if (++steps % kBetweenPolls == 0) (void)control_.PollNow();
  } while (control_.last().why == Why::kStep && General().eip >= from &&
           General().eip < to);
  return control_.last();
}

GdbStop GdbMachine::Back(GdbResume::Kind kind) {
  ReverseExecution* const reverse = options_.reverse;
  if (reverse == nullptr) return last_;
  StatusOr<bool> found = false;
  if (kind == GdbResume::Kind::kReverseContinue) {
    found = reverse->BackToStop();
  } else {
    found = step_all_ ? reverse->Back(1) : reverse->BackInGuest();
  }
  const GdbStop stop = Translate(control_.last());
  control_.SettleInGuest();
  return found.ok() && *found ? stop : GdbStop{GdbStop::Why::kHistoryBegin, 0, 0};
}

GdbStop GdbMachine::Resume(const GdbResume& how) {
  if (control_.ended()) return last_ = Translate(control_.last());
  switch (how.kind) {
    case GdbResume::Kind::kContinue:
      control_.Continue();
      break;
    case GdbResume::Kind::kStep:
      step_all_ ? control_.Step() : control_.StepGuest();
      break;
    case GdbResume::Kind::kStepRange:
      StepRange(how.from, how.to);
      break;
    case GdbResume::Kind::kReverseStep:
    case GdbResume::Kind::kReverseContinue:
      return last_ = Back(how.kind);
  }
  // Ctrl-C may come anywhere. A breakpoint in the Switcher is meant.
  const Why why = control_.last().why;
  if (why == Why::kInterrupted || why == Why::kWatchpoint) {
    const GdbStop stop = Translate(control_.last());
    if (control_.SettleInGuest().why == why) return last_ = stop;
  }
  return last_ = Translate(control_.last());
}

// ---- for people

std::string GdbMachine::ThreadName() {
  if (control_.BetweenCrossings()) {
    const char* const ring = GuestCpl() == 3 ? "Guest user" : "Guest kernel";
    return std::string(ring) +
           (control_.machine().guest().cpu.halted ? ", asleep" : ", to be entered");
  }
  return std::string(NameOf(control_.CurrentParty()));
}

std::string GdbMachine::ShowSpace(std::string_view name) {
  if (!name.empty()) {
    const std::optional<Space> space = SpaceFromName(name);
    if (!space) return "space lin, space gpa or space mpa\n";
    space_ = *space;
  }
  return absl::StrFormat("addresses are %s\n", NameOf(space_));
}

std::string GdbMachine::ShowStep(std::string_view what) {
  if (what == "all" || what == "guest") {
    step_all_ = what == "all";
  } else if (!what.empty()) {
    return "step guest or step all\n";
  }
  return step_all_ ? "a step is one instruction of anybody\n"
                   : "a step is one of the Guest\n";
}

std::string GdbMachine::ShowStop() {
  const StopReport& last = control_.last();
  return absl::StrFormat("%s, EIP 0x%08x; instruction %d, %.6f s, crossing %d%s\n",
                         ThreadName(), General().eip, control_.machine().instructions(),
                         static_cast<double>(control_.machine().virtual_ns()) / 1e9,
                         last.crossing, last.inside ? "" : ", between two crossings");
}

std::string GdbMachine::ShowStats() {
  Stats stats;
  control_.machine().VisitStats(stats);
  std::string out;
  for (const auto& [name, value] : stats.counters()) {
    out += absl::StrFormat("%-40s %d\n", name, value);
  }
  return out;
}

std::string GdbMachine::Monitor(std::string_view command) {
  const auto [word, rest] = SplitWord(command);
  if (word == "space") return ShowSpace(rest);
  if (word == "step") return ShowStep(rest);
  if (word == "where") return ShowStop();
  if (word == "stats") return ShowStats();
  const bool help = word == "help" || word.empty();
  std::string text = help && rest.empty() ? kHelp : "";
  if (options_.commands) return text + options_.commands(help ? "help" : command);
  if (help) return text;
  return absl::StrFormat("there is no command \"%s\"; monitor help lists them\n", word);
}

}  // namespace lgx
