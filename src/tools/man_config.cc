// lgx(5): every key of a config file.
#include "absl/strings/str_format.h"
#include "machine/config_table.h"
#include "tools/man_pages.h"

namespace lgx {
namespace {

constexpr std::string_view kExample = R"({
  // Comments are allowed.
  "version": 1,
  "kernel": { "path": "vmlinux", "initrd": "initrd.img", "cmdline": "quiet" },
  "memory": "64M",
  "devices": {
    "block": [ { "path": "root.img", "overlay": "root.ovl" } ],
    "net": [ { "backend": "user", "forward": ["tcp:2222:22"] } ]
  },
  "expect": [ { "match": "login:", "send": "root\n" },
              { "match": "# ", "send": "poweroff\n" } ]
})";

// What may be written there.
std::string FormText(Form form, const char* choices, bool may_be_none) {
  std::string text;
  switch (form) {
    case Form::kText:
    case Form::kEscaped:
      text = "text";
      break;
    case Form::kTexts:
      text = "a list of texts";
      break;
    case Form::kPath:
      text = "the name of a file";
      break;
    case Form::kConsole:
      text = "one of " + std::string(choices) + ", or file= or socket= and a name";
      break;
    case Form::kSwitch:
      text = "true or false";
      break;
    case Form::kChoice:
      text = "one of " + std::string(choices);
      break;
    case Form::kNumber:
      text = "a number";
      break;
    case Form::kAmount:
      text = "a number, or text with a unit such as \"" + std::string(choices) + "\"";
      break;
  }
  return may_be_none ? text + ", or null" : text;
}

template <typename Spec>
std::string Row(std::string_view key, const Spec& spec, const std::string& value) {
  std::string out = ".TP\n.B " + Roff(key) + "\n" + Roff(spec.about) + ".\n.br\n" +
                    Roff(FormText(spec.form, spec.choices, spec.may_be_none));
  if (!value.empty()) out += "; default " + Roff(value);
  return out + "\n";
}

}  // namespace

std::string Roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '-' || c == '\\') out += c == '-' ? "\\" : "\\e";
    if (c != '\\') out += c;
    if (c == '\n') out += "\\&";
  }
  return out;
}

std::string ConfigManualPage() {
  std::string out =
      ".TH LGX 5 \"\" \"lgx\" \"File Formats\"\n.SH NAME\nlgx \\- config files of "
      "lgx(1), and of its library\n.SH DESCRIPTION\n"
      "A config file describes a machine and the run of it. It is a JSON object; "
      "comments "
      "as in C++ are allowed. The keys below are paths: \\fBkernel.path\\fR is the key "
      "\\fBpath\\fR in the object \\fBkernel\\fR. A key that is not here, or is there "
      "twice, is an error. Names of files are relative to the folder of the config "
      "file.\n.PP\n"
      "Options of the command line overrule the file, and the file overrules the "
      "defaults. \\fBlgx check \\-\\-print\\fR shows each value and where it came from, "
      "\\fB\\-\\-set\\fR \\fIPATH\\fR=\\fIVALUE\\fR sets one, and \\fBlgx schema\\fR "
      "prints a JSON schema for editors.\n.SH KEYS\n"
      ".TP\n.B version\nOf the format: 1.\n";
  const MachineConfig defaults;
  for (const ValueSpec& spec : ConfigValues()) {
    out += Row(spec.path, spec, spec.get(defaults));
  }
  for (const ListSpec& list : ConfigLists()) {
    out += absl::StrFormat(".SH %s\nA list: %s. Keys of each element", Roff(list.path),
                           Roff(list.about));
    if (list.required != nullptr) {
      out += "; it needs \\fB" + Roff(list.required) + "\\fR";
    }
    out += ":\n";
    MachineConfig one;
    list.add(&one);
    for (const ItemSpec& item : list.items) {
      out += Row(item.key, item, item.get(one, 0));
    }
  }
  out +=
      ".SH SEVERAL GUESTS\n\\fBguests\\fR is a list of such objects, for several guests "
      "in "
      "one process. What stands beside it holds for each of them.\n"
      ".SH EXAMPLE\n.nf\n" +
      Roff(kExample) + "\n.fi\n.SH SEE ALSO\n\\fBlgx\\fR(1)\n";
  return out;
}

}  // namespace lgx
