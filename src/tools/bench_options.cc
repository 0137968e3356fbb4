#include "tools/bench_options.h"

#include <algorithm>

#include "machine/config.h"

namespace lgx {
namespace {

constexpr BenchName kNames[] = {
    {"demand-paging",
     "what guest page faults cost: faults, fills, crossings, instructions and time per "
     "operation, for workloads and policies of the shadow tables"},
    {"scaling",
     "what the cost grows with: instructions, faults and pages touched, against guest "
     "memory and number of address spaces"},
};

constexpr BenchWorkload kWorkloads[] = {
    {"touch-sequential", "new pages, touched in order", "page"},
    {"touch-random", "new pages, touched in random order", "page"},
    {"touch-stride", "new pages, every 17th first", "page"},
    {"fork", "fork; child and parent write to their common pages", "fork"},
    {"exec", "fork, exec of a program that ends at once", "exec"},
    {"switch", "processes that touch their pages in turns", "turn"},
    {"mmap", "small mappings made, touched and removed", "mapping"},
    {"compute", "a loop that touches no memory", "1000 steps"},
};

std::vector<std::string_view> Parts(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

Status NotOneOf(std::string_view value, const std::string& choices) {
  return Errorf(StatusCode::kOutOfRange, "\"%s\" is not one of %s", std::string(value),
                choices);
}

// Each part of `text` once, in the order in which they come.
template <typename T, typename Parse>
Status ParseList(std::string_view text, Parse parse, std::vector<T>* to) {
  std::vector<T> list;
  for (const std::string_view part : Parts(text)) {
    StatusOr<T> value = parse(part);
    if (!value.ok()) return value.status();
    if (std::find(list.begin(), list.end(), *value) == list.end()) {
      list.push_back(*std::move(value));
    }
  }
  *to = std::move(list);
  return absl::OkStatus();
}

StatusOr<u32> NumberWithin(std::string_view text, u32 low, u32 high) {
  const StatusOr<u64> number = ParseNumber(text);
  if (!number.ok()) return number.status();
  if (*number < low || *number > high) {
    return Errorf(StatusCode::kOutOfRange, "%s is not between %d and %d",
                  std::string(text), low, high);
  }
  return static_cast<u32>(*number);
}

template <typename T>
StatusOr<T> OneOfTwo(std::string_view text, const char* first, const char* second) {
  if (text == first) return static_cast<T>(0);
  if (text == second) return static_cast<T>(1);
  return NotOneOf(text, std::string(first) + ", " + second);
}

StatusOr<std::string> Workload(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(' '));
  std::string names;
  for (const BenchWorkload& workload : kWorkloads) {
    if (name == workload.name) return std::string(text);
    names += (names.empty() ? "" : ", ") + std::string(workload.name);
  }
  return NotOneOf(name, names);
}

StatusOr<u64> MemorySize(std::string_view text) {
  const StatusOr<u64> bytes = ParseSize(text);
  if (!bytes.ok()) return bytes.status();
  LGX_RETURN_IF_ERROR(CheckMemorySize(*bytes));
  return *bytes;
}

}  // namespace

std::span<const BenchWorkload> BenchWorkloads() { return kWorkloads; }
std::span<const BenchName> BenchNames() { return kNames; }

const char* TextOf(SlotReplacement rule) {
  return rule == SlotReplacement::kLru ? "lru" : "random";
}
const char* TextOf(SetPmdPolicy policy) {
  return policy == SetPmdPolicy::kDropOne ? "drop-one" : "drop-all";
}

Status SetBenchOption(std::string_view name, std::string_view text,
                      BenchOptions* options) {
  if (name == "workload") return ParseList(text, Workload, &options->workloads);
  if (name == "pae") {
    const auto parse = [](std::string_view part) {
      return OneOfTwo<bool>(part, "off", "on");
    };
    return ParseList(text, parse, &options->pae);
  }
  if (name == "slots") {
    const auto parse = [](std::string_view part) { return NumberWithin(part, 1, 64); };
    return ParseList(text, parse, &options->slots);
  }
  if (name == "replacement") {
    const auto parse = [](std::string_view part) {
      return OneOfTwo<SlotReplacement>(part, "random", "lru");
    };
    return ParseList(text, parse, &options->replacement);
  }
  if (name == "pmd") {
    const auto parse = [](std::string_view part) {
      return OneOfTwo<SetPmdPolicy>(part, "drop-all", "drop-one");
    };
    return ParseList(text, parse, &options->set_pmd);
  }
  if (name == "prefill") {
    const auto parse = [](std::string_view part) { return NumberWithin(part, 0, 16); };
    return ParseList(text, parse, &options->prefill);
  }
  if (name == "memory") return ParseList(text, MemorySize, &options->memory);
  if (name == "repeat") {
    const StatusOr<u32> number = NumberWithin(text, 1, 1000);
    if (!number.ok()) return number.status();
    options->repeat = *number;
    return absl::OkStatus();
  }
  return Errorf(StatusCode::kInternal, "bench has no option %s", std::string(name));
}

}  // namespace lgx
