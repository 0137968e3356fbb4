// Snapshots of a 64 MiB guest: into memory, into a file, and back.
#include <benchmark/benchmark.h>

#include <memory>

#include "devices/backend_buffer.h"
#include "guests/builtin_guest.h"
#include "machine/launcher.h"
#include "replay/lone_machine.h"
#include "replay/snapshot_writer.h"

namespace lgx {
namespace {

class Nobody final : public LaunchObserver {
 public:
  void OnBoot(const BootFiles&, u32) override {}
  void OnWarning(const std::string&) override {}
  void OnConsoleEvent(const ConsoleEvent&) override {}
  void OnStats(const Stats&) override {}
};

// Keeps the snapshot of the place that it was told.
class Keeper final : public RunHooks {
 public:
  explicit Keeper(MachineConfig config) { file_.config = std::move(config); }
  Status OnFiles(const BootFiles& files) override {
    file_.form = FormOf(files);
    return absl::OkStatus();
  }
  Machine::Goal NextPause(const Machine&) override {
    return {.instructions = kept_ ? EventSource::kNever : kAt};
  }
  Status OnPause(Machine& machine) override {
    file_.snapshot = TakeSnapshot(machine, nullptr);
    file_.hash = machine.Hash();
    kept_ = true;
    return absl::OkStatus();
  }
  const SnapshotFile& file() const { return file_; }

 private:
  static constexpr u64 kAt = 20'000'000;
  SnapshotFile file_;
  bool kept_ = false;
};

// Of the built-in guest, in the middle of its demonstration.
const SnapshotFile& Example() {
  static const auto* const keeper = [] {
    MachineConfig config;
    config.memory = u64{64} << 20;
    config.kernel.cmdline = "demo";
    auto* const made = new Keeper(config);
    Nobody nobody;
    BufferBackend console;
    console.EndInput();
    const BuiltinKernel builtin{BuiltinGuestImage(false), BuiltinGuestImage(true)};
    (void)Launch(config, builtin, console, nobody, made);
    return made;
  }();
  return keeper->file();
}

void SnapshotTake(benchmark::State& state) {
  const auto lone = LoneMachine::Make(Example());
  if (!lone.ok()) return state.SkipWithError("no machine came of the snapshot");
  for (auto _ : state) {
    benchmark::DoNotOptimize(TakeSnapshot((*lone)->machine(), nullptr));
  }
}
BENCHMARK(SnapshotTake)->Unit(benchmark::kMillisecond);

void SnapshotEncode(benchmark::State& state) {
  std::size_t size = 0;
  for (auto _ : state) size = EncodeSnapshot(Example()).size();
  state.counters["bytes"] = static_cast<double>(size);
}
BENCHMARK(SnapshotEncode)->Unit(benchmark::kMillisecond);

// From the bytes of a file to a machine that stands where the other one stood.
void SnapshotRestore(benchmark::State& state) {
  const std::vector<u8> bytes = EncodeSnapshot(Example());
  for (auto _ : state) {
    const StatusOr<SnapshotFile> file = DecodeSnapshot(bytes, "a snapshot");
    if (!file.ok() || !LoneMachine::Make(*file).ok()) {
      return state.SkipWithError("the snapshot does not come back");
    }
  }
}
BENCHMARK(SnapshotRestore)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lgx
