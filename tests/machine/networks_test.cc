#include "machine/networks.h"

#include <gtest/gtest.h>

#include "devices/backend_buffer.h"
#include "devices/backend_net_user.h"
#include "machine/inputs.h"
#include "tests/devices/fake_net.h"

namespace lgx {
namespace {

std::vector<MachineConfig::Net> NetsOf(std::initializer_list<const char*> texts) {
  MachineConfig config;
  for (const char* text : texts) CHECK(AddNet(text, &config).ok()) << text;
  return config.net;
}

TEST(Networks, CardsOfOneGroupAreConnected) {
  Networks networks;
  GuestCables one, two;
  ASSERT_TRUE(one.Open(NetsOf({"virtual=a", "virtual=b"}), networks).ok());
  ASSERT_TRUE(two.Open(NetsOf({"virtual=b"}), networks).ok());
  one.backends()[1]->Send(FrameOf("to b"));
  one.backends()[0]->Send(FrameOf("to a"));
  EXPECT_TRUE(networks.Deliver());
  NetFrame frame;
  ASSERT_TRUE(two.backends()[0]->Receive(&frame));
  EXPECT_EQ(TextOf(frame), "to b");
  EXPECT_FALSE(two.backends()[0]->Receive(&frame));
  EXPECT_FALSE(networks.Deliver());
}

TEST(Networks, AGuestThatIsGoneIsUnplugged) {
  Networks networks;
  GuestCables one;
  ASSERT_TRUE(one.Open(NetsOf({"virtual=a"}), networks).ok());
  {
    GuestCables two;
    ASSERT_TRUE(two.Open(NetsOf({"virtual=a"}), networks).ok());
  }
  for (int i = 0; i < 1000; ++i) {
    one.backends()[0]->Send(FrameOf(std::string(kMaxFrame, 'x')));
    networks.Deliver();
  }
  EXPECT_EQ(networks.lost(), 0u);
}

TEST(Networks, ACardWithoutACableWorksAndReachesNobody) {
  Networks networks;
  GuestCables cables;
  ASSERT_TRUE(cables.Open(NetsOf({"none"}), networks).ok());
  NetBackend* const none = cables.backends()[0];
  none->Send(FrameOf("hello"));
  NetFrame frame;
  EXPECT_FALSE(none->Receive(&frame));
  EXPECT_FALSE(none->MayReceive());
}

TEST(Networks, WhatCannotBeOpenedIsRefused) {
  Networks networks;
  GuestCables cables;
  EXPECT_FALSE(cables.Open(NetsOf({"fd=987654"}), networks).ok());
  if (HasUserNet()) {
    // Port 1 of an address that is not ours.
    GuestCables user;
    EXPECT_FALSE(user.Open(NetsOf({"user,fwd=tcp:192.0.2.1:1:22"}), networks).ok());
  }
}

TEST(AutomaticMac, IsAnotherOneForEachCard) {
  EXPECT_EQ(FormatMac(AutomaticMac(0, 0)), "02:6c:67:78:00:00");
  EXPECT_EQ(FormatMac(AutomaticMac(1, 2)), "02:6c:67:78:01:02");
}

TEST(LiveInputs, AsksTheBackends) {
  BufferBackend console;
  FakeNet a, b;
  LiveInputs inputs(console, {&a, &b});
  EXPECT_TRUE(inputs.MayCome());
  console.EndInput();
  EXPECT_FALSE(inputs.MayCome());
  b.may_receive = true;
  EXPECT_TRUE(inputs.MayCome());
  b.arriving.push_back(FrameOf("x"));
  NetFrame frame;
  EXPECT_FALSE(inputs.ReceiveFrame(0, &frame));
  EXPECT_TRUE(inputs.ReceiveFrame(1, &frame));
  console.Type("ab");
  u8 bytes[4];
  EXPECT_EQ(inputs.ReadConsole(bytes), 2u);
  EXPECT_EQ(inputs.Wait(7, {}), 7u);
}

}  // namespace
}  // namespace lgx
