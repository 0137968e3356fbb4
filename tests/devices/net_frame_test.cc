#include "devices/net_frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace lgx {
namespace {

u32 Be16(const std::vector<u8>& bytes, std::size_t at) {
  return u32{bytes[at]} << 8 | bytes[at + 1];
}

// The ones' complement sum of 16-bit words; 0xffff where a checksum is among them.
u32 Sum(std::span<const u8> bytes, u32 sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += u32{bytes[i]} << (i % 2 ? 0 : 8);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

constexpr std::size_t kIp = 14;

NetFrame Tcp4(std::size_t payload, u16 gso_size) {
  NetFrame frame;
  frame.header.flags = NetHeader::kNeedsChecksum;
  frame.header.gso_type = NetHeader::kTcp4;
  frame.header.gso_size = gso_size;
  frame.header.csum_start = kIp + 20;
  frame.header.csum_offset = 16;
  frame.bytes.assign(kIp + 40 + payload, 0);
  frame.bytes[12] = 0x08;
  u8* const ip = &frame.bytes[kIp];
  ip[0] = 0x45;
  ip[4] = 0x12;  // id
  ip[5] = 0xff;
  ip[8] = 64;
  ip[9] = 6;
  const u8 addresses[] = {10, 0, 0, 1, 10, 0, 0, 2};
  std::copy_n(addresses, 8, ip + 12);
  u8* const tcp = ip + 20;
  const u8 sequence[] = {0xff, 0xff, 0xff, 0xf0};
  std::copy_n(sequence, 4, tcp + 4);
  tcp[12] = 0x50;
  tcp[13] = 0x80 | 0x18 | 0x01;  // CWR, ACK, PSH, FIN
  for (std::size_t i = 0; i < payload; ++i) tcp[20 + i] = static_cast<u8>(i * 7);
  return frame;
}

TEST(NetHeader, LiesInMemoryAsTheSpecificationSays) {
  const NetHeader header = {1, 0x81, 0x0203, 0x0405, 0x0607, 0x0809};
  u8 bytes[12] = {};
  EncodeNetHeader(header, NetHeaderFormat::kLegacy, bytes);
  const u8 legacy[12] = {1, 0x81, 3, 2, 5, 4, 7, 6, 9, 8, 0, 0};
  EXPECT_TRUE(std::equal(bytes, bytes + 12, legacy));
  EncodeNetHeader(header, NetHeaderFormat::kMerged, bytes);
  EXPECT_EQ(bytes[10], 1);
  EncodeNetHeader(header, NetHeaderFormat::kOld, bytes);
  const u8 old[8] = {1, 2, 5, 4, 7, 6, 9, 8};
  EXPECT_TRUE(std::equal(bytes, bytes + 8, old));
  EXPECT_EQ(DecodeNetHeader(NetHeaderFormat::kLegacy, legacy), header);
  NetHeader without = header;
  without.hdr_len = 0;
  EXPECT_EQ(DecodeNetHeader(NetHeaderFormat::kOld, old), without);
}

// The example of RFC 1071, section 3.
TEST(CompleteChecksum, GivesThePublishedSum) {
  NetFrame frame;
  frame.bytes = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0x00, 0x00};
  frame.header.flags = NetHeader::kNeedsChecksum;
  frame.header.csum_offset = 8;
  ASSERT_TRUE(CompleteChecksum(&frame));
  EXPECT_EQ(Be16(frame.bytes, 8), 0xffffu & ~0xddf2u);
  EXPECT_EQ(frame.header, NetHeader());
}

TEST(CompleteChecksum, AnOddByteIsTheUpperHalfOfAWord) {
  NetFrame frame;
  frame.bytes = {0x00, 0x00, 0x12};
  frame.header.flags = NetHeader::kNeedsChecksum;
  ASSERT_TRUE(CompleteChecksum(&frame));
  EXPECT_EQ(Be16(frame.bytes, 0), 0xffffu & ~0x1200u);
}

TEST(CompleteChecksum, ZeroIsWrittenAsItsOtherForm) {
  NetFrame frame;
  frame.bytes = {0x00, 0x00, 0xff, 0xff};
  frame.header.flags = NetHeader::kNeedsChecksum;
  ASSERT_TRUE(CompleteChecksum(&frame));
  EXPECT_EQ(Be16(frame.bytes, 0), 0xffffu);
}

TEST(CompleteChecksum, PlacesOutsideTheFrameAreRefused) {
  for (const u16 start : {u16{0}, u16{3}, u16{4}, u16{65535}}) {
    for (const u16 offset : {u16{0}, u16{3}, u16{65535}}) {
      NetFrame frame;
      frame.bytes = {1, 2, 3, 4};
      frame.header.flags = NetHeader::kNeedsChecksum;
      frame.header.csum_start = start;
      frame.header.csum_offset = offset;
      EXPECT_EQ(CompleteChecksum(&frame), start == 0 && offset == 0);
    }
  }
}

TEST(CutIntoSegments, EachIsAPacketOfItsOwn) {
  const NetFrame frame = Tcp4(1000, 300);
  std::vector<NetFrame> segments;
  ASSERT_TRUE(CutIntoSegments(frame, &segments));
  ASSERT_EQ(segments.size(), 4u);
  std::vector<u8> payload;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::vector<u8>& bytes = segments[i].bytes;
    const std::size_t size = i == 3 ? 100 : 300;
    ASSERT_EQ(bytes.size(), kIp + 40 + size);
    EXPECT_EQ(segments[i].header, NetHeader());
    EXPECT_EQ(Be16(bytes, kIp + 2), 40 + size);              // total length
    EXPECT_EQ(Be16(bytes, kIp + 4), (0x12ff + i) & 0xffff);  // id
    const u32 sequence = Be16(bytes, kIp + 24) << 16 | Be16(bytes, kIp + 26);
    EXPECT_EQ(sequence, static_cast<u32>(0xfffffff0u + 300 * i));
    EXPECT_EQ(bytes[kIp + 33], 0x10 | (i == 0 ? 0x80 : 0) | (i == 3 ? 0x09 : 0));
    const std::span<const u8> all(bytes);
    EXPECT_EQ(Sum(all.subspan(kIp, 20)), 0xffffu);
    const u32 pseudo = Sum(all.subspan(kIp + 12, 8), 6 + 20 + static_cast<u32>(size));
    EXPECT_EQ(Sum(all.subspan(kIp + 20), pseudo), 0xffffu);
    payload.insert(payload.end(), bytes.begin() + kIp + 40, bytes.end());
  }
  EXPECT_TRUE(std::equal(payload.begin(), payload.end(), frame.bytes.begin() + kIp + 40));
}

TEST(CutIntoSegments, KnowsIpv6AndVlans) {
  NetFrame frame;
  frame.header.gso_type = NetHeader::kTcp6 | NetHeader::kEcn;
  frame.header.gso_size = 10;
  constexpr std::size_t kIp6 = 18;
  frame.bytes.assign(kIp6 + 40 + 32 + 15, 1);
  frame.bytes[12] = 0x81;
  frame.bytes[13] = 0x00;
  frame.bytes[16] = 0x86;
  frame.bytes[17] = 0xdd;
  frame.bytes[kIp6] = 0x60;
  frame.bytes[kIp6 + 6] = 6;
  frame.bytes[kIp6 + 40 + 12] = 0x80;  // 32 bytes of TCP header
  std::vector<NetFrame> segments;
  ASSERT_TRUE(CutIntoSegments(frame, &segments));
  ASSERT_EQ(segments.size(), 2u);
  const std::span<const u8> bytes(segments[1].bytes);
  EXPECT_EQ(Be16(segments[1].bytes, kIp6 + 4), 32u + 5);
  const u32 pseudo = Sum(bytes.subspan(kIp6 + 8, 32), 6 + 32 + 5);
  EXPECT_EQ(Sum(bytes.subspan(kIp6 + 40), pseudo), 0xffffu);
}

TEST(CutIntoSegments, WhatIsNotWhatItSaysIsRefused) {
  const NetFrame good = Tcp4(100, 50);
  const auto refused = [](NetFrame frame) {
    std::vector<NetFrame> segments;
    return !CutIntoSegments(frame, &segments) && segments.empty();
  };
  for (std::size_t size = 0; size < kIp + 40; ++size) {
    NetFrame frame = good;
    frame.bytes.resize(size);
    EXPECT_TRUE(refused(frame)) << size;
  }
  const auto with = [&](std::size_t at, u8 value) {
    NetFrame frame = good;
    frame.bytes[at] = value;
    return frame;
  };
  EXPECT_TRUE(refused(with(12, 0x86)));        // no IPv4
  EXPECT_TRUE(refused(with(kIp, 0x65)));       // of another version
  EXPECT_TRUE(refused(with(kIp, 0x44)));       // header of 16 bytes
  EXPECT_TRUE(refused(with(kIp + 9, 17)));     // UDP
  EXPECT_TRUE(refused(with(kIp + 32, 0x40)));  // TCP header of 16 bytes
  NetFrame frame = good;
  frame.bytes.resize(kIp + 50);
  frame.bytes[kIp + 32] = 0xf0;  // TCP header of 60 bytes
  EXPECT_TRUE(refused(frame));
  frame = good;
  frame.header.gso_size = 0;
  EXPECT_TRUE(refused(frame));
  frame = good;
  frame.header.gso_type = NetHeader::kUdp;
  EXPECT_TRUE(refused(frame));
  EXPECT_TRUE(refused(Tcp4(kMaxSegments + 1, 1)));
  EXPECT_FALSE(refused(Tcp4(kMaxSegments, 1)));
  EXPECT_FALSE(refused(Tcp4(0, 1)));
}

}  // namespace
}  // namespace lgx
