#include "base/byte_writer.h"

#include <gtest/gtest.h>

#include "base/byte_reader.h"

namespace lgx {
namespace {

TEST(ByteWriter, WhatIsWrittenIsReadBack) {
  ByteWriter out;
  out.U8(0x12);
  out.U16(0x3456);
  out.U32(0x789abcde);
  out.U64(0x0123456789abcdef);
  out.String("lguest");
  const u8 raw[] = {1, 2, 3};
  out.Bytes(raw);

  ByteReader in(out.bytes(), "buffer");
  EXPECT_EQ(in.U8(""), 0x12);
  EXPECT_EQ(in.U16(""), 0x3456);
  EXPECT_EQ(in.U32(""), 0x789abcdeu);
  EXPECT_EQ(in.U64(""), 0x0123456789abcdefu);
  EXPECT_EQ(in.String(64, ""), "lguest");
  EXPECT_EQ(in.Bytes(3, "")[2], 3);
  in.ExpectEnd("everything");
  EXPECT_TRUE(in.ok()) << MessageOf(in.status());
}

TEST(ByteWriter, BytesAreLittleEndianOnEveryHost) {
  ByteWriter out;
  out.U32(0x01020304);
  EXPECT_EQ(out.bytes(), (std::vector<u8>{4, 3, 2, 1}));
}

TEST(ByteWriter, LengthsCanBePatchedAfterwards) {
  ByteWriter out;
  out.U32(0);
  out.String("body");
  out.PatchU32(0, static_cast<u32>(out.size()));
  EXPECT_EQ(out.bytes()[0], 12);
  EXPECT_DEATH(out.PatchU32(9, 0), "patch at 9");
}

TEST(ByteWriter, AlignmentPadsWithZeros) {
  ByteWriter out;
  out.U8(1);
  out.AlignTo(4);
  out.AlignTo(4);
  EXPECT_EQ(out.Take(), (std::vector<u8>{1, 0, 0, 0}));
  EXPECT_EQ(out.size(), 0u);
}

}  // namespace
}  // namespace lgx
