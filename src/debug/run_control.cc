#include "debug/run_control.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "switcher/stages.h"

namespace lgx {
namespace {

using Why = StopReport::Why;

// How often the poll function is called: some ten milliseconds of a fast machine.
constexpr u64 kSlice = 2'000'000;
constexpr u64 kForEver = EventSource::kNever;

bool Overlaps(u64 a, u64 a_len, u64 b, u64 b_len) {
  return a - b < b_len || b - a < a_len;
}

}  // namespace

std::string_view NameOf(Party party) {
  switch (party) {
    case Party::kHost:
      return "Host";
    case Party::kSwitcher:
      return "Switcher";
    case Party::kGuestKernel:
      return "Guest kernel";
    case Party::kGuestUser:
      return "Guest user";
  }
  return "?";
}

std::string_view NameOf(Space space) {
  constexpr std::string_view kNames[] = {"lin", "gpa", "mpa"};
  return kNames[static_cast<u8>(space)];
}

std::optional<Space> SpaceFromName(std::string_view name) {
  for (const Space space : {Space::kLinear, Space::kGuestPhysical, Space::kMachine}) {
    if (NameOf(space) == name) return space;
  }
  return std::nullopt;
}

RunControl::RunControl(Machine& machine) : machine_(machine) {
  machine_.crossing().set_passage_observer(this);
  machine_.set_console_watch(this);
  Report(Why::kStart);
}

RunControl::~RunControl() {
  machine_.cpu().Inspect(nullptr, {});
  machine_.crossing().set_passage_observer(nullptr);
  machine_.set_console_watch(nullptr);
}

Party RunControl::CurrentParty() const {
  const CpuState& s = machine_.cpu().state;
  if (s.cpl == 3) return Party::kGuestUser;
  if (s.cpl != 0) return Party::kGuestKernel;
  const Lin lin(s.seg[static_cast<u8>(Seg::kCs)].base + s.eip);
  return machine_.crossing().text().Contains(lin) ? Party::kSwitcher : Party::kHost;
}

// ---- places

StatusOr<u32> RunControl::Add(StopPlace place) {
  const bool execute = (place.access & StopPlace::kExecute) != 0;
  if (place.access == 0 || (execute && place.access != StopPlace::kExecute)) {
    return Errorf(kInvalidArgument,
                  "a place is watched for execution, or for reads and writes");
  }
  if ((place.access & StopPlace::kRead) != 0 && place.space != Space::kLinear) {
    return Errorf(kInvalidArgument,
                  "reads can be watched by linear address only; watch %s:0x%x for writes",
                  NameOf(place.space), place.address);
  }
  if (place.len == 0 || place.len > kPageSize) {
    return Errorf(kInvalidArgument, "cannot watch %d bytes; 1 to %d are possible",
                  place.len, kPageSize);
  }
  const u64 end = place.address + place.len;
  const u64 limit = place.space == Space::kMachine ? machine_.cpu().memory().size()
                    : place.space == Space::kGuestPhysical ? machine_.view().size()
                                                           : u64{1} << 32;
  if (end < place.address || end > limit) {
    return Errorf(kInvalidArgument,
                  "%s:0x%x is outside of that space, which has 0x%x bytes",
                  NameOf(place.space), place.address, limit);
  }
  place.id = next_id_++;
  places_.push_back(place);
  return place.id;
}

bool RunControl::Remove(u32 id) {
  return std::erase_if(places_, [id](const StopPlace& p) { return p.id == id; }) != 0;
}

StopPlace* RunControl::Find(u32 id) {
  for (StopPlace& place : places_) {
    if (place.id == id) return &place;
  }
  return nullptr;
}

// ---- looking

std::optional<Mpa> RunControl::Translate(Space space, u64 address) const {
  const Cpu& cpu = machine_.cpu();
  if (space == Space::kMachine) {
    if (address >= u64{1} << 32) return std::nullopt;
    return Mpa(address);
  }
  if (space == Space::kGuestPhysical) {
    if (address >= machine_.view().size()) return std::nullopt;
    return machine_.view().ToMachine(Gpa(static_cast<u32>(address)));
  }
  if (address >= u64{1} << 32) return std::nullopt;
  const Lin lin(static_cast<u32>(address));
  const bool guests = BetweenCrossings() || IsGuest(CurrentParty());
  if (!guests) {
    const WalkResult walk = ObservePageTables(cpu.memory(), cpu.tlb().registers(), lin);
    if (!walk.ok) return std::nullopt;
    return MpaOf(walk.frame) + PageOffset(lin);
  }
  const DoubleWalk walk = machine_.guest().shadow.Observe(lin);
  if (walk.mpa) return walk.mpa;
  if (!walk.gpa || !machine_.view().Contains(*walk.gpa, 1)) return std::nullopt;
  return machine_.view().ToMachine(*walk.gpa);
}

u32 RunControl::ReadMemory(Space space, u64 address, std::span<u8> to) const {
  const PhysMemory& memory = machine_.cpu().memory();
  u32 done = 0;
  while (done < to.size()) {
    const std::optional<Mpa> at = Translate(space, address + done);
    if (!at || memory.ReadPointer(MfnOf(*at)) == nullptr) break;
    const u32 part =
        std::min<u32>(static_cast<u32>(to.size()) - done, kPageSize - PageOffset(*at));
    memory.Read(*at, to.data() + done, part);
    done += part;
  }
  return done;
}

bool RunControl::WriteMemory(Space space, u64 address, std::span<const u8> from) {
  PhysMemory& memory = machine_.cpu().memory();
  const auto each_part = [&](auto fn) {
    for (u32 done = 0; done < from.size();) {
      const std::optional<Mpa> at = Translate(space, address + done);
      if (!at || MfnOf(*at) < machine_.layout().guest || !memory.IsRam(MfnOf(*at))) {
        return false;
      }
      const u32 part = std::min<u32>(static_cast<u32>(from.size()) - done,
                                     kPageSize - PageOffset(*at));
      fn(*at, from.subspan(done, part));
      done += part;
    }
    return true;
  };
  if (!each_part([](Mpa, std::span<const u8>) {})) return false;
  writing_ = true;
  each_part([&](Mpa at, std::span<const u8> part) {
    memory.Write(at, part.data(), part.size());
  });
  writing_ = false;
  return true;
}

// ---- what is seen while it runs

void RunControl::Note(Why why, u32 place) {
  if (noted_) return;
  noted_ = why;
  noted_place_ = place;
}

bool RunControl::CountHit(StopPlace* place) {
  ++place->hits;
  if (place->ignore == 0) return true;
  --place->ignore;
  return false;
}

bool RunControl::AtPlace(Lin lin) {
  const bool hosts = CurrentParty() == Party::kHost;
  for (StopPlace& place : places_) {
    if (!place.enabled || place.access != StopPlace::kExecute) continue;
    if ((place.address & kPageMask) != PageOffset(lin)) continue;
    if (place.space == Space::kLinear) {
      if (hosts || place.address != lin.value) continue;
    } else {
      const std::optional<Mpa> here = Translate(Space::kLinear, lin.value);
      if (!here || here != Translate(place.space, place.address)) continue;
    }
    SkipThisPlace();
    if (!CountHit(&place)) continue;
    Note(Why::kBreakpoint, place.id);
    return true;
  }
  return false;
}

bool RunControl::BeforeInstruction(Lin lin) {
  if (quiet_) return false;
  const Cpu& cpu = machine_.cpu();
  if (comes_again_ == lin) {
    comes_again_.reset();
    return false;
  }
  if (lin == skip_at_ && cpu.retired() == skip_instructions_) return false;
  if (AtPlace(lin)) return true;
  const std::optional<Stage> stage = CurrentStage();
  if (private_.guest_entry && stage == Stage::kEnterGuest) return noted_private_ = true;
  if (private_.at == lin && cpu.state.regs[kEsp] == private_.esp) {
    return noted_private_ = true;
  }
  const bool aimed = std::count(target_.at.begin(), target_.at.end(), lin) != 0;
  if (aimed && CurrentParty() != Party::kHost) {
    SkipThisPlace();
    if (--target_.left == 0) return target_.reached = true;
  }
  if (!kinds_.stages || !stage || mode_ == Mode::kStep) return false;
  noted_stage_ = stage;
  Note(Why::kStage);
  return true;
}

bool RunControl::Meets(const StopPlace& place, Space space, u64 at, u32 len,
                       bool write) const {
  if (!place.enabled || (place.access & StopPlace::kExecute) != 0) return false;
  if ((place.access & (write ? StopPlace::kWrite : StopPlace::kRead)) == 0) return false;
  if ((place.space == Space::kLinear) != (space == Space::kLinear)) return false;
  u64 address = place.address;
  if (place.space == Space::kGuestPhysical) {
    const std::optional<Mpa> machine = Translate(place.space, address);
    if (!machine) return false;
    address = machine->value;
  }
  return Overlaps(at, len, address, place.len);
}

bool RunControl::NoteAccess(Space space, u64 at, u32 len, bool write) {
  if (quiet_ || writing_ || hit_) return false;
  for (const StopPlace& place : places_) {
    if (!Meets(place, space, at, len, write)) continue;
    Hit hit{place.id, {space, at, len, write, {}, {}}};
    hit.watch.old_value.resize(place.len);
    hit.watch.old_value.resize(
        ReadMemory(place.space, place.address, hit.watch.old_value));
    hit_ = std::move(hit);
    return true;
  }
  return false;
}

bool RunControl::OnAccess(Lin at, u32 len, bool write) {
  if (CurrentParty() == Party::kHost) return false;
  return NoteAccess(Space::kLinear, at.value, len, write);
}

bool RunControl::OnStore(Mpa at, const u8*, u32 len) {
  return NoteAccess(Space::kMachine, at.value, len, true);
}

bool RunControl::OnEvent(const Event& event) {
  if (quiet_) return false;
  const bool at_once = machine_.cpu().retired() == skip_instructions_;
  if (at_once && event.kind == EventKind::kFault) comes_again_ = skip_at_;
  if (mode_ != Mode::kStep && !kinds_.events) return false;
  noted_event_ = event;
  Note(Why::kEvent);
  return true;
}

bool RunControl::AtBegin() {
  if (quiet_) return false;
  if (TargetDone(false)) return true;
  if (!kinds_.crossing_begin || mode_ == Mode::kStep) return false;
  Note(Why::kCrossingBegin);
  return true;
}

bool RunControl::AtEnd() {
  if (quiet_) return false;
  if (TargetDone(true)) return true;
  if (private_.crossing_end) return noted_private_ = true;
  if (!kinds_.crossing_end || mode_ == Mode::kStep) return false;
  Note(Why::kCrossingEnd);
  return true;
}

bool RunControl::OnOutput(std::span<const u8> bytes) {
  if (quiet_) return false;
  if (target_.point.kind != Point::Kind::kConsole || target_.reached) return false;
  const std::string& wanted = target_.point.text;
  for (const u8 byte : bytes) {
    target_.seen += static_cast<char>(byte);
    if (!target_.seen.ends_with(wanted)) continue;
    target_.seen.clear();
    if (--target_.left == 0) return target_.reached = true;
  }
  if (target_.seen.size() > wanted.size()) {
    target_.seen.erase(0, target_.seen.size() - wanted.size());
  }
  return false;
}

// ---- running

// Tells the processor what to ask about.
void RunControl::Arm(Mode mode) {
  mode_ = mode;
  InspectionPlan plan;
  for (const StopPlace& place : places_) {
    if (!place.enabled) continue;
    if (place.access == StopPlace::kExecute) {
      plan.code.set(place.address & kPageMask);
      continue;
    }
    for (u64 at = place.address & ~u64{kPageMask}; at < place.address + place.len;
         at += kPageSize) {
      if (place.space == Space::kLinear) {
        plan.pages.push_back(
            {Lin(static_cast<u32>(at)), (place.access & StopPlace::kRead) != 0});
      } else if (const std::optional<Mpa> machine = Translate(place.space, at)) {
        plan.frames.push_back(MfnOf(*machine));
      }
    }
  }
  if (kinds_.stages || private_.guest_entry) {
    const SwitcherText& text = machine_.crossing().text();
    for (const StagePlace& place : text.places) {
      plan.code.set(PageOffset(text.at + place.offset));
    }
    for (const u32 stub : text.default_idt_entries) plan.code.set(stub & kPageMask);
  }
  if (private_.at) plan.code.set(PageOffset(*private_.at));
  for (const Lin at : target_.at) plan.code.set(PageOffset(at));
  plan.events = true;
  machine_.cpu().Inspect(this, plan);
  SkipThisPlace();
}

// Who goes on from a breakpoint does not meet it again at once.
void RunControl::SkipThisPlace() {
  const CpuState& s = machine_.cpu().state;
  skip_instructions_ = machine_.cpu().retired();
  skip_at_ = Lin(s.seg[static_cast<u8>(Seg::kCs)].base + s.eip);
}

void RunControl::Report(Why why) {
  const CpuState& s = machine_.cpu().state;
  last_ = StopReport();
  last_.why = why;
  last_.instructions = machine_.instructions();
  last_.ns = machine_.virtual_ns();
  last_.crossing = machine_.crossing().count();
  last_.inside = machine_.crossing().Inside();
  last_.party = CurrentParty();
  last_.eip = s.eip;
  last_.lin = Lin(s.seg[static_cast<u8>(Seg::kCs)].base + s.eip);
}

// The instruction that met a watchpoint is done. False: it did not count.
bool RunControl::SettleWatch() {
  if (!hit_) return false;
  Hit hit = *std::exchange(hit_, std::nullopt);
  StopPlace* const place = Find(hit.id);
  CHECK(place != nullptr) << "a watchpoint went while the machine ran";
  StopReport::Watch& watch = hit.watch;
  watch.new_value.resize(place->len);
  watch.new_value.resize(ReadMemory(place->space, place->address, watch.new_value));
  const bool changed = watch.new_value != watch.old_value;
  if (machine_.cpu().fault_waiting() && !changed) return false;
  if (place->only_changes && watch.write && !changed) return false;
  if (!CountHit(place)) return false;
  Report(Why::kWatchpoint);
  last_.place = hit.id;
  last_.watch = std::move(watch);
  return true;
}

// Something that was noted on the way is reported.
bool RunControl::SettleNoted() {
  if (!noted_) return false;
  Report(*noted_);
  last_.place = noted_place_;
  last_.stage = noted_stage_;
  last_.event = noted_event_;
  return true;
}

void RunControl::ForgetNoted() {
  noted_.reset();
  noted_private_ = false;
  noted_stage_.reset();
  noted_event_.reset();
  hit_.reset();
}

// Until something is noted, the goal is reached, or the end.
const StopReport& RunControl::Run(Mode mode, const Machine::Goal& goal) {
  ForgetNoted();
  Arm(mode);
  return RunArmed(mode, goal);
}

const StopReport& RunControl::RunArmed(Mode mode, const Machine::Goal& goal) {
  while (true) {
    Machine::Goal slice = goal;
    if (poll_) {
      slice.instructions = std::min(goal.instructions, machine_.instructions() + kSlice);
    }
    const Machine::Stop stop = runner_ ? runner_(slice) : machine_.RunTo(slice);
    if (stop == Machine::Stop::kEnded) {
      Report(Why::kEnded);
      break;
    }
    if (SettleWatch() || SettleNoted()) break;
    if (noted_private_ || target_.reached) {
      Report(Why::kReached);
      break;
    }
    const bool slice_only = stop == Machine::Stop::kReached &&
                            machine_.instructions() < goal.instructions &&
                            (goal.ns == kForEver || machine_.virtual_ns() < goal.ns);
    if (stop == Machine::Stop::kReached && !slice_only) {
      Report(mode == Mode::kStep ? Why::kStep : Why::kReached);
      break;
    }
    if (interrupted_ || (poll_ && poll_())) {
      Report(Why::kInterrupted);
      break;
    }
  }
  interrupted_ = false;
  return last_;
}

bool RunControl::PollNow() {
  if (!poll_ || ended() || !poll_()) return false;
  Report(Why::kInterrupted);
  return true;
}

const StopReport& RunControl::OneStep() {
  return Run(Mode::kStep, {machine_.instructions() + 1, kForEver});
}

const StopReport& RunControl::Step(u64 n) {
  target_ = Target();
  private_ = Private();
  for (u64 i = 0; i < n; ++i) {
    OneStep();
    const bool goes_on =
        last_.why == Why::kStep || (last_.why == Why::kEvent && !kinds_.events);
    if (!goes_on) break;
    if (i + 1 < n) {
      ForgetNoted();
      if (comes_again_ != last_.lin && AtPlace(last_.lin) && SettleNoted()) break;
    }
    if (n > 1 && i + 1 < n && i % 4096 == 4095 && PollNow()) break;
  }
  return last_;
}

// The stage whose first instruction is next.
std::optional<Stage> RunControl::CurrentStage() const {
  if (CurrentParty() != Party::kSwitcher) return std::nullopt;
  const CpuState& s = machine_.cpu().state;
  const Lin lin(s.seg[static_cast<u8>(Seg::kCs)].base + s.eip);
  const StageRange range = StageRangeAt(machine_.crossing().text(), lin);
  if (range.first != lin) return std::nullopt;
  return range.stage;
}

// From the Switcher or the Host into the Guest.
const StopReport& RunControl::RunToGuest() {
  while (true) {
    if (CurrentStage() != Stage::kEnterGuest) {
      private_ = Private();
      private_.guest_entry = true;
      Run(Mode::kRun, {});
      private_ = Private();
      if (!noted_private_ || last_.why != Why::kReached) return last_;
    }
    OneStep();
    if (last_.why != Why::kStep && last_.why != Why::kEvent) return last_;
    if (IsGuest(last_.party)) return last_;
  }
}

const StopReport& RunControl::StepGuest(bool over_irqs) {
  target_ = Target();
  private_ = Private();
  const auto where = [this] {
    const CpuState& s = machine_.cpu().state;
    return std::tuple(s.eip, s.regs[kEsp], s.cpl);
  };
  if (!IsGuest(CurrentParty())) {
    RunToGuest();
    return last_;
  }
  while (true) {
    const auto start = where();
    const Lin start_lin = Lin(machine_.cpu().segment(Seg::kCs).base + std::get<0>(start));
    OneStep();
    const bool retired = last_.why == Why::kStep;
    if (!retired && last_.why != Why::kEvent) return last_;
    const bool irq = !retired && last_.event->kind == EventKind::kInterrupt;
    if (!IsGuest(last_.party)) {
      RunToGuest();
      if (last_.why != Why::kStep) return last_;
    }
    if (retired) break;
    if (where() == start) continue;  // the fault was the Host's affair
    if (!irq || !over_irqs) break;
    private_.at = start_lin;
    private_.esp = std::get<1>(start);
    Run(Mode::kRun, {});
    private_ = Private();
    if (!noted_private_ || last_.why != Why::kReached) return last_;
  }
  Report(Why::kStep);
  return last_;
}

const StopReport& RunControl::Continue() {
  target_ = Target();
  private_ = Private();
  return Run(Mode::kRun, {});
}

StatusOr<StopReport> RunControl::RunToPlace(const StopPlace& place) {
  constexpr u32 kNobodys = 0;  // an id that Add() never gives
  const StatusOr<u32> id = Add(place);
  if (!id.ok()) return id.status();
  next_id_ = *id;
  places_.back().id = kNobodys;
  Continue();
  if (last_.why == Why::kBreakpoint && last_.place == kNobodys) Report(Why::kReached);
  Remove(kNobodys);
  return last_;
}

const StopReport& RunControl::SettleInGuest() {
  const Why why = last_.why;
  if (why == Why::kEnded || BetweenCrossings() || IsGuest(CurrentParty())) return last_;
  target_ = Target();
  private_ = Private();
  if (CurrentStage() != Stage::kEnterGuest) {
    private_.guest_entry = private_.crossing_end = true;
    Run(Mode::kRun, {});
    private_ = Private();
    if (!noted_private_ || last_.why != Why::kReached) return last_;
  }
  if (CurrentStage() == Stage::kEnterGuest) OneStep();
  Report(why);
  return last_;
}

// ---- for who can go back in time

const StopReport& RunControl::Moved(const StopReport& why) {
  Report(why.why);
  last_.place = why.place;
  last_.watch = why.watch;
  last_.stage = why.stage;
  last_.event = why.event;
  return last_;
}

void RunControl::WatchForStops() {
  target_ = Target();
  private_ = Private();
  ForgetNoted();
  Arm(Mode::kRun);
}

std::optional<StopReport> RunControl::TakeStop() {
  std::optional<StopReport> met;
  if (SettleWatch() || SettleNoted()) met = last_;
  ForgetNoted();
  SkipThisPlace();
  return met;
}

const StopReport& RunControl::ContinueFromHere() {
  WatchForStops();
  skip_instructions_ = kForEver;
  return RunArmed(Mode::kRun, {});
}

}  // namespace lgx
