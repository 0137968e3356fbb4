// What descriptors that were used lately decode to.
//
// An entry is good only together with the eight bytes it was made from, and whoever asks
// has just read them: nothing here can be stale.
#ifndef LGX_CPU_DESCRIPTOR_CACHE_H_
#define LGX_CPU_DESCRIPTOR_CACHE_H_

#include "cpu/segment.h"

namespace lgx {

struct CachedDescriptor {
  u64 bytes = 0;
  Segment segment;  // its selector means nothing

  u32 High() const { return static_cast<u32>(bytes >> 32); }
};

class DescriptorCache {
 public:
  // The descriptor of `selector`, which reads `bytes`. Good until the next call.
  const CachedDescriptor& Decode(u16 selector, u64 bytes);
  // Two selectors whose entries cannot be held at the same time.
  static bool Compete(u16 a, u16 b) { return IndexOf(a) == IndexOf(b); }

 private:
  static constexpr u32 kEntries = 32;
  static u32 IndexOf(u16 selector) { return (selector >> 3) % kEntries; }

  CachedDescriptor entries_[kEntries];
};

}  // namespace lgx

#endif  // LGX_CPU_DESCRIPTOR_CACHE_H_
