#include "devices/net_hub.h"

#include <gtest/gtest.h>

#include "tests/devices/fake_net.h"

namespace lgx {
namespace {

std::string AllOf(NetBackend* port) {
  std::string all;
  NetFrame frame;
  while (port->Receive(&frame)) all += TextOf(frame) + ";";
  return all;
}

TEST(NetHub, FramesArriveWhenTheyAreDeliveredAndEverywhereElse) {
  NetHub hub("lab");
  NetBackend* const a = hub.AddPort();
  NetBackend* const b = hub.AddPort();
  NetBackend* const c = hub.AddPort();
  EXPECT_STREQ(a->name(), "virtual lab");
  EXPECT_FALSE(hub.Deliver());
  a->Send(FrameOf("from a"));
  EXPECT_EQ(AllOf(b), "");
  EXPECT_TRUE(hub.Deliver());
  EXPECT_EQ(AllOf(a), "");
  EXPECT_EQ(AllOf(b), "from a;");
  EXPECT_EQ(AllOf(c), "from a;");
  EXPECT_FALSE(hub.Deliver());
}

TEST(NetHub, TheOrderIsThatOfThePortsNotOfSending) {
  NetHub hub("lab");
  NetBackend* const a = hub.AddPort();
  NetBackend* const b = hub.AddPort();
  NetBackend* const c = hub.AddPort();
  b->Send(FrameOf("b1"));
  a->Send(FrameOf("a1"));
  b->Send(FrameOf("b2"));
  hub.Deliver();
  EXPECT_EQ(AllOf(c), "a1;b1;b2;");
}

TEST(NetHub, UnfinishedFramesKeepTheirHeaders) {
  NetHub hub("lab");
  NetBackend* const a = hub.AddPort();
  NetBackend* const b = hub.AddPort();
  NetFrame frame = FrameOf("x");
  frame.header.gso_size = 1448;
  a->Send(frame);
  hub.Deliver();
  NetFrame arrived;
  ASSERT_TRUE(b->Receive(&arrived));
  EXPECT_EQ(arrived.header, frame.header);
}

TEST(NetHub, NobodySendsFromOutside) {
  NetHub hub("lab");
  EXPECT_FALSE(hub.AddPort()->MayReceive());
}

TEST(NetHub, WhatNobodyTakesIsLostInTheEnd) {
  NetHub hub("lab");
  NetBackend* const a = hub.AddPort();
  NetBackend* const b = hub.AddPort();
  const std::string text(kMaxFrame, 'x');
  const std::size_t fit = NetHub::kPortBytes / kMaxFrame;
  for (std::size_t i = 0; i < fit + 3; ++i) a->Send(FrameOf(text));
  EXPECT_EQ(hub.lost(), 3u);
  hub.Deliver();
  a->Send(FrameOf(text));
  hub.Deliver();
  EXPECT_EQ(hub.lost(), 4u);
  EXPECT_EQ(AllOf(b).size(), fit * (kMaxFrame + 1));
}

TEST(NetHub, AnUnpluggedPortGetsNothing) {
  NetHub hub("lab");
  NetBackend* const a = hub.AddPort();
  NetBackend* const b = hub.AddPort();
  a->Send(FrameOf("x"));
  hub.Deliver();
  hub.Unplug(b);
  a->Send(FrameOf("y"));
  EXPECT_TRUE(hub.Deliver());
  EXPECT_EQ(AllOf(b), "");
}

TEST(NetHub, WhatIsOnItsWayBelongsToTheState) {
  NetHub hub("lab");
  NetBackend* const a = hub.AddPort();
  hub.AddPort();
  ByteWriter empty, sent, arrived;
  hub.AppendState(&empty);
  a->Send(FrameOf("x"));
  hub.AppendState(&sent);
  hub.Deliver();
  hub.AppendState(&arrived);
  EXPECT_NE(empty.bytes(), sent.bytes());
  EXPECT_NE(sent.bytes(), arrived.bytes());
}

}  // namespace
}  // namespace lgx
