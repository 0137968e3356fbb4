#include "base/status.h"

#include <gtest/gtest.h>

#include <string_view>

namespace lgx {
namespace {

Status Outer(Status inner) {
  LGX_RETURN_IF_ERROR(inner);
  return Errorf(kUnimplemented, "went on");
}

TEST(Status, TextsTakeStandardStringViews) {
  const std::string_view path = "machine.json";
  const Status status = Errorf(kInvalidArgument, "%s:%d: no such key", path, 9);
  EXPECT_EQ(status.code(), kInvalidArgument);
  EXPECT_EQ(MessageOf(status), "machine.json:9: no such key");
}

TEST(Status, ReturnIfErrorPassesErrorsOnAndSuccessesOver) {
  EXPECT_EQ(Outer(Errorf(kNotFound, "gone")).code(), kNotFound);
  EXPECT_EQ(Outer(absl::OkStatus()).code(), kUnimplemented);
}

}  // namespace
}  // namespace lgx
