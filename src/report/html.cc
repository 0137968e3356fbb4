#include "report/html.h"

#include <array>

#include "absl/strings/str_format.h"
#include "base/version.h"
#include "report/html_assets.h"

namespace lgx {
namespace {

// Fewer rows than this are seen at one look.
constexpr size_t kRowsForFilter = 12;
constexpr size_t kRowsForScroll = 20;

// The length of the UTF-8 sequence at the front of `raw`, or 0 if it is none.
size_t SequenceLength(std::string_view raw) {
  const auto byte = [&](size_t i) { return static_cast<u8>(raw[i]); };
  const u8 first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || raw.size() < length) return 0;
  for (size_t i = 1; i < length; i++) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const u8 second = byte(1);
  const bool overlong =
      (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool too_high = first == 0xf4 && second >= 0x90;
  return overlong || surrogate || too_high ? 0 : length;
}

// U+2400 + c, the picture of a control character.
std::string PictureOf(u8 c) {
  const u32 code = c == 0x7f ? 0x2421 : 0x2400 + c;
  return {static_cast<char>(0xe0 | (code >> 12)),
          static_cast<char>(0x80 | ((code >> 6) & 0x3f)),
          static_cast<char>(0x80 | (code & 0x3f))};
}

void AppendCharacter(char c, std::string* out) {
  switch (c) {
    case '&':
      *out += "&amp;";
      return;
    case '<':
      *out += "&lt;";
      return;
    case '>':
      *out += "&gt;";
      return;
    case '"':
      *out += "&quot;";
      return;
    case '\'':
      *out += "&#39;";
      return;
    default:
      break;
  }
  const u8 byte = static_cast<u8>(c);
  if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) {
    *out += PictureOf(byte);
  } else {
    *out += c;
  }
}

bool IsNumeric(const HtmlTable& table, size_t column) {
  for (const auto& row : table.rows) {
    if (column < row.size() && !row[column].number) return false;
  }
  return !table.rows.empty();
}

}  // namespace

std::string HtmlText(std::string_view raw) {
  std::string out;
  out.reserve(raw.size() + raw.size() / 16);
  while (!raw.empty()) {
    const size_t length = SequenceLength(raw);
    if (length == 1) {
      AppendCharacter(raw[0], &out);
    } else if (length == 0) {
      out += "\xef\xbf\xbd";
    } else {
      out += raw.substr(0, length);
    }
    raw.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string GroupedNumber(u64 value) {
  std::string digits = std::to_string(value);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string ShortNumber(double value) {
  static constexpr std::array<const char*, 6> kUnits = {"", " k", " M", " G", " T", " P"};
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    unit++;
  }
  const bool whole = value == static_cast<double>(static_cast<u64>(value));
  const int digits = whole || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return absl::StrFormat("%.*f%s", digits, value, kUnits[unit]);
}

std::string ShortTime(double ns) {
  static constexpr std::array<const char*, 4> kUnits = {" ns", " \xc2\xb5s", " ms", " s"};
  size_t unit = 0;
  while (ns >= 999.5 && unit + 1 < kUnits.size()) {
    ns /= 1000;
    unit++;
  }
  const bool whole = ns == static_cast<double>(static_cast<u64>(ns));
  const int digits = whole || ns >= 99.95 ? 0 : ns >= 9.995 ? 1 : 2;
  return absl::StrFormat("%.*f%s", digits, ns, kUnits[unit]);
}

std::string HtmlTable::Render() const {
  std::string out;
  if (filter && rows.size() >= kRowsForFilter) {
    out += absl::StrFormat(
        "<div class=\"tool\"><input type=\"search\" data-rows=\"%s\" "
        "placeholder=\"Filter rows\" aria-label=\"Filter "
        "rows\"><output></output></div>\n",
        id);
  }
  out += rows.size() >= kRowsForScroll ? "<div class=\"scroll tall\">"
                                       : "<div class=\"scroll\">";
  out += "<table id=\"" + id + "\"><thead><tr>";
  std::vector<bool> numeric;
  for (size_t i = 0; i < columns.size(); i++) {
    numeric.push_back(IsNumeric(*this, i));
    out += (numeric[i] ? "<th class=\"n\">" : "<th>") + HtmlText(columns[i]) + "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    out += "<tr>";
    for (size_t i = 0; i < row.size(); i++) {
      const HtmlCell& cell = row[i];
      out += "<td";
      if (i < numeric.size() && numeric[i]) {
        out += " class=\"n\"";
      } else if (cell.code) {
        out += " class=\"code\"";
      }
      if (cell.number) out += absl::StrFormat(" data-n=\"%.17g\"", *cell.number);
      out += ">" + HtmlText(cell.text) + "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string HtmlFacts(const std::vector<HtmlFact>& facts) {
  constexpr size_t kShort = 17;
  std::string out = "<div class=\"facts\">\n";
  for (const HtmlFact& fact : facts) {
    const char* const open = fact.value.size() > kShort ? "<b class=\"long\">" : "<b>";
    out += "<div>" + (open + HtmlText(fact.value)) + "</b><span>" + HtmlText(fact.name) +
           "</span></div>\n";
  }
  return out + "</div>\n";
}

std::string HtmlConsole(std::string_view id, std::string_view raw) {
  const std::string name(id);
  // A terminal's line ends in two characters; the second is enough here.
  std::string lines;
  for (size_t i = 0; i < raw.size(); i++) {
    const bool line_end = raw[i] == '\r' && i + 1 < raw.size() && raw[i + 1] == '\n';
    if (!line_end) lines += raw[i];
  }
  return "<div class=\"tool\"><input type=\"search\" data-text=\"" + name +
         "\" placeholder=\"Find in the text\" aria-label=\"Find in the text\">"
         "<output></output></div>\n<pre class=\"console\" id=\"" +
         name + "\">" + HtmlText(lines) + "</pre>\n";
}

std::string HtmlCommand(std::string_view raw) {
  return "<pre class=\"command\">" + HtmlText(raw) + "</pre>\n";
}

void HtmlPage::Section(std::string_view id, std::string_view title, std::string body) {
  parts_.push_back({std::string(id), std::string(title), std::move(body)});
}

std::string HtmlPage::Render() const {
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" "
      "href=\"data:,\">\n";
  out += "<title>" + HtmlText(title_) + "</title>\n<style>";
  out += HtmlStyleSheet();
  out += "</style>\n</head>\n<body>\n<header>\n<h1>" + HtmlText(title_) + "</h1>\n<p>" +
         HtmlText(subtitle_) + "</p>\n<nav>";
  for (const Part& part : parts_) {
    out += "<a href=\"#" + part.id + "\">" + HtmlText(part.title) + "</a>\n";
  }
  out += "</nav>\n</header>\n<main>\n";
  for (const Part& part : parts_) {
    out += "<section id=\"" + part.id + "\">\n<h2>" + HtmlText(part.title) + "</h2>\n" +
           part.body + "</section>\n";
  }
  out += "</main>\n<footer>Made by lgx " + HtmlText(ProgramVersion()) +
         ".</footer>\n<script>";
  out += HtmlScript();
  return out + "</script>\n</body>\n</html>\n";
}

}  // namespace lgx
