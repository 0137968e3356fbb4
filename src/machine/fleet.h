// Several Guests in one process, each on a machine of its own, with hubs between them.
//
// They run in turns, each to the same virtual time before any goes on: a piece of
// kFleetPieceNs, or, when all of them sleep, up to the piece in which the first one
// wakes. Between two pieces the hubs deliver. So what each Guest sees, and when, depends
// on the configs, the files and the input alone.
#ifndef LGX_MACHINE_FLEET_H_
#define LGX_MACHINE_FLEET_H_

#include <functional>
#include <span>
#include <vector>

#include "machine/launcher.h"

namespace lgx {

inline constexpr u64 kFleetPieceNs = 100'000;

struct FleetMember {
  const MachineConfig& config;
  ConsoleBackend& console;
  LaunchObserver& observer;
};

struct FleetResult {
  std::vector<LaunchResult> guests;  // in the order of the members
  u64 hash = 0;                      // of all Guests, and of what was between them
  u64 lost_frames = 0;               // that the hubs had no room for
};

// Runs all members to their ends, restarts included. What the person at a console, a
// signal or --timeout ends, it ends for all. `ready`, unless null, is called when all
// files are open and no Guest has run; its error ends all.
StatusOr<FleetResult> LaunchFleet(std::span<const FleetMember> members,
                                  const BuiltinKernel& builtin,
                                  const std::function<Status()>& ready = nullptr);

}  // namespace lgx

#endif  // LGX_MACHINE_FLEET_H_
