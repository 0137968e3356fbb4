#include "debug/journey_moments.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lgx {
namespace {

TEST(JourneyMoments, AreInOrderAndFoundByName) {
  const std::span<const JourneyMoment> all = JourneyMoments();
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.stop < b.stop;
  }));
  for (const JourneyMoment& moment : all) {
    EXPECT_EQ(FindJourneyMoment(moment.stop), &moment);
    EXPECT_EQ(moment.kind == JourneyMoment::Kind::kCounter, moment.counter != nullptr);
  }
  EXPECT_EQ(FindJourneyMoment("paging.041"), nullptr);
  EXPECT_EQ(FindJourneyMoment(""), nullptr);
}

}  // namespace
}  // namespace lgx
