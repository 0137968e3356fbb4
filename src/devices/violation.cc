#include "devices/violation.h"

#include "absl/strings/str_format.h"

namespace lgx {

std::string Violation::ToString() const {
  if (device.empty()) return text;
  std::string where = device;
  if (queue >= 0) absl::StrAppendFormat(&where, ", queue %d", queue);
  if (head >= 0) absl::StrAppendFormat(&where, ", head %d", head);
  return absl::StrFormat("%s (%s)", text, where);
}

}  // namespace lgx
