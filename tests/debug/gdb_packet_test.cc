#include "debug/gdb_packet.h"

#include <gtest/gtest.h>

#include <vector>

namespace lgx {
namespace {

using Kind = GdbItem::Kind;

void Push(GdbPacketReader& reader, std::string_view text) {
  reader.Push({reinterpret_cast<const u8*>(text.data()), text.size()});
}

std::vector<GdbItem> Read(std::string_view text, std::size_t piece) {
  GdbPacketReader reader;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    Push(reader, text.substr(at, piece));
  }
  std::vector<GdbItem> items;
  while (std::optional<GdbItem> item = reader.Next()) items.push_back(*std::move(item));
  return items;
}

TEST(GdbPacket, PiecesOfAnySizeGiveTheSamePackets) {
  const std::string text = GdbFrame("qSupported") + "+" + GdbFrame("a}#$*b") + "\x03-";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const std::vector<GdbItem> items = Read(text, piece);
    ASSERT_EQ(items.size(), 5u);
    EXPECT_EQ(items[0].payload, "qSupported");
    EXPECT_EQ(items[1].kind, Kind::kAck);
    EXPECT_EQ(items[2].payload, "a}#$*b");
    EXPECT_EQ(items[3].kind, Kind::kInterrupt);
    EXPECT_EQ(items[4].kind, Kind::kNack);
  }
}

TEST(GdbPacket, AFrameIsAsTheManualHasIt) {
  EXPECT_EQ(GdbFrame(""), "$#00");
  EXPECT_EQ(GdbFrame("OK"), "$OK#9a");
  EXPECT_EQ(GdbFrame("#"), "$}\x03#80");
}

TEST(GdbPacket, DamageIsNoticedAndEndsWithThePacket) {
  for (const char* text : {"$OK#00", "$OK#9g", "$#01"}) {
    const std::vector<GdbItem> items = Read(std::string(text) + "$OK#9a", 3);
    ASSERT_EQ(items.size(), 2u) << text;
    EXPECT_EQ(items[0].kind, Kind::kDamaged) << text;
    EXPECT_EQ(items[1].payload, "OK") << text;
  }
  // The end of one was lost, with or without the first half of an escape.
  EXPECT_EQ(Read("$OKOK$OK#9a", 1).at(0).payload, "OK");
  EXPECT_EQ(Read("$}#03$OK#9a", 1).at(0).payload, "OK");
}

TEST(GdbPacket, NoiseBetweenPacketsIsNothing) {
  EXPECT_TRUE(Read("abc\n\xff\x04#00", 1).empty());
}

TEST(GdbPacket, CtrlCInsideOfAPacketIsData) {
  const std::vector<GdbItem> items = Read(GdbFrame("X\x03"), 1);
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].payload, "X\x03");
}

TEST(GdbPacket, WhatIsTooLongIsDamagedAndCostsNoMemory) {
  GdbPacketReader reader;
  Push(reader, "$");
  for (u32 i = 0; i < 100; ++i) Push(reader, std::string(10'000, 'a'));
  Push(reader, "#00");
  EXPECT_EQ(reader.Next()->kind, Kind::kDamaged);
  Push(reader, GdbFrame(std::string(GdbPacketReader::kMaxPayload, 'b')));
  EXPECT_EQ(reader.Next()->payload.size(), GdbPacketReader::kMaxPayload);
}

TEST(GdbPacket, AnInterruptIsTakenOutOfTheMiddle) {
  GdbPacketReader reader;
  Push(reader, GdbFrame("a") + "\x03" + GdbFrame("b"));
  EXPECT_TRUE(reader.TakeInterrupt());
  EXPECT_FALSE(reader.TakeInterrupt());
  EXPECT_EQ(reader.Next()->payload, "a");
  EXPECT_EQ(reader.Next()->payload, "b");
}

TEST(GdbHex, NumbersAndTexts) {
  EXPECT_EQ(GdbHexText("hi"), "6869");
  EXPECT_EQ(GdbFromHex("6869"), "hi");
  EXPECT_EQ(GdbFromHex(""), "");
  EXPECT_EQ(GdbFromHex("6"), std::nullopt);
  EXPECT_EQ(GdbFromHex("6x"), std::nullopt);
  std::string_view text = "c0100000,4";
  EXPECT_EQ(GdbTakeNumber(&text), 0xc0100000u);
  EXPECT_EQ(text, ",4");
  EXPECT_EQ(GdbTakeNumber(&text), std::nullopt);
  text = "11112222333344445555";
  EXPECT_EQ(GdbTakeNumber(&text), 0x1111222233334444u);
}

}  // namespace
}  // namespace lgx
