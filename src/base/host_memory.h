// Memory of the host's process.
#ifndef LGX_BASE_HOST_MEMORY_H_
#define LGX_BASE_HOST_MEMORY_H_

#include "base/types.h"

namespace lgx {

// What a host may map at once, in place of single pages, if it lies on such a boundary.
inline constexpr u64 kHostLargePage = u64{2} << 20;

// Asks for that, for memory that will be used all over: finding it page by page costs
// more than filling it. `begin` and `size` are multiples of kHostLargePage. Where the
// host does not know the wish, nothing happens.
void PreferLargePages(void* begin, u64 size);

}  // namespace lgx

#endif  // LGX_BASE_HOST_MEMORY_H_
