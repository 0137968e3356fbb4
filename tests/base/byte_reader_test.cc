#include "base/byte_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace lgx {
namespace {

using std::string;

TEST(ByteReader, NumbersAreLittleEndianAtAnyAlignment) {
  const std::vector<u8> bytes = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f};
  ByteReader in(bytes, "numbers");
  EXPECT_EQ(in.U8("a"), 0x01);
  EXPECT_EQ(in.U16("b"), 0x0302);
  EXPECT_EQ(in.U32("c"), 0x07060504u);
  EXPECT_EQ(in.U64("d"), 0x0f0e0d0c0b0a0908u);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.remaining(), 0u);
}

TEST(ByteReader, AReadThatEndsExactlyAtTheEndIsLegal) {
  const std::vector<u8> bytes(8);
  ByteReader in(bytes, "x");
  in.Seek(4, "last word");
  in.U32("last word");
  EXPECT_TRUE(in.ok());
  in.Seek(8, "the end");
  EXPECT_TRUE(in.Bytes(0, "nothing").empty());
  EXPECT_TRUE(in.ok());
}

TEST(ByteReader, TheFirstErrorNamesPlaceAndWantedThingAndStays) {
  const std::vector<u8> bytes(6, 0xff);
  ByteReader in(bytes, "vmlinux");
  in.U32("magic");
  EXPECT_EQ(in.U32("entry point"), 0u);
  EXPECT_EQ(in.U8("flags"), 0) << "there was a byte left, but reading has failed before";
  EXPECT_EQ(
      MessageOf(in.status()),
      "vmlinux: entry point at offset 0x4 needs 4 bytes, but only 2 are left (end at "
      "0x6). Is it cut short?");
  EXPECT_EQ(in.status().code(), kDataLoss);
}

TEST(ByteReader, LengthsNearTheEndOfTheNumberRangeDoNotWrap) {
  const std::vector<u8> bytes(16);
  for (const u64 len : {~u64{0}, ~u64{0} - 3, u64{1} << 63, u64{17}}) {
    ByteReader in(bytes, "x");
    in.U32("first");
    EXPECT_TRUE(in.Bytes(len, "much").empty());
    EXPECT_FALSE(in.ok()) << len;
    ByteReader seeking(bytes, "x");
    seeking.Seek(len, "far");
    EXPECT_FALSE(seeking.ok()) << len;
  }
}

TEST(ByteReader, StringsAreBoundedBeforeTheyAreBelieved) {
  const std::vector<u8> good = {3, 0, 0, 0, 'a', 'b', 'c'};
  ByteReader in(good, "x");
  EXPECT_EQ(in.String(3, "name"), "abc");
  EXPECT_TRUE(in.ok());

  const std::vector<u8> huge = {0xff, 0xff, 0xff, 0xff, 'a'};
  ByteReader bad(huge, "x");
  EXPECT_EQ(bad.String(100, "name"), "");
  EXPECT_EQ(
      MessageOf(bad.status()),
      "x: name at offset 0x0 claims 4294967295 bytes; at most 100 make sense. Is it "
      "damaged?");

  const std::vector<u8> cut = {3, 0, 0, 0, 'a'};
  ByteReader shorter(cut, "x");
  EXPECT_EQ(shorter.String(100, "name"), "");
  EXPECT_FALSE(shorter.ok());
}

TEST(ByteReader, APartCountsOffsetsLikeTheWhole) {
  const std::vector<u8> bytes = {0, 0, 0, 0, 1, 2, 3, 4};
  ByteReader in(bytes, "file");
  in.Skip(4, "header");
  ByteReader part = in.Sub(2, "section");
  EXPECT_EQ(in.offset(), 6u);
  EXPECT_EQ(part.U8("a"), 1);
  part.U32("b");
  EXPECT_NE(MessageOf(part.status()).find("at offset 0x5"), string::npos)
      << MessageOf(part.status());
  EXPECT_TRUE(in.ok()) << "a damaged part leaves the whole readable";
}

TEST(ByteReader, APartThatIsMissingFailsInBoth) {
  const std::vector<u8> bytes(4);
  ByteReader in(bytes, "file");
  ByteReader part = in.Sub(5, "section");
  EXPECT_FALSE(in.ok());
  EXPECT_FALSE(part.ok());
}

TEST(ByteReader, TheParsersOwnErrorsCarryTheOffset) {
  const std::vector<u8> bytes(4);
  ByteReader in(bytes, "file");
  in.U16("magic");
  in.Fail("the magic is 0x0000, expected 0x1234");
  in.Fail("a later error");
  EXPECT_EQ(MessageOf(in.status()),
            "file: the magic is 0x0000, expected 0x1234 (at offset 0x2)");
}

TEST(ByteReader, LeftOversAreAnErrorWhereTheEndIsExpected) {
  const std::vector<u8> bytes(4);
  ByteReader in(bytes, "file");
  in.Skip(3, "body");
  in.ExpectEnd("the body");
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace lgx
