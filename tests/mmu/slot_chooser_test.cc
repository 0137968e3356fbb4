#include "mmu/slot_chooser.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

TEST(SlotChooser, TheSameSeedGivesTheSameChoices) {
  RandomSlotChooser a(7);
  RandomSlotChooser b(7);
  RandomSlotChooser c(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const u32 choice = a.Choose(4);
    EXPECT_LT(choice, 4u);
    EXPECT_EQ(choice, b.Choose(4));
    differs |= choice != c.Choose(4);
  }
  EXPECT_TRUE(differs);
}

TEST(SlotChooser, EverySlotGetsItsShare) {
  RandomSlotChooser chooser(1);
  u32 hits[5] = {};
  for (int i = 0; i < 50000; ++i) ++hits[chooser.Choose(5)];
  for (const u32 n : hits) EXPECT_NEAR(n, 10000, 500);
}

TEST(SlotChooser, ASavedStateGoesOnWhereItStopped) {
  RandomSlotChooser a(3);
  for (int i = 0; i < 10; ++i) a.Choose(4);
  RandomSlotChooser b(0);
  b.set_state(a.state());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a.Choose(4), b.Choose(4));
}

TEST(LruSlotChooser, EmptySlotsFirstThenTheOneNotUsedLongest) {
  LruSlotChooser chooser(3);
  for (const u32 expected : {0, 1, 2, 0, 1}) {
    const u32 slot = chooser.Choose(3);
    EXPECT_EQ(slot, expected);
    chooser.Use(slot);
  }
  chooser.Use(2);
  chooser.Use(0);
  EXPECT_EQ(chooser.Choose(3), 1u);
  EXPECT_EQ(chooser.Choose(3), 1u) << "to be chosen is not to be used";
}

TEST(LruSlotChooser, ASavedStateGoesOnWhereItStopped) {
  LruSlotChooser a(4);
  for (const u32 slot : {3, 1, 0, 2, 1}) a.Use(slot);
  LruSlotChooser b(4);
  ASSERT_TRUE(b.RestoreState(a.SaveState()));
  for (int i = 0; i < 10; ++i) {
    const u32 slot = a.Choose(4);
    EXPECT_EQ(b.Choose(4), slot);
    a.Use(slot);
    b.Use(slot);
  }
}

TEST(SlotChooser, AStateOfAnotherChooserIsRefused) {
  LruSlotChooser lru(4);
  RandomSlotChooser random(1);
  EXPECT_FALSE(lru.RestoreState(random.SaveState()));
  EXPECT_FALSE(random.RestoreState(lru.SaveState()));
  EXPECT_TRUE(random.RestoreState(RandomSlotChooser(9).SaveState()));
  EXPECT_EQ(random.state(), 9u);
}

TEST(SlotChooser, TheFactoryMakesWhatItIsAskedFor) {
  EXPECT_EQ(MakeSlotChooser(SlotReplacement::kRandom, 5, 4)->SaveState(),
            std::vector<u64>{5});
  EXPECT_EQ(MakeSlotChooser(SlotReplacement::kLru, 5, 4)->SaveState().size(), 4u);
}

}  // namespace
}  // namespace lgx
