#include "base/types.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace lgx {
namespace {

static_assert(!std::is_convertible_v<u32, Lin>, "a number is no address by accident");
static_assert(!std::is_convertible_v<Gpa, Mpa>, "spaces do not mix");
static_assert(!std::is_constructible_v<Gpa, Lin>);

TEST(Address, ArithmeticStaysInItsSpaceAndWraps) {
  EXPECT_EQ(Lin(0xfffffffe) + 4, Lin(2));
  EXPECT_EQ(Lin(0) - 1, Lin(0xffffffff));
  EXPECT_EQ(Lin(0x2000) - Lin(0x1ffc), 4u);
  EXPECT_LT(Gpa(1), Gpa(2));
}

TEST(Address, PagesAndOffsets) {
  EXPECT_EQ(GfnOf(Gpa(0x00012fff)), Gfn(0x12));
  EXPECT_EQ(GpaOf(Gfn(0x12)), Gpa(0x00012000));
  EXPECT_EQ(MfnOf(Mpa(0xfffff000)), Mfn(0xfffff));
  EXPECT_EQ(MpaOf(Mfn(0xfffff)), Mpa(0xfffff000));
  EXPECT_EQ(PageOffset(Mpa(0x12345678)), 0x678u);
}

}  // namespace
}  // namespace lgx
