#include "tools/options.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <set>
#include <utility>

#include "tools/option_table.h"

namespace lgx {
namespace {

template <typename... Args>
Status Usage(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return Status(StatusCode::kOutOfRange, absl::StrFormat(format, args...));
}

// Works through the words behind the command. Options may stand anywhere before "--".
class Parser {
 public:
  Parser(Command command, std::span<const std::string> words, CommandLine* line)
      : command_(command), words_(words), line_(line) {}

  Status Run() {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_++];
      if (word == "--") {
        behind_.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
        break;
      }
      if (word.starts_with("--")) {
        LGX_RETURN_IF_ERROR(LongOption(word));
      } else if (word.size() > 1 && word[0] == '-') {
        LGX_RETURN_IF_ERROR(ShortOptions(word));
      } else {
        operands_.push_back(word);
      }
    }
    if (line_->help) return absl::OkStatus();
    return Operands();
  }

 private:
  std::string Name() const { return SpecOf(command_).name; }

  // A row for this command by its whole name. The original Launcher's options may be cut
  // short as far as they stay unique among themselves (guest-03 A1.1).
  const OptionSpec* FindLong(std::string_view name) const {
    for (const OptionSpec& option : Options()) {
      if ((option.commands & SetOf(command_)) != 0 && name == option.name) return &option;
    }
    if (command_ != Command::kLguest || name.empty()) return nullptr;
    const OptionSpec* found = nullptr;
    for (const OptionSpec& option : Options()) {
      if ((option.commands & SetOf(command_)) == 0 || !IsOriginal(option.name)) continue;
      if (!std::string_view(option.name).starts_with(name)) continue;
      if (found != nullptr) return nullptr;
      found = &option;
    }
    return found;
  }

  static bool IsOriginal(std::string_view name) {
    for (const char* original :
         {"verbose", "tunnet", "block", "rng", "initrd", "username", "chroot"}) {
      if (name == original) return true;
    }
    return false;
  }

  const OptionSpec* FindLetter(char letter) const {
    for (const OptionSpec& option : Options()) {
      if ((option.commands & SetOf(command_)) != 0 && option.letter == letter)
        return &option;
    }
    return nullptr;
  }

  Status Unknown(const std::string& word) const {
    std::vector<std::string> names;
    for (const OptionSpec& option : Options()) {
      if ((option.commands & SetOf(command_)) != 0) {
        names.push_back(std::string("--") + option.name);
      }
    }
    const std::string near = DidYouMean(word, names);
    return Usage("%s: unknown option %s; %s", Name(), word,
                 near.empty() ? "lgx help " + Name() + " lists the options"
                              : "did you mean " + near + "?");
  }

  Status LongOption(const std::string& word) {
    const size_t equals = word.find('=');
    const std::string shown = word.substr(0, equals);
    const OptionSpec* option = FindLong(std::string_view(shown).substr(2));
    if (option == nullptr) return Unknown(shown);
    std::optional<std::string> value;
    if (equals != std::string::npos) value = word.substr(equals + 1);
    return Take(*option, std::string("--") + option->name, std::move(value));
  }

  // "-m 64M", "-m64M", "-m=64M", "-qv".
  Status ShortOptions(const std::string& word) {
    for (size_t i = 1; i < word.size(); i++) {
      const std::string shown = std::string("-") + word[i];
      const OptionSpec* option = FindLetter(word[i]);
      if (option == nullptr) return Unknown(i == 1 ? word : shown);
      if (option->takes == Takes::kNothing) {
        LGX_RETURN_IF_ERROR(Take(*option, shown, std::nullopt));
        continue;
      }
      std::optional<std::string> value;
      if (i + 1 < word.size()) value = word.substr(word[i + 1] == '=' ? i + 2 : i + 1);
      return Take(*option, shown, std::move(value));
    }
    return absl::OkStatus();
  }

  // What concerns the process, not one of its Guests.
  static bool IsForAll(std::string_view name) {
    for (const char* own : {"timeout", "json-result", "realtime", "log", "color",
                            "verbose", "quiet", "help", "record"}) {
      if (name == own) return true;
    }
    return false;
  }

  Status Take(const OptionSpec& option, const std::string& shown,
              std::optional<std::string> value) {
    if (line_->config.number != 0 && IsForAll(option.name)) {
      return Usage("%s: option %s is for all guests; give it before the first --and",
                   Name(), shown);
    }
    if (option.refusal != nullptr) {
      return Usage("%s: option %s: %s", Name(), shown, option.refusal);
    }
    if (option.takes == Takes::kNothing && value) {
      return Usage("%s: option %s takes no value, but got \"%s\"", Name(), shown, *value);
    }
    if (option.takes == Takes::kValue && !value) {
      if (at_ >= words_.size()) {
        return Usage("%s: option %s needs a value: %s %s", Name(), shown, shown,
                     option.value);
      }
      value = words_[at_++];
    }
    const std::string text = value.value_or(option.fixed != nullptr ? option.fixed : "");
    const std::vector<std::string> before = DescribeConfig(line_->config);
    const Status status = option.path != nullptr
                              ? SetConfigValue(option.path, text, &line_->config)
                              : option.apply(text, line_);
    if (status.ok()) {
      if (option.path != nullptr) line_->origins[option.path] = shown;
      NoteChanges(before, shown);
      return status;
    }
    return Usage("%s: option %s %s: %s", Name(), shown, text, MessageOf(status));
  }

  // Whatever is not as before came from `origin`.
  void NoteChanges(const std::vector<std::string>& before, const std::string& origin) {
    const std::set<std::string> old(before.begin(), before.end());
    for (const std::string& value : DescribeConfig(line_->config)) {
      if (old.contains(value)) continue;
      line_->origins[value.substr(0, value.find(" = "))] = origin;
    }
  }

  // --- what is left when the options are gone
  // ---------------------------------------------

  Status Operands() {
    switch (command_) {
      case Command::kRun:
      case Command::kDebug:
      case Command::kGdb:
      case Command::kCheck:
        return KernelOperand();
      case Command::kLguest:
        return LguestOperands();
      case Command::kBare:
        return BareOperands();
      case Command::kDisk:
        return DiskOperands();
      case Command::kExecVectors:
        return OneFile(&line_->vectors.file, "FILE.jsonl");
      case Command::kStats:
        return StatsOperands();
      case Command::kInspect:
        return InspectOperands();
      case Command::kTour:
        LGX_RETURN_IF_ERROR(NothingMore(1));
        if (!operands_.empty()) line_->tour.stop = operands_[0];
        return absl::OkStatus();
      case Command::kTrace:
        return TraceOperands();
      case Command::kReport:
        return ReportOperands();
      case Command::kBench:
        return BenchOperands();
      case Command::kCompletion:
        return OneFile(&line_->shell, "SHELL");
      case Command::kMan:
        LGX_RETURN_IF_ERROR(NothingMore(1));
        if (!operands_.empty()) line_->man_section = operands_[0];
        return absl::OkStatus();
      case Command::kDivergence:
      case Command::kBisect:
        return CompareOperands();
      case Command::kSnapshot:
        return SnapshotOperands();
      case Command::kReplay:
        return OneFile(&line_->replay_log, "LOG");
      case Command::kVersion:
      case Command::kSchema:
      case Command::kHelp:
        return NothingMore(0);
    }
    return absl::OkStatus();
  }

  Status NothingMore(size_t allowed) {
    if (operands_.size() > allowed) {
      return Usage(
          "%s: unexpected argument \"%s\"; kernel arguments come after --, all else "
          "is in lgx help %s",
          Name(), operands_[allowed], Name());
    }
    if (!behind_.empty() && command_ != Command::kRun && command_ != Command::kGdb &&
        command_ != Command::kDebug && command_ != Command::kCheck) {
      return Usage("%s: unexpected argument \"%s\" after --", Name(), behind_[0]);
    }
    return absl::OkStatus();
  }

  Status KernelOperand() {
    LGX_RETURN_IF_ERROR(NothingMore(1));
    if (!operands_.empty()) {
      if (operands_[0].ends_with(".json")) {
        line_->config_file = operands_[0];
      } else {
        line_->config.kernel.path = operands_[0];
        line_->origins["kernel.path"] = "command line";
      }
    }
    AppendWords(behind_);
    return absl::OkStatus();
  }

  // MEMORY KERNEL [kernel arguments...]: the rest, joined by single spaces.
  Status LguestOperands() {
    operands_.insert(operands_.end(), behind_.begin(), behind_.end());
    if (operands_.size() < 2) {
      return Usage("lguest: expected memory size and kernel: lguest %s",
                   SpecOf(command_).synopsis);
    }
    const Status memory = SetConfigValue("memory", operands_[0], &line_->config);
    if (!memory.ok()) {
      return Usage("lguest: memory size \"%s\": %s", operands_[0], MessageOf(memory));
    }
    line_->config.kernel.path = operands_[1];
    line_->origins["kernel.path"] = line_->origins["memory"] = "command line";
    AppendWords(std::span(operands_).subspan(2));
    return absl::OkStatus();
  }

  Status BareOperands() {
    if (line_->bare.rom.empty()) return OneFile(&line_->bare.image, "IMAGE");
    return NothingMore(0);
  }

  // create FILE SIZE, create FILE --base IMAGE, info FILE, commit FILE
  Status DiskOperands() {
    DiskOptions& disk = line_->disk;
    const std::string usage = std::string("lgx disk ") + SpecOf(command_).synopsis;
    if (operands_.empty()) return Usage("disk: say what to do: %s", usage);
    disk.action = operands_[0];
    if (disk.action != "create" && disk.action != "info" && disk.action != "commit") {
      return Usage("disk: \"%s\" is not one of create, info, commit", disk.action);
    }
    const bool image = disk.action == "create" && disk.base.empty();
    LGX_RETURN_IF_ERROR(NothingMore(image ? 3 : 2));
    if (operands_.size() < 2) {
      return Usage("disk %s: the name of the file is missing: %s", disk.action, usage);
    }
    disk.file = operands_[1];
    if (!image) return absl::OkStatus();
    if (operands_.size() < 3) {
      return Usage(
          "disk create: give a SIZE, for example 512M, or the IMAGE of an "
          "overlay with --base");
    }
    const StatusOr<u64> size = ParseSize(operands_[2]);
    if (!size.ok()) {
      return Usage("disk create: size \"%s\": %s", operands_[2],
                   MessageOf(size.status()));
    }
    disk.size = *size;
    return absl::OkStatus();
  }

  Status CompareOperands() {
    const bool one_log = command_ == Command::kDivergence && !line_->compare.with.empty();
    const size_t count = one_log ? 1 : 2;
    LGX_RETURN_IF_ERROR(NothingMore(count));
    if (operands_.size() != count) {
      return Usage("%s: expected %s", Name(), SpecOf(command_).synopsis);
    }
    line_->compare.files = operands_;
    return absl::OkStatus();
  }

  Status SnapshotOperands() {
    SnapshotOptions& snapshot = line_->snapshot;
    const std::string usage = std::string("lgx snapshot ") + SpecOf(command_).synopsis;
    if (operands_.empty()) return Usage("snapshot: say what to do: %s", usage);
    snapshot.action = operands_[0];
    const bool one = snapshot.action == "info" || snapshot.action == "verify";
    if (!one && snapshot.action != "save" && snapshot.action != "diff") {
      return Usage("snapshot: \"%s\" is not one of save, info, verify, diff",
                   snapshot.action);
    }
    const size_t count = one ? 1 : 2;
    LGX_RETURN_IF_ERROR(NothingMore(count + 1));
    if (operands_.size() != count + 1) {
      return Usage("snapshot %s: expected %d %s: %s", snapshot.action, count,
                   one ? "file" : "files", usage);
    }
    snapshot.files.assign(operands_.begin() + 1, operands_.end());
    const Point& until = line_->until;
    if (snapshot.action == "save" &&
        (until.kind == Point::Kind::kEnd || IsFoundOutside(until))) {
      return Usage("snapshot save: say where, for example --until insn:1000000");
    }
    return absl::OkStatus();
  }

  // pages [ADDRESS] FILE, or another part and FILE.
  Status InspectOperands() {
    const std::string usage = std::string("lgx inspect ") + SpecOf(command_).synopsis;
    if (operands_.empty()) return Usage("inspect: say what of it: %s", usage);
    InspectOptions& inspect = line_->inspect;
    inspect.what = operands_[0];
    const std::vector<std::string> parts = {"pages", "guest", "tlb",       "gdt",
                                            "idt",   "tss",   "virtqueue", "events"};
    if (std::find(parts.begin(), parts.end(), inspect.what) == parts.end()) {
      const std::string near = DidYouMean(inspect.what, parts);
      return Usage("inspect: there is no \"%s\" to be shown; %s", inspect.what,
                   near.empty() ? usage : "did you mean " + near + "?");
    }
    const bool pages = inspect.what == "pages";
    if (inspect.diff && !pages) return Usage("inspect: --diff compares pages only");
    LGX_RETURN_IF_ERROR(NothingMore(pages && !inspect.diff ? 3 : 2));
    if (operands_.size() < 2) {
      return Usage("inspect: a LOG or a SNAPSHOT is missing: %s", usage);
    }
    if (operands_.size() == 3) inspect.address = operands_[1];
    line_->config.kernel.path = operands_.back();
    return absl::OkStatus();
  }

  Status StatsOperands() {
    if (operands_.size() < (line_->stats.diff ? 2 : 1)) {
      return Usage("%s: %s is missing: lgx %s %s", Name(),
                   line_->stats.diff ? "a second file to compare with" : "FILE", Name(),
                   SpecOf(command_).synopsis);
    }
    line_->stats.files = operands_;
    return NothingMore(operands_.size());
  }

  Status TraceOperands() {
    LGX_RETURN_IF_ERROR(OneFile(&line_->trace.file, "FILE.jsonl"));
    if (line_->trace.output.empty()) {
      return Usage("trace: option --output FILE is missing: lgx trace %s",
                   SpecOf(command_).synopsis);
    }
    return absl::OkStatus();
  }

  Status ReportOperands() {
    if (operands_.empty() || line_->report.output.empty()) {
      return Usage("report: %s is missing: lgx report %s",
                   operands_.empty() ? "FILE" : "option --output FILE",
                   SpecOf(command_).synopsis);
    }
    line_->report.files = operands_;
    return NothingMore(operands_.size());
  }

  Status BenchOperands() {
    LGX_RETURN_IF_ERROR(NothingMore(1));
    BenchOptions& bench = line_->bench;
    if (operands_.empty() && !words_.empty() && !line_->help) {
      return Usage("bench: the name of a benchmark is missing; lgx bench lists them");
    }
    if (!operands_.empty()) bench.name = operands_[0];
    std::vector<std::string> names;
    for (const BenchName& known : BenchNames()) names.emplace_back(known.name);
    if (!bench.name.empty() &&
        std::find(names.begin(), names.end(), bench.name) == names.end()) {
      const std::string near = DidYouMean(bench.name, names);
      return Usage("bench: there is no benchmark \"%s\"; %s", bench.name,
                   near.empty() ? std::string("lgx bench lists them")
                                : "did you mean " + near + "?");
    }
    if (!bench.kernels.empty() && !bench.workloads.empty()) {
      return Usage(
          "bench: --workload is for the built-in guest; with --kernel the initial RAM "
          "disk says what runs");
    }
    if (bench.kernels.empty() && !(bench.initrd + bench.append).empty()) {
      return Usage(
          "bench: --initrd and --append belong to a kernel; name it with "
          "--kernel");
    }
    line_->bench_words = "lgx bench";
    for (const std::string& word : words_) {
      const bool plain = word.find_first_of(" '\"$\\") == std::string::npos;
      line_->bench_words += plain ? " " + word : " '" + word + "'";
    }
    return absl::OkStatus();
  }

  Status OneFile(std::string* to, const char* what) {
    LGX_RETURN_IF_ERROR(NothingMore(1));
    if (operands_.empty()) {
      return Usage("%s: %s is missing: lgx %s %s", Name(), what, Name(),
                   SpecOf(command_).synopsis);
    }
    if (command_ == Command::kExecVectors && line_->vectors.world.empty()) {
      return Usage("%s: option --world W.json is missing", Name());
    }
    *to = operands_[0];
    return absl::OkStatus();
  }

  void AppendWords(std::span<const std::string> words) {
    std::string& text = line_->config.kernel.cmdline;
    for (const std::string& word : words) {
      if (!text.empty()) text += ' ';
      text += word;
      line_->origins["kernel.cmdline"] = "command line";
    }
  }

  Command command_;
  std::span<const std::string> words_;
  CommandLine* line_;
  size_t at_ = 0;
  std::vector<std::string> operands_;
  std::vector<std::string> behind_;  // the words after "--"
};

const CommandSpec* FindCommand(std::string_view name) {
  for (const CommandSpec& spec : Commands()) {
    if (name == spec.name) return &spec;
  }
  return nullptr;
}

Status UnknownCommand(const std::string& word) {
  std::vector<std::string> names;
  for (const CommandSpec& spec : Commands()) names.emplace_back(spec.name);
  const std::string near = DidYouMean(word, names);
  if (!near.empty()) return Usage("unknown command \"%s\"; did you mean %s?", word, near);
  return Usage("unknown command \"%s\"; to boot a kernel of that name: lgx run %s", word,
               word);
}

bool IsThere(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// The name as it is, or in the first folder of the search path that has it.
std::string FindConfig(const std::string& name, const ConfigSources& sources) {
  if (IsThere(name) || name.starts_with('/')) return name;
  for (const std::string& folder : sources.search) {
    const std::string path = (std::filesystem::path(folder) / name).string();
    if (IsThere(path)) return path;
  }
  return name;
}

bool ReadsConfigs(Command command) {
  return command == Command::kRun || command == Command::kGdb ||
         command == Command::kDebug || command == Command::kLguest ||
         command == Command::kCheck;
}

// The command line of a machine: whether it names a file is known when it has been read,
// so with a file it is read twice.
Status ParseMachine(std::span<const std::string> words, const ConfigSources& sources,
                    CommandLine* line) {
  CommandLine base = *line;
  if (!sources.defaults.empty() && IsThere(sources.defaults)) {
    LGX_RETURN_IF_ERROR(ReadConfigFile(sources.defaults, &base.config, &base.origins));
  }
  *line = base;
  LGX_RETURN_IF_ERROR(Parser(line->command, words, line).Run());
  if (line->config_file.empty() || line->help) return absl::OkStatus();
  const std::string path = FindConfig(line->config_file, sources);
  std::vector<FurtherConfig> further;
  LGX_RETURN_IF_ERROR(ReadConfigFile(path, &base.config, &base.origins, &further));
  *line = std::move(base);
  LGX_RETURN_IF_ERROR(Parser(line->command, words, line).Run());
  for (FurtherConfig& more : further) {
    CommandLine& guest = line->more.emplace_back();
    guest.command = line->command;
    guest.config_file = line->config_file;
    guest.config = std::move(more.config);
    guest.config.number = line->config.number + static_cast<u32>(line->more.size());
    guest.origins = std::move(more.origins);
  }
  return absl::OkStatus();
}

// Two Guests must not write to one file.
Status CheckOutputs(const CommandLine& line) {
  std::set<std::string> names = {line.config.outputs.stats};
  for (const CommandLine& more : line.more) {
    const std::string& name = more.config.outputs.stats;
    if (name.empty() || names.insert(name).second) continue;
    return Usage(
        "guest %d writes its counters to %s, as another guest does; give each a "
        "file of its own",
        more.config.number + 1, name);
  }
  return absl::OkStatus();
}

// Several Guests: each "--and" begins the description of another one, also behind "--".
constexpr size_t kMaxGuests = 64;

Status ParseGuests(std::span<const std::string> words, const ConfigSources& sources,
                   CommandLine* line) {
  std::vector<CommandLine> guests;
  while (true) {
    const auto end = std::find(words.begin(), words.end(), "--and");
    CommandLine& guest = guests.emplace_back();
    guest.command = line->command;
    guest.config.number = static_cast<u32>(guests.size() - 1);
    const auto count = static_cast<size_t>(end - words.begin());
    LGX_RETURN_IF_ERROR(ParseMachine(words.first(count), sources, &guest));
    std::vector<CommandLine> more = std::move(guest.more);  // of its config file
    guest.more.clear();
    std::move(more.begin(), more.end(), std::back_inserter(guests));
    if (guests.size() > kMaxGuests ||
        (guests.size() == kMaxGuests && end != words.end())) {
      return Usage("run: more than %d guests in one process", kMaxGuests);
    }
    if (end == words.end()) break;
    words = words.subspan(count + 1);
  }
  *line = std::move(guests.front());
  guests.erase(guests.begin());
  line->more = std::move(guests);
  return CheckOutputs(*line);
}

}  // namespace

ConfigSources SourcesFromEnvironment() {
  const auto get = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  ConfigSources sources;
  sources.log = get("LGX_LOG");
  std::string home = get("XDG_CONFIG_HOME");
  if (home.empty() && !get("HOME").empty()) home = get("HOME") + "/.config";
  if (!home.empty()) sources.defaults = home + "/lgx/config.json";
  std::string_view path;
  const std::string all = get("LGX_CONFIG_PATH");
  for (path = all; !path.empty();) {
    const size_t colon = std::min(path.find(':'), path.size());
    if (colon != 0) sources.search.emplace_back(path.substr(0, colon));
    path.remove_prefix(std::min(colon + 1, path.size()));
  }
  return sources;
}

StatusOr<CommandLine> ParseCommandLine(std::span<const std::string> words,
                                       const ConfigSources& sources) {
  CommandLine line;
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    line.help = true;
    return line;
  }
  if (words[0] == "--version") {
    line.command = Command::kVersion;
    return line;
  }
  const CommandSpec* spec = FindCommand(words[0]);
  if (spec == nullptr) return UnknownCommand(words[0]);
  line.command = spec->command;
  if (!sources.log.empty() && ReadsConfigs(spec->command)) {
    if (const Status log = ApplyLog(sources.log, &line); !log.ok()) {
      return Usage("LGX_LOG: %s", MessageOf(log));
    }
  }
  std::span<const std::string> rest = words.subspan(1);
  if (spec->command == Command::kHelp) {
    line.help = true;
    if (rest.empty()) return line;
    const CommandSpec* wanted = FindCommand(rest[0]);
    if (wanted == nullptr) return UnknownCommand(rest[0]);
    line.command = wanted->command;
    return line;
  }
  if (spec->command == Command::kRun) {
    LGX_RETURN_IF_ERROR(ParseGuests(rest, sources, &line));
  } else if (ReadsConfigs(spec->command)) {
    LGX_RETURN_IF_ERROR(ParseMachine(rest, sources, &line));
  } else {
    LGX_RETURN_IF_ERROR(Parser(spec->command, rest, &line).Run());
  }
  line.words.assign(words.begin(), words.end());
  for (CommandLine& more : line.more) more.words = line.words;
  return line;
}

}  // namespace lgx
