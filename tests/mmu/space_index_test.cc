#include "mmu/space_index.h"

#include <gtest/gtest.h>

#include <set>

namespace lgx {
namespace {

PagingRegisters Space(u32 number) {
  PagingRegisters regs;
  regs.paging = true;
  regs.cr3 = number << kPageShift;
  return regs;
}

TEST(SpaceIndexTest, GivesNumbersInOrderAndFindsThem) {
  SpaceIndex index(4);
  for (u32 i = 0; i < 4; ++i) {
    EXPECT_EQ(index.Find(Space(i)), SpaceIndex::kNone);
    bool taken = true;
    EXPECT_EQ(index.Give(Space(i), &taken), i);
    EXPECT_FALSE(taken);
    EXPECT_EQ(index.given(), i + 1);
  }
  for (u32 i = 0; i < 4; ++i) {
    EXPECT_EQ(index.Find(Space(i)), i);
    EXPECT_TRUE(index.Has(i, Space(i)));
    EXPECT_FALSE(index.Has(i, Space(i + 1)));
    EXPECT_FALSE(index.Has(i + 4, Space(i)));
  }
}

TEST(SpaceIndexTest, TakesANumberThatWasNotUsed) {
  SpaceIndex index(4);
  bool taken = false;
  for (u32 i = 0; i < 4; ++i) index.Give(Space(i), &taken);
  // All were used since they were given: the first one goes, and the marks with it.
  EXPECT_EQ(index.Give(Space(10), &taken), 0u);
  EXPECT_TRUE(taken);
  EXPECT_EQ(index.Find(Space(0)), SpaceIndex::kNone);
  EXPECT_EQ(index.Find(Space(1)), 1u);
  EXPECT_TRUE(index.Use(2, Space(2)));
  EXPECT_FALSE(index.Use(3, Space(2)));
  EXPECT_EQ(index.Give(Space(11), &taken), 3u);
  EXPECT_TRUE(taken);
  EXPECT_EQ(index.Find(Space(3)), SpaceIndex::kNone);
  for (const u32 left : {10u, 1u, 2u, 11u}) {
    EXPECT_NE(index.Find(Space(left)), SpaceIndex::kNone) << left;
  }
}

TEST(SpaceIndexTest, PassesANumberOn) {
  SpaceIndex index(4);
  bool taken = false;
  for (u32 i = 0; i < 3; ++i) index.Give(Space(i), &taken);
  index.Pass(1, Space(7));
  EXPECT_EQ(index.Find(Space(1)), SpaceIndex::kNone);
  EXPECT_EQ(index.Find(Space(7)), 1u);
  EXPECT_EQ(index.Find(Space(2)), 2u);
  EXPECT_EQ(index.Give(Space(1), &taken), 3u);
}

TEST(SpaceIndexTest, WithPaeTheFourEntriesTellSpacesApart) {
  SpaceIndex index(8);
  bool taken = false;
  for (u32 i = 0; i < 4; ++i) {
    PagingRegisters space = Space(1);
    space.pae = true;
    space.pdpte[i] = 0x5001;
    EXPECT_EQ(index.Find(space), SpaceIndex::kNone);
    EXPECT_EQ(index.Give(space, &taken), i);
    EXPECT_EQ(index.Find(space), i);
  }
}

TEST(SpaceIndexTest, ClearStartsAnew) {
  SpaceIndex index(2);
  bool taken = false;
  for (u32 i = 0; i < 5; ++i) index.Give(Space(i), &taken);
  EXPECT_TRUE(taken);
  index.Clear();
  EXPECT_EQ(index.given(), 0u);
  for (u32 i = 0; i < 5; ++i) EXPECT_EQ(index.Find(Space(i)), SpaceIndex::kNone);
  EXPECT_EQ(index.Give(Space(3), &taken), 0u);
  EXPECT_FALSE(taken);
}

TEST(SpaceIndexTest, HoldsThousandsOfSpacesOneAfterTheOther) {
  constexpr u32 kMost = 320;
  SpaceIndex index(kMost);
  std::set<u32> numbers;
  for (u32 i = 0; i < 5000; ++i) {
    bool taken = false;
    const u32 number = index.Give(Space(i), &taken);
    EXPECT_EQ(taken, i >= kMost);
    ASSERT_LT(number, kMost);
    numbers.insert(number);
    ASSERT_EQ(index.Find(Space(i)), number);
  }
  EXPECT_EQ(numbers.size(), kMost);
  u32 found = 0;
  for (u32 i = 0; i < 5000; ++i) found += index.Find(Space(i)) != SpaceIndex::kNone;
  EXPECT_EQ(found, kMost);
}

}  // namespace
}  // namespace lgx
