#include "debug/console.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "debug/register_view.h"
#include "machine/config.h"

namespace lgx {
namespace {

constexpr const char* kRunning = "Running";
constexpr const char* kStopping = "Where to stop";
constexpr const char* kLooking = "Looking";
constexpr const char* kOther = "Other";

using C = DebugConsole;

constexpr DebugCommand kCommands[] = {
    {"step", "s", "[N]", "one instruction, or N", nullptr, kRunning, &C::DoStep},
    {"next", "n", "", "one instruction; a call, a trap and a crossing as a whole",
     nullptr, kRunning, &C::DoNext},
    {"continue", "c", "", "to the next stop, or the end", nullptr, kRunning,
     &C::DoContinue},
    {"until", "u", "POINT|ADDR", "to a point of the run, or to an address",
     "Points: insn:N, time:T, crossing:N, stop:paging.040, symbol:NAME, "
     "console:\"TEXT\",\n"
     "hypercall:SET_PTE#12, end.",
     kRunning, &C::DoUntil},
    {"crossing", nullptr, "next|end",
     "to the beginning of the next crossing, or to an end", nullptr, kRunning,
     &C::DoCrossing},
    {"stage", "g", "[N]", "one named stage of the Switcher, and what it has changed",
     "Twelve stages lead into the Guest, a stub and eleven lead back (host-02). In the\n"
     "Guest it runs on to the next exit.",
     kRunning, &C::DoStage},
    {"back", nullptr, "[N]", "one instruction back, or N", nullptr, kRunning, &C::DoBack},
    {"rcontinue", "rc", "", "back to where continue would have stopped last",
     "At a watchpoint that is before the access.", kRunning, &C::DoReverseContinue},

    {"break", "b", "[ADDR]", "stop before the instruction there; without ADDR: list",
     "ADDR is a number, a symbol or a $register, with + and -, and perhaps lin:, gpa: "
     "or\n"
     "mpa: in front: the linear, guest-physical or machine address.",
     kStopping, &C::DoBreak},
    {"watch", "w", "ADDR[,r][,w][,x][,BYTES]",
     "stop behind a change there; r: reads too, w: every store, x: execution",
     "Without r, w and x it stops where a store changes the 4 bytes (or BYTES). Reads "
     "can\n"
     "be watched by linear address only; stores to gpa: and mpa: are seen whoever makes\n"
     "them, the Host and devices included.",
     kStopping, &C::DoWatch},
    {"delete", "d", "N|all", "take a stop away", nullptr, kStopping, &C::DoDelete},
    {"enable", nullptr, "N on|off", "let a stop count, or not", nullptr, kStopping,
     &C::DoEnable},

    {"regs", "r", "", "registers of whoever goes on next", nullptr, kLooking, &C::DoRegs},
    {"x", nullptr, "[/FMT] ADDR", "memory; FMT is a count, one of xducsi, one of bhw",
     "x/8xw $esp shows eight words, x/s text, x/3i instructions.", kLooking,
     &C::DoExamine},
    {"disas", nullptr, "[ADDR [N]]", "N instructions (8)", nullptr, kLooking,
     &C::DoDisassemble},
    {"bt", nullptr, "", "who called whom", nullptr, kLooking, &C::DoBacktrace},
    {"sym", nullptr, "NAME|ADDR", "the address of a name, the name of an address",
     "A part of a name lists all symbols with that part.", kLooking, &C::DoSymbol},
    {"inspect", "i", "pages ADDR|--map|--diff",
     "the Guest's page tables and the shadow tables side by side",
     "ADDR: both walks and what an access would meet. --map: all that is mapped, in "
     "ranges.\n--diff: only where the two disagree.",
     kLooking, &C::DoInspect},
    {"info", nullptr, "gdt|idt|tss|tlb|irq|timer|queues|breaks", "a part of the machine",
     nullptr, kLooking, &C::DoInfo},
    {"explain", "e", "", "what the last event was, in words", nullptr, kLooking,
     &C::DoExplain},
    {"trace", "t", "[N]", "the last N events (10)", nullptr, kLooking, &C::DoTrace},
    {"hash", nullptr, "", "the hash of the whole state", nullptr, kLooking, &C::DoHash},

    {"type", nullptr, "TEXT", "type a line at the Guest's console", nullptr, kOther,
     &C::DoType},
    {"help", "h", "[COMMAND]", "this list, or more about a command", nullptr, kOther,
     &C::DoHelp},
    {"quit", "q", "", "leave; the end of the input does the same", nullptr, kOther,
     &C::DoQuit},
};

Status Unknown(const std::string& word) {
  std::vector<std::string> names;
  for (const DebugCommand& command : kCommands) names.emplace_back(command.name);
  const std::string near = DidYouMean(word, names);
  return Errorf(kInvalidArgument, "unknown command \"%s\"; %s", word,
                near.empty() ? "help lists the commands" : "did you mean " + near + "?");
}

}  // namespace

std::span<const DebugCommand> DebugCommands() { return kCommands; }

const DebugCommand* FindDebugCommand(std::string_view name) {
  for (const DebugCommand& command : kCommands) {
    if (name == command.name) return &command;
    if (command.letter != nullptr && name == command.letter) return &command;
  }
  return nullptr;
}

bool Runs(const DebugCommand& command) {
  return std::string_view(command.section) == kRunning;
}

DebugConsole::DebugConsole(const Parts& parts, std::function<void(std::string_view)> say)
    : parts_(parts), say_(std::move(say)) {}

Status DebugConsole::Execute(std::string_view given) {
  const std::string line = SplitWords(given).empty() ? repeat_ : std::string(given);
  std::vector<std::string> words = SplitWords(line);
  if (words.empty() || words[0].starts_with('#')) return absl::OkStatus();
  // x/FMT is one word for people.
  if (words[0].starts_with("x/")) {
    words.insert(words.begin() + 1, words[0].substr(1));
    words[0] = "x";
  }
  const DebugCommand* const command = FindDebugCommand(words[0]);
  repeat_ = command != nullptr && Runs(*command) ? line : "";
  if (command == nullptr) return Unknown(words[0]);
  const Status status = (this->*command->run)(std::span(words).subspan(1));
  if (status.ok()) return status;
  return Status(status.code(),
                absl::StrFormat("%s: %s", command->name, MessageOf(status)));
}

// --- arguments

StatusOr<TypedAddress> DebugConsole::Address(std::string_view text) const {
  AddressNames names;
  names.symbol = [this](std::string_view name) -> std::optional<u64> {
    const std::optional<Lin> at = parts_.symbols.Find(name);
    if (!at) return std::nullopt;
    return at->value;
  };
  names.reg = [this](std::string_view name) {
    return RegisterByName(parts_.control, name);
  };
  return ParseAddress(text, names);
}

StatusOr<u64> DebugConsole::Count(Words words, size_t index, u64 otherwise) const {
  if (index >= words.size()) return otherwise;
  const StatusOr<u64> count = ParseCount(words[index]);
  if (count.ok() && *count > 0) return *count;
  return Errorf(kInvalidArgument, "\"%s\" is no count; write 5000 or 2M", words[index]);
}

Status DebugConsole::NoMore(Words words, size_t allowed) const {
  if (words.size() <= allowed) return absl::OkStatus();
  return Errorf(kInvalidArgument, "unexpected \"%s\"; help COMMAND shows what it takes",
                words[allowed]);
}

Status DebugConsole::StillRuns() const {
  if (!parts_.control.ended()) return absl::OkStatus();
  return Errorf(StatusCode::kFailedPrecondition,
                "the run is over; everything can still be looked at, and quit leaves");
}

// --- help

Status DebugConsole::DoHelp(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 1));
  if (!words.empty()) {
    const DebugCommand* const command = FindDebugCommand(words[0]);
    if (command == nullptr) return Unknown(words[0]);
    std::string text = absl::StrFormat("%s %s\n  %s\n", command->name, command->arguments,
                                       command->help);
    if (command->letter != nullptr) {
      text += absl::StrFormat("  short: %s\n", command->letter);
    }
    if (command->details != nullptr) text += absl::StrFormat("%s\n", command->details);
    Say(text);
    return absl::OkStatus();
  }
  const char* section = nullptr;
  for (const DebugCommand& command : kCommands) {
    if (section != command.section) {
      section = command.section;
      Say(absl::StrFormat("%s\n", section));
    }
    const std::string name =
        command.letter == nullptr
            ? absl::StrFormat("%s %s", command.name, command.arguments)
            : absl::StrFormat("%s (%s) %s", command.name, command.letter,
                              command.arguments);
    Say(absl::StrFormat("  %-34s %s\n", name, command.help));
  }
  return absl::OkStatus();
}

Status DebugConsole::DoQuit(Words words) {
  LGX_RETURN_IF_ERROR(NoMore(words, 0));
  done_ = true;
  return absl::OkStatus();
}

// --- completion

std::vector<std::string> DebugConsole::Complete(std::string_view line,
                                                std::string_view start) const {
  std::vector<std::string> found;
  const auto add = [&](std::string_view name) {
    if (name.starts_with(start)) found.emplace_back(name);
  };
  std::vector<std::string> words = SplitWords(line.substr(0, line.size() - start.size()));
  if (words.empty()) {
    for (const DebugCommand& command : kCommands) add(command.name);
    return found;
  }
  const DebugCommand* const command = FindDebugCommand(words[0]);
  if (command == nullptr) return found;
  const std::string_view name = command->name;
  if (name == "info" && words.size() == 1) {
    for (const char* part :
         {"gdt", "idt", "tss", "tlb", "irq", "timer", "queues", "breaks"}) {
      add(part);
    }
  } else if (name == "crossing") {
    add("next");
    add("end");
  } else if (name == "help") {
    for (const DebugCommand& other : kCommands) add(other.name);
  } else if (name == "inspect" && words.size() == 1) {
    add("pages");
  } else if (!start.empty()) {
    constexpr size_t kMost = 64;
    for (const auto& symbol : parts_.symbols.Search(start, 1000)) {
      if (found.size() < kMost) add(symbol.name);
    }
  }
  return found;
}

}  // namespace lgx
