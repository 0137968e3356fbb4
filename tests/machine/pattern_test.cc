// gcc 12 sees uninitialised members in its own <regex> when it also sanitizes.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "machine/pattern.h"

#include <gtest/gtest.h>

#include <random>
#include <regex>
#include <string>

namespace lgx {
namespace {

// Where the first match ends: the number of bytes fed. 0: there is none.
size_t FirstMatch(std::string_view pattern, std::string_view text) {
  StatusOr<Pattern> compiled = Pattern::Compile(pattern);
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  if (!compiled.ok()) return 0;
  for (size_t i = 0; i < text.size(); i++) {
    if (compiled->Feed(static_cast<u8>(text[i]))) return i + 1;
  }
  return 0;
}

TEST(Pattern, FindsTheEndOfTheFirstMatch) {
  struct Case {
    const char* pattern;
    const char* text;
    size_t end;
  };
  for (const Case& c : {
           Case{"login:", "debian login: ", 13},
           Case{"a", "", 0},
           Case{"aab", "aaab", 4},
           Case{"a.c", "a\nc abc", 7},
           Case{"ab*c", "ac", 2},
           Case{"ab+c", "ac abbc", 7},
           Case{"ab?c", "abbc ac", 7},
           Case{"a{3}", "aa aaa", 6},
           Case{"a{2,3}b", "ab aaaab", 8},
           Case{"xa{0,2}y", "xaaay xy", 8},
           Case{"a{2,}b", "ab aaaab", 8},
           Case{"a{x", "aa{x", 4},
           Case{"(ab|cd)+e", "abcde", 5},
           Case{"cat|dog", "hotdog", 6},
           Case{"(|x)y", "y", 1},
           Case{"[a-c]\\d", "d1 b2", 5},
           Case{"[^a-z ]", "abc D", 5},
           Case{"[]x]y", "]y", 2},
           Case{"[a\\]-]+=", "]-a=", 4},
           Case{"\\w+@\\w+", "me@host", 4},
           Case{"\\S\\s\\S", "ab c", 4},
           Case{"\\D\\W", "1a-", 3},
           Case{"\\x41\\x0a", "A\n", 2},
           Case{"\\.\\*\\\\", "a.*\\", 4},
           Case{"^# ", "x# \n# ", 6},
           Case{"^# ", "# ", 2},
           Case{"done$", "done? done\r\n", 11},
           Case{"^ok$", "nok\r\nok\n", 8},
           Case{"# $", "# ", 0},
       }) {
    EXPECT_EQ(FirstMatch(c.pattern, c.text), c.end) << c.pattern << " in " << c.text;
  }
}

TEST(Pattern, TheSearchGoesOnBehindAMatch) {
  StatusOr<Pattern> pattern = Pattern::Compile("aa");
  ASSERT_TRUE(pattern.ok());
  std::vector<int> ends;
  const std::string text = "aaaaa";
  for (size_t i = 0; i < text.size(); i++) {
    if (pattern->Feed(static_cast<u8>(text[i]))) ends.push_back(static_cast<int>(i));
  }
  EXPECT_EQ(ends, (std::vector<int>{1, 3}));
}

TEST(Pattern, AnyByteCanBeText) {
  EXPECT_EQ(FirstMatch("\\x00\\xff", std::string_view("\0\xff", 2)), 2u);
  EXPECT_EQ(FirstMatch("\xc3\xa9", "caf\xc3\xa9"), 5u);
}

TEST(Pattern, WhatIsWrongIsNamedWithItsPlace) {
  struct Case {
    std::string pattern;
    const char* says;
  };
  for (const Case& c : {
           Case{"", "is empty"},
           Case{"a(b", "( without a )"},
           Case{"a)b", ") without a ("},
           Case{"[a", "[ without a ]"},
           Case{"*a", "repeats nothing"},
           Case{"a|+", "repeats nothing"},
           Case{"a**", "repeats a repetition"},
           Case{"a\\", "ends with a backslash"},
           Case{"a\\q", "means nothing"},
           Case{"\\x4", "two hexadecimal digits"},
           Case{"[z-a]", "ends before it begins"},
           Case{"[\\d-z]", "ends before it begins"},
           Case{"a{3,2}", "ends before it begins"},
           Case{"a{256}", "more than 255"},
           Case{"a*", "without any text"},
           Case{"^$", "without any text"},
           Case{"(a|)", "without any text"},
           Case{"((a{200}){200}){200}", "too large"},
           Case{std::string(100, '(') + "a" + std::string(100, ')'), "too deep"},
       }) {
    const Status status = Pattern::Compile(c.pattern).status();
    EXPECT_EQ(status.code(), StatusCode::kOutOfRange) << c.pattern;
    EXPECT_NE(MessageOf(status).find(c.says), std::string::npos)
        << c.pattern << ": " << status;
    EXPECT_NE(MessageOf(status).find("offset"), std::string::npos) << status;
  }
}

// What makes a backtracking matcher take for ever costs as much as anything else.
TEST(Pattern, NoTextIsSlow) {
  StatusOr<Pattern> pattern = Pattern::Compile("(a+)+(a|aa)+b");
  ASSERT_TRUE(pattern.ok());
  EXPECT_LT(pattern->states(), 20u);
  for (int i = 0; i < 100'000; i++) EXPECT_FALSE(pattern->Feed('a'));
  EXPECT_TRUE(pattern->Feed('b'));
}

// Random patterns over a small alphabet, against std::regex: is there a match that ends
// at the same byte?
TEST(Pattern, AgreesWithAnotherMatcher) {
  std::mt19937 random(1);
  const char* const atoms[] = {"a", "b", ".", "[ab]", "[^a]", "(ab)", "(a|b)", "(a|bb)"};
  const char* const repeats[] = {"", "", "*", "+", "?", "{2}", "{1,2}", "{0,1}"};
  int compared = 0;
  for (int round = 0; round < 400; round++) {
    std::string pattern;
    for (u32 i = 0; i < 1 + random() % 4; i++) {
      pattern += atoms[random() % std::size(atoms)];
      pattern += repeats[random() % std::size(repeats)];
    }
    StatusOr<Pattern> ours = Pattern::Compile(pattern);
    const std::regex theirs("(" + pattern + ")$");
    if (!ours.ok()) {
      EXPECT_TRUE(std::regex_match("", std::regex(pattern))) << ours.status();
      continue;
    }
    std::string text;
    for (int i = 0; i < 12; i++) text += "abc"[random() % 3];
    size_t end = 0;
    for (size_t i = 1; end == 0 && i <= text.size(); i++) {
      if (std::regex_search(text.substr(0, i), theirs)) end = i;
    }
    EXPECT_EQ(FirstMatch(pattern, text), end) << pattern << " in " << text;
    compared++;
  }
  EXPECT_GT(compared, 200);
}

}  // namespace
}  // namespace lgx
