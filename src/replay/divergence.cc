#include "replay/divergence.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "replay/state_text.h"

namespace lgx {
namespace {

bool Same(ReplaySession& a, ReplaySession& b) {
  return a.machine().instructions() == b.machine().instructions() &&
         a.machine().Hash() == b.machine().Hash();
}

// False: it ended before.
bool RunTo(ReplaySession& session, u64 instructions) {
  while (session.machine().instructions() < instructions) {
    if (session.time().RunTo({.instructions = instructions}) == Machine::Stop::kEnded) {
      return false;
    }
  }
  return true;
}

Status GoTo(ReplaySession& a, ReplaySession& b, u64 instructions) {
  LGX_RETURN_IF_ERROR(a.time().GoTo(instructions));
  return b.time().GoTo(instructions);
}

// They are the same at `same` and differ at `other`.
StatusOr<Divergence> Narrow(ReplaySession& a, ReplaySession& b, u64 same, u64 other) {
  while (other - same > 1) {
    const u64 middle = same + (other - same) / 2;
    LGX_RETURN_IF_ERROR(GoTo(a, b, middle));
    (Same(a, b) ? same : other) = middle;
  }
  LGX_RETURN_IF_ERROR(GoTo(a, b, other));
  return Divergence{same, CompareMachines(a.machine(), b.machine())};
}

}  // namespace

StatusOr<std::optional<Divergence>> FindDivergence(ReplaySession& a, ReplaySession& b) {
  u64 same = a.machine().instructions();
  if (!Same(a, b)) {
    return Divergence{0, CompareMachines(a.machine(), b.machine())};
  }
  while (true) {
    const bool a_goes_on = RunTo(a, same + kCompareStep);
    const bool b_goes_on = RunTo(b, same + kCompareStep);
    if (!Same(a, b)) {
      // One that ended has nothing behind its end.
      const u64 reached =
          std::min(a.machine().instructions(), b.machine().instructions());
      if (reached == same) {
        return Divergence{same, CompareMachines(a.machine(), b.machine())};
      }
      LGX_RETURN_IF_ERROR(GoTo(a, b, reached));
      if (Same(a, b)) return Divergence{reached, {"one of the runs ends here"}};
      StatusOr<Divergence> found = Narrow(a, b, same, reached);
      if (!found.ok()) return found.status();
      return std::optional(*std::move(found));
    }
    if (!a_goes_on || !b_goes_on) return std::optional<Divergence>();
    same += kCompareStep;
  }
}

StatusOr<std::optional<u64>> FindFirst(ReplaySession& session, const Predicate& holds) {
  Machine& machine = session.machine();
  u64 before = machine.instructions();
  if (holds(machine)) return std::optional(before);
  bool goes_on = true;
  while (goes_on) {
    goes_on = RunTo(session, before + kCompareStep);
    const u64 reached = machine.instructions();
    if (!holds(machine)) {
      before = reached;
      continue;
    }
    u64 after = reached;
    while (after - before > 1) {
      const u64 middle = before + (after - before) / 2;
      LGX_RETURN_IF_ERROR(session.time().GoTo(middle));
      (holds(machine) ? after : before) = middle;
    }
    LGX_RETURN_IF_ERROR(session.time().GoTo(after));
    return std::optional(after);
  }
  return std::optional<u64>();
}

// ---- conditions

namespace {

using Reader = std::function<u64(Machine&)>;

constexpr std::array<std::string_view, 8> kRegisters = {"eax", "ecx", "edx", "ebx",
                                                        "esp", "ebp", "esi", "edi"};
constexpr std::array<std::string_view, 6> kSegmentNames = {"es", "cs", "ss",
                                                           "ds", "fs", "gs"};

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<Reader> RegisterReader(std::string_view name) {
  for (u32 i = 0; i < kRegisters.size(); ++i) {
    if (name == kRegisters[i])
      return [i](Machine& m) { return u64{m.cpu().state.regs[i]}; };
  }
  for (u32 i = 0; i < kSegmentNames.size(); ++i) {
    if (name == kSegmentNames[i]) {
      return [i](Machine& m) { return u64{m.cpu().state.seg[i].selector}; };
    }
  }
  if (name == "eip") return [](Machine& m) { return u64{m.cpu().state.eip}; };
  if (name == "eflags") return [](Machine& m) { return u64{m.cpu().Eflags()}; };
  if (name == "cr0") return [](Machine& m) { return u64{m.cpu().state.cr0}; };
  if (name == "cr2") return [](Machine& m) { return u64{m.cpu().state.cr2}; };
  if (name == "cr3") return [](Machine& m) { return u64{m.cpu().state.cr3}; };
  if (name == "cr4") return [](Machine& m) { return u64{m.cpu().state.cr4}; };
  return std::nullopt;
}

StatusOr<Reader> ReaderOf(std::string_view name) {
  if (std::optional<Reader> reader = RegisterReader(name)) return *std::move(reader);
  const bool guest = name.starts_with("gpa:");
  if (guest || name.starts_with("mpa:")) {
    const StatusOr<u64> at = ParseNumber(name.substr(4));
    if (!at.ok()) return at.status();
    if (*at > 0xffffffff) {
      return Errorf(StatusCode::kOutOfRange, "address 0x%x has more than 32 bits", *at);
    }
    const u32 address = static_cast<u32>(*at);
    return Reader([guest, address](Machine& m) {
      u32 value = 0;
      if (guest) {
        return m.guest().memory.LoadValue(Gpa(address), &value) ? u64{value} : u64{0};
      }
      u8 bytes[4];
      m.memory().Read(Mpa(address), bytes, sizeof bytes);
      return u64{LoadLe<u32>(bytes)};
    });
  }
  if (name.find('.') == std::string_view::npos) {
    return Errorf(StatusCode::kOutOfRange,
                  "\"%s\" is no register, no gpa: or mpa: address, and no counter",
                  std::string(name));
  }
  return Reader([counter = std::string(name)](Machine& m) {
    Stats stats;
    m.VisitStats(stats);
    return stats.Get(counter);
  });
}

}  // namespace

StatusOr<Predicate> ParsePredicate(const std::string& text) {
  constexpr std::array<std::string_view, 7> kOperators = {
      "==", "!=", "<=", ">=", "<", ">", "&"};
  for (u32 op = 0; op < kOperators.size(); ++op) {
    const std::size_t at = text.find(kOperators[op]);
    if (at == std::string::npos) continue;
    const std::string_view view = text;
    StatusOr<Reader> left = ReaderOf(Trimmed(view.substr(0, at)));
    if (!left.ok()) return left.status();
    const StatusOr<u64> right =
        ParseNumber(Trimmed(view.substr(at + kOperators[op].size())));
    if (!right.ok()) return right.status();
    return Predicate([read = *std::move(left), value = *right, op](Machine& machine) {
      const u64 now = read(machine);
      switch (op) {
        case 0:
          return now == value;
        case 1:
          return now != value;
        case 2:
          return now <= value;
        case 3:
          return now >= value;
        case 4:
          return now < value;
        case 5:
          return now > value;
        default:
          return (now & value) != 0;
      }
    });
  }
  return Errorf(StatusCode::kOutOfRange,
                "\"%s\" has no comparison; write for example \"eax == 0x10\", "
                "\"gpa:0x1000 != 0\" or \"mmu.demand.filled >= 100\"",
                text);
}

}  // namespace lgx
