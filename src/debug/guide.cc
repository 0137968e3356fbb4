#include "debug/guide.h"

#include "absl/strings/str_format.h"
#include "debug/explain.h"
#include "debug/page_map.h"
#include "debug/page_view.h"

namespace lgx {
namespace {

using Kind = Moment::Kind;

constexpr u32 kCategories =
    Trace::MaskOf(TraceCategory::kCrossing) | Trace::MaskOf(TraceCategory::kHypercall) |
    Trace::MaskOf(TraceCategory::kFault) | Trace::MaskOf(TraceCategory::kDemand) |
    Trace::MaskOf(TraceCategory::kIrq);

u32 ArgOf(const TraceEvent& event, std::string_view key) {
  for (const TraceArg& arg : event.args) {
    if (key == arg.key) return static_cast<u32>(arg.value);
  }
  return 0;
}

StageWorld WorldOf(Machine& machine) {
  const Guest& guest = machine.guest();
  return {machine.cpu(), guest.shadow, guest.host.port.Pages(),
          guest.host.port.HostRoot(), guest.cpu.regs_page};
}

}  // namespace

Guide::Guide(Machine& machine, const Symbols& symbols, const Moment& moment)
    : machine_(machine), symbols_(symbols), moment_(moment) {
  if (moment.kind == Kind::kCrossing) {
    machine.crossing().set_observer(this);
    machine.crossing().set_steps({this});
  } else {
    machine.AttachTrace(this, kCategories);
  }
}

Guide::~Guide() {
  if (moment_.kind == Kind::kCrossing) {
    machine_.crossing().set_observer(nullptr);
    machine_.crossing().set_steps({});
  } else {
    machine_.AttachTrace(nullptr, 0);
  }
}

bool Guide::Run() {
  if (moment_.kind == Kind::kStart) {
    Where();
    text_ += ViewPageMap(PageSpaceOf(machine_.guest()));
    return true;
  }
  machine_.Run();
  return !text_.empty();
}

void Guide::Finish() {
  done_ = true;
  machine_.End({Ending::Kind::kReached, "the moment has come", "", 0});
}

void Guide::Where() {
  const u64 ns = machine_.virtual_ns();
  text_ += absl::StrFormat("instruction %d, %d.%06d ms\n", machine_.instructions(),
                           ns / 1'000'000, ns % 1'000'000);
}

void Guide::ShowPage() {
  const Guest& guest = machine_.guest();
  text_ += ViewPage(PageSpaceOf(guest), Lin(guest.cpu.last_pagefault));
}

// --- by the trace

void Guide::OnEvent(const TraceEvent& event) {
  if (done_) return;
  if (event.category == TraceCategory::kFault && event.name == "page_fault") {
    OnPageFault();
  } else if (event.category == TraceCategory::kDemand && waits_for_fill_) {
    text_ += "\nand when the Host has filled it in:\n\n";
    ShowPage();
    Finish();
  } else if (event.category == TraceCategory::kFault && waits_for_fill_) {
    Finish();  // it was reflected
  } else if (event.category == TraceCategory::kCrossing && event.name == "exit") {
    OnExit();
  } else if (event.category == TraceCategory::kHypercall) {
    OnCall(event);
  } else if (event.category == TraceCategory::kIrq && event.name == "inject" &&
             moment_.kind == Kind::kInterrupt && Counts()) {
    Where();
    text_ += ExplainInjection(machine_.guest(), symbols_, ArgOf(event, "irq"));
    Finish();
  }
}

void Guide::OnPageFault() {
  if (moment_.kind != Kind::kPageFault || waits_for_fill_ || !Counts()) return;
  const Guest& guest = machine_.guest();
  Where();
  text_ += ExplainExit(guest, symbols_, ExitFactsOf(guest, guest.cpu.last_pagefault));
  text_ += "\n";
  ShowPage();
  waits_for_fill_ = true;
}

void Guide::OnExit() {
  const Guest& guest = machine_.guest();
  if (moment_.kind != Kind::kExit || guest.cpu.regs.trapnum() != moment_.number ||
      !Counts()) {
    return;
  }
  Where();
  text_ += ExplainExit(guest, symbols_, ExitFactsOf(guest, machine_.cpu().state.cr2));
  Finish();
}

void Guide::OnCall(const TraceEvent& event) {
  const Guest& guest = machine_.guest();
  HcallArgs args;
  args.number = ArgOf(event, "number");
  const Call call = guest.abi.CallOf(args.number);
  const bool any = moment_.call == Call::kUnknown;
  if (moment_.kind != Kind::kCall || (!any && call != moment_.call) || !Counts()) return;
  args.arg = {ArgOf(event, "arg1"), ArgOf(event, "arg2"), ArgOf(event, "arg3"),
              ArgOf(event, "arg4")};
  Where();
  text_ += ExplainHypercall(guest, symbols_, call, args, ArgOf(event, "async") != 0);
  Finish();
}

// --- by the stages

// What the stage that began last has changed.
void Guide::EndStage() {
  if (!stage_) return;
  const StageWorld world = WorldOf(machine_);
  text_ += StageHeading(crossing_, *stage_, vector_);
  text_ += DescribeStageChanges(world, before_, TakeStageSnapshot(world));
  stage_.reset();
}

void Guide::AtStage(Stage stage, Cpu& cpu) {
  if (stage == Stage::kSaveHost) {
    if (crossing_ == moment_.count && !done_) {
      EndStage();
      Finish();
    }
    ++crossing_;
  }
  if (crossing_ != moment_.count || done_) return;
  if (stage == Stage::kStub) {
    // The first instruction of the stub is behind it: the CPU's own work is shown with
    // it.
    const StageRange range = StageRangeAt(machine_.switcher_text(), Lin(cpu.state.eip));
    vector_ = range.vector;
    text_ += StageHeading(crossing_, stage, vector_);
    const StageWorld world = WorldOf(machine_);
    if (entered_) text_ += DescribeStageChanges(world, before_, TakeStageSnapshot(world));
    return;
  }
  EndStage();
  stage_ = stage;
  before_ = TakeStageSnapshot(WorldOf(machine_));
}

void Guide::AfterStep(Cpu& cpu) {
  if (crossing_ != moment_.count || done_) return;
  if (stage_ == Stage::kEnterGuest && cpu.state.cpl != 0) {
    EndStage();
    entered_ = true;
  } else if ((stage_ == Stage::kReturn || stage_ == Stage::kCallHandler) &&
             !machine_.switcher_text().Contains(Lin(cpu.state.eip))) {
    EndStage();
    Finish();
    return;
  }
  if (cpu.state.cpl != 0) before_ = TakeStageSnapshot(WorldOf(machine_));
}

}  // namespace lgx
