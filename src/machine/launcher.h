// What the lguest program did: read the files, choose how to boot them, run the Guest,
// and begin again when it restarts.
#ifndef LGX_MACHINE_LAUNCHER_H_
#define LGX_MACHINE_LAUNCHER_H_

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/stats.h"
#include "base/status.h"
#include "machine/config.h"
#include "machine/disks.h"
#include "machine/kernel_image.h"
#include "machine/machine.h"
#include "machine/networks.h"

namespace lgx {

// The kernel that needs no file, in both page-table formats.
struct BuiltinKernel {
  Bytes two_level;
  Bytes pae;
};

// A kernel and an initrd, read and looked at: what would run.
struct BootFiles {
  std::vector<u8> kernel_bytes;  // empty for the built-in guest
  Bytes kernel_file;
  std::vector<u8> initrd;
  KernelImage kernel;
  SymbolTable symbols;  // of the kernel, or of --symbols
  Generation generation = Generation::kR;
  PagingMode mode = PagingMode::kTwoLevel;
  bool mode_is_guess = false;  // nothing in the kernel told
  std::vector<std::string> warnings;
};

// Every check that needs no machine. Errors name the file and the next step.
StatusOr<BootFiles> ReadBootFiles(const MachineConfig& config,
                                  const BuiltinKernel& builtin);

struct LaunchResult {
  Ending ending;
  u64 instructions = 0;
  u64 virtual_ns = 0;
  u64 hash = 0;
  u32 boots = 0;
  std::string post_mortem;  // of a Guest that was killed or crashed
  Stats stats;
};

class LaunchObserver : public MachineObserver {
 public:
  // Before the first instruction of each boot.
  virtual void OnBoot(const BootFiles& files, u32 boot) = 0;
  virtual void OnWarning(const std::string& text) = 0;
  // The machine of a boot, before OnBoot(); and when it has ended, before it is gone.
  virtual void OnMachine(Machine&) {}
  virtual void OnMachineEnd(Machine&) {}
  // The Guest was killed or has crashed, for good or until it is booted again; the
  // machine is still there.
  virtual void OnCrash(const Machine&) {}
};

// Who stands between a run and the world outside: records it, or repeats a recorded one
// (replay/). Every function has the behaviour of an ordinary run.
class RunHooks {
 public:
  virtual ~RunHooks() = default;
  // The files of the next boot have been read, and `files.mode` is decided.
  virtual Status OnFiles(const BootFiles&) { return absl::OkStatus(); }
  // Opens disk `index` of the config, before the first boot.
  virtual StatusOr<std::unique_ptr<DiskFile>> OpenDisk(const MachineConfig::Block& block,
                                                       u32 index);
  // The far ends of the cards, instead of those that the config names. They outlive the
  // run.
  virtual std::optional<std::vector<NetBackend*>> Cables() { return std::nullopt; }
  // The cables are there, and the disks are open.
  virtual Status OnOpen(Disks&, std::span<NetBackend* const>) { return absl::OkStatus(); }
  // A machine was made and has not run. Called for each boot.
  virtual Status OnMachine(Machine&) { return absl::OkStatus(); }
  // Where it is to pause next, if it gets there ...
  virtual Machine::Goal NextPause(const Machine&) { return {}; }
  // ... and it stands there.
  virtual Status OnPause(Machine&) { return absl::OkStatus(); }
  // The machine of the first boot, if it is not to be made from the kernel's file, and
  // what is known of the kernel; null otherwise.
  virtual StatusOr<std::unique_ptr<Machine>> MakeFirst(ConsoleBackend&, MachineObserver*,
                                                       Disks&,
                                                       const std::vector<NetBackend*>&,
                                                       BootFiles*) {
    return std::unique_ptr<Machine>();
  }
  // The file that the machine of MakeFirst() came from, for messages.
  virtual std::string Source() const { return "the state it began with"; }
  // It has ended in the state with this hash, and is still there.
  virtual void OnEnding(const Machine&, const Ending&, u64 /*hash*/) {}
};

// One configured Guest from its first boot to its last. How its machine runs is left to
// the caller.
class GuestRun {
 public:
  // All of them outlive it.
  GuestRun(const MachineConfig& config, const BuiltinKernel& builtin,
           ConsoleBackend& console, LaunchObserver& observer, RunHooks* hooks = nullptr);
  ~GuestRun() { TellEnd(); }
  GuestRun(const GuestRun&) = delete;
  GuestRun& operator=(const GuestRun&) = delete;

  // Reads the files, plugs the cards in, makes the machine. Before anything else. The
  // hubs are those of `networks`, which outlives it.
  Status Boot(Networks& networks);
  Machine& machine() { return *machine_; }
  const BootFiles& files() const { return files_; }
  // machine() has ended. True: the Guest was booted again, and machine() is a new one.
  // False: that was all.
  StatusOr<bool> GoOn();
  LaunchResult TakeResult() { return std::move(result_); }

 private:
  Status MakeMachine();
  void TellEnd();
  StatusOr<std::unique_ptr<Machine>> NewMachine();
  bool TriesOtherMode();

  const MachineConfig& config_;
  const BuiltinKernel& builtin_;
  ConsoleBackend& console_;
  LaunchObserver& observer_;
  RunHooks* hooks_;
  GuestCables cables_;
  std::vector<NetBackend*> nets_;
  BootFiles files_;
  Disks disks_;
  std::unique_ptr<Machine> machine_;
  bool told_ = false;  // the observer knows of machine_
  std::optional<PagingMode> second_try_;
  LaunchResult result_;
};

// Runs a machine before the launcher does, which then finishes it. An error ends all.
using MachineRunner = std::function<Status(Machine& machine, const BootFiles& files)>;

// Runs the configured Guest to its end, restarts included. A restart reads the files
// again. `runner` may be null.
StatusOr<LaunchResult> Launch(const MachineConfig& config, const BuiltinKernel& builtin,
                              ConsoleBackend& console, LaunchObserver& observer,
                              RunHooks* hooks = nullptr,
                              const MachineRunner& runner = nullptr);

}  // namespace lgx

#endif  // LGX_MACHINE_LAUNCHER_H_
