#include "report/profile.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

bool Ends(std::vector<u8> bytes) { return EndsWithCall(bytes); }

// Encodings from the manual's page of CALL.
TEST(Profile, ACallIsKnownByItsBytes) {
  EXPECT_TRUE(Ends({0x90, 0x90, 0xe8, 1, 2, 3, 4}));               // call rel32
  EXPECT_TRUE(Ends({0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xd0}));   // call eax
  EXPECT_TRUE(Ends({0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0x10}));   // call [eax]
  EXPECT_TRUE(Ends({0x90, 0x90, 0x90, 0x90, 0xff, 0x53, 0x08}));   // call [ebx+8]
  EXPECT_TRUE(Ends({0x90, 0xff, 0x93, 1, 2, 3, 4}));               // call [ebx+disp32]
  EXPECT_TRUE(Ends({0x90, 0xff, 0x15, 1, 2, 3, 4}));               // call [disp32]
  EXPECT_TRUE(Ends({0xff, 0x14, 0x85, 1, 2, 3, 4}));               // call [eax*4+disp32]
  EXPECT_TRUE(Ends({0x90, 0x90, 0x90, 0xff, 0x54, 0x24, 0x04}));   // call [esp+4]
  EXPECT_FALSE(Ends({0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xe0}));  // jmp eax
  EXPECT_FALSE(Ends({0x90, 0xe8, 1, 2, 3, 4, 5}));
  EXPECT_FALSE(Ends({0x90, 0x90, 0x90, 0x90, 0xff, 0x53, 0x90, 0x90}));
  EXPECT_FALSE(Ends({}));
  EXPECT_FALSE(Ends({0xff}));
}

TEST(Profile, TimeBetweenExitAndEntryBelongsToTheReason) {
  u64 now = 0;
  Profile profile([&] { return now; });
  const auto add = [&](TraceCategory category, TracePhase phase, std::string_view name,
                       std::string_view text) {
    profile.Add({0, 0, category, phase, name, {}, text});
  };
  now = 10;
  add(TraceCategory::kCrossing, TracePhase::kBegin, "enter", "");
  now = 30;
  add(TraceCategory::kCrossing, TracePhase::kEnd, "exit", "page_fault");
  add(TraceCategory::kDemand, TracePhase::kInstant, "fill", "");
  now = 37;
  add(TraceCategory::kCrossing, TracePhase::kBegin, "enter", "");
  add(TraceCategory::kCrossing, TracePhase::kEnd, "exit", "hypercall");
  add(TraceCategory::kHypercall, TracePhase::kInstant, "HALT", "");
  now = 40;
  add(TraceCategory::kTimer, TracePhase::kBegin, "sleep", "");
  now = 4000;
  add(TraceCategory::kTimer, TracePhase::kEnd, "sleep", "");
  now = 4001;
  add(TraceCategory::kCrossing, TracePhase::kBegin, "enter", "");
  FlameNode time = profile.HostTime();
  FlameNode& host = time.Child("Host", 4);
  EXPECT_EQ(host.Child("demand fill", 4).self, 7u);
  EXPECT_EQ(host.Child("hypercall HALT", 4).self, 4u);
  EXPECT_EQ(host.Child("start", 4).self, 10u);
}

}  // namespace
}  // namespace lgx
