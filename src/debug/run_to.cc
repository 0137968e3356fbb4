// RunControl::RunTo: how each kind of point is recognised.
#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "debug/journey_moments.h"
#include "debug/run_control.h"

namespace lgx {
namespace {

using Why = StopReport::Why;

// The call in the registers of the crossing that has just ended; nothing if it was no
// hypercall.
std::optional<Call> CallInRegisters(const Guest& guest) {
  if (guest.cpu.regs.trapnum() != kLguestTrapEntry) return std::nullopt;
  return guest.abi.CallOf(guest.cpu.regs.eax());
}

std::optional<Call> CallFromName(std::string_view name) {
  for (u32 i = 0; i < kCalls; ++i) {
    if (name == NameOf(static_cast<Call>(i))) return static_cast<Call>(i);
  }
  return std::nullopt;
}

std::string CallNames() {
  std::string names;
  for (u32 i = 1; i < kCalls; ++i)
    names += std::string(NameOf(static_cast<Call>(i))) + ", ";
  return names + "ANY";
}

constexpr std::string_view kAnyCall = "ANY";

}  // namespace

Status RunControl::AimAtHypercall(const Point& point) {
  const Guest& guest = machine_.guest();
  const std::optional<Call> call = CallFromName(point.text);
  if (!call && point.text != kAnyCall) {
    return Errorf(kNotFound, "there is no hypercall \"%s\"; there are %s", point.text,
                  CallNames());
  }
  target_.done = [&guest, call] {
    return call ? guest.stats.calls[static_cast<u32>(*call)] : guest.stats.hypercalls;
  };
  target_.about_to = [&guest, call] {
    const std::optional<Call> now = CallInRegisters(guest);
    return now && (!call || now == call);
  };
  return absl::OkStatus();
}

Status RunControl::AimAtStop(const Point& point) {
  using Kind = JourneyMoment::Kind;
  const JourneyMoment* const moment = FindJourneyMoment(point.text);
  if (moment == nullptr) {
    return Errorf(kNotFound,
                  "no moment of a run belongs to a stop \"%s\" of the journey; "
                  "docs/journey.md has them all, for example paging.040",
                  point.text);
  }
  const Guest& guest = machine_.guest();
  const SwitcherText& text = machine_.crossing().text();
  switch (moment->kind) {
    case Kind::kStart:
      target_.goal.instructions = 0;
      break;
    case Kind::kBegin:
      target_.done = [this] { return machine_.crossing().count(); };
      break;
    case Kind::kTrap:
      target_.done = [this] { return target_.at_ends; };
      target_.about_to = [&guest, number = moment->number] {
        return guest.cpu.regs.trapnum() == number;
      };
      break;
    case Kind::kStage:
      for (const StagePlace& place : text.places) {
        if (place.stage != moment->stage) continue;
        target_.at.push_back(text.at + place.offset);
      }
      break;
    case Kind::kCall:
      return AimAtHypercall({Point::Kind::kHypercall, point.count, NameOf(moment->call)});
    case Kind::kCounter:
      target_.done = [&guest, counter = moment->counter] { return counter(guest); };
      break;
  }
  return absl::OkStatus();
}

Status RunControl::Aim(const Point& point) {
  target_ = Target();
  target_.point = point;
  target_.left = point.count;
  switch (point.kind) {
    case Point::Kind::kEnd:
    case Point::Kind::kConsole:
      break;
    case Point::Kind::kInstruction:
      target_.goal.instructions = point.count;
      break;
    case Point::Kind::kTime:
      target_.goal.ns = point.count;
      break;
    case Point::Kind::kCrossing:
      target_.done = [this] { return machine_.crossing().count(); };
      target_.wanted = point.count;
      return absl::OkStatus();
    case Point::Kind::kSymbol: {
      const std::optional<u32> at =
          symbols_ == nullptr ? std::nullopt : symbols_->AddressOf(point.text);
      if (!at) {
        return Errorf(kNotFound, "no symbol \"%s\" is known%s", point.text,
                      symbols_ == nullptr || symbols_->empty()
                          ? "; give a vmlinux with symbols, or --symbols System.map"
                          : "");
      }
      target_.at.push_back(Lin(*at));
      break;
    }
    case Point::Kind::kStop:
      LGX_RETURN_IF_ERROR(AimAtStop(point));
      break;
    case Point::Kind::kHypercall:
      LGX_RETURN_IF_ERROR(AimAtHypercall(point));
      break;
  }
  if (target_.done) target_.wanted = target_.done() + point.count;
  return absl::OkStatus();
}

bool RunControl::TargetDone(bool at_end) {
  if (target_.reached || !target_.done) return false;
  u64 done = target_.done();
  if (at_end) {
    if (!target_.about_to || !target_.about_to()) return false;
    ++done;
    ++target_.at_ends;
  }
  return target_.reached = done >= target_.wanted;
}

StatusOr<StopReport> RunControl::RunTo(const Point& point) {
  LGX_RETURN_IF_ERROR(Aim(point));
  private_ = Private();
  if (point.kind == Point::Kind::kCrossing &&
      machine_.crossing().count() >= point.count) {
    Report(Why::kReached);
    return last_;
  }
  return Run(Mode::kRun, target_.goal);
}

}  // namespace lgx
