// docs/journey.md, as it was when the program was built.
#ifndef LGX_TOOLS_JOURNEY_TEXT_H_
#define LGX_TOOLS_JOURNEY_TEXT_H_

#include <string_view>

namespace lgx {

std::string_view JourneyMarkdown();

}  // namespace lgx

#endif  // LGX_TOOLS_JOURNEY_TEXT_H_
