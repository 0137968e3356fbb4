#include "tools/man_pages.h"

#include <gtest/gtest.h>

#include "machine/config.h"
#include "tools/journey_text.h"

namespace lgx {
namespace {

bool Has(const std::string& page, std::string_view text) {
  return page.find(text) != std::string::npos;
}

// roff takes a line for a request that begins with one of these.
void ExpectOnlyKnownRequests(const std::string& page) {
  size_t at = 0;
  while (at < page.size()) {
    const size_t end = page.find('\n', at);
    ASSERT_NE(end, std::string::npos) << "the last line has no end";
    const std::string line = page.substr(at, end - at);
    at = end + 1;
    if (line.empty() || (line[0] != '.' && line[0] != '\'')) continue;
    const std::string request = line.substr(0, 3);
    EXPECT_TRUE(request == ".TH" || request == ".SH" || request == ".SS" ||
                request == ".TP" || request == ".PP" || request == ".B " ||
                request == ".br" || request == ".nf" || request == ".fi")
        << line;
  }
}

TEST(ManPages, RoffTakesNoTextForARequestOrALineBreak) {
  EXPECT_EQ(Roff("--set a\\b"), "\\-\\-set a\\eb");
  EXPECT_EQ(Roff("a\n.b"), "a\n\\&.b");
}

TEST(ManPages, EveryKeyOfAConfigFileIsExplained) {
  const std::string page = ConfigManualPage();
  ExpectOnlyKnownRequests(page);
  for (const std::string& path : ConfigPaths()) {
    EXPECT_TRUE(Has(page, "\n.B " + Roff(path) + "\n")) << path;
  }
  for (const char* list : {".SH devices.block\n", ".SH devices.net\n", ".SH expect\n"}) {
    EXPECT_TRUE(Has(page, list)) << list;
  }
  EXPECT_TRUE(Has(page, "default 64M") || Has(page, "default 65536K"));
}

TEST(ManPages, TheJourneyLosesNothingButItsMarks) {
  const std::string page = JourneyManualPage(
      "# The journey\n\nText with `code`, a [link](a/b.md) and *stress*.\n'tis\n"
      "## 1. Machine\n\n### machine.010 Where\n\n.dot\n"
      "\u2192 [`src/x.h`](../src/x.h): `X`\nan [open bracket");
  ExpectOnlyKnownRequests(page);
  EXPECT_FALSE(Has(page, "The journey\n"));
  EXPECT_TRUE(Has(page, "Text with \\fBcode\\fR, a link and stress.\n\\&'tis\n"));
  EXPECT_TRUE(Has(page, ".SH 1. MACHINE\n"));
  EXPECT_TRUE(Has(page, ".SS machine.010 Where\n"));
  EXPECT_TRUE(Has(page, "\\&.dot\n"));
  EXPECT_TRUE(Has(page, "See \\fBsrc/x.h\\fR: \\fBX\\fR\n"));
  EXPECT_TRUE(Has(page, "an [open bracket\n"));
}

TEST(ManPages, TheJourneyOfTheSourceIsAPage) {
  const std::string page = JourneyManualPage(JourneyMarkdown());
  ExpectOnlyKnownRequests(page);
  EXPECT_TRUE(Has(page, ".SS paging.040"));
  EXPECT_FALSE(Has(page, "]("));
}

}  // namespace
}  // namespace lgx
