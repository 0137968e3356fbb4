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
  // ES, DS, FS and GS may be loaded with it, and nothing is to be stored for that, where
  // CPL and RPL are below this.
  u8 data_below = 0;

  u32 High() const { return static_cast<u32>(bytes >> 32); }
  bool IsDataFor(u16 selector, u32 cpl) const {
    return cpl < data_below && (selector & 3u) < data_below;
  }
};

class DescriptorCache {
 public:
  // The descriptor of `selector`, which reads `bytes`. Good until the next call.
  [[gnu::always_inline]] const CachedDescriptor& Decode(u16 selector, u64 bytes) {
    const CachedDescriptor& entry = entries_[IndexOf(selector, bytes)];
    return entry.bytes == bytes ? entry : Fill(IndexOf(selector, bytes), bytes);
  }
  // Two selectors whose entries cannot be held at the same time.
  static bool Compete(u16 a, u16 b) { return ((a ^ b) >> 3) % kSelectors == 0; }

 private:
  static constexpr u32 kSelectors = 32;
  // A kernel that runs in ring 1 has the selectors that its Host has in ring 0.
  static u32 IndexOf(u16 selector, u64 bytes) {
    return (selector >> 3) % kSelectors << 1 | (bytes >> 45 & 1);
  }
  const CachedDescriptor& Fill(u32 index, u64 bytes);

  CachedDescriptor entries_[2 * kSelectors];
};

}  // namespace lgx

#endif  // LGX_CPU_DESCRIPTOR_CACHE_H_
