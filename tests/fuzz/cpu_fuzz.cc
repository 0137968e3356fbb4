// Random code in random worlds, on every binding, with and without caches: no difference
// after any piece of the program, no crash, no hang. The input's format is that of
// WorldChoices.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/cpu/fuzz_compare.h"

namespace {

struct Totals {
  uint64_t programs = 0, instructions = 0, events = 0, shutdowns = 0;

  ~Totals() {
    std::fprintf(stderr,
                 "cpu_fuzz: %llu programs, %llu instructions, %llu events, "
                 "%llu shutdowns, no difference\n",
                 static_cast<unsigned long long>(programs),
                 static_cast<unsigned long long>(instructions),
                 static_cast<unsigned long long>(events),
                 static_cast<unsigned long long>(shutdowns));
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Totals totals;
  const lgx::FuzzOutcome outcome = lgx::RunFuzzProgram({data, size});
  if (!outcome.difference.empty()) {
    std::fprintf(stderr, "cpu_fuzz: %s", outcome.difference.c_str());
    std::abort();
  }
  ++totals.programs;
  totals.instructions += outcome.instructions;
  totals.events += outcome.events;
  totals.shutdowns += outcome.shut_down ? 1 : 0;
  return 0;
}
