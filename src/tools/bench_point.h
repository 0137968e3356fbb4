// One measured run: a machine, a Guest, and what lies between two lines of its console.
#ifndef LGX_TOOLS_BENCH_POINT_H_
#define LGX_TOOLS_BENCH_POINT_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/stats.h"
#include "base/status.h"
#include "base/trace.h"
#include "base/types.h"
#include "machine/launcher.h"
#include "tools/bench_options.h"

namespace lgx {

// A place in the matrix.
struct BenchPoint {
  std::string workload;  // of the built-in guest, with its arguments; else
  std::string kernel;    // the file of a kernel
  bool pae = false;      // not of a kernel's own: that knows its format
  u32 slots = 4;
  SlotReplacement replacement = SlotReplacement::kRandom;
  SetPmdPolicy set_pmd = SetPmdPolicy::kDropAll;
  u32 prefill = 0;
  u64 memory = u64{64} << 20;

  // The workload's name, or the kernel's without its folder.
  std::string Name() const;
  MachineConfig Config(const BenchOptions& options) const;
};

// Counters at the second line less those at the first. All but host_ns repeats.
struct BenchMeasure {
  std::map<std::string, u64, std::less<>> counters;
  u64 operations = 1;
  u64 virtual_ns = 0;
  u64 host_ns = 0;
  u64 create_ns = 0;  // of host time, to make the machine and load the kernel
  u64 boot_ns = 0;    // of host time, from then to the first line
  u64 boot_instructions = 0;
  std::string check;  // what the workload computed

  u64 Get(std::string_view name) const;
  double Per(std::string_view name) const;  // for each operation
};

// Cut out of a run: where faults happen, and how full the slots are.
struct BenchPicture {
  struct Fault {
    u64 ns = 0;  // virtual, since the first line
    u32 lin = 0;
  };
  struct Sample {
    u64 ns = 0;
    std::vector<u32> entries;  // present ones, for each slot
  };
  std::vector<Fault> faults;
  std::vector<Sample> samples;
};

// Runs `config`. `begin` and `end` as in BenchOptions. With a picture, faults and slots
// are watched as well, which takes more host time and changes nothing else.
StatusOr<BenchMeasure> RunBenchPoint(const MachineConfig& config,
                                     const BuiltinKernel& builtin, std::string_view begin,
                                     std::string_view end,
                                     BenchPicture* picture = nullptr);

}  // namespace lgx

#endif  // LGX_TOOLS_BENCH_POINT_H_
