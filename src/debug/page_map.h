// The whole address space of a Guest in ranges (user-interface section 8).
#ifndef LGX_DEBUG_PAGE_MAP_H_
#define LGX_DEBUG_PAGE_MAP_H_

#include <string>

#include "debug/page_view.h"

namespace lgx {

// `inspect pages --map`: all that the Guest's tables map, in ranges of equal rights, and
// how much of each is in the shadow tables.
std::string ViewPageMap(const PageSpace& space);

// `inspect pages --diff`: only where the two disagree, and how.
std::string ViewPageDifferences(const PageSpace& space);

}  // namespace lgx

#endif  // LGX_DEBUG_PAGE_MAP_H_
