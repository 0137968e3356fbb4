// How many shadow page tables does a guest need?
//
// lguest kept four of them, and a guest with more processes than that pays for each
// switch. This program boots the built-in guest with 1 to 16 of them, or with the numbers
// that it is given, lets processes take turns, and prints what happened between the first
// and the last line of that workload.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <lgx/lgx.hpp>

namespace {

struct Row {
  std::uint64_t instructions;
  std::uint64_t faults;
  std::uint64_t recycled;
  std::uint64_t hash;
};

std::string Config(unsigned slots, const char* replacement) {
  return R"({"kernel": {"cmdline": "do bench switch"}, "memory": "16M",
             "guest": {"shadow_slots": )" +
         std::to_string(slots) + R"(, "shadow_replacement": ")" + replacement + R"("}})";
}

// Throws lgx::Failure if the machine cannot be had or the guest never says what it
// should.
Row Measure(unsigned slots, const char* replacement) {
  lgx::Machine m = lgx::Machine::New(Config(slots, replacement)).value();
  const auto faults = [&m] { return m.Counter("mmu.demand.filled").value(); };
  const auto recycled = [&m] { return m.Counter("shadow.slot.recycled").value(); };

  const lgx::Stop begin = m.RunUntil("console:\"bench: begin\"").value();
  const std::uint64_t faults_before = faults(), recycled_before = recycled();
  const lgx::Stop end = m.RunUntil("console:\"bench: end\"").value();
  Row row = {end.instructions - begin.instructions, faults() - faults_before,
             recycled() - recycled_before, 0};
  m.RunUntil("end").value();
  row.hash = m.Hash();
  return row;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<unsigned> all = {1, 2, 4, 8, 16};
  if (argc > 1) all.clear();
  for (int i = 1; i < argc; ++i) {
    all.push_back(static_cast<unsigned>(std::strtoul(argv[i], nullptr, 10)));
  }
  std::printf("slots  replacement  instructions    faults  recycled  hash\n");
  try {
    for (const unsigned slots : all) {
      for (const char* replacement : {"random", "lru"}) {
        const Row row = Measure(slots, replacement);
        std::printf("%5u  %-11s  %12llu  %8llu  %8llu  %016llx\n", slots, replacement,
                    static_cast<unsigned long long>(row.instructions),
                    static_cast<unsigned long long>(row.faults),
                    static_cast<unsigned long long>(row.recycled),
                    static_cast<unsigned long long>(row.hash));
      }
    }
  } catch (const lgx::Failure& failure) {
    std::fprintf(stderr, "sweep: %s\n", failure.what());
    return failure.error().code();
  }
  return 0;
}
