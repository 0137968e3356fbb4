// A machine of the library: a configured Guest that is run from point to point, looked
// at, and put back. lgx.h says what each function does; lgx_c.cc calls these.
#ifndef LGX_API_RUN_H_
#define LGX_API_RUN_H_

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/callback_console.h"
#include "api/library_hooks.h"
#include "base/trace.h"
#include "debug/run_control.h"
#include "machine/console_script.h"
#include "machine/launcher.h"
#include "machine/networks.h"
#include "machine/outcome.h"
#include "replay/snapshot.h"
#include "replay/snapshot_writer.h"

namespace lgx {

// A state to go back to.
struct RunState {
  std::vector<std::string> description;  // of the machine: only a like one may take it
  PagingMode mode = PagingMode::kTwoLevel;
  std::shared_ptr<const Snapshot> snapshot;
  LibraryHooks::DiskChanges disks;
  std::optional<ConsoleScript::Place> script;
  std::optional<u64> console_bytes_left;
  u32 boots = 0;
};

class Run final : private LaunchObserver {
 public:
  enum class Why : u8 { kReady, kReached, kEnded, kWaiting, kInterrupted };

  // `from` is a snapshot file's content, of the file `path`; null: from the kernel.
  [[nodiscard]] static StatusOr<std::unique_ptr<Run>> Make(
      MachineConfig config, std::unique_ptr<SnapshotFile> from, const std::string& path);
  ~Run() override;

  // ---- running
  [[nodiscard]] Status RunTo(const Point& point);
  [[nodiscard]] Status Step(u64 n);
  // From any thread.
  void Interrupt() { interrupt_.store(true, std::memory_order_relaxed); }
  Why why() const { return why_; }
  // After kEnded.
  const RunResult& result() const { return result_; }
  u32 boots() const { return boots_; }

  // ---- what is connected
  CallbackConsole& console() { return console_; }
  using Message = std::function<void(const std::string& text)>;
  void set_message(Message message);
  void AddMessage(const std::string& text);
  // Null: nobody.
  void set_events(TraceSink* sink, u32 mask);

  // ---- looking
  Machine& machine() { return run_->machine(); }
  RunControl& control() { return *control_; }

  // ---- states
  [[nodiscard]] StatusOr<std::unique_ptr<RunState>> TakeState();
  [[nodiscard]] Status Restore(const RunState& state);
  [[nodiscard]] Status SaveSnapshot(const std::string& path);

 private:
  explicit Run(MachineConfig config);
  Status Boot();
  void MakeControl();
  StatusOr<bool> NextBoot();
  bool WaitsForInput();
  void LookForInterrupt();

  // LaunchObserver
  void OnBoot(const BootFiles& files, u32 boot) override;
  void OnWarning(const std::string& text) override { AddMessage(text); }
  void OnMachine(Machine& machine) override;
  void OnMachineEnd(Machine& machine) override;
  void OnConsoleEvent(const ConsoleEvent&) override {}
  void OnStats(const Stats&) override {}

  const MachineConfig config_;
  const BuiltinKernel builtin_;
  CallbackConsole console_;
  std::optional<ConsoleScript> script_;
  Networks networks_;
  LibraryHooks hooks_;
  SnapshotWriter snapshots_;
  TraceSink* sink_ = nullptr;
  u32 mask_ = 0;
  Message message_;
  std::vector<std::string> early_messages_;
  std::unique_ptr<GuestRun> run_;
  const SymbolTable* symbols_ = nullptr;
  std::unique_ptr<RunControl> control_;
  Why why_ = Why::kReady;
  bool waiting_ = false;
  std::atomic<bool> interrupt_{false};
  RunResult result_;
  u32 boots_ = 0;
  Status failed_;                             // what made it impossible to go on
  std::weak_ptr<const Snapshot> last_state_;  // the next one shares its pages
};

}  // namespace lgx

#endif  // LGX_API_RUN_H_
