#include "base/version.h"

#include <gtest/gtest.h>

#include "base/types.h"

namespace lgx {
namespace {

TEST(Version, HasThreeNumbers) {
  u32 dots = 0;
  for (const char c : ProgramVersion()) {
    if (c == '.') dots++;
    EXPECT_TRUE(c == '.' || (c >= '0' && c <= '9')) << ProgramVersion();
  }
  EXPECT_EQ(dots, 2u);
}

}  // namespace
}  // namespace lgx
