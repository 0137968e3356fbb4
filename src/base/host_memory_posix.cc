#include "base/host_memory.h"

#include <sys/mman.h>

namespace lgx {

void PreferLargePages([[maybe_unused]] void* begin, [[maybe_unused]] u64 size) {
#ifdef MADV_HUGEPAGE
  (void)madvise(begin, size, MADV_HUGEPAGE);
#endif
}

}  // namespace lgx
