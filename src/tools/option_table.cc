#include "tools/option_table.h"

#include <limits>
#include <random>

#include "base/check.h"
#include "report/trace_record.h"

namespace lgx {
namespace {

Status BadValue(std::string_view value, const char* expected) {
  return Errorf(StatusCode::kOutOfRange, "\"%s\" is not %s", std::string(value),
                expected);
}

}  // namespace

Status ApplyLog(std::string_view value, CommandLine* line) {
  const size_t colon = value.find(':');
  const std::optional<LogLevel> level = LogLevelFromName(value.substr(0, colon));
  if (!level) return BadValue(value, "debug, info, warning or error, then perhaps :FILE");
  line->log_level = *level;
  if (colon != std::string_view::npos) line->log_file = value.substr(colon + 1);
  return absl::OkStatus();
}

namespace {

template <typename T>
Status AssignNumber(std::string_view value, T* to) {
  const StatusOr<u64> number = ParseNumber(value);
  if (!number.ok()) return number.status();
  if (*number > std::numeric_limits<T>::max()) {
    return Errorf(StatusCode::kOutOfRange, "%s is more than 0x%x", std::string(value),
                  std::numeric_limits<T>::max());
  }
  *to = static_cast<T>(*number);
  return absl::OkStatus();
}

template <typename T>
Status AssignNumber(std::string_view value, std::optional<T>* to) {
  T number = 0;
  LGX_RETURN_IF_ERROR(AssignNumber(value, &number));
  *to = number;
  return absl::OkStatus();
}

Status AssignCount(std::string_view value, std::optional<u64>* to) {
  const StatusOr<u64> count = ParseCount(value);
  if (!count.ok()) return count.status();
  *to = *count;
  return absl::OkStatus();
}

std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

// --append may come more than once; the texts are joined like the words behind "--".
Status ApplyAppend(std::string_view value, CommandLine* line) {
  std::string& text = line->config.kernel.cmdline;
  if (!text.empty()) text += ' ';
  text += value;
  return absl::OkStatus();
}

// det[,ips=100M][,epoch=TIME] or host
Status ApplyClock(std::string_view value, CommandLine* line) {
  for (const std::string& part : SplitAtCommas(value)) {
    const size_t equals = part.find('=');
    const std::string key = part.substr(0, equals);
    const std::string rest = equals == std::string::npos ? "" : part.substr(equals + 1);
    std::string path;
    if (equals == std::string::npos) {
      LGX_RETURN_IF_ERROR(SetConfigValue("clock.mode", part, &line->config));
    } else if (key == "ips" || key == "epoch" || key == "mode") {
      path = key == "ips" ? "clock.instructions_per_second" : "clock." + key;
      LGX_RETURN_IF_ERROR(SetConfigValue(path, rest, &line->config));
    } else {
      return Errorf(StatusCode::kOutOfRange, "\"%s\" is not one of mode, ips, epoch",
                    key);
    }
  }
  return absl::OkStatus();
}

Status ApplySet(std::string_view value, CommandLine* line) {
  const size_t equals = value.find('=');
  if (equals == std::string_view::npos) {
    return BadValue(value, "of the form path.to.key=VALUE");
  }
  return SetConfigValue(value.substr(0, equals), value.substr(equals + 1), &line->config);
}

// CATS=FILE
Status ApplyTrace(std::string_view value, CommandLine* line) {
  const size_t equals = value.find('=');
  if (equals == std::string_view::npos || equals + 1 == value.size()) {
    return BadValue(value,
                    "of the form CATEGORIES=FILE, such as crossing,fault=t.pftrace");
  }
  const StatusOr<u32> mask = ParseTraceCategories(value.substr(0, equals));
  if (!mask.ok()) return mask.status();
  const std::string_view path = value.substr(equals + 1);
  if (const auto format = TraceFormatOf(path); !format.ok()) return format.status();
  line->traces.push_back({*mask, std::string(path)});
  return absl::OkStatus();
}

Status ApplyCategories(std::string_view value, CommandLine* line) {
  const StatusOr<u32> mask = ParseTraceCategories(value);
  if (mask.ok()) line->trace.categories = *mask;
  return mask.status();
}

Status ApplyUntil(std::string_view value, CommandLine* line) {
  StatusOr<Point> point = ParsePoint(value);
  if (!point.ok()) return point.status();
  line->until = *std::move(point);
  return absl::OkStatus();
}

Status ApplySnapshotAt(std::string_view value, CommandLine* line) {
  const size_t equals = value.find('=');
  if (equals == std::string_view::npos || equals + 1 == value.size()) {
    return BadValue(value, "of the form POINT=FILE, for example insn:1000000=FILE");
  }
  const StatusOr<Point> point = ParsePoint(value.substr(0, equals));
  if (!point.ok()) return point.status();
  if (point->kind == Point::Kind::kEnd || IsFoundOutside(*point)) {
    return BadValue(value, "insn:N=FILE or time:T=FILE");
  }
  line->snapshot_at.emplace_back(*point, value.substr(equals + 1));
  return absl::OkStatus();
}

Status ApplySnapshotEvery(std::string_view value, CommandLine* line) {
  const StatusOr<u64> count = ParseCount(value);
  if (!count.ok()) return count.status();
  if (*count < 100'000) return BadValue(value, "100K instructions or more");
  line->snapshot_every = *count;
  return absl::OkStatus();
}

Status ApplySeed(std::string_view value, CommandLine* line) {
  line->random_seed = value == "random";
  if (!line->random_seed) return SetConfigValue("seed", value, &line->config);
  std::random_device device;
  line->config.seed = device();
  return absl::OkStatus();
}

Status ApplyColor(std::string_view value, CommandLine* line) {
  if (value == "auto") {
    line->color = ColorChoice::kAuto;
  } else if (value == "always") {
    line->color = ColorChoice::kAlways;
  } else if (value == "never") {
    line->color = ColorChoice::kNever;
  } else {
    return BadValue(value, "auto, always or never");
  }
  return absl::OkStatus();
}

Status ApplySandbox(std::string_view value, CommandLine* line) {
  if (value != "on" && value != "off") return BadValue(value, "on or off");
  line->sandbox = value == "on" ? SandboxChoice::kOn : SandboxChoice::kOff;
  return absl::OkStatus();
}

Status ApplyBareMemory(std::string_view value, CommandLine* line) {
  const StatusOr<u64> bytes = ParseSize(value);
  if (!bytes.ok()) return bytes.status();
  if (*bytes < kMiB || *bytes > kMaxMemory || *bytes % kPageSize != 0) {
    return BadValue(value, "between 1 MiB and 3072 MiB in whole pages");
  }
  line->bare.memory = *bytes;
  return absl::OkStatus();
}

Status ApplyBareModel(std::string_view value, CommandLine* line) {
  const CpuModel* const model = FindCpuModel(value);
  if (model == nullptr) {
    return BadValue(value, ("one of " + CpuModelNames()).c_str());
  }
  line->bare.model = model;
  return absl::OkStatus();
}

// NAME=ADDRESS+LENGTH
Status ApplyDumpRange(std::string_view value, CommandLine* line) {
  const size_t equals = value.find('=');
  const size_t plus = value.find('+');
  if (equals == 0 || equals == std::string_view::npos || plus == std::string_view::npos ||
      plus < equals) {
    return BadValue(value, "of the form NAME=ADDRESS+LENGTH");
  }
  BareOptions::DumpRange range;
  range.name = value.substr(0, equals);
  LGX_RETURN_IF_ERROR(
      AssignNumber(value.substr(equals + 1, plus - equals - 1), &range.address));
  LGX_RETURN_IF_ERROR(AssignNumber(value.substr(plus + 1), &range.length));
  line->bare.dump_ranges.push_back(std::move(range));
  return absl::OkStatus();
}

template <std::string BareOptions::* kMember>
Status ApplyBareText(std::string_view value, CommandLine* line) {
  line->bare.*kMember = value;
  return absl::OkStatus();
}

template <std::string VectorOptions::* kMember>
Status ApplyVectorText(std::string_view value, CommandLine* line) {
  line->vectors.*kMember = value;
  return absl::OkStatus();
}

template <Status (*kAdd)(std::string_view, MachineConfig*)>
Status ApplyTo(std::string_view value, CommandLine* line) {
  return kAdd(value, &line->config);
}

// The words between two of them are options of one Guest: options.cc takes them apart
// first.
Status ApplyAnd(std::string_view, CommandLine*) { return absl::OkStatus(); }
// --username and --chroot took rights away that the original Launcher had as root.
template <char kOption>
Status IgnorePrivileges(std::string_view, CommandLine* line) {
  line->warnings.emplace_back(
      kOption == 'u' ? "--username has no effect: the program keeps the user it has and "
                       "needs no privileges"
                     : "--chroot has no effect: a guest reaches only the files that are "
                       "named on the command line");
  return absl::OkStatus();
}

template <std::string CommandLine::* kMember>
Status ApplyText(std::string_view value, CommandLine* line) {
  if (value.empty()) return BadValue(value, "a name; it is empty");
  line->*kMember = value;
  return absl::OkStatus();
}

template <bool CommandLine::* kMember>
Status ApplyFlag(std::string_view, CommandLine* line) {
  line->*kMember = true;
  return absl::OkStatus();
}

template <std::string BenchOptions::* kMember>
Status ApplyBenchText(std::string_view value, CommandLine* line) {
  line->bench.*kMember = value;
  return absl::OkStatus();
}

// --- the tables
// ----------------------------------------------------------------------------------

constexpr CommandSet kRunOnly = SetOf(Command::kRun) | SetOf(Command::kGdb);
constexpr CommandSet kLguestOnly = SetOf(Command::kLguest);
constexpr CommandSet kCheckOnly = SetOf(Command::kCheck);
constexpr CommandSet kBareOnly = SetOf(Command::kBare);
constexpr CommandSet kVectorsOnly = SetOf(Command::kExecVectors);
constexpr CommandSet kDiskOnly = SetOf(Command::kDisk);
constexpr CommandSet kReplayOnly = SetOf(Command::kReplay);
constexpr CommandSet kBenchOnly = SetOf(Command::kBench);
constexpr CommandSet kDebugOnly = SetOf(Command::kDebug);
constexpr CommandSet kMachine = kRunOnly | kCheckOnly | kDebugOnly;
constexpr CommandSet kBoots = kRunOnly | kLguestOnly;
constexpr CommandSet kAnyMachine = kMachine | kLguestOnly;
// Of no use where a debugger has the console and says when the machine runs.
constexpr CommandSet kRunsAlone = kRunOnly | kCheckOnly | kLguestOnly;
constexpr CommandSet kEvery = ~CommandSet{0};

constexpr CommandSpec kCommands[] = {
    {Command::kRun, "run", "[KERNEL] [options] [-- kernel arguments] [--and ...]",
     "boot a guest: a vmlinux, a bzImage, or the built-in guest without a name"},
    {Command::kGdb, "gdb", "[KERNEL|LOG|last] [options] [-- kernel arguments]",
     "run or replay for gdb, which it waits for: prints the line for gdb"},
    {Command::kLguest, "lguest", "[options] MEMORY KERNEL [kernel arguments]",
     "the same with the original Launcher's options and order"},
    {Command::kCheck, "check", "[KERNEL] [options]",
     "say what would run, or exactly why it cannot"},
    {Command::kReplay, "replay", "LOG|last [--until POINT]",
     "run again from the log of a recorded run, and compare"},
    {Command::kSnapshot, "snapshot",
     "save LOG|last FILE --until POINT | info FILE | verify FILE | diff A B",
     "write, show, check and compare states of a machine"},
    {Command::kDivergence, "divergence", "LOG_A LOG_B | LOG --with path=VALUE",
     "find the first instruction at which two recorded runs, or one on two machines, "
     "differ"},
    {Command::kBisect, "bisect", "LOG|last CONDITION",
     "find the first instruction after which a condition holds"},
    {Command::kDisk, "disk",
     "create FILE SIZE | create FILE --base IMAGE | info FILE | "
     "commit FILE",
     "make, show and commit disk images and overlays"},
    {Command::kBare, "bare", "IMAGE [options]",
     "run a program on the emulated machine without lguest"},
    {Command::kExecVectors, "exec-vectors", "--world W.json FILE.jsonl [options]",
     "execute one-instruction test vectors"},
    {Command::kStats, "stats", "FILE.. [--diff]",
     "show the counters of --stats files side by side, or what differs"},
    {Command::kDebug, "debug",
     "[KERNEL|LOG|SNAPSHOT|last] [options] [-- kernel arguments]",
     "step through a guest and the Switcher; commands from a terminal or a pipe"},
    {Command::kInspect, "inspect",
     "pages [ADDRESS] FILE | guest|tlb|gdt|idt|tss|virtqueue|events FILE",
     "show a part of the machine in a SNAPSHOT, or in a LOG at --until POINT"},
    {Command::kTour, "tour", "[STOP] [options]",
     "run the built-in guest to a stop of the journey and show what is there"},
    {Command::kTrace, "trace", "FILE.jsonl -o FILE [--only CATS]",
     "make a trace in one format from one in JSON lines"},
    {Command::kReport, "report", "FILE.. -o FILE",
     "make one page about a run from its --stats, --trace (.jsonl) and --json-result"},
    {Command::kBench, "bench", "[demand-paging|scaling] [options]",
     "measure demand paging, or what the cost grows with; without a name list both"},
    {Command::kCompletion, "completion", "bash|zsh|fish",
     "print what the shell needs to complete the command line"},
    {Command::kMan, "man", "[1|5|7]",
     "print a manual page: the program, config files, the journey"},
    {Command::kSchema, "schema", "", "print the JSON schema of config files"},
    {Command::kVersion, "version", "[--json]", "print the program's version"},
    {Command::kHelp, "help", "[COMMAND]", "explain a command and its options"},
};

// Shorter rows for the table: a machine value, a fixed machine value, an action.
constexpr OptionSpec Value(const char* name, char letter, CommandSet commands,
                           const char* value, const char* path, const char* help) {
  return {name, letter, commands, Takes::kValue, value,
          help, path,   nullptr,  nullptr,       nullptr};
}
constexpr OptionSpec Fixed(const char* name, CommandSet commands, const char* path,
                           const char* fixed, const char* help) {
  return {name, 0,    commands, Takes::kNothing, nullptr,
          help, path, fixed,    nullptr,         nullptr};
}
constexpr OptionSpec Maybe(const char* name, CommandSet commands, const char* value,
                           const char* path, const char* fixed, const char* help) {
  return {name,  0,       commands, Takes::kMaybeValue, value, help, path,
          fixed, nullptr, nullptr};
}
using Apply = Status (*)(std::string_view, CommandLine*);
constexpr OptionSpec Flag(const char* name, char letter, CommandSet commands, Apply apply,
                          const char* help) {
  return {name, letter,  commands, Takes::kNothing, nullptr,
          help, nullptr, nullptr,  apply,           nullptr};
}
constexpr OptionSpec Action(const char* name, char letter, CommandSet commands,
                            const char* value, Apply apply, const char* help) {
  return {name, letter,  commands, Takes::kValue, value,
          help, nullptr, nullptr,  apply,         nullptr};
}
constexpr OptionSpec BenchList(const char* name, const char* value, Apply apply,
                               const char* help) {
  return Action(name, 0, kBenchOnly, value, apply, help);
}

constexpr OptionSpec kOptions[] = {
    Value("memory", 'm', kMachine, "SIZE", "memory",
          "guest memory, 8M to 3072M; a bare number is MiB (64M)"),
    Value("initrd", 'i', kMachine, "FILE", "kernel.initrd", "initial RAM disk"),
    Value("initrd", 0, kLguestOnly, "FILE", "kernel.initrd", "initial RAM disk"),
    Action("username", 0, kLguestOnly, "USER", IgnorePrivileges<'u'>,
           "accepted and ignored: there are no privileges to give up"),
    Action("chroot", 0, kLguestOnly, "DIR", IgnorePrivileges<'c'>,
           "accepted and ignored: a guest reaches only files that are named to it"),
    Action("append", 'a', kMachine, "TEXT", ApplyAppend,
           "kernel command line; also everything after --"),
    Action("block", 'b', kMachine,
           "PATH[,ro][,snapshot][,overlay=FILE][,sync=flush|always|never][,id=TEXT]",
           ApplyTo<AddBlock>, "a disk: vda, vdb, ...; repeatable"),
    Action("block", 0, kLguestOnly, "FILE[,ro][,snapshot]", ApplyTo<AddBlock>,
           "a disk: vda, vdb, ...; repeatable"),
    Action("net", 'n', kMachine,
           "none|user[,fwd=tcp:2222:22][,hostname=NAME]|virtual=GROUP|tap[=IF]|fd=N",
           ApplyTo<AddNet>,
           "a network device; repeatable; user also [,restrict], each also "
           "[,mac=MAC][,offload=off][,capture=FILE]"),
    Flag("and", 0, SetOf(Command::kRun), ApplyAnd,
         "another guest in the same process follows, with options of its own"),
    Action("tunnet", 0, kLguestOnly, "IP[:MAC]|bridge:NAME[:MAC]", ApplyTo<AddTunnet>,
           "a network device on a tap; repeatable"),
    Fixed("rng", kAnyMachine, "devices.rng.present", "on",
          "entropy device; the same numbers each run"),
    Value("rng-seed", 0, kMachine, "N", "devices.rng.seed", "choose its numbers (1)"),
    Value("console", 0, kRunsAlone, "tty|stdio|none|file=F|socket=F",
          "devices.console.backend", "where hvc0 goes (tty on a terminal, else stdio)"),
    Fixed("no-escape", kRunsAlone, "devices.console.escape", "off",
          "pass Ctrl-A to the guest"),
    Value("abi", 0, kAnyMachine, "auto|GENERATION", "guest.abi",
          "generation of the guest; check --list-abi prints them (auto)"),
    Value("cpu", 0, kAnyMachine, "MODEL", "cpu.model",
          "processor: p6, pentium-mmx, pentium-ii, pentium-iii, pentium-4, max (p6)"),
    Value("pae", 0, kAnyMachine, "auto|on|off", "cpu.pae", "page-table format (auto)"),
    Action("clock", 0, kAnyMachine, "det[,ips=100M][,epoch=TIME]|host", ApplyClock,
           "time from instructions, or the host's (det)"),
    Maybe("realtime", kRunsAlone, "auto|on|off", "clock.realtime", "on",
          "waiting takes real time (while console input can come)"),
    Value("max-idle", 0, kAnyMachine, "T", "limits.max_idle",
          "end a run that waits for nothing after this virtual time (10m)"),
    Action("seed", 0, kAnyMachine, "N|random", ApplySeed,
           "every choice the program makes itself; random prints its number (1)"),
    Action("expect", 0, kRunsAlone, "REGEX[,send=TEXT][,exit=N]", ApplyTo<AddExpect>,
           "wait for a text of the console, then type, then end with code N; repeatable"),
    Action(
        "record", 0, kBoots, "FILE|last|off",
        [](std::string_view v, CommandLine* l) {
          l->record = v;
          return absl::OkStatus();
        },
        "where the input is recorded (last: in the state folder, which keeps 20 runs)"),
    Action("snapshot-at", 0, kBoots, "POINT=FILE", ApplySnapshotAt,
           "write the state at this point to FILE; repeatable"),
    Action("snapshot-every", 0, kBoots, "N", ApplySnapshotEvery,
           "write it each N instructions, to lgx-NUMBER.lgxsnap"),
    Action(
        "from", 0, kRunOnly, "SNAPSHOT",
        [](std::string_view v, CommandLine* l) {
          l->from = v;
          return absl::OkStatus();
        },
        "go on from the state in this file; it has the machine's description"),
    Action("until", 0,
           kBoots | kReplayOnly | SetOf(Command::kSnapshot) | SetOf(Command::kInspect),
           "POINT",
           ApplyUntil,
           "stop at insn:N, time:T, crossing:N, stop:ID, symbol:NAME, console:TEXT, "
           "hypercall:NAME#N or end (end)"),
    Action("gdb", 0, kBoots | kReplayOnly, "[HOST:]PORT|PATH", ApplyText<&CommandLine::gdb>,
           "let gdb attach there; loopback without HOST"),
    Flag("wait", 0, kBoots | kReplayOnly, ApplyFlag<&CommandLine::gdb_wait>,
         "wait for gdb before the first instruction"),
    Action("write-kernel", 0, kBoots, "FILE", ApplyText<&CommandLine::write_kernel>,
           "write the kernel that runs there, with the symbols it has, for gdb"),
    Action("sandbox", 0, SetOf(Command::kRun) | kLguestOnly, "on|off", ApplySandbox,
           "give up rights once all files are open (on where the system can)"),
    Value("max-instructions", 0, kAnyMachine, "N", "limits.instructions",
          "end the run with code 5 after N instructions"),
    Value("max-virtual-time", 0, kAnyMachine, "T", "limits.virtual_time",
          "end the run with code 5 after this virtual time"),
    Value("timeout", 0, kRunsAlone, "T", "limits.timeout",
          "end the run with code 124 after this real time"),
    Value("on-panic", 0, kRunsAlone, "stop|reboot", "on_panic",
          "what a guest kernel's panic does (stop)"),
    Fixed("no-reboot", kRunsAlone, "on_restart", "stop",
          "a restart ends the run like a power-off"),
    Value("symbols", 0, kAnyMachine | SetOf(Command::kInspect), "FILE", "kernel.symbols",
          "System.map or vmlinux with the kernel's names"),
    Value("stats", 0, kRunsAlone | kReplayOnly, "FILE", "outputs.stats",
          "write counters as JSON"),
    Action("trace", 0, kBoots | kReplayOnly, "CATS=FILE", ApplyTrace,
           "write events of these categories (crossing,fault,...; all; insn; mem) to "
           "FILE.pftrace, .jsonl or .txt; repeatable"),
    Value("report", 0, kRunsAlone | kReplayOnly, "FILE", "outputs.report",
          "write one HTML page about the run"),
    Value("profile", 0, kRunsAlone | kReplayOnly, "FILE", "outputs.profile",
          "write one HTML page about where instructions and time went"),
    Value("dump-on-crash", 0, kRunsAlone | kReplayOnly, "FILE", "outputs.dump_on_crash",
          "write memory and registers of a guest that dies as an ELF core, for gdb"),
    Value("json-result", 0, kRunsAlone, "FILE", "outputs.json_result",
          "write how the run ended as JSON"),
    Action("set", 0, kAnyMachine, "path.to.key=VALUE", ApplySet,
           "any machine value by its path; check --print lists them"),

    Action(
        "execute", 'e', kDebugOnly, "COMMAND",
        [](std::string_view v, CommandLine* l) {
          l->debug.commands.emplace_back(v);
          return absl::OkStatus();
        },
        "a command of the console, before those that are read; repeatable"),
    Flag(
        "echo", 0, kDebugOnly,
        [](std::string_view, CommandLine* l) {
          l->debug.echo = true;
          return absl::OkStatus();
        },
        "show each command before its answer, for a record"),
    Flag(
        "tui", 0, kDebugOnly,
        [](std::string_view, CommandLine* l) {
          l->debug.tui = true;
          return absl::OkStatus();
        },
        "the full screen: code, registers, page tables and events at once"),
    Flag(
        "diff", 0, SetOf(Command::kInspect),
        [](std::string_view, CommandLine* l) {
          l->inspect.diff = true;
          return absl::OkStatus();
        },
        "only pages on which the Guest's and the shadow tables disagree"),
    Flag(
        "list", 0, SetOf(Command::kTour),
        [](std::string_view, CommandLine* l) {
          l->tour.list = true;
          return absl::OkStatus();
        },
        "print the stops"),
    Action(
        "from", 0, SetOf(Command::kTour), "TAG",
        [](std::string_view v, CommandLine* l) {
          l->tour.from = v;
          return absl::OkStatus();
        },
        "begin at the stop that names this place of lguest, as in lguest:H:330"),
    Action(
        "export", 0, SetOf(Command::kTour), "FILE",
        [](std::string_view v, CommandLine* l) {
          l->tour.export_to = v;
          return absl::OkStatus();
        },
        "write an HTML page with a slide for each stop; all stops without STOP"),
    Value("pae", 0, SetOf(Command::kTour), "on|off", "cpu.pae",
          "page-table format (off)"),

    Flag("list-abi", 0, kCheckOnly, ApplyFlag<&CommandLine::list_abi>,
         "print the generations of guests"),
    Flag("print", 0, kCheckOnly, ApplyFlag<&CommandLine::print>,
         "print every value of the machine"),

    Action("memory", 'm', kBareOnly, "SIZE", ApplyBareMemory, "memory (64M)"),
    Action("cpu", 0, kBareOnly, "MODEL", ApplyBareModel,
           "processor, as for run (max: everything there is)"),
    Action("rom", 0, kBareOnly, "FILE", ApplyBareText<&BareOptions::rom>,
           "start this ROM as after a reset, instead of IMAGE"),
    Action(
        "load", 0, kBareOnly, "ADDR",
        [](std::string_view v, CommandLine* l) { return AssignNumber(v, &l->bare.load); },
        "load IMAGE here, as flat bytes"),
    Action(
        "entry", 0, kBareOnly, "ADDR",
        [](std::string_view v, CommandLine* l) {
          return AssignNumber(v, &l->bare.entry);
        },
        "start here"),
    Action("debugcon", 0, kBareOnly, "FILE|-", ApplyBareText<&BareOptions::debugcon>,
           "text of port 0xe9 (-)"),
    Action("serial", 0, kBareOnly, "FILE|-", ApplyBareText<&BareOptions::serial>,
           "text of the serial port at 0x3f8 (-)"),
    Action(
        "debug-exit", 0, kBareOnly, "PORT",
        [](std::string_view v, CommandLine* l) {
          return AssignNumber(v, &l->bare.debug_exit);
        },
        "port that ends the run (0xf4)"),
    Action(
        "post", 0, kBareOnly, "PORT",
        [](std::string_view v, CommandLine* l) { return AssignNumber(v, &l->bare.post); },
        "write each byte sent to this port to stderr"),
    Action(
        "max-instructions", 0, kBareOnly, "N",
        [](std::string_view v, CommandLine* l) {
          return AssignCount(v, &l->bare.max_instructions);
        },
        "end the run with code 5 after N instructions"),
    Action("dump-on-halt", 0, kBareOnly, "FILE",
           ApplyBareText<&BareOptions::dump_on_halt>, "write the final state as JSON"),
    Action("dump-memory", 0, kBareOnly, "NAME=ADDR+LEN", ApplyDumpRange,
           "add this memory to the dump; repeatable"),
    Action("stats", 0, kBareOnly, "FILE", ApplyBareText<&BareOptions::stats>,
           "write counters as JSON"),

    Action("world", 0, kVectorsOnly, "W.json", ApplyVectorText<&VectorOptions::world>,
           "the machine that the vectors run in"),
    Action(
        "only", 0, kVectorsOnly, "CAT,..",
        [](std::string_view v, CommandLine* l) {
          l->vectors.only = SplitAtCommas(v);
          return absl::OkStatus();
        },
        "only vectors of these categories"),
    Action(
        "fail-limit", 0, kVectorsOnly, "N",
        [](std::string_view v, CommandLine* l) {
          return AssignNumber(v, &l->vectors.fail_limit);
        },
        "stop after so many failures"),
    Action("dump", 0, kVectorsOnly, "FILE", ApplyVectorText<&VectorOptions::dump>,
           "write what came out of each vector"),

    Action(
        "base", 0, kDiskOnly, "IMAGE",
        [](std::string_view v, CommandLine* l) {
          l->disk.base = v;
          return absl::OkStatus();
        },
        "the image of an overlay"),
    Flag(
        "force", 0, kDiskOnly,
        [](std::string_view, CommandLine* l) {
          l->disk.force = true;
          return absl::OkStatus();
        },
        "create: overwrite an existing file"),
    Flag(
        "force", 0, SetOf(Command::kSnapshot),
        [](std::string_view, CommandLine* l) {
          l->snapshot.force = true;
          return absl::OkStatus();
        },
        "save: overwrite an existing file"),

    Action(
        "with", 0, SetOf(Command::kDivergence), "path=VALUE",
        [](std::string_view v, CommandLine* l) {
          l->compare.with.emplace_back(v);
          return absl::OkStatus();
        },
        "a value of the second machine, as for --set; repeatable"),
    Action(
        "output", 'o', SetOf(Command::kReport), "FILE",
        [](std::string_view v, CommandLine* l) {
          l->report.output = v;
          return absl::OkStatus();
        },
        "the new file, HTML"),
    Action(
        "output", 'o', SetOf(Command::kTrace), "FILE",
        [](std::string_view v, CommandLine* l) {
          l->trace.output = v;
          return TraceFormatOf(v).status();
        },
        "the new file; its extension says the format: .pftrace, .jsonl or .txt"),
    Action("only", 0, SetOf(Command::kTrace), "CATS", ApplyCategories,
           "only these categories"),

    Flag(
        "diff", 0, SetOf(Command::kStats),
        [](std::string_view, CommandLine* l) {
          l->stats.diff = true;
          return absl::OkStatus();
        },
        "only what differs, and by how much; exit code 1 if anything does"),
    BenchList(
        "workload", "NAME[ ARGUMENTS],..",
        [](std::string_view v, CommandLine* l) {
          return SetBenchOption("workload", v, &l->bench);
        },
        "workloads of the built-in guest, perhaps with arguments (all)"),
    BenchList(
        "pae", "off,on",
        [](std::string_view v, CommandLine* l) {
          return SetBenchOption("pae", v, &l->bench);
        },
        "formats of page tables (off,on)"),
    BenchList(
        "slots", "N,..",
        [](std::string_view v, CommandLine* l) {
          return SetBenchOption("slots", v, &l->bench);
        },
        "shadow slots, 1 to 64 (4)"),
    BenchList(
        "replacement", "random,lru",
        [](std::string_view v, CommandLine* l) {
          return SetBenchOption("replacement", v, &l->bench);
        },
        "which slot a new table takes (random)"),
    BenchList(
        "pmd", "drop-all,drop-one",
        [](std::string_view v, CommandLine* l) {
          return SetBenchOption("pmd", v, &l->bench);
        },
        "what SET_PMD drops (both)"),
    BenchList(
        "prefill", "N,..",
        [](std::string_view v, CommandLine* l) {
          return SetBenchOption("prefill", v, &l->bench);
        },
        "windows that are filled together, 0 to 16 (0)"),
    Action(
        "memory", 'm', kBenchOnly, "SIZE,..",
        [](std::string_view v, CommandLine* l) {
          return SetBenchOption("memory", v, &l->bench);
        },
        "guest memory (64M)"),
    Action(
        "kernel", 0, kBenchOnly, "FILE",
        [](std::string_view v, CommandLine* l) {
          l->bench.kernels.emplace_back(v);
          return absl::OkStatus();
        },
        "measure this kernel instead of the workloads; repeatable"),
    Action("initrd", 'i', kBenchOnly, "FILE", ApplyBenchText<&BenchOptions::initrd>,
           "its initial RAM disk"),
    Action("append", 'a', kBenchOnly, "TEXT", ApplyBenchText<&BenchOptions::append>,
           "its command line"),
    Action("begin", 0, kBenchOnly, "TEXT", ApplyBenchText<&BenchOptions::begin>,
           "measure from the console line that begins so (from the start)"),
    Action("end", 0, kBenchOnly, "TEXT", ApplyBenchText<&BenchOptions::end>,
           "measure to the line that begins so (to the end)"),
    Action(
        "repeat", 0, kBenchOnly, "N",
        [](std::string_view v, CommandLine* l) {
          return SetBenchOption("repeat", v, &l->bench);
        },
        "run each point N times; the shortest host time counts"),
    Action("json", 0, kBenchOnly, "FILE", ApplyBenchText<&BenchOptions::json>,
           "write all counters as JSON"),
    Action("html", 0, kBenchOnly, "FILE", ApplyBenchText<&BenchOptions::html>,
           "write a page with plots"),
    Action("svg", 0, kBenchOnly, "FOLDER", ApplyBenchText<&BenchOptions::svg>,
           "write each plot as a file into an existing folder"),

    Flag("json", 0, SetOf(Command::kVersion), ApplyFlag<&CommandLine::json>,
         "as JSON, with the compiler and the libraries"),

    Action("log", 0, kAnyMachine | kReplayOnly, "LEVEL[:FILE]", ApplyLog,
           "debug, info, warning or error (info)"),
    Action("color", 0, kAnyMachine | kReplayOnly, "auto|always|never", ApplyColor,
           "colour (auto)"),
    Flag("verbose", 'v', kAnyMachine | kReplayOnly, ApplyFlag<&CommandLine::verbose>,
         "say more"),
    Flag("quiet", 'q', kRunOnly | kCheckOnly | kReplayOnly | SetOf(Command::kSnapshot),
         ApplyFlag<&CommandLine::quiet>, "no banner and no summary"),
    Flag("help", 'h', kEvery, ApplyFlag<&CommandLine::help>, "explain this command"),

};

}  // namespace

std::span<const CommandSpec> Commands() { return kCommands; }
std::span<const OptionSpec> Options() { return kOptions; }

const CommandSpec& SpecOf(Command command) {
  for (const CommandSpec& spec : kCommands) {
    if (spec.command == command) return spec;
  }
  CHECK(false) << "command " << static_cast<int>(command) << " has no row";
  return kCommands[0];
}

}  // namespace lgx
