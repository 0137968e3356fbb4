// lgx man: the manual pages. This is lgx(1): commands and options come from the table,
// the rest is here.
#include <cstdio>
#include <string>

#include "devices/escape_keys.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"
#include "tools/journey_text.h"
#include "tools/man_pages.h"
#include "tools/option_table.h"

namespace lgx {
namespace {

std::string Sentence(std::string_view text) {
  std::string out = Roff(text);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') {
    out[0] = static_cast<char>(out[0] - 'a' + 'A');
  }
  return out + ".\n";
}

std::string OptionHead(const OptionSpec& option) {
  std::string head;
  if (option.letter != 0) head += std::string("\\fB\\-") + option.letter + "\\fR, ";
  head += "\\fB\\-\\-" + Roff(option.name) + "\\fR";
  if (option.takes == Takes::kValue) head += " \\fI" + Roff(option.value) + "\\fR";
  if (option.takes == Takes::kMaybeValue) head += "[=\\fI" + Roff(option.value) + "\\fR]";
  return head;
}

void AppendOptions(const CommandSpec& spec, std::string* out) {
  *out += absl::StrFormat(".SS Of %s\n", Roff(spec.name));
  for (const OptionSpec& option : Options()) {
    if ((option.commands & SetOf(spec.command)) == 0 || option.refusal != nullptr) {
      continue;
    }
    *out += ".TP\n" + OptionHead(option) + "\n" + Sentence(option.help);
  }
  std::string refused;
  for (const OptionSpec& option : Options()) {
    if ((option.commands & SetOf(spec.command)) == 0 || option.refusal == nullptr) {
      continue;
    }
    refused += (refused.empty() ? "" : ", ") + std::string("\\-\\-") + Roff(option.name);
  }
  if (!refused.empty())
    *out += ".PP\nKnown, but refused by this version: " + refused + ".\n";
}

struct Row {
  const char* head;
  const char* text;
};

constexpr Row kExitCodes[] = {
    {"0", "The guest powered off, the point of --until was reached, or the person quit."},
    {"1", "The host system refused something; lgx stats --diff found a difference."},
    {"2", "Wrong command line or config file, or a file that does not exist."},
    {"3", "The guest was killed for breaking the rules."},
    {"4", "The guest kernel reported a crash."},
    {"5", "A limit was reached."},
    {"6", "A repeated run differs from the recorded one."},
    {"7", "An expectation was not met."},
    {"8", "A file is damaged, or not what it claims."},
    {"70", "A bug in lgx."},
    {"124", "--timeout."},
    {"N", "Chosen by a rule of --expect with exit=N."},
    {"128+N", "Ended by signal N."},
};

constexpr Row kEnvironment[] = {
    {"LGX_CONFIG_PATH",
     "Folders in which config files are looked up, with colons between."},
    {"LGX_LOG", "What --log is without the option."},
    {"LGX_STATE_DIR", "Holds the logs of runs, in runs/; see XDG_STATE_HOME."},
    {"NO_COLOR, TERM", "Any text in NO_COLOR, or dumb in TERM: no colours."},
    {"XDG_CONFIG_HOME",
     "Holds lgx/config.json, the defaults; without it ~/.config does."},
    {"XDG_STATE_HOME",
     "Holds lgx/runs, the logs of the last 20 runs; without it ~/.local/state does."},
};

constexpr const char* kDescription =
    "boots 32-bit Linux kernels that were built as guests of lguest, the small "
    "hypervisor "
    "of Linux 2.6.23 to 4.13. It emulates the processor and what lguest was on top of "
    "it, "
    "so it needs neither lguest nor root nor virtualization hardware. The same version, "
    "options and files give the same run, to the instruction, on every host. Which "
    "kernels "
    "can be booted is told by lgx check --list-abi.";

void AppendRows(const char* title, std::span<const Row> rows, std::string* out) {
  *out += std::string(".SH ") + title + "\n";
  for (const Row& row : rows) {
    *out += std::string(".TP\n.B ") + Roff(row.head) + "\n" + Roff(row.text) + "\n";
  }
}

std::string ManualPage() {
  std::string out =
      ".TH LGX 1 \"\" \"lgx\" \"User Commands\"\n.SH NAME\nlgx \\- boot guests of lguest "
      "in "
      "an emulator of the whole machine\n.SH SYNOPSIS\n";
  for (const CommandSpec& spec : Commands()) {
    if (&spec != &Commands()[0]) out += ".br\n";
    out += absl::StrFormat(".B lgx %s\n", Roff(spec.name));
    if (*spec.synopsis != '\0') out += Roff(spec.synopsis) + "\n";
  }
  out += std::string(".SH DESCRIPTION\n.B lgx\n") + Roff(kDescription) + "\n";
  out += ".SH COMMANDS\n";
  for (const CommandSpec& spec : Commands()) {
    out += absl::StrFormat(".TP\n.B %s\n%s", Roff(spec.name), Sentence(spec.summary));
  }
  out +=
      ".PP\nA program that is called \\fBlguest\\fR takes the command line of that "
      "command.\n.SH OPTIONS\n";
  for (const CommandSpec& spec : Commands()) AppendOptions(spec, &out);
  out += ".SH KEYS\nOn a terminal, unless \\-\\-no\\-escape is given:\n.PP\n.nf\n" +
         Roff(EscapeKeyHelp()) + "\n.fi\n";
  AppendRows("EXIT STATUS", kExitCodes, &out);
  AppendRows("ENVIRONMENT", kEnvironment, &out);
  out += ".SH EXAMPLES\n.nf\n" +
         Roff(
             "lgx run vmlinux -i initrd.img\n"
             "lgx run bzImage -m 128M -i initrd.img -- console=hvc0 quiet\n"
             "lgx run machine.json --expect 'login:,send=root\\n'\n"
             "lgx lguest 64 vmlinux --initrd=initrd.img\n"
             "lgx check vmlinux") +
         "\n.fi\n";
  out +=
      ".SH SEE ALSO\n\\fBlgx\\fR(5) for config files, \\fBlgx\\fR(7) for a walk through "
      "the source; the manual and everything else in the folder of the documents\n";
  return out;
}

}  // namespace

int CmdMan(const std::string& section) {
  std::string page;
  if (section.empty() || section == "1") {
    page = ManualPage();
  } else if (section == "5") {
    page = ConfigManualPage();
  } else if (section == "7") {
    page = JourneyManualPage(JourneyMarkdown());
  } else {
    return ReportError(
        Errorf(StatusCode::kOutOfRange,
               "man: \"%s\" is not one of 1, 5, 7: lgx(1) has commands and "
               "options, lgx(5) config files, lgx(7) the journey",
               section));
  }
  std::fputs(page.c_str(), stdout);
  return kExitOk;
}

}  // namespace lgx
