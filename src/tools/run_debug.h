// What of a run concerns those who stop it: --until, --gdb, --write-kernel.
#ifndef LGX_TOOLS_RUN_DEBUG_H_
#define LGX_TOOLS_RUN_DEBUG_H_

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "debug/gdb_server_posix.h"
#include "machine/launcher.h"
#include "replay/replay_disk.h"
#include "report/trace_recorder.h"
#include "tools/options.h"

namespace lgx {

class RunDebug {
 public:
  // `config` is the machine that `line` means. Both outlive this.
  RunDebug(const CommandLine& line, const MachineConfig& config)
      : line_(line), config_(config) {}

  // Writes the kernel's file, opens the socket for gdb. `files` is null for a run that
  // begins with a snapshot or a log; `say` gets the line that gdb needs.
  Status Prepare(const BootFiles* files,
                 const std::function<void(std::string_view)>& say);

  // gdb may go back in time. `disks` gives, once the machine was made, those that the
  // Guest writes to in memory only.
  void AllowBack(std::function<std::vector<ReplayDisk*>()> disks) {
    disks_ = std::move(disks);
  }

  // Who takes the machine's events already. Outlives the run.
  void set_recorder(TraceRecorder& recorder) { recorder_ = &recorder; }

  // The console for the machine in place of `console`, which outlives this.
  ConsoleBackend& ConsoleFor(ConsoleBackend& console);
  // How the machine runs; null: as ever.
  MachineRunner Runner();

 private:
  Status RunToPoint(Machine& machine, const BootFiles& files) const;
  void RunWithGdb(Machine& machine, const BootFiles& files);

  const CommandLine& line_;
  const MachineConfig& config_;
  std::function<std::vector<ReplayDisk*>()> disks_;
  TraceRecorder* recorder_ = nullptr;
  std::unique_ptr<GdbServer> server_;
  ConsoleBackend* console_ = nullptr;
  std::unique_ptr<ConsoleBackend> waking_;
};

}  // namespace lgx

#endif  // LGX_TOOLS_RUN_DEBUG_H_
