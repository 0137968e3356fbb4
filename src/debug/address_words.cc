#include "debug/address_words.h"

#include "absl/strings/str_format.h"
#include "machine/config.h"

namespace lgx {
namespace {

constexpr u64 kSpaceSize = u64{1} << 32;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

StatusOr<u64> ParseTerm(std::string_view term, const AddressNames& names) {
  if (term.empty()) {
    return Errorf(kInvalidArgument, "a number, a symbol or a $register is missing");
  }
  if (term[0] == '$') {
    if (const auto value = names.reg(term.substr(1))) return *value;
    return Errorf(kInvalidArgument, "there is no register \"%s\"; regs shows them all",
                  std::string(term));
  }
  if (IsDigit(term[0])) {
    const StatusOr<u64> number = ParseNumber(term);
    if (number.ok()) return *number;
    return Errorf(kInvalidArgument, "\"%s\" is no number; write 4096 or 0x1000",
                  std::string(term));
  }
  if (const auto value = names.symbol(term)) return *value;
  return Errorf(kInvalidArgument,
                "there is no symbol \"%s\"; sym %s searches for it, and addresses are "
                "written 0x...",
                std::string(term), std::string(term));
}

}  // namespace

StatusOr<TypedAddress> ParseAddress(std::string_view text, const AddressNames& names) {
  TypedAddress address;
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    if (const std::optional<Space> space = SpaceFromName(text.substr(0, colon))) {
      address.space = *space;
      text.remove_prefix(colon + 1);
    }
  }
  bool minus = false;
  while (true) {
    const size_t end = text.find_first_of("+-");
    const StatusOr<u64> term = ParseTerm(text.substr(0, end), names);
    if (!term.ok()) return term.status();
    address.value = minus ? address.value - *term : address.value + *term;
    if (end == std::string_view::npos) break;
    minus = text[end] == '-';
    text.remove_prefix(end + 1);
  }
  address.value &= kSpaceSize - 1;
  return address;
}

std::string AddressText(const TypedAddress& address) {
  return absl::StrFormat("%s:0x%08x", NameOf(address.space), address.value);
}

std::vector<std::string> SplitWords(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false, inside = false, bare = true;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
      if (inside && bare) word += c;  // console:"TEXT"
      if (!inside) bare = false;
      inside = true;
    } else if ((c == ' ' || c == '\t' || c == '\r') && !quoted) {
      if (inside) words.push_back(word);
      word.clear();
      inside = false;
      bare = true;
    } else {
      word += c;
      inside = true;
    }
  }
  if (inside) words.push_back(word);
  return words;
}

}  // namespace lgx
