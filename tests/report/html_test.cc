#include "report/html.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

TEST(Html, TextCannotBecomeMarkup) {
  EXPECT_EQ(HtmlText("<script>alert(\"1\")</script>"),
            "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;");
  EXPECT_EQ(HtmlText("a&lt;' onload='x"), "a&amp;lt;&#39; onload=&#39;x");
}

TEST(Html, ControlCharactersBecomePictures) {
  EXPECT_EQ(HtmlText("a\x1b[31m\x7f\n\tb"), "a\xe2\x90\x9b[31m\xe2\x90\xa1\n\tb");
  EXPECT_EQ(HtmlText(std::string_view("\0x", 2)), "\xe2\x90\x80x");
}

TEST(Html, BytesThatAreNoUtf8AreReplaced) {
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(HtmlText("\xff"), bad);
  EXPECT_EQ(HtmlText("\xc0\xbc"), bad + bad);            // an overlong '<'
  EXPECT_EQ(HtmlText("\xe2\x82"), bad + bad);            // cut off
  EXPECT_EQ(HtmlText("\xed\xa0\x80"), bad + bad + bad);  // a surrogate
  EXPECT_EQ(HtmlText("\xf4\x90\x80\x80"), bad + bad + bad + bad);
  EXPECT_EQ(HtmlText("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"),
            "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
  EXPECT_EQ(HtmlText("\xe2<b>"), bad + "&lt;b&gt;");
}

TEST(Html, NumbersAreReadable) {
  EXPECT_EQ(GroupedNumber(0), "0");
  EXPECT_EQ(GroupedNumber(999), "999");
  EXPECT_EQ(GroupedNumber(1234567), "1,234,567");
  EXPECT_EQ(GroupedNumber(~u64{0}), "18,446,744,073,709,551,615");
  EXPECT_EQ(ShortNumber(0), "0");
  EXPECT_EQ(ShortNumber(999), "999");
  EXPECT_EQ(ShortNumber(999.6), "1.00 k");
  EXPECT_EQ(ShortNumber(1234567), "1.23 M");
  EXPECT_EQ(ShortNumber(20e9), "20 G");
  EXPECT_EQ(ShortTime(1500000), "1.50 ms");
  EXPECT_EQ(ShortTime(12), "12 ns");
}

TEST(HtmlTable, NumericColumnsCarryTheirValues) {
  HtmlTable table;
  table.id = "t";
  table.columns = {"name", "count"};
  table.rows = {{HtmlCell::Text("<b>"), HtmlCell::Number(1234)}};
  const std::string html = table.Render();
  EXPECT_NE(html.find("<th>name</th><th class=\"n\">count</th>"), std::string::npos);
  EXPECT_NE(html.find("<td>&lt;b&gt;</td><td class=\"n\" data-n=\"1234\">1,234</td>"),
            std::string::npos);
  EXPECT_EQ(html.find("<input"), std::string::npos) << "two rows need no filter";
}

TEST(HtmlTable, LongTablesHaveAFilter) {
  HtmlTable table;
  table.id = "t";
  table.columns = {"name"};
  for (int i = 0; i < 30; i++) table.rows.push_back({HtmlCell::Text("x")});
  EXPECT_NE(table.Render().find("data-rows=\"t\""), std::string::npos);
}

TEST(HtmlPage, RefersToNothingOutside) {
  HtmlPage page("A <title>", "sub & title");
  page.Section("one", "One <1>", "<p>body</p>");
  page.Section("text", "Console", HtmlConsole("con", "line\r\n</pre><img src=x>"));
  const std::string html = page.Render();
  EXPECT_NE(html.find("<title>A &lt;title&gt;</title>"), std::string::npos);
  EXPECT_NE(html.find("<a href=\"#one\">One &lt;1&gt;</a>"), std::string::npos);
  EXPECT_NE(html.find("line\n&lt;/pre&gt;&lt;img src=x&gt;</pre>"), std::string::npos);
  for (const char* outside : {"http:", "https:", "src=\"", "@import", "url("}) {
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
  }
}

}  // namespace
}  // namespace lgx
