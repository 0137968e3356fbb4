#include "machine/config.h"

#include <limits>

namespace lgx {
namespace {

Status NotOneOf(std::string_view value, const char* choices) {
  return Errorf(StatusCode::kOutOfRange, "\"%s\" is not one of %s", std::string(value),
                choices);
}

template <typename T>
Status Assign(StatusOr<T> value, T* to) {
  if (!value.ok()) return value.status();
  *to = *std::move(value);
  return absl::OkStatus();
}

template <typename T, typename Limit>
Status AssignWithin(const StatusOr<u64>& value, Limit low, Limit high, T* to) {
  if (!value.ok()) return value.status();
  if (*value < low || *value > high) {
    return Errorf(StatusCode::kOutOfRange, "%d is outside %d ... %d", *value, low, high);
  }
  *to = static_cast<T>(*value);
  return absl::OkStatus();
}

// "none" takes a limit away.
template <typename Parse>
Status AssignLimit(std::string_view value, Parse parse, std::optional<u64>* to) {
  if (value == "none") {
    to->reset();
    return absl::OkStatus();
  }
  const StatusOr<u64> parsed = parse(value);
  if (!parsed.ok()) return parsed.status();
  *to = *parsed;
  return absl::OkStatus();
}

Status AssignBool(std::string_view value, bool* to) {
  const StatusOr<std::optional<bool>> parsed = ParseAutoOnOff(value);
  if (!parsed.ok() || !parsed->has_value()) return NotOneOf(value, "on, off");
  *to = **parsed;
  return absl::OkStatus();
}

Status AssignQuirk(std::string_view value, QuirkMode* to) {
  if (value != "reference" && value != "mended")
    return NotOneOf(value, "reference, mended");
  *to = value == "mended" ? QuirkMode::kMended : QuirkMode::kReference;
  return absl::OkStatus();
}

Status AssignAbi(std::string_view value, std::optional<Generation>* to) {
  if (value == "auto") {
    to->reset();
    return absl::OkStatus();
  }
  *to = GenerationFromLetter(value);
  if (*to) return absl::OkStatus();
  return NotOneOf(value,
                  "auto, A, B, C, D, R, E, F, G (lgx check --list-abi explains them)");
}

Status AssignModel(std::string_view value, const CpuModel** to) {
  const CpuModel* const model = FindCpuModel(value);
  if (model == nullptr) return NotOneOf(value, CpuModelNames().c_str());
  *to = model;
  return absl::OkStatus();
}

Status AssignConsole(std::string_view value, MachineConfig::Console* to) {
  using Backend = MachineConfig::Console::Backend;
  if (value.starts_with("file=") && value.size() > 5) {
    to->backend = Backend::kFile;
    to->file = std::string(value.substr(5));
    return absl::OkStatus();
  }
  if (value == "auto") {
    to->backend = Backend::kAuto;
  } else if (value == "tty") {
    to->backend = Backend::kTty;
  } else if (value == "stdio") {
    to->backend = Backend::kStdio;
  } else if (value == "none") {
    to->backend = Backend::kNone;
  } else {
    return NotOneOf(value, "auto, tty, stdio, none, file=NAME");
  }
  return absl::OkStatus();
}

std::string ConsoleText(const MachineConfig::Console& console) {
  using Backend = MachineConfig::Console::Backend;
  switch (console.backend) {
    case Backend::kAuto:
      return "auto";
    case Backend::kTty:
      return "tty";
    case Backend::kStdio:
      return "stdio";
    case Backend::kNone:
      return "none";
    case Backend::kFile:
      return "file=" + console.file;
  }
  return "";
}

std::string TextOf(bool value) { return value ? "on" : "off"; }
std::string TextOf(u64 value) { return absl::StrFormat("%d", value); }
std::string TextOf(QuirkMode value) {
  return value == QuirkMode::kMended ? "mended" : "reference";
}
std::string TextOf(const std::optional<bool>& value) {
  return value ? TextOf(*value) : "auto";
}
std::string LimitText(const std::optional<u64>& value, const char* unit) {
  return value ? TextOf(*value) + unit : "none";
}

Status AssignEnd(std::string_view value, MachineConfig::OnEnd* to) {
  if (value != "stop" && value != "reboot") return NotOneOf(value, "stop, reboot");
  *to = value == "reboot" ? MachineConfig::OnEnd::kReboot : MachineConfig::OnEnd::kStop;
  return absl::OkStatus();
}
std::string TextOf(MachineConfig::OnEnd value) {
  return value == MachineConfig::OnEnd::kReboot ? "reboot" : "stop";
}

struct Entry {
  const char* path;
  Status (*set)(std::string_view, MachineConfig*);
  std::string (*get)(const MachineConfig&);
};

using Config = MachineConfig;
using Text = std::string_view;

constexpr u32 kU32Max = std::numeric_limits<u32>::max();

// Every value of a machine. Text values take anything; the others say what they accept.
constexpr Entry kEntries[] = {
    {"kernel.path",
     [](Text v, Config* c) { return c->kernel.path = v, absl::OkStatus(); },
     [](const Config& c) { return c.kernel.path; }},
    {"kernel.initrd",
     [](Text v, Config* c) { return c->kernel.initrd = v, absl::OkStatus(); },
     [](const Config& c) { return c.kernel.initrd; }},
    {"kernel.cmdline",
     [](Text v, Config* c) { return c->kernel.cmdline = v, absl::OkStatus(); },
     [](const Config& c) { return c.kernel.cmdline; }},
    {"kernel.symbols",
     [](Text v, Config* c) { return c->kernel.symbols = v, absl::OkStatus(); },
     [](const Config& c) { return c.kernel.symbols; }},
    {"kernel.alignment",
     [](Text v, Config* c) {
       if (v == "auto") return c->kernel.alignment.reset(), absl::OkStatus();
       u32 value = 0;
       LGX_RETURN_IF_ERROR(AssignWithin(ParseNumber(v), u32{0}, kU32Max, &value));
       return c->kernel.alignment = value, absl::OkStatus();
     },
     [](const Config& c) {
       if (!c.kernel.alignment) return std::string("auto");
       return absl::StrFormat("0x%x", *c.kernel.alignment);
     }},
    {"memory",
     [](Text v, Config* c) {
       const StatusOr<u64> bytes = ParseSize(v);
       if (!bytes.ok()) return bytes.status();
       LGX_RETURN_IF_ERROR(CheckMemorySize(*bytes));
       return c->memory = *bytes, absl::OkStatus();
     },
     [](const Config& c) {
       return c.memory % kMiB == 0 ? TextOf(c.memory / kMiB) + "M"
                                   : TextOf(c.memory / 1024) + "K";
     }},
    {"cpu.model", [](Text v, Config* c) { return AssignModel(v, &c->cpu.model); },
     [](const Config& c) { return std::string(c.cpu.model->name); }},
    {"cpu.pae", [](Text v, Config* c) { return Assign(ParseAutoOnOff(v), &c->cpu.pae); },
     [](const Config& c) { return TextOf(c.cpu.pae); }},
    {"cpu.block_cache",
     [](Text v, Config* c) { return AssignBool(v, &c->cpu.block_cache); },
     [](const Config& c) { return TextOf(c.cpu.block_cache); }},
    {"guest.abi", [](Text v, Config* c) { return AssignAbi(v, &c->guest.abi); },
     [](const Config& c) {
       return std::string(c.guest.abi ? InfoOf(*c.guest.abi).letter : "auto");
     }},
    {"guest.shadow_slots",
     [](Text v, Config* c) {
       return AssignWithin(ParseNumber(v), 1u, 64u, &c->guest.shadow_slots);
     },
     [](const Config& c) { return TextOf(u64{c.guest.shadow_slots}); }},
    {"guest.shadow_pool",
     [](Text v, Config* c) {
       return AssignWithin(ParseSize(v), kMiB / 4, 64 * kMiB, &c->guest.shadow_pool);
     },
     [](const Config& c) { return TextOf(c.guest.shadow_pool / 1024) + "K"; }},
    {"guest.quirks.Q1", [](Text v, Config* c) { return AssignQuirk(v, &c->guest.q1); },
     [](const Config& c) { return TextOf(c.guest.q1); }},
    {"guest.quirks.Q2", [](Text v, Config* c) { return AssignQuirk(v, &c->guest.q2); },
     [](const Config& c) { return TextOf(c.guest.q2); }},
    {"guest.quirks.Q6", [](Text v, Config* c) { return AssignQuirk(v, &c->guest.q6); },
     [](const Config& c) { return TextOf(c.guest.q6); }},
    {"guest.quirks.Q18", [](Text v, Config* c) { return AssignQuirk(v, &c->guest.q18); },
     [](const Config& c) { return TextOf(c.guest.q18); }},
    {"host.timer_hz",
     [](Text v, Config* c) {
       return AssignWithin(ParseNumber(v), 1u, 100'000u, &c->host.timer_hz);
     },
     [](const Config& c) { return TextOf(u64{c.host.timer_hz}); }},
    {"devices.console.backend",
     [](Text v, Config* c) { return AssignConsole(v, &c->console); },
     [](const Config& c) { return ConsoleText(c.console); }},
    {"devices.console.escape",
     [](Text v, Config* c) { return AssignBool(v, &c->console.escape); },
     [](const Config& c) { return TextOf(c.console.escape); }},
    {"devices.rng.present",
     [](Text v, Config* c) { return AssignBool(v, &c->rng.present); },
     [](const Config& c) { return TextOf(c.rng.present); }},
    {"devices.rng.seed",
     [](Text v, Config* c) { return Assign(ParseNumber(v), &c->rng.seed); },
     [](const Config& c) { return TextOf(c.rng.seed); }},
    {"clock.mode",
     [](Text v, Config* c) {
       if (v == "host") {
         return Errorf(kUnimplemented,
                       "a clock that follows the host is not in this version; det, the "
                       "clock of retired instructions, is");
       }
       if (v != "det") return NotOneOf(v, "det");
       c->clock.mode =
           v == "det" ? Config::Clock::Mode::kDeterministic : Config::Clock::Mode::kHost;
       return absl::OkStatus();
     },
     [](const Config& c) {
       return std::string(c.clock.mode == Config::Clock::Mode::kHost ? "host" : "det");
     }},
    {"clock.instructions_per_second",
     [](Text v, Config* c) {
       return AssignWithin(ParseCount(v), u64{1'000'000}, u64{100'000'000'000},
                           &c->clock.instructions_per_second);
     },
     [](const Config& c) { return TextOf(c.clock.instructions_per_second); }},
    {"clock.epoch",
     [](Text v, Config* c) { return Assign(ParseTime(v), &c->clock.epoch); },
     [](const Config& c) { return FormatTime(c.clock.epoch); }},
    {"clock.realtime",
     [](Text v, Config* c) { return Assign(ParseAutoOnOff(v), &c->clock.realtime); },
     [](const Config& c) { return TextOf(c.clock.realtime); }},
    {"limits.instructions",
     [](Text v, Config* c) {
       return AssignLimit(v, ParseCount, &c->limits.instructions);
     },
     [](const Config& c) { return LimitText(c.limits.instructions, ""); }},
    {"limits.virtual_time",
     [](Text v, Config* c) {
       return AssignLimit(v, ParseDuration, &c->limits.virtual_ns);
     },
     [](const Config& c) { return LimitText(c.limits.virtual_ns, "ns"); }},
    {"limits.max_idle",
     [](Text v, Config* c) { return Assign(ParseDuration(v), &c->limits.max_idle_ns); },
     [](const Config& c) { return TextOf(c.limits.max_idle_ns) + "ns"; }},
    {"limits.timeout",
     [](Text v, Config* c) {
       return AssignLimit(v, ParseDuration, &c->limits.timeout_ns);
     },
     [](const Config& c) { return LimitText(c.limits.timeout_ns, "ns"); }},
    {"on_panic", [](Text v, Config* c) { return AssignEnd(v, &c->on_panic); },
     [](const Config& c) { return TextOf(c.on_panic); }},
    {"on_restart", [](Text v, Config* c) { return AssignEnd(v, &c->on_restart); },
     [](const Config& c) { return TextOf(c.on_restart); }},
    {"seed", [](Text v, Config* c) { return Assign(ParseNumber(v), &c->seed); },
     [](const Config& c) { return TextOf(c.seed); }},
    {"outputs.stats",
     [](Text v, Config* c) { return c->outputs.stats = v, absl::OkStatus(); },
     [](const Config& c) { return c.outputs.stats; }},
    {"outputs.json_result",
     [](Text v, Config* c) { return c->outputs.json_result = v, absl::OkStatus(); },
     [](const Config& c) { return c.outputs.json_result; }},
};

}  // namespace

Status SetConfigValue(std::string_view path, std::string_view value,
                      MachineConfig* config) {
  for (const Entry& entry : kEntries) {
    if (path != entry.path) continue;
    const Status status = entry.set(value, config);
    if (status.ok()) return status;
    return Errorf(status.code(), "%s: %s", entry.path, MessageOf(status));
  }
  const std::string near = DidYouMean(path, ConfigPaths());
  return Errorf(StatusCode::kOutOfRange, "there is no setting \"%s\"%s",
                std::string(path),
                near.empty() ? "; lgx check --print lists them"
                             : absl::StrFormat("; did you mean \"%s\"?", near));
}

std::vector<std::string> DescribeConfig(const MachineConfig& config) {
  std::vector<std::string> lines;
  for (const Entry& entry : kEntries) {
    lines.push_back(absl::StrFormat("%s = %s", entry.path, entry.get(config)));
  }
  return lines;
}

std::vector<std::string> ConfigPaths() {
  std::vector<std::string> paths;
  for (const Entry& entry : kEntries) paths.emplace_back(entry.path);
  return paths;
}

}  // namespace lgx
