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

constexpr JourneyMoment Start(std::string_view stop) { return {stop, Kind::kStart}; }
constexpr JourneyMoment Begin(std::string_view stop) { return {stop, Kind::kBegin}; }
constexpr JourneyMoment End(std::string_view stop) { return {stop, Kind::kEnd}; }
constexpr JourneyMoment At(std::string_view stop, Stage stage) {
  return {stop, Kind::kStage, stage};
}
constexpr JourneyMoment Trap(std::string_view stop, u32 number) {
  return {stop, Kind::kTrap, Stage::kSaveHost, number};
}
constexpr JourneyMoment Calls(std::string_view stop, Call call) {
  return {stop, Kind::kCall, Stage::kSaveHost, 0, call};
}
constexpr JourneyMoment Grows(std::string_view stop, u64 (*counter)(const Guest&)) {
  return {stop, Kind::kCounter, Stage::kSaveHost, 0, Call::kUnknown, counter};
}

constexpr JourneyMoment kMoments[] = {
    At("crossing.010", Stage::kSaveHost),
    At("crossing.020", Stage::kSaveGuest),
    At("crossing.030", Stage::kFindHandler),
    At("crossing.040", Stage::kLoadGuestCr3),
    Begin("crossing.050"),
    Begin("crossing.060"),
    Begin("crossing.070"),
    End("crossing.080"),
    End("crossing.090"),
    Start("devices.010"),
    Calls("devices.020", Call::kNotify),
    Calls("devices.030", Call::kNotify),
    Calls("devices.050", Call::kNotify),
    Grows("devices.100", Forwarded),
    Trap("hypercalls.010", kLguestTrapEntry),
    Grows("hypercalls.020", AsyncCalls),
    Grows("hypercalls.030", AsyncCalls),
    Calls("hypercalls.040", Call::kLguestInit),
    Grows("hypercalls.050", Rewritten),
    Start("machine.010"),
    Start("machine.020"),
    Begin("machine.030"),
    Start("machine.040"),
    Grows("machine.060", Forwarded),
    Start("memory.010"),
    Start("memory.020"),
    Begin("memory.030"),
    At("memory.040", Stage::kLoadGuestCr3),
    Start("paging.020"),
    Start("paging.030"),
    Grows("paging.040", Filled),
    Grows("paging.050", Filled),
    Calls("paging.060", Call::kSetPte),
    Grows("paging.070", FlushedAll),
    Begin("paging.080"),
    Grows("paging.090", Forwarded),
    At("privilege.010", Stage::kEnterGuest),
    Calls("privilege.020", Call::kLoadIdtEntry),
    Grows("privilege.030", GuestFaults),
    Trap("privilege.040", 13),
    Grows("privilege.050", Forwarded),
    Start("time.010"),
    Trap("time.020", kHostTimerVector),
    Calls("time.030", Call::kHalt),
    Calls("time.040", Call::kSetClockevent),
    Grows("time.050", Injected),
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
