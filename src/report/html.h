// Self-contained HTML pages: one file that works from disk, in light and dark, on paper,
// and without scripts. A script only adds sorting, filtering and zooming.
//
// Whoever makes a page gives raw text to HtmlText(), HtmlTable and HtmlFacts, which
// escape it, and builds the rest from string literals. So nothing that a Guest has said
// can become markup.
#ifndef LGX_REPORT_HTML_H_
#define LGX_REPORT_HTML_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/types.h"

namespace lgx {

// `raw` as HTML text, good inside an element and inside a quoted attribute. Bytes that
// are not UTF-8 become U+FFFD; control characters but tab and newline become their
// pictures (U+2400...).
std::string HtmlText(std::string_view raw);

// 1234567 as "1,234,567".
std::string GroupedNumber(u64 value);
// 1234567 as "1.23 M", for axes: at most three digits and k, M, G, T.
std::string ShortNumber(double value);
// A time in nanoseconds as "1.5 ms".
std::string ShortTime(double ns);

// What a table's cell says, and what it is sorted by.
struct HtmlCell {
  std::string text;  // raw
  std::optional<double> number;
  bool code = false;  // in the font for addresses and commands

  static HtmlCell Text(std::string_view text) { return {std::string(text), {}, false}; }
  static HtmlCell Code(std::string_view text) { return {std::string(text), {}, true}; }
  static HtmlCell Number(u64 value) {
    return {GroupedNumber(value), static_cast<double>(value), false};
  }
  // `value` decides the order, `text` is seen.
  static HtmlCell Number(double value, std::string_view text) {
    return {std::string(text), value, false};
  }
};

struct HtmlTable {
  std::string id;  // unique on its page; letters, digits and dashes
  std::vector<std::string> columns;
  std::vector<std::vector<HtmlCell>> rows;
  // With a field to filter the rows, if there are enough of them.
  bool filter = true;

  std::string Render() const;
};

// Key figures in boxes: a large value above its name.
struct HtmlFact {
  std::string name;
  std::string value;
};
std::string HtmlFacts(const std::vector<HtmlFact>& facts);

// Text as it was on a terminal, with a field that finds words in it.
std::string HtmlConsole(std::string_view id, std::string_view raw);

// A command to copy.
std::string HtmlCommand(std::string_view raw);

class HtmlPage {
 public:
  // Both raw.
  HtmlPage(std::string_view title, std::string_view subtitle)
      : title_(title), subtitle_(subtitle) {}

  // `id` is an anchor, unique on the page; `title` is raw; `body` is HTML.
  void Section(std::string_view id, std::string_view title, std::string body);
  // The whole file.
  std::string Render() const;

 private:
  struct Part {
    std::string id;
    std::string title;
    std::string body;
  };

  std::string title_;
  std::string subtitle_;
  std::vector<Part> parts_;
};

}  // namespace lgx

#endif  // LGX_REPORT_HTML_H_
