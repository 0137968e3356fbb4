#include "hypercalls/notify_map.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

namespace lgx {
namespace {

TEST(NotifyMap, OnlyTheExactValueMatches) {
  NotifyMap map;
  auto event = std::make_shared<EventCounter>();
  map.Add(0x1000, event);
  EXPECT_FALSE(map.Signal(0x1001));
  EXPECT_TRUE(map.Signal(0x1000));
  EXPECT_EQ(event->Take(), 1u);
  EXPECT_EQ(event->Take(), 0u);
}

TEST(NotifyMap, T08_7_TheFirstEntryOfAnAddressWins) {
  NotifyMap map;
  auto first = std::make_shared<EventCounter>();
  auto second = std::make_shared<EventCounter>();
  map.Add(0x1000, first);
  map.Add(0x1000, second);
  EXPECT_TRUE(map.Signal(0x1000));
  EXPECT_EQ(first->Take(), 1u);
  EXPECT_EQ(second->Take(), 0u);
}

TEST(NotifyMap, T08_9_AddingWhileAGuestNotifiesLosesNothing) {
  NotifyMap map;
  auto always = std::make_shared<EventCounter>();
  map.Add(0x42, always);
  std::atomic<bool> done{false};
  u64 sent = 0;
  std::thread guest([&] {
    while (!done.load() || sent < 1000) {
      ASSERT_TRUE(map.Signal(0x42));
      ++sent;
    }
  });
  const auto add = [&map](u32 from) {
    for (u32 i = 0; i < 500; ++i) map.Add(from + i, std::make_shared<EventCounter>());
  };
  std::thread other(add, 0x1000);
  add(0x2000);
  other.join();
  done = true;
  guest.join();
  EXPECT_EQ(always->Take(), sent);
  for (u32 i = 0; i < 500; ++i) {
    EXPECT_TRUE(map.Signal(0x1000 + i));
    EXPECT_TRUE(map.Signal(0x2000 + i));
  }
}

TEST(NotifyMap, TheListenerHearsEverySignal) {
  u32 heard = 0;
  EventCounter event([&heard] { ++heard; });
  event.Signal();
  event.Signal();
  EXPECT_EQ(heard, 2u);
  EXPECT_EQ(event.Take(), 2u);
}

}  // namespace
}  // namespace lgx
