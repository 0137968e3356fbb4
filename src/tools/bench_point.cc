#include "tools/bench_point.h"

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "devices/backend_buffer.h"

namespace lgx {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kLongestLine = 512;
constexpr size_t kMostFaults = 1 << 20;
constexpr u64 kSampleNs = 100'000;

u64 NsBetween(SteadyClock::time_point from, SteadyClock::time_point to) {
  return static_cast<u64>(std::chrono::nanoseconds(to - from).count());
}

// Takes the Guest's text apart into lines, and tells of each when its last byte comes:
// within the call by which the Guest wrote it.
class LineConsole final : public BufferBackend {
 public:
  explicit LineConsole(std::function<void(const std::string&)> on_line)
      : on_line_(std::move(on_line)) {
    EndInput();
  }
  void Write(std::span<const u8> bytes) override {
    for (const u8 byte : bytes) {
      if (byte == '\n') {
        on_line_(line_);
        line_.clear();
      } else if (byte != '\r' && line_.size() < kLongestLine) {
        line_ += static_cast<char>(byte);
      }
    }
  }

 private:
  std::function<void(const std::string&)> on_line_;
  std::string line_;
};

class SilentObserver final : public LaunchObserver {
 public:
  void OnBoot(const BootFiles&, u32) override {}
  void OnWarning(const std::string&) override {}
  void OnConsoleEvent(const ConsoleEvent&) override {}
  void OnStats(const Stats&) override {}
};

// The text behind "NAME=" in a line; empty if it is not there.
std::string WordAfter(const std::string& line, std::string_view name) {
  const size_t at = line.find(name);
  if (at == std::string::npos) return "";
  const size_t from = at + name.size();
  return line.substr(from, line.find(' ', from) - from);
}

struct Moment {
  Stats stats;
  u64 virtual_ns = 0;
  SteadyClock::time_point real;
};

class Measurement final : public TraceSink {
 public:
  Measurement(std::string_view begin, std::string_view end, BenchPicture* picture)
      : begin_(begin), end_(end), picture_(picture) {}

  StatusOr<BenchMeasure> Run(const MachineConfig& config, const BuiltinKernel& builtin);

  void OnEvent(const TraceEvent& event) override;

 private:
  void OnLine(const std::string& line);
  Moment Now() const;
  void Sample(u64 ns);
  StatusOr<BenchMeasure> Result(const MachineConfig& config) const;

  const std::string begin_;
  const std::string end_;
  BenchPicture* const picture_;
  const Machine* machine_ = nullptr;
  std::optional<Moment> first_;
  std::optional<Moment> last_;
  std::string last_line_;
  u64 next_sample_ = 0;
  u64 create_ns_ = 0;
  SteadyClock::time_point booted_;
};

Moment Measurement::Now() const {
  Moment now;
  machine_->VisitStats(now.stats);
  now.virtual_ns = machine_->virtual_ns();
  now.real = SteadyClock::now();
  return now;
}

void Measurement::OnLine(const std::string& line) {
  if (!first_) {
    if (line.starts_with(begin_)) first_ = Now();
  } else if (!last_ && !end_.empty() && line.starts_with(end_)) {
    last_ = Now();
    last_line_ = line;
  }
}

void Measurement::OnEvent(const TraceEvent& event) {
  if (!first_ || last_) return;
  const u64 ns = machine_->virtual_ns() - first_->virtual_ns;
  if (event.category == TraceCategory::kFault && event.name == "page_fault" &&
      picture_->faults.size() < kMostFaults) {
    for (const TraceArg& arg : event.args) {
      if (std::string_view(arg.key) == "lin") {
        picture_->faults.push_back({ns, static_cast<u32>(arg.value)});
      }
    }
  }
  if (ns >= next_sample_) Sample(ns);
}

void Measurement::Sample(u64 ns) {
  picture_->samples.push_back({ns, machine_->guest().shadow.CountEntries()});
  next_sample_ = ns + kSampleNs;
}

StatusOr<BenchMeasure> Measurement::Result(const MachineConfig& config) const {
  const Ending& ending = machine_->ending();
  if (ending.kind != Ending::Kind::kPowerOff) {
    return Errorf(StatusCode::kFailedPrecondition,
                  "the guest did not power off (%s: %s); try the same with lgx run",
                  NameOf(ending.kind), ending.reason);
  }
  if (!first_ || !last_) {
    return Errorf(StatusCode::kFailedPrecondition,
                  "the guest's console had no line that begins with \"%s\"; give "
                  "others with --begin and --end, or leave them out",
                  first_ ? end_ : begin_);
  }
  BenchMeasure measure;
  for (const auto& [name, value] : last_->stats.counters()) {
    const u64 before = first_->stats.Get(name);
    // A level, such as pages in use, may have fallen.
    measure.counters[name] = value >= before ? value - before : 0;
  }
  measure.virtual_ns = last_->virtual_ns - first_->virtual_ns;
  measure.host_ns = NsBetween(first_->real, last_->real);
  measure.create_ns = create_ns_;
  measure.boot_ns = NsBetween(booted_, first_->real);
  measure.boot_instructions = first_->stats.Get("cpu.instructions");
  measure.check = WordAfter(last_line_, " check=");
  if (const StatusOr<u64> count = ParseNumber(WordAfter(last_line_, " operations="));
      config.kernel.path.empty() && count.ok() && *count != 0) {
    measure.operations = *count;
  }
  return measure;
}

StatusOr<BenchMeasure> Measurement::Run(const MachineConfig& config,
                                        const BuiltinKernel& builtin) {
  const SteadyClock::time_point start = SteadyClock::now();
  LineConsole console([this](const std::string& line) { OnLine(line); });
  SilentObserver observer;
  Networks networks;
  GuestRun run(config, builtin, console, observer);
  LGX_RETURN_IF_ERROR(run.Boot(networks));
  Machine& machine = run.machine();
  machine_ = &machine;
  booted_ = SteadyClock::now();
  create_ns_ = NsBetween(start, booted_);
  if (begin_.empty()) first_ = Now();
  if (picture_ != nullptr) {
    machine.AttachTrace(this, Trace::MaskOf(TraceCategory::kFault) |
                                  Trace::MaskOf(TraceCategory::kDemand) |
                                  Trace::MaskOf(TraceCategory::kShadow));
  }
  machine.Run();
  if (end_.empty()) last_ = Now();
  StatusOr<BenchMeasure> result = Result(config);
  machine_ = nullptr;
  return result;
}

}  // namespace

std::string BenchPoint::Name() const {
  if (!workload.empty()) return workload;
  return kernel.substr(kernel.rfind('/') + 1);
}

MachineConfig BenchPoint::Config(const BenchOptions& options) const {
  MachineConfig config;
  config.memory = memory;
  config.guest.shadow_slots = slots;
  config.guest.shadow_replacement = replacement;
  config.guest.set_pmd = set_pmd;
  config.guest.prefill = prefill;
  // 64 slots of a PAE guest's own size, and what fills them.
  config.guest.shadow_pool = u64{64} << 20;
  if (kernel.empty()) {
    config.cpu.pae = pae;
    config.kernel.cmdline = "do bench " + workload;
  } else {
    config.kernel.path = kernel;
    config.kernel.initrd = options.initrd;
    config.kernel.cmdline = options.append;
  }
  return config;
}

u64 BenchMeasure::Get(std::string_view name) const {
  const auto at = counters.find(name);
  return at == counters.end() ? 0 : at->second;
}

double BenchMeasure::Per(std::string_view name) const {
  return static_cast<double>(Get(name)) / static_cast<double>(operations);
}

StatusOr<BenchMeasure> RunBenchPoint(const MachineConfig& config,
                                     const BuiltinKernel& builtin, std::string_view begin,
                                     std::string_view end, BenchPicture* picture) {
  return Measurement(begin, end, picture).Run(config, builtin);
}

}  // namespace lgx
