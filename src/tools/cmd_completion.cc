// lgx completion: what shells need to complete the command line, from the option table.
#include <cstdio>
#include <string>

#include "tools/commands.h"
#include "tools/exit_codes.h"
#include "tools/option_table.h"

namespace lgx {
namespace {

// The words of all commands, or of the options of one.
std::string CommandWords() {
  std::string words;
  for (const CommandSpec& spec : Commands()) {
    words += (words.empty() ? "" : " ") + std::string(spec.name);
  }
  return words;
}
std::string OptionWords(Command command) {
  std::string words;
  for (const OptionSpec& option : Options()) {
    if ((option.commands & SetOf(command)) == 0 || option.refusal != nullptr) continue;
    words += (words.empty() ? "--" : " --") + std::string(option.name);
    if (option.takes == Takes::kValue) words += '=';
  }
  return words;
}

// The fixed words a value can be: "auto|on|off", but not "FILE" or "det[,ips=100M]".
std::vector<std::string> Choices(const OptionSpec& option) {
  std::vector<std::string> words;
  std::string_view rest = option.value == nullptr ? "" : option.value;
  if (rest.find_first_of("[ABCDEFGHIJKLMNOPQRSTUVWXYZ:") != std::string_view::npos ||
      rest.find('|') == std::string_view::npos) {
    return words;
  }
  while (!rest.empty()) {
    const size_t bar = std::min(rest.find('|'), rest.size());
    words.emplace_back(rest.substr(0, bar));
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return words;
}

// One quote in single quotes of a shell.
std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string Bash() {
  std::string out =
      "# bash completion of lgx; put it where bash-completion looks, or source it.\n"
      "_lgx() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} words=\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n";
  out += "    words=" + Quoted(CommandWords()) + "\n";
  out += "  else\n    case ${COMP_WORDS[1]} in\n";
  for (const CommandSpec& spec : Commands()) {
    const std::string options =
        spec.command == Command::kHelp ? CommandWords() : OptionWords(spec.command);
    out += std::string("      ") + spec.name + ") words=" + Quoted(options) + " ;;\n";
  }
  out +=
      "    esac\n"
      "  fi\n"
      "  if [ \"$COMP_CWORD\" -gt 1 ] && [ \"${word#-}\" = \"$word\" ] &&\n"
      "    [ \"${COMP_WORDS[1]}\" != help ]; then\n"
      "    compopt -o filenames 2> /dev/null\n"
      "    mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
      "    return\n"
      "  fi\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
      "  case ${COMPREPLY[0]} in *=) compopt -o nospace 2> /dev/null ;; esac\n"
      "}\n"
      "complete -F _lgx lgx\n";
  return out;
}

// The text of a zsh specification: brackets and colons end its parts.
std::string ZshText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string ZshOption(const OptionSpec& option) {
  std::string spec = std::string("*--") + option.name;
  if (option.takes == Takes::kValue) spec += '=';
  if (option.takes == Takes::kMaybeValue) spec += "=-";
  spec += "[" + ZshText(option.help) + "]";
  if (option.takes == Takes::kNothing) return Quoted(spec);
  spec += option.takes == Takes::kMaybeValue ? "::" : ":";
  spec += ZshText(option.value) + ":";
  const std::vector<std::string> choices = Choices(option);
  if (choices.empty()) return Quoted(spec + "_files");
  spec += "(";
  for (const std::string& choice : choices) spec += choice + " ";
  spec.back() = ')';
  return Quoted(spec);
}

std::string Zsh() {
  std::string out =
      "#compdef lgx\n# zsh completion of lgx; put it in a folder of $fpath.\n";
  out += "_lgx() {\n  local -a commands\n  commands=(\n";
  for (const CommandSpec& spec : Commands()) {
    out += "    " + Quoted(std::string(spec.name) + ":" + spec.summary) + "\n";
  }
  out +=
      "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n"
      "  fi\n  local command=${words[2]}\n  shift words\n  (( CURRENT-- ))\n"
      "  case $command in\n";
  for (const CommandSpec& spec : Commands()) {
    out += std::string("    ") + spec.name + ")\n      _arguments";
    for (const OptionSpec& option : Options()) {
      if ((option.commands & SetOf(spec.command)) == 0 || option.refusal != nullptr) {
        continue;
      }
      out += " \\\n        " + ZshOption(option);
    }
    out += " \\\n        '*:file:_files' ;;\n";
  }
  return out + "  esac\n}\n_lgx \"$@\"\n";
}

// Single quotes and backslashes of fish.
std::string FishQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string Fish() {
  std::string out = "# fish completion of lgx; put it into ~/.config/fish/completions.\n";
  for (const CommandSpec& spec : Commands()) {
    out += std::string("complete -c lgx -n __fish_use_subcommand -f -a ") + spec.name +
           " -d " + FishQuoted(spec.summary) + "\n";
  }
  for (const CommandSpec& spec : Commands()) {
    for (const OptionSpec& option : Options()) {
      if ((option.commands & SetOf(spec.command)) == 0 || option.refusal != nullptr) {
        continue;
      }
      out += std::string("complete -c lgx -n '__fish_seen_subcommand_from ") + spec.name +
             "' -l " + option.name;
      if (option.letter != 0) out += std::string(" -s ") + option.letter;
      if (option.takes == Takes::kValue) out += " -r";
      if (const std::vector<std::string> choices = Choices(option); !choices.empty()) {
        std::string words;
        for (const std::string& choice : choices) {
          words += (words.empty() ? "" : " ") + choice;
        }
        out += " -f -a " + FishQuoted(words);
      }
      out += " -d " + FishQuoted(option.help) + "\n";
    }
  }
  return out;
}

}  // namespace

int CmdCompletion(const std::string& shell) {
  std::string text;
  if (shell == "bash") {
    text = Bash();
  } else if (shell == "zsh") {
    text = Zsh();
  } else if (shell == "fish") {
    text = Fish();
  } else {
    return ReportError(Errorf(StatusCode::kOutOfRange,
                              "completion: \"%s\" is not one of bash, zsh, fish", shell));
  }
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

}  // namespace lgx
