// The style sheet and the script that every page carries in itself.
#ifndef LGX_REPORT_HTML_ASSETS_H_
#define LGX_REPORT_HTML_ASSETS_H_

#include <string_view>

namespace lgx {

// Colours are custom properties: --ink, --muted, --surface, --page, --grid, and --c1 to
// --c8 for data, with one set for light and one for dark.
std::string_view HtmlStyleSheet();
// Sorts tables by a click on a heading, filters rows, finds words in console text, zooms
// flame graphs. Nothing on a page needs it.
std::string_view HtmlScript();

}  // namespace lgx

#endif  // LGX_REPORT_HTML_ASSETS_H_
