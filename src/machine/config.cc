#include "machine/config.h"

#include <algorithm>
#include <limits>

#include "base/trace.h"
#include "machine/config_table.h"

namespace lgx {

// --- what rows are made of
// -----------------------------------------------------------------------------

Status NotOneOf(std::string_view value, const char* choices) {
  return Errorf(StatusCode::kOutOfRange, "\"%s\" is not one of %s", std::string(value),
                choices);
}

Status AssignBool(std::string_view value, bool* to) {
  const StatusOr<std::optional<bool>> parsed = ParseAutoOnOff(value);
  if (!parsed.ok() || !parsed->has_value()) return NotOneOf(value, "on, off");
  *to = **parsed;
  return absl::OkStatus();
}

std::string SwitchText(bool value) { return value ? "on" : "off"; }

std::vector<std::string> SplitAt(char separator, std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

namespace {

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

Status AssignQuirk(std::string_view value, QuirkMode* to) {
  if (value != "reference" && value != "mended")
    return NotOneOf(value, "reference, mended");
  *to = value == "mended" ? QuirkMode::kMended : QuirkMode::kReference;
  return absl::OkStatus();
}

// Of a policy with two ways, the reference's first.
template <typename T>
Status AssignPolicy(std::string_view value, const char* reference, const char* other,
                    T* to) {
  if (value != reference && value != other) {
    return NotOneOf(value, absl::StrFormat("%s, %s", reference, other).c_str());
  }
  *to = static_cast<T>(value == other ? 1 : 0);
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

struct ConsoleName {
  MachineConfig::Console::Backend backend;
  const char* name;  // one that ends with "=" takes the name of a file
};
constexpr ConsoleName kConsoles[] = {
    {MachineConfig::Console::Backend::kAuto, "auto"},
    {MachineConfig::Console::Backend::kTty, "tty"},
    {MachineConfig::Console::Backend::kStdio, "stdio"},
    {MachineConfig::Console::Backend::kNone, "none"},
    {MachineConfig::Console::Backend::kFile, "file="},
    {MachineConfig::Console::Backend::kSocket, "socket="},
};

Status AssignConsole(std::string_view value, MachineConfig::Console* to) {
  for (const ConsoleName& console : kConsoles) {
    const std::string_view name = console.name;
    const bool named = name.ends_with('=');
    if (named ? !value.starts_with(name) || value.size() == name.size() : value != name) {
      continue;
    }
    to->backend = console.backend;
    to->file = named ? value.substr(name.size()) : "";
    return absl::OkStatus();
  }
  return NotOneOf(value, "auto, tty, stdio, none, file=NAME, socket=NAME");
}

std::string ConsoleText(const MachineConfig::Console& console) {
  for (const ConsoleName& name : kConsoles) {
    if (name.backend == console.backend) return name.name + console.file;
  }
  return "";
}

std::string TextOf(bool value) { return SwitchText(value); }
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

using Config = MachineConfig;
using Text = std::string_view;

constexpr u32 kU32Max = std::numeric_limits<u32>::max();

// Every value of a machine. Text values take anything; the others say what they accept.
constexpr ValueSpec kValues[] = {
    {"kernel.path", Form::kPath, nullptr, false,
     "vmlinux or bzImage; empty: the built-in guest",
     [](Text v, Config* c) { return c->kernel.path = v, absl::OkStatus(); },
     [](const Config& c) { return c.kernel.path; }},
    {"kernel.initrd", Form::kPath, nullptr, false, "initial RAM disk",
     [](Text v, Config* c) { return c->kernel.initrd = v, absl::OkStatus(); },
     [](const Config& c) { return c.kernel.initrd; }},
    {"kernel.cmdline", Form::kText, nullptr, false, "kernel command line",
     [](Text v, Config* c) { return c->kernel.cmdline = v, absl::OkStatus(); },
     [](const Config& c) { return c.kernel.cmdline; }},
    {"kernel.symbols", Form::kPath, nullptr, false,
     "System.map with the kernel's names, for reports",
     [](Text v, Config* c) { return c->kernel.symbols = v, absl::OkStatus(); },
     [](const Config& c) { return c.kernel.symbols; }},
    {"kernel.alignment", Form::kAmount, "0x100000", false,
     "kernel_alignment in the boot parameters of a bzImage",
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
    {"memory", Form::kAmount, "64M", false,
     "guest memory, 8M to 3072M; a bare number is MiB",
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
    {"cpu.model", Form::kChoice, "p6|pentium-mmx|pentium-ii|pentium-iii|pentium-4|max",
     false, "the processor",
     [](Text v, Config* c) { return AssignModel(v, &c->cpu.model); },
     [](const Config& c) { return std::string(c.cpu.model->name); }},
    {"cpu.pae", Form::kChoice, "auto|on|off", false, "format of the page tables",
     [](Text v, Config* c) { return Assign(ParseAutoOnOff(v), &c->cpu.pae); },
     [](const Config& c) { return TextOf(c.cpu.pae); }},
    {"cpu.block_cache", Form::kSwitch, nullptr, false,
     "off decodes every instruction anew, with the same result",
     [](Text v, Config* c) { return AssignBool(v, &c->cpu.block_cache); },
     [](const Config& c) { return TextOf(c.cpu.block_cache); }},
    {"guest.abi", Form::kChoice, "auto|A|B|C|D|R|E|F|G", false, "generation of the guest",
     [](Text v, Config* c) { return AssignAbi(v, &c->guest.abi); },
     [](const Config& c) {
       return std::string(c.guest.abi ? InfoOf(*c.guest.abi).letter : "auto");
     }},
    {"guest.shadow_slots", Form::kNumber, nullptr, false,
     "shadow page tables kept at once, 1 to 64",
     [](Text v, Config* c) {
       return AssignWithin(ParseNumber(v), 1u, 64u, &c->guest.shadow_slots);
     },
     [](const Config& c) { return TextOf(u64{c.guest.shadow_slots}); }},
    {"guest.shadow_pool", Form::kAmount, "16M", false,
     "machine memory that shadow tables are taken from",
     [](Text v, Config* c) {
       return AssignWithin(ParseSize(v), kMiB / 4, 64 * kMiB, &c->guest.shadow_pool);
     },
     [](const Config& c) { return TextOf(c.guest.shadow_pool / 1024) + "K"; }},
    {"guest.shadow_replacement", Form::kChoice, "random|lru", false,
     "which shadow slot a new table takes: any, as lguest, or the one not used longest",
     [](Text v, Config* c) {
       return AssignPolicy(v, "random", "lru", &c->guest.shadow_replacement);
     },
     [](const Config& c) {
       return std::string(c.guest.shadow_replacement == SlotReplacement::kLru ? "lru"
                                                                              : "random");
     }},
    {"guest.set_pmd", Form::kChoice, "drop-all|drop-one", false,
     "what SET_PMD drops: every table, as lguest, or what came from that entry",
     [](Text v, Config* c) {
       return AssignPolicy(v, "drop-all", "drop-one", &c->guest.set_pmd);
     },
     [](const Config& c) {
       return std::string(c.guest.set_pmd == SetPmdPolicy::kDropOne ? "drop-one"
                                                                    : "drop-all");
     }},
    {"guest.prefill", Form::kNumber, nullptr, false,
     "pages of the window that a fault fills together, 0 to 16; 0 is lguest's",
     [](Text v, Config* c) {
       return AssignWithin(ParseNumber(v), 0u, 16u, &c->guest.prefill);
     },
     [](const Config& c) { return TextOf(u64{c.guest.prefill}); }},
    {"guest.quirks.Q1", Form::kChoice, "reference|mended", false,
     "irq_pending is never cleared",
     [](Text v, Config* c) { return AssignQuirk(v, &c->guest.q1); },
     [](const Config& c) { return TextOf(c.guest.q1); }},
    {"guest.quirks.Q2", Form::kChoice, "reference|mended", false,
     "TF, NT and RF survive a reflected trap",
     [](Text v, Config* c) { return AssignQuirk(v, &c->guest.q2); },
     [](const Config& c) { return TextOf(c.guest.q2); }},
    {"guest.quirks.Q6", Form::kChoice, "reference|mended", false,
     "SET_PTE of a clean page maps it writable",
     [](Text v, Config* c) { return AssignQuirk(v, &c->guest.q6); },
     [](const Config& c) { return TextOf(c.guest.q6); }},
    {"guest.quirks.Q18", Form::kChoice, "reference|mended", false,
     "the fix-up of descriptors changes system types",
     [](Text v, Config* c) { return AssignQuirk(v, &c->guest.q18); },
     [](const Config& c) { return TextOf(c.guest.q18); }},
    {"host.timer_hz", Form::kNumber, nullptr, false,
     "timer interrupts of the emulated Host per virtual second",
     [](Text v, Config* c) {
       return AssignWithin(ParseNumber(v), 1u, 100'000u, &c->host.timer_hz);
     },
     [](const Config& c) { return TextOf(u64{c.host.timer_hz}); }},
    {"devices.console.backend", Form::kConsole, "auto|tty|stdio|none", false,
     "where hvc0 goes", [](Text v, Config* c) { return AssignConsole(v, &c->console); },
     [](const Config& c) { return ConsoleText(c.console); }},
    {"devices.console.escape", Form::kSwitch, nullptr, false,
     "Ctrl-A on a terminal is for lgx",
     [](Text v, Config* c) { return AssignBool(v, &c->console.escape); },
     [](const Config& c) { return TextOf(c.console.escape); }},
    {"devices.rng.present", Form::kSwitch, nullptr, false,
     "the guest has an entropy device",
     [](Text v, Config* c) {
       LGX_RETURN_IF_ERROR(AssignBool(v, &c->rng.present));
       const Config::DeviceRef ref{Config::DeviceKind::kRng, 0};
       const auto at = std::find(c->order.begin(), c->order.end(), ref);
       if (c->rng.present && at == c->order.end()) c->order.push_back(ref);
       return absl::OkStatus();
     },
     [](const Config& c) { return TextOf(c.rng.present); }},
    {"devices.rng.seed", Form::kNumber, nullptr, false, "chooses its numbers",
     [](Text v, Config* c) { return Assign(ParseNumber(v), &c->rng.seed); },
     [](const Config& c) { return TextOf(c.rng.seed); }},
    {"clock.mode", Form::kChoice, "det|host", false,
     "det: time from instructions; host: the host's, and no two runs are alike",
     [](Text v, Config* c) {
       if (v != "det" && v != "host") return NotOneOf(v, "det|host");
       c->clock.mode =
           v == "det" ? Config::Clock::Mode::kDeterministic : Config::Clock::Mode::kHost;
       return absl::OkStatus();
     },
     [](const Config& c) {
       return std::string(c.clock.mode == Config::Clock::Mode::kHost ? "host" : "det");
     }},
    {"clock.instructions_per_second", Form::kAmount, "100M", false,
     "instructions in a virtual second",
     [](Text v, Config* c) {
       return AssignWithin(ParseCount(v), u64{1'000'000}, u64{100'000'000'000},
                           &c->clock.instructions_per_second);
     },
     [](const Config& c) { return TextOf(c.clock.instructions_per_second); }},
    {"clock.epoch", Form::kAmount, "2009-07-01T00:00:00Z", false, "the date at the start",
     [](Text v, Config* c) { return Assign(ParseTime(v), &c->clock.epoch); },
     [](const Config& c) { return FormatTime(c.clock.epoch); }},
    {"clock.realtime", Form::kChoice, "auto|on|off", false,
     "a waiting guest waits in real time",
     [](Text v, Config* c) { return Assign(ParseAutoOnOff(v), &c->clock.realtime); },
     [](const Config& c) { return TextOf(c.clock.realtime); }},
    {"limits.instructions", Form::kAmount, "100M", true, "ends the run with code 5",
     [](Text v, Config* c) {
       return AssignLimit(v, ParseCount, &c->limits.instructions);
     },
     [](const Config& c) { return LimitText(c.limits.instructions, ""); }},
    {"limits.virtual_time", Form::kAmount, "10m", true, "ends the run with code 5",
     [](Text v, Config* c) {
       return AssignLimit(v, ParseDuration, &c->limits.virtual_ns);
     },
     [](const Config& c) { return LimitText(c.limits.virtual_ns, "ns"); }},
    {"limits.max_idle", Form::kAmount, "10m", false, "ends a run that waits for nothing",
     [](Text v, Config* c) { return Assign(ParseDuration(v), &c->limits.max_idle_ns); },
     [](const Config& c) { return TextOf(c.limits.max_idle_ns) + "ns"; }},
    {"limits.timeout", Form::kAmount, "10m", true,
     "real time; ends the run with code 124",
     [](Text v, Config* c) {
       return AssignLimit(v, ParseDuration, &c->limits.timeout_ns);
     },
     [](const Config& c) { return LimitText(c.limits.timeout_ns, "ns"); }},
    {"limits.console_bytes", Form::kAmount, "64M", true,
     "output; ends the run with code 5",
     [](Text v, Config* c) {
       return AssignLimit(v, ParseSize, &c->limits.console_bytes);
     },
     [](const Config& c) {
       if (!c.limits.console_bytes) return std::string("none");
       const u64 bytes = *c.limits.console_bytes;
       return bytes % 1024 == 0 ? TextOf(bytes / 1024) + "K" : TextOf(bytes) + "B";
     }},
    {"on_panic", Form::kChoice, "stop|reboot", false,
     "what a panic of the guest kernel does",
     [](Text v, Config* c) { return AssignEnd(v, &c->on_panic); },
     [](const Config& c) { return TextOf(c.on_panic); }},
    {"on_restart", Form::kChoice, "stop|reboot", false,
     "what a restart of the guest does",
     [](Text v, Config* c) { return AssignEnd(v, &c->on_restart); },
     [](const Config& c) { return TextOf(c.on_restart); }},
    {"seed", Form::kNumber, nullptr, false, "every choice the program makes itself",
     [](Text v, Config* c) { return Assign(ParseNumber(v), &c->seed); },
     [](const Config& c) { return TextOf(c.seed); }},
    {"outputs.stats", Form::kPath, nullptr, true, "file for counters as JSON",
     [](Text v, Config* c) {
       return c->outputs.stats = v == "none" ? "" : v, absl::OkStatus();
     },
     [](const Config& c) { return c.outputs.stats; }},
    {"outputs.json_result", Form::kPath, nullptr, true, "file for the ending as JSON",
     [](Text v, Config* c) {
       return c->outputs.json_result = v == "none" ? "" : v, absl::OkStatus();
     },
     [](const Config& c) { return c.outputs.json_result; }},
    {"outputs.trace", Form::kPath, nullptr, true,
     "file for events; the extension says the format: .pftrace, .jsonl, .txt",
     [](Text v, Config* c) {
       return c->outputs.trace = v == "none" ? "" : v, absl::OkStatus();
     },
     [](const Config& c) { return c.outputs.trace; }},
    {"outputs.trace_categories", Form::kText, nullptr, false,
     "categories of outputs.trace, with commas between them",
     [](Text v, Config* c) {
       const StatusOr<u32> mask = ParseTraceCategories(v);
       if (mask.ok()) c->outputs.trace_categories = v;
       return mask.status();
     },
     [](const Config& c) { return c.outputs.trace_categories; }},
    {"outputs.report", Form::kPath, nullptr, true, "file for a page about the run, HTML",
     [](Text v, Config* c) {
       return c->outputs.report = v == "none" ? "" : v, absl::OkStatus();
     },
     [](const Config& c) { return c.outputs.report; }},
    {"outputs.profile", Form::kPath, nullptr, true,
     "file for a page about where instructions and time went, HTML",
     [](Text v, Config* c) {
       return c->outputs.profile = v == "none" ? "" : v, absl::OkStatus();
     },
     [](const Config& c) { return c.outputs.profile; }},
    {"outputs.dump_on_crash", Form::kPath, nullptr, true,
     "file for the memory and registers of a guest that has died, an ELF core",
     [](Text v, Config* c) {
       return c->outputs.dump_on_crash = v == "none" ? "" : v, absl::OkStatus();
     },
     [](const Config& c) { return c.outputs.dump_on_crash; }},
};

}  // namespace

std::span<const ValueSpec> ConfigValues() { return kValues; }

namespace {

// Elements are added by setting a value of the one behind the last.
Status SetItem(const ItemPath& at, std::string_view path, std::string_view value,
               MachineConfig* config) {
  const size_t size = at.list->size(*config);
  if (at.index > size) {
    return Errorf(StatusCode::kOutOfRange,
                  "%s: there are %d elements; the next is %s[%d]", std::string(path),
                  size, at.list->path, size);
  }
  for (const ItemSpec& item : at.list->items) {
    if (at.key != item.key) continue;
    MachineConfig with = *config;
    if (at.index == size) at.list->add(&with);
    const Status status = item.set(value, &with, at.index);
    if (status.ok()) {
      *config = std::move(with);
      return status;
    }
    return Errorf(status.code(), "%s: %s", std::string(path), MessageOf(status));
  }
  std::vector<std::string> keys;
  for (const ItemSpec& item : at.list->items) keys.emplace_back(item.key);
  const std::string near = DidYouMean(at.key, keys);
  return Errorf(StatusCode::kOutOfRange, "there is no setting \"%s\"%s",
                std::string(path),
                near.empty() ? "; lgx schema shows them all"
                             : absl::StrFormat("; did you mean \"%s[%d].%s\"?",
                                               at.list->path, at.index, near));
}

// Calls visit(path, text) for every value in the order of the tables.
template <typename Visit>
void VisitValues(const MachineConfig& config, Visit visit) {
  for (const ValueSpec& value : kValues) visit(value.path, value.get(config));
  for (const ListSpec& list : ConfigLists()) {
    for (size_t i = 0; i < list.size(config); i++) {
      for (const ItemSpec& item : list.items) {
        visit(absl::StrFormat("%s[%d].%s", list.path, i, item.key), item.get(config, i));
      }
    }
  }
}

}  // namespace

Status SetConfigValue(std::string_view path, std::string_view value,
                      MachineConfig* config) {
  for (const ValueSpec& entry : kValues) {
    if (path != entry.path) continue;
    const Status status = entry.set(value, config);
    if (status.ok()) return status;
    return Errorf(status.code(), "%s: %s", entry.path, MessageOf(status));
  }
  if (const std::optional<ItemPath> item = SplitItemPath(path)) {
    return SetItem(*item, path, value, config);
  }
  const std::string near = DidYouMean(path, ConfigPaths(*config));
  return Errorf(StatusCode::kOutOfRange, "there is no setting \"%s\"%s",
                std::string(path),
                near.empty() ? "; lgx check --print lists them"
                             : absl::StrFormat("; did you mean \"%s\"?", near));
}

std::vector<std::string> DescribeConfig(const MachineConfig& config) {
  std::vector<std::string> lines;
  VisitValues(config, [&](const std::string& path, const std::string& value) {
    lines.push_back(path + " = " + value);
  });
  return lines;
}

std::vector<std::string> ConfigPaths(const MachineConfig& config) {
  std::vector<std::string> paths;
  VisitValues(config, [&](const std::string& path, const std::string&) {
    paths.push_back(path);
  });
  return paths;
}

}  // namespace lgx
