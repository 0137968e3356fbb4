#include "debug/journey.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace lgx {
namespace {

constexpr const char* kText =
    "# The journey\n\nIntro.\n\n## 1. Paging\n\nMotto.\n\n"
    "### paging.010 One\n\nFirst line\nsecond.\n\n"
    "\xe2\x86\x92 [`src/mmu/pte.h`](../src/mmu/pte.h): `TwoLevel`\n\n"
    "### paging.020 The first touch\n\nText.\n\n"
    "\xe2\x86\x92 [`src/a.cc`](../src/a.cc): `DemandPage` (compare lguest H:330)\n";

TEST(Journey, StopsAreReadFromTheDocument) {
  const StatusOr<Journey> journey = Journey::Parse(kText);
  ASSERT_TRUE(journey.ok()) << journey.status();
  ASSERT_EQ(journey->stops().size(), 2u);
  const JourneyStop* const stop = journey->Find("paging.010");
  ASSERT_NE(stop, nullptr);
  EXPECT_EQ(stop->title, "One");
  EXPECT_EQ(stop->text, "First line\nsecond.");
  EXPECT_EQ(stop->file, "src/mmu/pte.h");
  EXPECT_EQ(stop->symbol, "TwoLevel");
  EXPECT_EQ(stop->compare, "");
  EXPECT_EQ(journey->FindTag("lguest:H:330"), journey->Find("paging.020"));
  EXPECT_EQ(journey->FindTag("lguest:H:999"), nullptr);
  EXPECT_EQ(journey->Find("paging.030"), nullptr);
}

TEST(Journey, ABrokenDocumentIsAnError) {
  for (const char* text : {"### paging.010\n", "### paging.010 A\n\nno place\n",
                           "### paging.010 A\n### paging.020 B\n",
                           "### paging.010 A\n\xe2\x86\x92 [`x.cc`](x.cc)\n"}) {
    EXPECT_FALSE(Journey::Parse(text).ok()) << text;
  }
  EXPECT_TRUE(Journey::Parse("")->stops().empty());
}

// The test runs in the folder of the source.
TEST(Journey, LivesAndMomentsNameRealStops) {
  const StatusOr<std::vector<u8>> bytes = ReadFile("docs/journey.md");
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const StatusOr<Journey> journey = Journey::Parse(
      std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size()));
  ASSERT_TRUE(journey.ok()) << journey.status();
  EXPECT_GT(journey->stops().size(), 50u);
  for (const JourneyLife& life : JourneyLives()) {
    EXPECT_EQ(FindJourneyLife(life.name), &life);
    for (const std::string_view stop : life.stops) {
      EXPECT_NE(journey->Find(stop), nullptr) << stop;
    }
  }
  u32 moments = 0;
  for (const JourneyStop& stop : journey->stops()) moments += MomentOf(stop.name) ? 1 : 0;
  EXPECT_EQ(moments, 36u);  // so none of the table's names is wrong
  EXPECT_EQ(FindJourneyLife("cat"), nullptr);
}

}  // namespace
}  // namespace lgx
