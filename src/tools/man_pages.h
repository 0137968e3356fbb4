// The manual pages behind lgx(1), made from what the program knows.
#ifndef LGX_TOOLS_MAN_PAGES_H_
#define LGX_TOOLS_MAN_PAGES_H_

#include <string>
#include <string_view>

namespace lgx {

// Text as roff wants it: no hyphen is a line break, no line begins with a request.
std::string Roff(std::string_view text);

// lgx(5): config files, from the table that reads them.
std::string ConfigManualPage();

// lgx(7): the journey, from the text of docs/journey.md.
std::string JourneyManualPage(std::string_view markdown);

}  // namespace lgx

#endif  // LGX_TOOLS_MAN_PAGES_H_
