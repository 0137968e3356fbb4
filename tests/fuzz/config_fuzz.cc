// Config files, options and patterns: an answer or an error that names its place.
//
// A file is taken as it is if it begins like one. Of anything else the first byte chooses
// what is made, and each further byte is a word of it: noise alone would fail at the
// first character.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/types.h"
#include "machine/config_file.h"
#include "machine/pattern.h"
#include "tests/fuzz/require.h"

namespace lgx {
namespace {

using test::Require;

void FuzzConfig(std::string_view text) {
  MachineConfig config;
  ConfigOrigins origins;
  std::vector<FurtherConfig> further;
  const Status status = ReadConfigText(text, "f.json", &config, &origins, &further);
  if (!status.ok()) {
    Require(MessageOf(status).starts_with("f.json:"));
    return;
  }
  // What was read can be said again.
  MachineConfig copy;
  for (const std::string& line : DescribeConfig(config)) {
    const size_t equals = line.find(" = ");
    const Status set =
        SetConfigValue(line.substr(0, equals), line.substr(equals + 3), &copy);
    Require(set.ok());
  }
  Require(DescribeConfig(copy) == DescribeConfig(config));
}

constexpr const char* kJson[] = {"{",
                                 "}",
                                 "[",
                                 "]",
                                 ":",
                                 ",",
                                 "\"",
                                 "null",
                                 "true",
                                 "false",
                                 "1",
                                 "-1",
                                 "1.5",
                                 "0x10",
                                 "\"\"",
                                 "\"a\"",
                                 "\"guests\"",
                                 "\"auto\"",
                                 "\"on\"",
                                 "\"64M\"",
                                 "\"10m\"",
                                 "\"file=x\"",
                                 "//",
                                 "/*",
                                 "*/",
                                 "\n",
                                 "\\",
                                 "\"\\u0000\"",
                                 "\xff",
                                 "{\"version\":1,",
                                 "\"memory\":",
                                 "\"kernel\":{",
                                 "\"path\":",
                                 "\"cmdline\":",
                                 "\"cpu\":{",
                                 "\"pae\":",
                                 "\"model\":",
                                 "\"guest\":{",
                                 "\"quirks\":{",
                                 "\"Q1\":",
                                 "\"devices\":{",
                                 "\"block\":[{",
                                 "\"net\":[{",
                                 "\"ro\":",
                                 "\"overlay\":",
                                 "\"sync\":",
                                 "\"backend\":",
                                 "\"forward\":[",
                                 "\"mac\":",
                                 "\"fd\":",
                                 "\"rng\":{",
                                 "\"seed\":",
                                 "\"clock\":{",
                                 "\"epoch\":",
                                 "\"limits\":{",
                                 "\"timeout\":",
                                 "\"expect\":[{",
                                 "\"match\":",
                                 "\"send\":",
                                 "\"exit\":",
                                 "\"tcp:1:2\"",
                                 "}]",
                                 "},",
                                 "99999999999999999999"};
constexpr const char* kWords[] = {"(",         ")",
                                  "[",         "]",
                                  "{",         "}",
                                  "|",         "*",
                                  "+",         "?",
                                  "^",         "$",
                                  ".",         "\\",
                                  "\\d",       "\\w",
                                  "\\s",       "\\x4",
                                  "\\n",       "-",
                                  ",",         "a",
                                  "b",         "0",
                                  "{2}",       "{1,3}",
                                  "{9,}",      "{255}",
                                  "[^",        ":",
                                  "=",         ",ro",
                                  ",snapshot", ",overlay=",
                                  ",sync=",    "never",
                                  ",id=",      "user",
                                  "tap=",      "virtual=",
                                  "fd=",       "bridge:",
                                  ",fwd=",     "tcp:1:2",
                                  ",mac=",     "52:54:00:12:34:56",
                                  "1.2.3.4",   ",send=",
                                  ",exit=",    "7",
                                  "none",      "path=",
                                  "\n",        "\xff",
                                  "\r"};

template <size_t kCount>
std::string MakeText(std::string_view choices, const char* const (&words)[kCount]) {
  std::string text;
  for (const char c : choices) text += words[static_cast<u8>(c) % kCount];
  return text;
}

void FuzzPattern(const std::string& pattern_text, std::string_view fed) {
  StatusOr<Pattern> pattern = Pattern::Compile(pattern_text);
  if (!pattern.ok()) return;
  Require(pattern->states() <= Pattern::kMaxStates);
  for (const char c : fed) (void)pattern->Feed(static_cast<u8>("ab0\n"[c & 3]));
}

void FuzzOption(std::string_view text) {
  for (const auto add : {AddBlock, AddNet, AddTunnet, AddExpect}) {
    MachineConfig config;
    if (!add(text, &config).ok()) Require(config.order.empty());
    (void)CheckConfig(config);
  }
}

}  // namespace
}  // namespace lgx

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text[0] == '{' || text[0] == '/') {
    lgx::FuzzConfig(text);
    return 0;
  }
  const std::string_view rest = text.substr(1, 200);
  switch (data[0] & 3) {
    case 0:
      lgx::FuzzConfig(text);
      break;
    case 1:
      lgx::FuzzConfig("{" + lgx::MakeText(rest, lgx::kJson));
      break;
    case 2:
      lgx::FuzzPattern(lgx::MakeText(rest.substr(0, 20), lgx::kWords), rest);
      break;
    default:
      lgx::FuzzOption(lgx::MakeText(rest.substr(0, 12), lgx::kWords));
      break;
  }
  return 0;
}
