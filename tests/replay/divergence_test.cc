#include "replay/divergence.h"

#include <gtest/gtest.h>

#include "tests/replay/replay_rig.h"

namespace lgx {
namespace {

using test::MoodyConsole;
using test::Nobody;
using test::TempFile;

class DivergenceTest : public ::testing::Test {
 protected:
  InputLog Log(u64 seed) {
    const TempFile file("log");
    MoodyConsole console(test::kTyped, seed);
    (void)test::Record(test::ShellConfig(), console, file.path());
    return ReadInputLog(file.path()).value();
  }
  std::unique_ptr<ReplaySession> Open(InputLog log) {
    return ReplaySession::Open(std::move(log), BuiltinGuest(), console_, nobody_).value();
  }

  BufferBackend console_;
  Nobody nobody_;
};

TEST_F(DivergenceTest, OneRunIsLikeItself) {
  const InputLog log = Log(1);
  const auto a = Open(log), b = Open(log);
  EXPECT_FALSE(FindDivergence(*a, *b).value().has_value());
}

TEST_F(DivergenceTest, CachesMakeNoDifference) {
  InputLog log = Log(2);
  const auto a = Open(log);
  log.header.config.cpu.block_cache = false;
  const auto b = Open(log);
  EXPECT_FALSE(FindDivergence(*a, *b).value().has_value());
}

TEST_F(DivergenceTest, TheFirstKeyIsWhereTwoPeoplePart) {
  const InputLog one = Log(3), two = Log(4);
  const auto a = Open(one), b = Open(two);
  const std::optional<Divergence> found = FindDivergence(*a, *b).value();
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->lines.empty());
  // Exactly there: one instruction earlier nothing differs.
  ASSERT_TRUE(a->time().GoTo(found->same).ok());
  ASSERT_TRUE(b->time().GoTo(found->same).ok());
  EXPECT_EQ(a->machine().Hash(), b->machine().Hash());
  ASSERT_TRUE(a->time().GoTo(found->same + 1).ok());
  ASSERT_TRUE(b->time().GoTo(found->same + 1).ok());
  EXPECT_NE(a->machine().Hash(), b->machine().Hash());
}

TEST_F(DivergenceTest, BisectFindsTheInstruction) {
  const auto session = Open(Log(5));
  const Predicate many = ParsePredicate("hypercall.count >= 100").value();
  const std::optional<u64> at = FindFirst(*session, many).value();
  ASSERT_TRUE(at.has_value());
  EXPECT_TRUE(many(session->machine()));
  ASSERT_TRUE(session->time().GoTo(*at - 1).ok());
  EXPECT_FALSE(many(session->machine()));
}

TEST_F(DivergenceTest, WhatNeverHoldsIsSaid) {
  const auto session = Open(Log(6));
  const Predicate never = ParsePredicate("hypercall.count == 0xffffffff").value();
  EXPECT_FALSE(FindFirst(*session, never).value().has_value());
}

TEST(Predicates, NonsenseIsRefused) {
  for (const char* text : {"", "eax", "eax =", "exa == 1", "gpa:x == 1", "eax == y",
                           "gpa:0x100000000 == 1"}) {
    EXPECT_FALSE(ParsePredicate(text).ok()) << text;
  }
  for (const char* text : {"eax == 0x10", "eip<5", "gpa:0x1000 & 4", "mpa:16 != 0",
                           "cs >= 1", "console.output_bytes > 10"}) {
    EXPECT_TRUE(ParsePredicate(text).ok()) << text;
  }
}

}  // namespace
}  // namespace lgx
