// Addresses as people type them: "schedule+0x10", "gpa:0x2000", "$esp-8".
#ifndef LGX_DEBUG_ADDRESS_WORDS_H_
#define LGX_DEBUG_ADDRESS_WORDS_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "debug/run_control.h"

namespace lgx {

struct TypedAddress {
  Space space = Space::kLinear;
  u64 value = 0;
};

// What names mean. Nothing: there is no such name.
struct AddressNames {
  std::function<std::optional<u64>(std::string_view)> symbol;
  std::function<std::optional<u64>(std::string_view)> reg;  // without the "$"
};

// [lin:|gpa:|mpa:] then numbers, symbols and $registers with + and - between them. Fails
// with the part that means nothing.
StatusOr<TypedAddress> ParseAddress(std::string_view text, const AddressNames& names);

// "lin:0xc0100020".
std::string AddressText(const TypedAddress& address);

// The words of a command line. Double quotes hold a word together; those around all of it
// are not part of it.
std::vector<std::string> SplitWords(std::string_view line);

}  // namespace lgx

#endif  // LGX_DEBUG_ADDRESS_WORDS_H_
