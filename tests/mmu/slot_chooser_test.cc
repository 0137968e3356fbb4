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

}  // namespace
}  // namespace lgx
