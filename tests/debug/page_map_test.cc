#include "debug/page_map.h"

#include <gtest/gtest.h>

#include "tests/mmu/shadow_fixture.h"

namespace lgx {
namespace {

constexpr u32 kP = kPtePresent, kW = kPteRw, kU = kPteUser, kA = kPteAccessed,
              kD = kPteDirty;

template <class F>
class PageMapTest : public ::testing::Test {
 protected:
  void SetUp() override {
    machine.Start();
    for (u32 i = 0; i < 4; ++i) {
      machine.Map(Lin(0x08048000 + i * kPageSize), 0x30 + i, kP | kU);
    }
    machine.Map(Lin(0x0804c000), 0x80, kP | kU | kW);
    machine.Map(Lin(0x0804d000), 0x10, kP | kU | kW);
    machine.Map(Lin(0xc0000000), 0, kP | kW | kA | kD);
  }
  PageSpace Space() const { return {*machine.shadow, machine.view, 0}; }

  ShadowMachine<F> machine;
};
TYPED_TEST_SUITE(PageMapTest, BothFormats, FormatNames);

TYPED_TEST(PageMapTest, RangesOfEqualRights) {
  ASSERT_EQ(this->machine.Touch(Lin(0x08049000), 4), 1);
  ASSERT_EQ(this->machine.Touch(Lin(0x0804c000), 4), 1);
  const std::string map = ViewPageMap(this->Space());
  EXPECT_NE(map.find("0x08048000-0x0804bfff      4  0x00030000      U R    1\n"),
            std::string::npos)
      << map;
  EXPECT_NE(map.find("0x0804c000-0x0804dfff      2  scattered       U W    1, 1 clean\n"),
            std::string::npos)
      << map;
  EXPECT_NE(map.find("0xc0000000-0xc0000fff      1  0x00000000      S W    0\n"),
            std::string::npos)
      << map;
}

TYPED_TEST(PageMapTest, OnlyWhereTheTwoDisagree) {
  for (u32 i = 0; i < 4; ++i) {
    ASSERT_EQ(this->machine.Touch(Lin(0x08048000 + i * kPageSize), 4), 1);
  }
  ASSERT_EQ(this->machine.Touch(Lin(0x0804c000), 4), 1);
  ASSERT_EQ(this->machine.Touch(Lin(0xc0000000), 2), 1);
  this->machine.Map(Lin(0x0804b000), 0x99, 0);
  EXPECT_EQ(
      ViewPageDifferences(this->Space())
          .substr(ViewPageDifferences(this->Space()).find("linear ")),
      "linear                 pages  guest-physical  guest\n"
      "0x0804b000-0x0804bfff      1  -               -      stale: changed by the Guest "
      "and not announced\n"
      "0x0804c000-0x0804cfff      1  0x00080000      U W    clean: mapped read-only "
      "until "
      "the first write\n"
      "0x0804d000-0x0804dfff      1  0x00010000      U W    not filled: the first touch "
      "faults, invisibly\n");
}

TYPED_TEST(PageMapTest, AgreementIsSaid) {
  ShadowMachine<TypeParam> empty;
  empty.Start();
  const PageSpace space{*empty.shadow, empty.view, 0};
  EXPECT_NE(ViewPageDifferences(space).find("the tables agree everywhere"),
            std::string::npos);
}

}  // namespace
}  // namespace lgx
