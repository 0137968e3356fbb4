// Help texts, from the table.
#include "tools/option_table.h"

namespace lgx {
namespace {

constexpr size_t kColumn = 34;  // where explanations start
constexpr size_t kWidth = 90;

// Appends words of `text`, each line starting at `column`.
void AppendWrapped(std::string_view text, size_t column, std::string* out) {
  size_t used = column;
  while (!text.empty()) {
    const size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    if (used != column && used + 1 + word.size() > kWidth) {
      *out += '\n';
      out->append(column, ' ');
      used = column;
    }
    if (used != column) {
      *out += ' ';
      used++;
    }
    *out += word;
    used += word.size();
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  *out += '\n';
}

// A left part, and its explanation in the right column.
void AppendRow(const std::string& left, const char* help, std::string* out) {
  *out += "  " + left;
  if (left.size() + 4 > kColumn) {
    *out += '\n';
    out->append(kColumn, ' ');
  } else {
    out->append(kColumn - left.size() - 2, ' ');
  }
  AppendWrapped(help, kColumn, out);
}

std::string LeftPart(const OptionSpec& option) {
  std::string left =
      option.letter != 0 ? std::string("-") + option.letter + ", " : "    ";
  left += std::string("--") + option.name;
  if (option.takes == Takes::kValue) left += std::string(" ") + option.value;
  if (option.takes == Takes::kMaybeValue) left += std::string("[=") + option.value + "]";
  return left;
}

std::string ProgramHelp() {
  std::string out =
      "lgx boots guests of lguest, the small hypervisor that was part of Linux from "
      "2.6.23 "
      "to\n4.13, in an emulator of the whole 32-bit machine.\n\n"
      "  lgx run vmlinux -i initrd.img      boot a kernel; the terminal is its hvc0\n"
      "  lgx run                            boot the built-in guest\n\n"
      "Commands:\n";
  for (const CommandSpec& spec : Commands()) AppendRow(spec.name, spec.summary, &out);
  out += "\nlgx help COMMAND lists the options of a command.\n";
  return out;
}

std::string RefusedNames(Command command) {
  std::string names;
  for (const OptionSpec& option : Options()) {
    if ((option.commands & SetOf(command)) == 0 || option.refusal == nullptr) continue;
    if (!names.empty()) names += ", ";
    names += std::string("--") + option.name;
  }
  return names;
}

}  // namespace

std::string HelpText(Command command) {
  if (command == Command::kHelp) return ProgramHelp();
  const CommandSpec& spec = SpecOf(command);
  std::string out = absl::StrFormat("lgx %s %s\n\n%s\n\nOptions:\n", spec.name,
                                    spec.synopsis, spec.summary);
  for (const OptionSpec& option : Options()) {
    if ((option.commands & SetOf(command)) == 0 || option.refusal != nullptr) continue;
    AppendRow(LeftPart(option), option.help, &out);
  }
  if (const std::string refused = RefusedNames(command); !refused.empty()) {
    out += "\nKnown, but refused by this version:\n  ";
    AppendWrapped(refused, 2, &out);
  }
  return out;
}

}  // namespace lgx
