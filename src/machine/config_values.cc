// Values as people write them.
#include <algorithm>
#include <charconv>
#include <limits>
#include <span>

#include "machine/config.h"

namespace lgx {
namespace {

struct Unit {
  std::string_view suffix;
  u64 factor;
};

Status BadValue(std::string_view text, const char* what, const char* example) {
  return Errorf(StatusCode::kOutOfRange, "\"%s\" is not %s; write for example %s",
                std::string(text), what, example);
}

// Digits, an optional decimal part, and one of the units. Nothing for anything else,
// including results beyond 64 bits.
std::optional<u64> ParseWithUnit(std::string_view text, std::span<const Unit> units) {
  u64 whole = 0;
  const char* const end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, whole);
  if (error != std::errc()) return std::nullopt;
  u64 fraction = 0;
  u64 scale = 1;
  if (at != end && *at == '.') {
    at++;
    const char* const first = at;
    for (; at != end && *at >= '0' && *at <= '9' && at - first < 9; at++) {
      fraction = fraction * 10 + static_cast<u64>(*at - '0');
      scale *= 10;
    }
    if (at == first) return std::nullopt;
  }
  const std::string_view suffix(at, static_cast<size_t>(end - at));
  for (const Unit& unit : units) {
    if (unit.suffix != suffix) continue;
    if (whole > std::numeric_limits<u64>::max() / unit.factor) return std::nullopt;
    // A fraction of a unit must be whole in the smallest one: 1.5M bytes, not 1.5 bytes.
    if (fraction != 0 && unit.factor == 1) return std::nullopt;
    const u64 product = whole * unit.factor;
    const u64 part =
        unit.factor / scale * fraction + unit.factor % scale * fraction / scale;
    if (part > std::numeric_limits<u64>::max() - product) return std::nullopt;
    return product + part;
  }
  return std::nullopt;
}

// "YYYY-MM-DDTHH:MM:SSZ" into its six numbers.
bool SplitTime(std::string_view text, int (&numbers)[6]) {
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != kForm.size()) return false;
  int index = 0;
  numbers[0] = 0;
  for (size_t i = 0; i < kForm.size(); i++) {
    if (kForm[i] == 'd') {
      if (text[i] < '0' || text[i] > '9') return false;
      numbers[index] = numbers[index] * 10 + (text[i] - '0');
    } else {
      if (text[i] != kForm[i]) return false;
      if (++index < 6) numbers[index] = 0;
    }
  }
  return true;
}

constexpr bool IsLeap(i64 year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr int DaysInMonth(i64 year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[month - 1];
}

constexpr i64 kFirstYear = 1970;
constexpr i64 kLastYear = 2105;  // the Guest has 32 bits for seconds

constexpr u64 kEndOfTime = 4291747200;  // the first second after it

i64 DaysBefore(i64 year, int month) {
  i64 days = 0;
  for (i64 y = kFirstYear; y < year; y++) days += IsLeap(y) ? 366 : 365;
  for (int m = 1; m < month; m++) days += DaysInMonth(year, m);
  return days;
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); j++) row[j] = j;
  for (size_t i = 1; i <= a.size(); i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); j++) {
      const size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replace, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

StatusOr<u64> ParseSize(std::string_view text) {
  constexpr Unit kUnits[] = {{"", kMiB},    {"K", 1024},         {"k", 1024},
                             {"M", kMiB},   {"m", kMiB},         {"G", 1024 * kMiB},
                             {"B", 1},      {"g", 1024 * kMiB},  {"KiB", 1024},
                             {"MiB", kMiB}, {"GiB", 1024 * kMiB}};
  const std::optional<u64> bytes = ParseWithUnit(text, kUnits);
  if (!bytes) return BadValue(text, "a size", "64M (a bare number is MiB)");
  return *bytes;
}

StatusOr<u64> ParseDuration(std::string_view text) {
  constexpr u64 kSecond = 1'000'000'000;
  constexpr Unit kUnits[] = {
      {"", kSecond},  {"ns", 1},           {"us", 1000},          {"ms", 1'000'000},
      {"s", kSecond}, {"m", 60 * kSecond}, {"min", 60 * kSecond}, {"h", 3600 * kSecond}};
  const std::optional<u64> ns = ParseWithUnit(text, kUnits);
  if (!ns)
    return BadValue(text, "a time span", "10m, 1.5s or 250ms (a bare number is seconds)");
  return *ns;
}

StatusOr<u64> ParseCount(std::string_view text) {
  constexpr Unit kUnits[] = {
      {"", 1},          {"K", 1000},          {"k", 1000},
      {"M", 1'000'000}, {"G", 1'000'000'000}, {"T", 1'000'000'000'000}};
  const std::optional<u64> count = ParseWithUnit(text, kUnits);
  if (!count) return BadValue(text, "a number", "5000 or 100M (a million is 1000000)");
  return *count;
}

StatusOr<u64> ParseNumber(std::string_view text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const std::string_view digits = hex ? text.substr(2) : text;
  u64 value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, value, hex ? 16 : 10);
  if (error != std::errc() || at != end) {
    return BadValue(text, "a number", "4096 or 0x1000");
  }
  return value;
}

StatusOr<i64> ParseTime(std::string_view text) {
  const char* const example = "2009-07-01T00:00:00Z, or seconds since 1970";
  int n[6];
  if (!SplitTime(text, n)) {
    const StatusOr<u64> seconds = ParseNumber(text);
    if (!seconds.ok() || *seconds >= kEndOfTime) {
      return BadValue(text, "a point in time", example);
    }
    return static_cast<i64>(*seconds);
  }
  if (n[0] < kFirstYear || n[0] > kLastYear || n[1] < 1 || n[1] > 12 || n[2] < 1 ||
      n[2] > DaysInMonth(n[0], n[1]) || n[3] > 23 || n[4] > 59 || n[5] > 59) {
    return BadValue(text, "a point in time between 1970 and 2105", example);
  }
  return (DaysBefore(n[0], n[1]) + n[2] - 1) * 86400 + n[3] * 3600 + n[4] * 60 + n[5];
}

std::string FormatTime(i64 epoch) {
  i64 days = epoch / 86400;
  const i64 second = epoch % 86400;
  i64 year = kFirstYear;
  for (; days >= (IsLeap(year) ? 366 : 365); year++) days -= IsLeap(year) ? 366 : 365;
  int month = 1;
  for (; days >= DaysInMonth(year, month); month++) days -= DaysInMonth(year, month);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, days + 1,
                         second / 3600, second / 60 % 60, second % 60);
}

StatusOr<std::optional<bool>> ParseAutoOnOff(std::string_view text) {
  if (text == "auto") return std::optional<bool>();
  if (text == "on" || text == "true" || text == "yes") return std::optional<bool>(true);
  if (text == "off" || text == "false" || text == "no") return std::optional<bool>(false);
  return BadValue(text, "auto, on or off", "on");
}

StatusOr<std::array<u8, 6>> ParseMac(std::string_view text) {
  std::array<u8, 6> mac = {};
  bool good = text.size() == 17;
  for (size_t i = 0; good && i < mac.size(); i++) {
    const char* const first = text.data() + i * 3;
    const auto [at, error] = std::from_chars(first, first + 2, mac[i], 16);
    good = error == std::errc() && at == first + 2 && (i == 5 || *at == ':');
  }
  if (!good) {
    return BadValue(text, "an Ethernet address", "52:54:00:12:34:56");
  }
  if ((mac[0] & 1) != 0) {
    return BadValue(text, "the address of one device (its first byte is odd)",
                    "52:54:00:12:34:56");
  }
  return mac;
}

std::string FormatMac(const std::array<u8, 6>& mac) {
  return absl::StrFormat("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                         mac[4], mac[5]);
}

StatusOr<u32> ParseIpv4(std::string_view text) {
  u32 address = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int i = 0; i < 4; i++) {
    u32 part = 0;
    const auto [next, error] = std::from_chars(at, end, part);
    const bool last = i == 3;
    if (error != std::errc() || part > 255 || next - at > 3 ||
        (last ? next != end : next == end || *next != '.')) {
      return BadValue(text, "an IPv4 address", "192.168.19.1");
    }
    address = address << 8 | part;
    at = next + (last ? 0 : 1);
  }
  return address;
}

std::string FormatIpv4(u32 address) {
  return absl::StrFormat("%d.%d.%d.%d", address >> 24, address >> 16 & 255,
                         address >> 8 & 255, address & 255);
}

namespace {

struct EscapeLetter {
  char letter;
  char meaning;
};
constexpr EscapeLetter kEscapes[] = {{'n', '\n'}, {'r', '\r'},  {'t', '\t'}, {'e', 27},
                                     {'"', '"'},  {'\\', '\\'}, {',', ','}};

}  // namespace

StatusOr<std::string> Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    const char letter = ++i < text.size() ? text[i] : '\0';
    const auto* known =
        std::find_if(std::begin(kEscapes), std::end(kEscapes),
                     [&](const EscapeLetter& e) { return e.letter == letter; });
    if (known != std::end(kEscapes)) {
      out += known->meaning;
      continue;
    }
    u8 byte = 0;
    const std::string_view digits = text.substr(std::min(i + 1, text.size()), 2);
    const char* const end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, byte, 16);
    if (letter != 'x' || digits.size() != 2 || error != std::errc() || at != end) {
      return BadValue(text, "a text whose backslashes make sense",
                      "poweroff\\n; \\\\ is a backslash, \\x03 any byte");
    }
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const u8 byte = static_cast<u8>(c);
    const auto* known =
        std::find_if(std::begin(kEscapes), std::end(kEscapes),
                     [&](const EscapeLetter& e) { return e.meaning == c; });
    if (known != std::end(kEscapes)) {
      out += '\\';
      out += known->letter;
    } else if (byte < 32 || byte >= 127) {
      out += absl::StrFormat("\\x%02x", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string DidYouMean(std::string_view word,
                       const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = word.size() / 3 + 2;  // farther is no typing mistake
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace lgx
