#include "base/host_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace lgx {
namespace {

TEST(HostMemory, AWishForLargePagesChangesNoByte) {
  constexpr u64 kSize = 2 * kHostLargePage;
  const std::unique_ptr<void, decltype(&std::free)> memory(
      std::aligned_alloc(kHostLargePage, kSize), &std::free);
  ASSERT_NE(memory, nullptr);
  u8* const bytes = static_cast<u8*>(memory.get());
  std::fill_n(bytes, kHostLargePage, u8{0x5a});
  PreferLargePages(bytes, kSize);
  std::fill_n(bytes + kHostLargePage, kHostLargePage, u8{0xa5});
  EXPECT_TRUE(std::all_of(bytes, bytes + kHostLargePage, [](u8 b) { return b == 0x5a; }));
  EXPECT_TRUE(
      std::all_of(bytes + kHostLargePage, bytes + kSize, [](u8 b) { return b == 0xa5; }));
}

}  // namespace
}  // namespace lgx
