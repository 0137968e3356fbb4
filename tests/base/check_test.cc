#include "base/check.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace lgx {
namespace {

TEST(Check, ATrueConditionCostsNothingAndEvaluatesNoText) {
  int evaluated = 0;
  CHECK(true) << ++evaluated;
  EXPECT_EQ(evaluated, 0);
}

TEST(Check, AFalseConditionEndsTheProcessWithCode70AndSaysWhere) {
  EXPECT_EXIT(CHECK(1 + 1 == 3) << "and " << 42, testing::ExitedWithCode(70),
              "internal error at .*check_test.cc:[0-9]+: 1 \\+ 1 == 3 and 42");
}

TEST(Check, TheHookSeesTheTextBeforeTheEnd) {
  EXPECT_EXIT(
      {
        SetCheckFailureHook(
            [](const char* text) { std::fprintf(stderr, "hook: %s\n", text); });
        CHECK(false) << "words";
      },
      testing::ExitedWithCode(70), "hook: lgx: internal error .*: false words");
}

}  // namespace
}  // namespace lgx
