// Where a run's instructions went, and the host's time.
//
// Instructions are sampled: every kPeriod instructions, at exact counts, the program's
// place is written down, and the functions that led there as far as frame pointers tell.
// That part is the same in each run. Host time is measured: what passes while the
// emulated CPU runs belongs to the samples, what passes between an exit and the next
// entry to the reason for the exit.
#ifndef LGX_REPORT_PROFILE_H_
#define LGX_REPORT_PROFILE_H_

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "machine/elf_symbols.h"
#include "machine/machine.h"
#include "report/svg_chart.h"
#include "report/trace_record.h"

namespace lgx {

// Do these bytes, which end at a return address, end with a CALL?
bool EndsWithCall(std::span<const u8> bytes);

class Profile final : public Sampler, public TraceConsumer {
 public:
  static constexpr u64 kPeriod = 10'007;  // a prime: loops do not run in step with it
  // What it wants to see besides samples.
  static constexpr u32 kCategories =
      Trace::MaskOf(TraceCategory::kCrossing) | Trace::MaskOf(TraceCategory::kHypercall) |
      Trace::MaskOf(TraceCategory::kFault) | Trace::MaskOf(TraceCategory::kDemand) |
      Trace::MaskOf(TraceCategory::kTimer);

  // `clock` gives the host's time in nanoseconds.
  explicit Profile(std::function<u64()> clock) : clock_(std::move(clock)) {}

  // A machine begins; it outlives the next call or the end.
  void MachineBegins(const Machine& machine);
  void UseSymbols(const SymbolTable& symbols);

  u64 NextSample() override { return next_; }
  void Sample(Cpu& cpu) override;

  void Begin(const TraceHeader&) override {}
  void Add(const TraceRecord& record) override;
  void Finish() override {}

  u64 samples() const { return samples_; }
  // Weighted by instructions, and by host nanoseconds.
  FlameNode Instructions() const;
  FlameNode HostTime() const;

  // The whole file. Texts are raw.
  std::string RenderPage(const std::string& title, const std::string& command) const;

 private:
  // Names from the outermost to the innermost, and what they weigh.
  struct Weight {
    u64 samples = 0;
    u64 ns = 0;
  };
  using Stack = std::vector<std::string>;

  Stack StackOf(Cpu& cpu);
  void AddFrames(Cpu& cpu, Stack* stack);
  const std::string& NameOf(u32 address);
  FlameNode TreeOf(bool time) const;

  std::function<u64()> clock_;
  const SwitcherText* switcher_ = nullptr;
  SymbolTable symbols_;
  std::map<u32, std::string> names_;  // of addresses that were asked for
  u64 next_ = kPeriod;
  u64 samples_ = 0;
  std::map<Stack, Weight> stacks_;
  std::map<std::string, u64> host_ns_;  // by what the Host did
  std::string host_work_ = "start";
  u64 left_at_ = 0;     // host time of the last exit
  u64 mark_ = 0;        // host time up to which the CPU's time is in pending_ns_
  u64 pending_ns_ = 0;  // the CPU's since the last sample
};

}  // namespace lgx

#endif  // LGX_REPORT_PROFILE_H_
