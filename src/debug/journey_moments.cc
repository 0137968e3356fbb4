#include "debug/journey_moments.h"

#include <numeric>

#include "switcher/crossing.h"

namespace lgx {
namespace {

using Kind = JourneyMoment::Kind;

u64 Filled(const Guest& guest) { return guest.shadow.stats().demand_filled; }
u64 FlushedAll(const Guest& guest) { return guest.shadow.stats().flush_full; }
u64 GuestFaults(const Guest& guest) { return guest.shadow.stats().fault_guest; }
u64 AsyncCalls(const Guest& guest) { return guest.stats.hypercalls_async; }
u64 Rewritten(const Guest& guest) { return guest.stats.rewritten; }
u64 Forwarded(const Guest& guest) { return guest.stats.forwarded; }
u64 Injected(const Guest& guest) {
  const auto& irqs = guest.stats.irqs_injected;
  return std::accumulate(irqs.begin(), irqs.end(), u64{0});
}

// What `lgx tour` shows.
using Tour = std::optional<Moment>;
constexpr Tour kTextAlone = std::nullopt;
constexpr Tour kAtStart = Moment{Moment::Kind::kStart};
constexpr Tour kACrossing = Moment{Moment::Kind::kCrossing};
constexpr Tour kAnInterrupt = Moment{Moment::Kind::kInterrupt};
constexpr Tour PageFault(u64 count = 1) {
  return Moment{Moment::Kind::kPageFault, 0, Call::kUnknown, count};
}
constexpr Tour ExitBy(u32 trap) { return Moment{Moment::Kind::kExit, trap}; }
constexpr Tour ACall(Call call = Call::kUnknown) {
  return Moment{Moment::Kind::kCall, 0, call};
}

constexpr JourneyMoment Start(std::string_view stop, Tour tour = kAtStart) {
  return {stop, Kind::kStart, Stage::kSaveHost, 0, Call::kUnknown, nullptr, tour};
}
constexpr JourneyMoment Begin(std::string_view stop, Tour tour = kACrossing) {
  return {stop, Kind::kBegin, Stage::kSaveHost, 0, Call::kUnknown, nullptr, tour};
}
constexpr JourneyMoment At(std::string_view stop, Stage stage, Tour tour = kACrossing) {
  return {stop, Kind::kStage, stage, 0, Call::kUnknown, nullptr, tour};
}
constexpr JourneyMoment Trap(std::string_view stop, u32 number, Tour tour) {
  return {stop, Kind::kTrap, Stage::kSaveHost, number, Call::kUnknown, nullptr, tour};
}
constexpr JourneyMoment Trap(std::string_view stop, u32 number) {
  return Trap(stop, number, ExitBy(number));
}
constexpr JourneyMoment Calls(std::string_view stop, Call call) {
  return {stop, Kind::kCall, Stage::kSaveHost, 0, call, nullptr, ACall(call)};
}
constexpr JourneyMoment Grows(std::string_view stop, u64 (*counter)(const Guest&),
                              Tour tour) {
  return {stop, Kind::kCounter, Stage::kSaveHost, 0, Call::kUnknown, counter, tour};
}

constexpr JourneyMoment kMoments[] = {
    At("crossing.010", Stage::kSaveHost),
    At("crossing.020", Stage::kSaveGuest),
    At("crossing.030", Stage::kFindHandler, ExitBy(kHostTimerVector)),
    At("crossing.040", Stage::kLoadGuestCr3),
    Begin("crossing.050"),
    Begin("crossing.060"),
    Begin("crossing.070"),
    Trap("crossing.080", kLguestTrapEntry),
    Trap("crossing.090", 14),
    Start("devices.010", kTextAlone),
    Calls("devices.020", Call::kNotify),
    Calls("devices.030", Call::kNotify),
    Grows("devices.100", Forwarded, kTextAlone),
    Trap("hypercalls.010", kLguestTrapEntry, ACall()),
    Grows("hypercalls.020", AsyncCalls, kTextAlone),
    Grows("hypercalls.030", AsyncCalls, ExitBy(kLguestTrapEntry)),
    Calls("hypercalls.040", Call::kLguestInit),
    Grows("hypercalls.050", Rewritten, kTextAlone),
    Calls("hypercalls.060", Call::kShutdown),
    Start("machine.010"),
    Start("machine.020"),
    Begin("machine.030"),
    Start("machine.040", kTextAlone),
    Grows("machine.060", Forwarded, kTextAlone),
    Start("memory.010", kTextAlone),
    Start("memory.020"),
    Begin("memory.030", PageFault()),
    At("memory.040", Stage::kLoadGuestCr3, kTextAlone),
    Grows("paging.010", Filled, PageFault()),
    Start("paging.020", PageFault(100)),
    Start("paging.030"),
    Grows("paging.040", Filled, PageFault()),
    Grows("paging.050", Filled, kTextAlone),
    Calls("paging.060", Call::kSetPte),
    Grows("paging.070", FlushedAll, ACall(Call::kFlushTlb)),
    Begin("paging.080"),
    Grows("paging.090", Forwarded, kTextAlone),
    Calls("paging.100", Call::kNewPgtable),
    At("privilege.010", Stage::kEnterGuest),
    Calls("privilege.020", Call::kLoadIdtEntry),
    Grows("privilege.030", GuestFaults, ExitBy(0)),
    Trap("privilege.040", 13),
    Grows("privilege.050", Forwarded, kTextAlone),
    Start("time.010", kTextAlone),
    Trap("time.020", kHostTimerVector),
    Calls("time.030", Call::kHalt),
    Calls("time.040", Call::kSetClockevent),
    Grows("time.050", Injected, kAnInterrupt),
};

}  // namespace

std::span<const JourneyMoment> JourneyMoments() { return kMoments; }

const JourneyMoment* FindJourneyMoment(std::string_view stop) {
  for (const JourneyMoment& moment : kMoments) {
    if (moment.stop == stop) return &moment;
  }
  return nullptr;
}

}  // namespace lgx
