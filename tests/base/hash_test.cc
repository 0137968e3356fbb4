#include "base/hash.h"

#include <gtest/gtest.h>

#include <vector>

namespace lgx {
namespace {

std::vector<u8> Pattern(std::size_t size) {
  std::vector<u8> bytes(size);
  for (std::size_t i = 0; i < size; i++) bytes[i] = static_cast<u8>(i * 7 + (i >> 8));
  return bytes;
}

// These hold on every host and in every release: people compare hashes by mail. The first
// is XXH3's published value for no bytes, the others were seen on x86-64 and on ARM.
TEST(StateHash, IsTheSameOnEveryHost) {
  EXPECT_EQ(HashText(HashOf({})), "2d06800538d394c2");
  EXPECT_EQ(StateHash().Digest(), 0x2d06800538d394c2u);
  EXPECT_EQ(HashText(HashOf(Pattern(100))), "6dbb812cf19d012e");
  EXPECT_EQ(HashText(HashOf(Pattern(10000))), "449be64314e0ce06");
}

TEST(StateHash, PartsOfAnySizeGiveTheHashOfTheWhole) {
  const std::vector<u8> bytes = Pattern(10000);
  const u64 whole = HashOf(bytes);
  for (const std::size_t part : {1u, 3u, 64u, 255u, 256u, 257u, 4096u}) {
    StateHash hash;
    for (std::size_t at = 0; at < bytes.size(); at += part) {
      hash.Bytes(std::span(bytes).subspan(at, std::min(part, bytes.size() - at)));
    }
    EXPECT_EQ(hash.Digest(), whole) << part;
  }
}

TEST(StateHash, NumbersEnterAsLittleEndianBytes) {
  StateHash numbers;
  numbers.Value<u32>(0x04030201);
  numbers.Value<u16>(0x0605);
  numbers.Value<u8>(7);
  const u8 bytes[] = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(numbers.Digest(), HashOf(bytes));
}

TEST(StateHash, TextsDoNotFlowIntoEachOther) {
  StateHash one, two;
  one.Text("ab");
  one.Text("c");
  two.Text("a");
  two.Text("bc");
  EXPECT_NE(one.Digest(), two.Digest());
}

TEST(StateHash, OneBitMakesADifference) {
  std::vector<u8> bytes = Pattern(4096);
  const u64 before = HashOf(bytes);
  bytes[2048] ^= 1;
  EXPECT_NE(HashOf(bytes), before);
}

TEST(StateHash, ADigestDoesNotEndTheHash) {
  StateHash hash;
  hash.Value<u32>(1);
  const u64 early = hash.Digest();
  EXPECT_EQ(hash.Digest(), early);
  hash.Value<u32>(2);
  EXPECT_NE(hash.Digest(), early);
}

}  // namespace
}  // namespace lgx
