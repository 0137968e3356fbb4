#include "machine/payload.h"

#include <gtest/gtest.h>

#include "tests/machine/kernel_builder.h"

namespace lgx {
namespace {

using test::ByteVector;

constexpr u64 kLimit = u64{64} << 20;

ByteVector Sample(size_t size) {
  ByteVector bytes(size);
  u32 state = 1;
  for (size_t i = 0; i < size; i++) {
    state = state * 1103515245 + 12345;
    bytes[i] = (i / 64) % 3 == 0 ? static_cast<u8>(state >> 16) : static_cast<u8>(i / 7);
  }
  return bytes;
}

struct Packer {
  Packing packing;
  ByteVector (*pack)(Bytes);
};
constexpr Packer kPackers[] = {
    {Packing::kGzip, test::PackGzip}, {Packing::kBzip2, test::PackBzip2},
    {Packing::kXz, test::PackXz},     {Packing::kLzma, test::PackLzma},
    {Packing::kLz4, test::PackLz4},   {Packing::kLzo, test::PackLzopStored},
};

TEST(Payload, EveryFormatIsUnpacked) {
  for (const Packer& packer : kPackers) {
    for (const size_t size : {size_t{1}, size_t{100}, (size_t{1} << 20) + 5}) {
      const ByteVector sample = Sample(size);
      const ByteVector packed = packer.pack(sample);
      EXPECT_EQ(PackingOf(packed), packer.packing);
      const StatusOr<ByteVector> out = Unpack(packed, kLimit);
      ASSERT_TRUE(out.ok()) << NameOf(packer.packing) << " " << size << out.status();
      EXPECT_TRUE(*out == sample) << NameOf(packer.packing) << " " << size;
    }
  }
}

TEST(Payload, Lz4ComesInBlocksOf8MiB) {
  const ByteVector sample((size_t{8} << 20) + 5, 0x5a);
  const StatusOr<ByteVector> out = Unpack(test::PackLz4(sample), kLimit);
  ASSERT_TRUE(out.ok()) << out.status();
  EXPECT_TRUE(*out == sample);
}

TEST(Payload, BytesBehindTheStreamAreIgnored) {
  for (const Packer& packer : kPackers) {
    if (packer.packing == Packing::kLz4) continue;  // ends where the file ends
    ByteVector packed = packer.pack(Sample(5000));
    packed.insert(packed.end(), 1000, 0xab);
    const StatusOr<ByteVector> out = Unpack(packed, kLimit);
    ASSERT_TRUE(out.ok()) << out.status();
    EXPECT_EQ(*out, Sample(5000));
  }
}

TEST(Payload, TruncatedStreamsAreRefused) {
  for (const Packer& packer : kPackers) {
    const ByteVector whole = packer.pack(Sample(5000));
    for (size_t size = 8; size + 16 < whole.size(); size += 1 + size / 16) {
      const ByteVector packed(whole.begin(),
                              whole.begin() + static_cast<std::ptrdiff_t>(size));
      const StatusOr<ByteVector> out = Unpack(packed, kLimit);
      EXPECT_FALSE(out.ok()) << NameOf(packer.packing) << " " << size;
    }
  }
}

TEST(Payload, WhatGrowsTooLargeIsRefused) {
  for (const Packer& packer : kPackers) {
    const ByteVector packed = packer.pack(ByteVector(size_t{6} << 20, 0));
    const StatusOr<ByteVector> out = Unpack(packed, u64{5} << 20);
    ASSERT_FALSE(out.ok()) << NameOf(packer.packing);
    EXPECT_NE(MessageOf(out.status()).find("more than 5242880 bytes"), std::string::npos);
  }
}

TEST(Payload, UnknownMarksAreRefused) {
  EXPECT_EQ(PackingOf({}), Packing::kNone);
  EXPECT_FALSE(Unpack(ByteVector(100, 7), kLimit).ok());
  EXPECT_FALSE(Unpack({}, kLimit).ok());
}

// --- LZO1X blocks, assembled by hand from the format's description
// ----------------------------

ByteVector Block(std::initializer_list<int> bytes) {
  ByteVector block;
  for (int byte : bytes) block.push_back(static_cast<u8>(byte));
  return block;
}

std::string UnpackText(const ByteVector& block, u64 size) {
  ByteVector out;
  if (!UnpackLzo1x(block, size, &out)) return "failed";
  return std::string(out.begin(), out.end());
}

TEST(Lzo1x, InstructionsDoWhatTheFormatSays) {
  // A first run of 4 literals, the end mark.
  EXPECT_EQ(UnpackText(Block({17 + 4, 'a', 'b', 'c', 'd', 0x11, 0, 0}), 4), "abcd");
  // 001LLLLL: 2 + 4 bytes from distance 4, overlapping.
  EXPECT_EQ(UnpackText(Block({21, 'a', 'b', 'c', 'd', 0x24, 3 << 2, 0, 0x11, 0, 0}), 10),
            "abcdabcdab");
  // 01LDDDSS: 3 + 1 bytes from distance 1, then one literal.
  EXPECT_EQ(UnpackText(Block({21, 'a', 'b', 'c', 'd', 0x61, 0, 'x', 0x11, 0, 0}), 9),
            "abcdddddx");
  // 1LLDDDSS: 5 + 2 bytes from distance 2.
  EXPECT_EQ(UnpackText(Block({21, 'a', 'b', 'c', 'd', 0xc4, 0, 0x11, 0, 0}), 11),
            "abcdcdcdcdc");
  // A literal run without copy before it: 3 + 1.
  EXPECT_EQ(UnpackText(Block({1, 'a', 'b', 'c', 'd', 0x11, 0, 0}), 4), "abcd");
  // 0000DDSS after one literal: 2 bytes from distance 2.
  EXPECT_EQ(
      UnpackText(Block({21, 'a', 'b', 'c', 'd', 0x61, 0, 'x', 0x04, 0, 0x11, 0, 0}), 11),
      "abcdddddxdx");
  // A long literal run: 3 + 15 + 255 + 1.
  ByteVector longer = Block({0, 0, 1});
  longer.insert(longer.end(), 274, 'z');
  for (u8 byte : {0x11, 0, 0}) longer.push_back(byte);
  EXPECT_EQ(UnpackText(longer, 274), std::string(274, 'z'));
}

TEST(Lzo1x, FarCopiesWork) {
  // 20000 literals, then 001 with 0001HLLL: 2 + 1 bytes from distance 16384 + 100.
  constexpr size_t kRun = 20000;
  ByteVector block = {0};
  size_t rest = kRun - 3 - 15;
  for (; rest > 255; rest -= 255) block.push_back(0);
  block.push_back(static_cast<u8>(rest));
  ByteVector literals(kRun, 'a');
  literals[kRun - 16484] = 'Q';
  block.insert(block.end(), literals.begin(), literals.end());
  for (int byte : {0x11, (100 << 2) & 0xff, (100 << 2) >> 8, 0x11, 0, 0}) {
    block.push_back(static_cast<u8>(byte));
  }
  const std::string out = UnpackText(block, kRun + 3);
  ASSERT_EQ(out.size(), kRun + 3);
  EXPECT_EQ(out.substr(kRun), "Qaa");
}

TEST(Lzo1x, DamageIsNoticed) {
  EXPECT_EQ(UnpackText({}, 1), "failed");
  EXPECT_EQ(UnpackText(Block({21, 'a'}), 4), "failed");
  EXPECT_EQ(UnpackText(Block({21, 'a', 'b', 'c', 'd', 0x11, 0, 0}), 5), "failed");
  EXPECT_EQ(UnpackText(Block({21, 'a', 'b', 'c', 'd', 0x11, 0, 0}), 3), "failed");
  EXPECT_EQ(UnpackText(Block({21, 'a', 'b', 'c', 'd', 0x24, 4 << 2, 0, 0x11, 0, 0}), 10),
            "failed")
      << "distance before the start";
  EXPECT_EQ(UnpackText(Block({0, 0, 0, 0}), 100), "failed");
}

}  // namespace
}  // namespace lgx
