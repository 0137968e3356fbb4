#include "devices/backend_real_time.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

TEST(HostTime, GoesForwardAndHasADate) {
  const u64 before = HostTime().NowNs();
  EXPECT_GE(HostTime().NowNs(), before);
  EXPECT_GT(HostTime().Date(), i64{1'500'000'000});  // this test is younger than 2017
}

}  // namespace
}  // namespace lgx
