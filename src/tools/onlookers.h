// Everything that watches a run without changing it: traces, report and profile. It
// stands between the launcher and the screen.
#ifndef LGX_TOOLS_ONLOOKERS_H_
#define LGX_TOOLS_ONLOOKERS_H_

#include <memory>
#include <string>
#include <vector>

#include "machine/launcher.h"
#include "report/profile.h"
#include "report/run_summary.h"
#include "report/trace_recorder.h"
#include "tools/options.h"
#include "tools/run_outputs.h"
#include "tools/stream_file.h"

namespace lgx {

// `word` as a shell takes it.
std::string ShellWord(std::string_view word);

class Onlookers final : public LaunchObserver {
 public:
  // Opens the files that `line` and `config` ask for. `next` hears of everything as well
  // and outlives the watch, as the other two do.
  [[nodiscard]] static StatusOr<std::unique_ptr<Onlookers>> Open(
      const CommandLine& line, const MachineConfig& config, LaunchObserver& next);

  // For who goes back in time on a machine that is watched here.
  TraceRecorder& recorder() { return recorder_; }

  // The run is over, its machine gone: the files appear.
  [[nodiscard]] Status Finish(const RunResult& result);

  void OnBoot(const BootFiles& files, u32 boot) override;
  void OnWarning(const std::string& text) override { next_.OnWarning(text); }
  void OnConsoleEvent(const ConsoleEvent& event) override { next_.OnConsoleEvent(event); }
  void OnStats(const Stats& stats) override { next_.OnStats(stats); }
  void OnMachine(Machine& machine) override;
  void OnMachineEnd(Machine& machine) override;
  void OnCrash(const Machine& machine) override;

 private:
  struct TraceFile {
    StreamFile file;
    std::unique_ptr<TraceConsumer> writer;
  };

  Onlookers(const CommandLine& line, const MachineConfig& config, LaunchObserver& next)
      : line_(line), config_(config), next_(next) {}
  Status AddTrace(const TraceRequest& request);

  Status WriteReport(const RunResult& result) const;
  std::string Title() const;
  std::string CommandText() const;

  const CommandLine& line_;
  const MachineConfig& config_;
  LaunchObserver& next_;
  std::unique_ptr<RunSummary> summary_;  // with --report
  std::unique_ptr<Profile> profile_;     // with --profile
  TraceRecorder recorder_;
  std::vector<std::unique_ptr<TraceFile>> traces_;
  Status core_;  // of --dump-on-crash
};

}  // namespace lgx

#endif  // LGX_TOOLS_ONLOOKERS_H_
