// Snapshots of a 64 MiB guest: into memory, into a file, and back.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/endian.h"
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

// The same machine with 64 MiB in use: no page is like another one, and bytes
// repeat as often as in a program's data.
const SnapshotFile& FullExample() {
  static const auto* const full = [] {
    auto* const file = new SnapshotFile(Example());
    u64 noise = 1;
    constexpr u64 kPages = (u64{64} << 20) / kPageSize;
    for (auto& page : std::span(file->snapshot.pages).first(kPages)) {
      if (page != nullptr) continue;
      auto filled = std::make_shared<PageBytes>();
      for (std::size_t i = 0; i < filled->size(); i += 4) {
        noise = noise * 6364136223846793005 + 1442695040888963407;
        StoreLe<u32>(filled->data() + i, 0xc0080000 | static_cast<u32>(noise >> 56));
      }
      page = std::move(filled);
    }
    return file;
  }();
  return *full;
}

// From a file to a machine that stands where the other one stood.
void Restore(benchmark::State& state, const SnapshotFile& example) {
  const std::string path = (std::filesystem::temp_directory_path() /
                            ("lgx-bench-" + std::to_string(getpid()) + ".lgxsnap"))
                               .string();
  if (!WriteSnapshot(path, example, Overwrite::kReplace).ok()) {
    return state.SkipWithError("the snapshot cannot be written");
  }
  for (auto _ : state) {
    const StatusOr<SnapshotFile> file = ReadSnapshot(path);
    StatusOr<std::unique_ptr<LoneMachine>> lone = absl::UnknownError("");
    if (file.ok()) lone = LoneMachine::Make(*file);
    state.PauseTiming();
    if (!lone.ok()) state.SkipWithError("the snapshot does not come back");
    lone = absl::UnknownError("");
    state.ResumeTiming();
  }
  std::filesystem::remove(path);
}
void SnapshotRestore(benchmark::State& state) { Restore(state, Example()); }
BENCHMARK(SnapshotRestore)->Unit(benchmark::kMillisecond);
void SnapshotRestoreFull(benchmark::State& state) { Restore(state, FullExample()); }
BENCHMARK(SnapshotRestoreFull)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lgx
