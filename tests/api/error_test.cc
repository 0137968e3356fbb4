#include "api/error.h"

#include <gtest/gtest.h>

#include <cstring>

namespace lgx {
namespace {

ErrorPtr Of(const char* text, const char* config) {
  return MakeError(Status(StatusCode::kOutOfRange, text), config);
}

TEST(Error, ThePlaceIsTakenFromTheText) {
  const ErrorPtr error = Of("machine.json:9:23: devices.block[0]: no", "machine.json");
  EXPECT_EQ(error->code, LGX_USAGE);
  EXPECT_STREQ(error->file, "machine.json");
  EXPECT_EQ(error->line, 9u);
  EXPECT_EQ(error->column, 23u);
  EXPECT_STREQ(error->text, "machine.json:9:23: devices.block[0]: no");
}

TEST(Error, OtherTextsHaveNoPlace) {
  for (const char* text :
       {"", "config", "config:", "config:x", "config:9", "other:9:2: x", "config: 9:2",
        "config:99999999999:1: x", "config:-1:2: x"}) {
    const ErrorPtr error = Of(text, "config");
    EXPECT_EQ(error->file, nullptr) << text;
    EXPECT_EQ(error->line, 0u) << text;
    EXPECT_EQ(error->column, 0u) << text;
    EXPECT_STREQ(error->text, text);
  }
  EXPECT_EQ(Of(":1:2: x", "")->file, nullptr);
  EXPECT_EQ(Of("config:9: x", "config")->line, 9u);
  EXPECT_EQ(Of("config:9: x", "config")->column, 0u);
}

TEST(Error, ACopyHasTextsOfItsOwn) {
  ErrorPtr error = Of("config:1:2: x", "config");
  const ErrorPtr copy = CopyError(error.get());
  EXPECT_NE(copy->text, error->text);
  EXPECT_NE(copy->file, error->file);
  error.reset();
  EXPECT_STREQ(copy->text, "config:1:2: x");
  EXPECT_STREQ(copy->file, "config");
  EXPECT_EQ(copy->line, 1u);
  EXPECT_EQ(CopyError(nullptr), nullptr);
}

}  // namespace
}  // namespace lgx
