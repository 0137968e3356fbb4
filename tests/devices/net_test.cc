#include "devices/net.h"

#include <gtest/gtest.h>

#include "tests/devices/fake_net.h"
#include "tests/devices/ring_harness.h"

namespace lgx {
namespace {

constexpr u32 kMem = 0x100000;
constexpr u32 kReceiveRing = kMem + 0x1000;
constexpr u32 kTransmitRing = kMem + 0x4000;
constexpr u32 kOffload =
    0x3b83;  // the bits of the original Launcher, without the address
const std::string kFrame = "to all,from me..payload";
const std::string kZeros(10, '\0');

class NetTest : public testing::Test {
 protected:
  explicit NetTest(bool unfinished = false, Net::Options options = {})
      : fake_(unfinished), rig_(kMem) {
    net_ = rig_.Add<Net>(fake_, options);
    rig_.Finish();
  }
  void Start(u32 accepted = 0) {
    rig_.memory.Store<u32>(kMem + 5 + 16 + 4, accepted);
    rig_.memory.Store<u8>(kMem + 4, 7);
    EXPECT_EQ(rig_.bus.HandleNotify(kMem).kind, NotifyResult::Kind::kServed);
  }
  NotifyResult Notify(u32 ring) { return rig_.bus.HandleNotify(ring); }
  // One buffer with header and frame.
  void Send(const std::string& bytes) {
    rig_.memory.Put(0x5000, bytes);
    transmit_.Offer(0, 0x5000, static_cast<u32>(bytes.size()), 0);
    EXPECT_EQ(Notify(kTransmitRing).kind, NotifyResult::Kind::kServed);
  }
  // A buffer for header and frame, as drivers of the time have it: two descriptors.
  void OfferBuffer(u16 index, u32 at, u32 len) {
    receive_.Descriptor(index, at, 10, kDeviceWrites | kNext,
                        static_cast<u16>(index + 1));
    receive_.Descriptor(index + 1u, at + 10, len, kDeviceWrites);
    receive_.Announce(index);
  }
  void Arrive(NetFrame frame) {
    net_->QueueInput(std::move(frame));
    EXPECT_FALSE(net_->DeliverInput().has_value());
  }
  u64 Counter(const char* name) {
    Stats stats;
    net_->VisitStats(stats);
    return stats.Get(name);
  }

  FakeNet fake_;
  DeviceRig rig_;
  Net* net_;
  RingDriver receive_{rig_.memory, RingLayout::Contiguous(Gpa(kReceiveRing), 256)};
  RingDriver transmit_{rig_.memory, RingLayout::Contiguous(Gpa(kTransmitRing), 256)};
};

struct OffloadNetTest : NetTest {
  OffloadNetTest() : NetTest(true) {}
};

TEST(NetShape, G02_1_OffersWhatTheOriginalLauncherOffered) {
  FakeNet tap(true);
  FakeNet plain(false);
  const auto features = [](NetBackend& backend, Net::Options options) {
    return Net(backend, options).shape().features;
  };
  const MacAddress mac = {2, 0, 0, 0, 0, 1};
  Net::Options original;
  original.merge = false;
  EXPECT_EQ(features(tap, original), (std::vector<u8>{0x83, 0x3b, 0x00, 0x11}));
  EXPECT_EQ(features(tap, {}), (std::vector<u8>{0x83, 0xbb, 0x00, 0x11}));
  original.mac = mac;
  EXPECT_EQ(features(tap, original), (std::vector<u8>{0xa3, 0x3b, 0x00, 0x11}));
  EXPECT_EQ(features(plain, {}), (std::vector<u8>{0x00, 0x00, 0x00, 0x11}));
  EXPECT_EQ(features(tap, {.mac = {}, .offload = false}),
            (std::vector<u8>{0x00, 0x00, 0x00, 0x11}));
  EXPECT_EQ(Net(tap, {.mac = mac}).shape().config,
            (std::vector<u8>{2, 0, 0, 0, 0, 1, 0, 0}));
  EXPECT_EQ(Net(tap, {.index = 3, .mac = {}}).name(), "net 3 (fake)");
}

// ---- frames of the Guest

TEST_F(NetTest, AFrameReachesTheCableWithoutItsHeader) {
  Start();
  Send(kZeros + kFrame);
  ASSERT_EQ(fake_.sent.size(), 1u);
  EXPECT_EQ(TextOf(fake_.sent[0]), kFrame);
  EXPECT_EQ(fake_.sent[0].header, NetHeader());
  EXPECT_EQ(transmit_.used_index(), 1);
  EXPECT_EQ(transmit_.used_len(0), 0u);
  EXPECT_EQ(Counter("net.0.tx_frames"), 1u);
  EXPECT_EQ(Counter("net.0.tx_bytes"), kFrame.size());
}

TEST_F(NetTest, AnObserverSeesFramesOfBothDirections) {
  std::string seen;
  net_->set_observer([&](const NetFrame& frame) { seen += TextOf(frame) + "|"; });
  Start();
  Send(kZeros + kFrame);
  Send(kZeros + "short");
  Arrive(FrameOf("an answer to it"));
  EXPECT_EQ(seen, kFrame + "|an answer to it|");
}

TEST_F(NetTest, HeaderAndFrameMayBeSplitAnywhere) {
  Start();
  const std::string all = kZeros + kFrame;
  for (const u32 border : {1u, 9u, 10u, 11u, 20u}) {
    rig_.memory.Put(0x5000, all.substr(0, border));
    rig_.memory.Put(0x6000, all.substr(border));
    transmit_.Descriptor(4, 0x5000, border, kNext, 5);
    transmit_.Descriptor(5, 0x6000, static_cast<u32>(all.size()) - border, 0);
    transmit_.Announce(4);
    EXPECT_EQ(Notify(kTransmitRing).kind, NotifyResult::Kind::kServed);
    EXPECT_EQ(TextOf(fake_.sent.back()), kFrame);
  }
}

TEST_F(NetTest, WhatIsNoFrameIsDroppedAndCounted) {
  Start();
  Send(kZeros.substr(0, 9));
  Send(kZeros + kFrame.substr(0, 13));
  rig_.memory.Put(0x5000, kZeros);
  transmit_.Offer(0, 0x5000, 10 + kMaxFrame + 1, 0);
  EXPECT_EQ(Notify(kTransmitRing).kind, NotifyResult::Kind::kServed);
  EXPECT_TRUE(fake_.sent.empty());
  EXPECT_EQ(Counter("net.0.tx_dropped"), 3u);
  EXPECT_EQ(transmit_.used_index(), 3);
  Send(kZeros + kFrame.substr(0, 14));
  transmit_.Offer(0, 0x5000, 10 + kMaxFrame, 0);
  EXPECT_EQ(Notify(kTransmitRing).kind, NotifyResult::Kind::kServed);
  EXPECT_EQ(fake_.sent.size(), 2u);
}

TEST_F(NetTest, AHeaderThatWasNotAgreedOnIsNotLookedAt) {
  Start();
  Send(std::string(10, '\xff') + kFrame);
  ASSERT_EQ(fake_.sent.size(), 1u);
  EXPECT_EQ(fake_.sent[0].header, NetHeader());
}

TEST_F(NetTest, G02_5_InBufferToSendIsAViolation) {
  Start();
  transmit_.Offer(7, 0x5000, 100, kDeviceWrites);
  const NotifyResult result = Notify(kTransmitRing);
  ASSERT_EQ(result.kind, NotifyResult::Kind::kViolation);
  EXPECT_EQ(result.violation->ToString(),
            "Input buffers in net output queue? (net 0 (fake), queue 1, head 7)");
}

TEST_F(OffloadNetTest, UnfinishedFramesGoOutAsTheyAre) {
  Start(kOffload);
  NetHeader header;
  header.flags = NetHeader::kNeedsChecksum;
  header.gso_type = NetHeader::kTcp4;
  header.gso_size = 1448;
  header.csum_start = 14;
  header.csum_offset = 4;
  u8 bytes[10];
  EncodeNetHeader(header, NetHeaderFormat::kLegacy, bytes);
  Send(std::string(bytes, bytes + 10) + kFrame);
  ASSERT_EQ(fake_.sent.size(), 1u);
  EXPECT_EQ(fake_.sent[0].header, header);
}

TEST_F(OffloadNetTest, AHeaderThatCannotBeMeantIsDropped) {
  Start(kOffload & ~(1u << kNetHostTso6));
  const auto send = [&](u8 flags, u8 type, u16 size, u16 start, u16 offset) {
    u8 bytes[10];
    EncodeNetHeader({flags, type, 0, size, start, offset}, NetHeaderFormat::kLegacy,
                    bytes);
    Send(std::string(bytes, bytes + 10) + kFrame);
  };
  send(1, 0, 0, 14, 8);  // the sum behind the frame
  send(1, 0, 0, 65535, 65535);
  send(0, 1, 0, 0, 0);    // segments of nothing
  send(0, 3, 100, 0, 0);  // UDP was never offered
  send(0, 4, 100, 0, 0);  // TCP over IPv6 was not accepted
  send(0, 0x7f, 100, 0, 0);
  EXPECT_TRUE(fake_.sent.empty());
  EXPECT_EQ(Counter("net.0.tx_dropped"), 6u);
}

// ---- frames for the Guest

TEST_F(NetTest, AFrameFillsTheNextBuffer) {
  OfferBuffer(2, 0x5000, 1518);
  Start();
  Arrive(FrameOf(kFrame));
  EXPECT_EQ(receive_.used_index(), 1);
  EXPECT_EQ(receive_.used_id(0), 2u);
  EXPECT_EQ(receive_.used_len(0), 10 + kFrame.size());
  EXPECT_EQ(rig_.memory.Get(0x5000, 10 + static_cast<u32>(kFrame.size())),
            kZeros + kFrame);
  EXPECT_EQ(rig_.irqs.raised, std::vector<u32>{1});
  EXPECT_EQ(Counter("net.0.rx_bytes"), kFrame.size());
}

TEST_F(NetTest, SeveralFramesAreOneInterrupt) {
  for (u16 i = 0; i < 3; ++i) OfferBuffer(2 * i, 0x5000u + 0x1000u * i, 1518);
  Start();
  for (int i = 0; i < 3; ++i) net_->QueueInput(FrameOf(kFrame));
  EXPECT_FALSE(net_->DeliverInput().has_value());
  EXPECT_EQ(receive_.used_index(), 3);
  EXPECT_EQ(rig_.irqs.raised, std::vector<u32>{1});
}

TEST_F(NetTest, FramesWaitForBuffersAndTheirNumberIsBounded) {
  Start();
  std::size_t count = 0;
  for (; net_->HasInputRoom(); ++count) Arrive(FrameOf(kFrame));
  EXPECT_EQ(count, Net::kWaitingFrames);
  OfferBuffer(0, 0x5000, 1518);
  EXPECT_EQ(Notify(kReceiveRing).kind, NotifyResult::Kind::kServed);
  EXPECT_EQ(receive_.used_index(), 1);
  EXPECT_TRUE(net_->HasInputRoom());
}

TEST_F(NetTest, LongFramesAreBoundedByTheirBytes) {
  Start();
  while (net_->HasInputRoom()) Arrive(FrameOf(std::string(kMaxFrame, 'x')));
  ByteWriter state;
  net_->AppendState(&state);
  EXPECT_LT(state.size(), Net::kWaitingBytes + 2 * kMaxFrame);
}

TEST_F(NetTest, WithoutADriverFramesAreLost) {
  Arrive(FrameOf(kFrame));
  EXPECT_TRUE(net_->HasInputRoom());
  EXPECT_EQ(Counter("net.0.rx_dropped"), 1u);
}

TEST_F(NetTest, AFrameTooLongForItsBufferIsDroppedAndTheBufferServesTheNext) {
  OfferBuffer(0, 0x5000, 20);
  Start();
  Arrive(FrameOf(kFrame));
  EXPECT_EQ(receive_.used_index(), 0);
  EXPECT_EQ(Counter("net.0.rx_dropped"), 1u);
  Arrive(FrameOf(kFrame.substr(0, 20)));
  EXPECT_EQ(receive_.used_index(), 1);
  EXPECT_EQ(rig_.memory.Get(0x5000, 30), kZeros + kFrame.substr(0, 20));
  EXPECT_EQ(rig_.memory.Load<u8>(0x5000 + 30), 0);
}

TEST_F(NetTest, ABufferThatIsHeldBelongsToTheState) {
  OfferBuffer(0, 0x5000, 20);
  Start();
  ByteWriter before;
  net_->AppendState(&before);
  Arrive(FrameOf(kFrame));
  ByteWriter after;
  net_->AppendState(&after);
  EXPECT_NE(before.bytes(), after.bytes());
}

TEST_F(NetTest, G02_5_OutBufferToReceiveIsAViolation) {
  Start();
  receive_.Offer(3, 0x5000, 1528, 0);
  net_->QueueInput(FrameOf(kFrame));
  const MaybeViolation bad = net_->DeliverInput();
  ASSERT_TRUE(bad.has_value());
  EXPECT_EQ(bad->ToString(),
            "Output buffers in net receive queue? (net 0 (fake), queue 0, head 3)");
}

TEST_F(NetTest, ABufferForNoFrameAtAllIsAViolation) {
  Start();
  receive_.Offer(3, 0x5000, 23, kDeviceWrites);
  net_->QueueInput(FrameOf(kFrame));
  const MaybeViolation bad = net_->DeliverInput();
  ASSERT_TRUE(bad.has_value());
  EXPECT_EQ(bad->kind, ViolationKind::kNoRoom);
}

TEST_F(NetTest, AResetForgetsFramesAndBuffers) {
  OfferBuffer(0, 0x5000, 20);
  Start();
  Arrive(FrameOf(kFrame));
  Arrive(FrameOf(kFrame.substr(0, 14)));
  Arrive(FrameOf(kFrame));
  rig_.memory.Store<u8>(kMem + 4, 0);
  EXPECT_EQ(Notify(kMem).kind, NotifyResult::Kind::kServed);
  Start();
  OfferBuffer(0, 0x6000, 1518);
  EXPECT_EQ(Notify(kReceiveRing).kind, NotifyResult::Kind::kServed);
  EXPECT_EQ(receive_.used_index(), 0);
  Arrive(FrameOf(kFrame));
  EXPECT_EQ(receive_.used_index(), 1);
}

// ---- what the receiver's driver does not know of

// A TCP packet with 3 bytes of payload whose checksum is not finished.
NetFrame UnfinishedTcp() {
  NetFrame frame;
  frame.bytes.assign(14 + 20 + 20 + 3, 0);
  u8* const ip = &frame.bytes[14];
  frame.bytes[12] = 0x08;
  ip[0] = 0x45;
  ip[3] = 43;
  ip[9] = 6;
  ip[20 + 12] = 0x50;
  ip[20 + 17] = 9;  // the sum of the pseudo header, in part
  frame.header.flags = NetHeader::kNeedsChecksum;
  frame.header.csum_start = 34;
  frame.header.csum_offset = 16;
  return frame;
}

TEST_F(OffloadNetTest, AChecksumIsFinishedForAGuestThatWouldNot) {
  OfferBuffer(0, 0x5000, 1518);
  Start(0);
  Arrive(UnfinishedTcp());
  NetFrame finished = UnfinishedTcp();
  ASSERT_TRUE(CompleteChecksum(&finished));
  EXPECT_EQ(rig_.memory.Get(0x5000, 10), kZeros);
  EXPECT_EQ(rig_.memory.Get(0x500a, static_cast<u32>(finished.bytes.size())),
            TextOf(finished));
}

TEST_F(OffloadNetTest, AGuestThatKnowsUnfinishedFramesGetsThem) {
  OfferBuffer(0, 0x5000, 1518);
  Start(kOffload);
  const NetFrame frame = UnfinishedTcp();
  Arrive(frame);
  EXPECT_EQ(rig_.memory.Load<u8>(0x5000), 1);
  EXPECT_EQ(rig_.memory.Load<u16>(0x5006), 34);
  EXPECT_EQ(rig_.memory.Get(0x500a, static_cast<u32>(frame.bytes.size())), TextOf(frame));
}

TEST_F(OffloadNetTest, ALongPacketIsCutForAGuestThatTakesNone) {
  for (u16 i = 0; i < 3; ++i) OfferBuffer(2 * i, 0x5000u + 0x1000u * i, 1518);
  Start(0);
  NetFrame frame = UnfinishedTcp();
  frame.header.gso_type = NetHeader::kTcp4;
  frame.header.gso_size = 1;
  Arrive(frame);
  EXPECT_EQ(receive_.used_index(), 3);
  EXPECT_EQ(receive_.used_len(2), 10u + 54 + 1);
}

TEST_F(OffloadNetTest, ALongPacketThatIsNoneIsDropped) {
  Start(kOffload);
  for (const u8 type : {u8{1}, u8{3}, u8{4}, u8{0x81}}) {
    NetFrame frame = FrameOf(kFrame);
    frame.header.gso_type = type;
    frame.header.gso_size = type == 1 ? 0 : 100;
    if (type == 0x81) frame.header.gso_size = 0;
    if (type == 4) continue;  // accepted: the driver checks it
    Arrive(frame);
  }
  EXPECT_EQ(Counter("net.0.rx_dropped"), 3u);
}

// ---- frames over several buffers

constexpr u32 kMerge = kOffload | 1u << kNetMergedBuffers;

TEST_F(OffloadNetTest, ALongFrameFillsSeveralBuffers) {
  for (u16 i = 0; i < 3; ++i) {
    receive_.Offer(i, 0x5000u + 0x1000u * i, 100, kDeviceWrites);
  }
  Start(kMerge);
  std::string text(150, 'x');
  text[87] = 'a';  // the last byte in the first buffer
  text[88] = 'b';
  Arrive(FrameOf(text));
  EXPECT_EQ(receive_.used_index(), 2);
  EXPECT_EQ(receive_.used_len(0), 100u);
  EXPECT_EQ(receive_.used_len(1), 62u);
  EXPECT_EQ(rig_.memory.Load<u16>(0x5000 + 10), 2);  // num_buffers
  EXPECT_EQ(rig_.memory.Get(0x500c, 88), text.substr(0, 88));
  EXPECT_EQ(rig_.memory.Get(0x6000, 62), text.substr(88));
  Arrive(FrameOf(kFrame));
  EXPECT_EQ(receive_.used_id(2), 2u);
  EXPECT_EQ(rig_.memory.Load<u16>(0x7000 + 10), 1);
}

TEST_F(OffloadNetTest, ALongFrameWaitsUntilThereAreEnoughBuffers) {
  receive_.Offer(0, 0x5000, 100, kDeviceWrites);
  Start(kMerge);
  Arrive(FrameOf(std::string(150, 'x')));
  EXPECT_EQ(receive_.used_index(), 0);
  receive_.Offer(1, 0x6000, 100, kDeviceWrites);
  EXPECT_EQ(Notify(kReceiveRing).kind, NotifyResult::Kind::kServed);
  EXPECT_EQ(receive_.used_index(), 2);
}

TEST_F(OffloadNetTest, AFrameForWhichAllBuffersAreTooFewIsDropped) {
  for (u16 i = 0; i < kRingEntries; ++i) receive_.Offer(i, 0x5000, 30, kDeviceWrites);
  Start(kMerge);
  Arrive(FrameOf(std::string(30 * kRingEntries, 'x')));
  EXPECT_EQ(Counter("net.0.rx_dropped"), 1u);
  Arrive(FrameOf(kFrame));
  EXPECT_EQ(Counter("net.0.rx_frames"), 1u);
}

// ---- other headers

struct OldNetTest : NetTest {
  OldNetTest() : NetTest(false, {.mac = {}, .format = NetHeaderFormat::kOld}) {}
};

TEST_F(OldNetTest, TheFirstDriversHaveAHeaderOfEightBytes) {
  receive_.Offer(0, 0x7000, 8 + 64, kDeviceWrites);
  Start();
  Send(std::string(8, '\0') + kFrame);
  ASSERT_EQ(fake_.sent.size(), 1u);
  EXPECT_EQ(TextOf(fake_.sent[0]), kFrame);
  Arrive(FrameOf(kFrame));
  EXPECT_EQ(receive_.used_len(0), 8 + kFrame.size());
  EXPECT_EQ(rig_.memory.Get(0x7008, static_cast<u32>(kFrame.size())), kFrame);
}

}  // namespace
}  // namespace lgx
