// What `lgx bench` is asked to do.
#ifndef LGX_TOOLS_BENCH_OPTIONS_H_
#define LGX_TOOLS_BENCH_OPTIONS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "mmu/shadow_tables.h"

namespace lgx {

// A workload of the built-in guest (guests/user/programs/bench.c).
struct BenchWorkload {
  const char* name;
  const char* about;
  const char* operation;  // what is counted as one
};
std::span<const BenchWorkload> BenchWorkloads();

struct BenchName {
  const char* name;
  const char* about;
};
std::span<const BenchName> BenchNames();

// The lists are the axes of a matrix: each combination is a machine of its own.
struct BenchOptions {
  std::string name;  // empty: list what there is
  // "fork", or with arguments "fork pages=1 rounds=100".
  std::vector<std::string> workloads;
  std::vector<bool> pae = {false, true};
  std::vector<u32> slots = {4};
  std::vector<SlotReplacement> replacement = {SlotReplacement::kRandom};
  std::vector<SetPmdPolicy> set_pmd = {SetPmdPolicy::kDropAll, SetPmdPolicy::kDropOne};
  std::vector<u32> prefill = {0};
  std::vector<u64> memory = {u64{64} << 20};

  // Kernels of somebody's own instead of the workloads. What is measured lies between the
  // first console line that begins with `begin` and the next that begins with `end`; the
  // whole run where there is no such text.
  std::vector<std::string> kernels;
  std::string initrd;
  std::string append;
  std::string begin;
  std::string end;

  u32 repeat = 0;  // runs of each point, the shortest host time counts; 0: as usual
  std::string json;
  std::string html;
  std::string svg;  // folder
};

// Sets the option `name` ("slots") from its text ("1,2,4"). A list becomes longer when
// its option comes again: the first time it takes the place of the default.
Status SetBenchOption(std::string_view name, std::string_view text,
                      BenchOptions* options);

const char* TextOf(SlotReplacement rule);
const char* TextOf(SetPmdPolicy policy);

}  // namespace lgx

#endif  // LGX_TOOLS_BENCH_OPTIONS_H_
