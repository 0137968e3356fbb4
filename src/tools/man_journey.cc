// lgx(7): the journey as a manual page.
#include <algorithm>

#include "tools/man_pages.h"

namespace lgx {
namespace {

constexpr std::string_view kArrow = "\u2192 ";

// One line without the marks of Markdown: [text](address), `code`, *stress*.
std::string Plain(std::string_view line) {
  std::string out;
  bool code = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '`') {
      out += (code = !code) ? "\\fB" : "\\fR";
    } else if (!code && c == '[') {
      const size_t middle = line.find("](", i);
      const size_t end = line.find(')', std::min(middle, line.size()));
      if (end == std::string_view::npos) {
        out += c;
        continue;
      }
      out += Plain(line.substr(i + 1, middle - i - 1));
      i = end;
    } else if (!code && c == '*') {
      // No text here uses it for anything but stress.
    } else {
      out += Roff(std::string_view(&c, 1));
    }
  }
  return out;
}

std::string Upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string LineOf(std::string_view line) {
  if (line.empty()) return ".PP\n";
  if (line.starts_with("# ")) return "";  // the page has a title of its own
  if (line.starts_with("## ")) return ".SH " + Upper(Plain(line.substr(3))) + "\n";
  if (line.starts_with("### ")) return ".SS " + Plain(line.substr(4)) + "\n";
  if (line.starts_with(kArrow)) return "See " + Plain(line.substr(kArrow.size())) + "\n";
  // A dot or a quote at the start would be a request.
  const bool request = line.front() == '.' || line.front() == '\'';
  return (request ? "\\&" : "") + Plain(line) + "\n";
}

}  // namespace

std::string JourneyManualPage(std::string_view markdown) {
  std::string out =
      ".TH LGX 7 \"\" \"lgx\" \"The Journey\"\n.SH NAME\nlgx \\- a walk through the "
      "machine and its source\n.SH DESCRIPTION\n"
      "\\fBlgx tour\\fR \\fISTOP\\fR runs to one of these stops and shows what is there; "
      "\\fBstop:\\fR\\fISTOP\\fR is a point for \\fB\\-\\-until\\fR.\n";
  while (!markdown.empty()) {
    const size_t end = std::min(markdown.find('\n'), markdown.size());
    out += LineOf(markdown.substr(0, end));
    markdown.remove_prefix(std::min(end + 1, markdown.size()));
  }
  return out + ".SH SEE ALSO\n\\fBlgx\\fR(1)\n";
}

}  // namespace lgx
