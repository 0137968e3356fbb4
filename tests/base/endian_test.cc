#include "base/endian.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

TEST(Endian, LoadsAndStoresAreLittleEndianOnEveryHost) {
  u8 bytes[9] = {};
  StoreLe<u32>(bytes + 1, 0x01020304);
  EXPECT_EQ(bytes[1], 4);
  EXPECT_EQ(bytes[4], 1);
  EXPECT_EQ(LoadLe<u32>(bytes + 1), 0x01020304u);
  EXPECT_EQ(LoadLe<u16>(bytes + 1), 0x0304);
  StoreLe<u64>(bytes + 1, 0x1122334455667788);
  EXPECT_EQ(bytes[8], 0x11);
  EXPECT_EQ(LoadLe<u64>(bytes + 1), 0x1122334455667788u);
}

TEST(Endian, ByteSwapTurnsEveryWidth) {
  EXPECT_EQ(ByteSwap<u8>(0x12), 0x12);
  EXPECT_EQ(ByteSwap<u16>(0x1234), 0x3412);
  EXPECT_EQ(ByteSwap<u32>(0x12345678), 0x78563412u);
  EXPECT_EQ(ByteSwap<u64>(0x0102030405060708), 0x0807060504030201u);
}

}  // namespace
}  // namespace lgx
