// Errors of the user or of the host system: absl::Status made from a printf-like text.
//
// A message says what was read, what was expected, where, and the next step.
#ifndef LGX_BASE_STATUS_H_
#define LGX_BASE_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"

namespace lgx {

using absl::Status;
using absl::StatusCode;
using absl::StatusOr;

// absl::StatusCode::kInvalidArgument etc., short enough to be read in a call.
inline constexpr StatusCode kInvalidArgument = StatusCode::kInvalidArgument;
inline constexpr StatusCode kNotFound = StatusCode::kNotFound;
inline constexpr StatusCode kDataLoss = StatusCode::kDataLoss;
inline constexpr StatusCode kUnimplemented = StatusCode::kUnimplemented;
inline constexpr StatusCode kResourceExhausted = StatusCode::kResourceExhausted;
inline constexpr StatusCode kUnavailable = StatusCode::kUnavailable;
inline constexpr StatusCode kInternal = StatusCode::kInternal;

template <typename... Args>
[[nodiscard]] Status Errorf(StatusCode code, const absl::FormatSpec<Args...>& format,
                            const Args&... args) {
  return Status(code, absl::StrFormat(format, args...));
}

// The text of a Status as std::string (the packaged Abseil has its own string_view).
inline std::string MessageOf(const Status& status) {
  return std::string(status.message().data(), status.message().size());
}

}  // namespace lgx

#define LGX_RETURN_IF_ERROR(expr)                       \
  do {                                                  \
    if (::lgx::Status s_ = (expr); !s_.ok()) return s_; \
  } while (0)

#endif  // LGX_BASE_STATUS_H_
