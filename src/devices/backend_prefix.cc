#include "devices/backend_prefix.h"

#include <string_view>

namespace lgx {
namespace {

constexpr std::string_view kLineEnd = "\r\n";  // as a Guest's terminal writes it

std::span<const u8> BytesOf(std::string_view text) {
  return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

}  // namespace

void SharedConsole::Write(std::span<const u8> bytes) {
  if (!bytes.empty()) at_line_start_ = bytes.back() == '\n';
  real_.Write(bytes);
}

void SharedConsole::WriteLine(const std::string& line) {
  if (!at_line_start_) real_.Write(BytesOf(kLineEnd));
  at_line_start_ = true;
  real_.Write(BytesOf(line));
  real_.Write(BytesOf(kLineEnd));
}

PrefixConsole::~PrefixConsole() {
  if (!line_.empty()) Flush();
}

void PrefixConsole::Write(std::span<const u8> bytes) {
  for (const u8 byte : bytes) {
    if (byte == '\n') {
      Flush();
    } else if (byte != '\r') {
      line_.push_back(static_cast<char>(byte));
      if (line_.size() == kLongestLine) Flush();
    }
  }
}

void PrefixConsole::Flush() {
  shared_.WriteLine(prefix_ + line_);
  line_.clear();
}

}  // namespace lgx
