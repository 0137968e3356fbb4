#include "debug/gdb_packet.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

namespace lgx {
namespace {

constexpr u8 kInterruptByte = 3;
constexpr u8 kEscapeXor = 0x20;

}  // namespace

std::optional<u32> GdbHexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<u32>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<u32>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<u32>(c - 'A') + 10;
  return std::nullopt;
}

void GdbAppendHex(std::span<const u8> bytes, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  out->reserve(out->size() + 2 * bytes.size());
  for (const u8 byte : bytes) {
    *out += kDigits[byte >> 4];
    *out += kDigits[byte & 15];
  }
}

std::string GdbHexText(std::string_view text) {
  std::string out;
  GdbAppendHex({reinterpret_cast<const u8*>(text.data()), text.size()}, &out);
  return out;
}

std::optional<std::string> GdbFromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const std::optional<u32> high = GdbHexDigit(hex[i]), low = GdbHexDigit(hex[i + 1]);
    if (!high || !low) return std::nullopt;
    out += static_cast<char>(*high << 4 | *low);
  }
  return out;
}

std::optional<u64> GdbTakeNumber(std::string_view* text) {
  u64 value = 0;
  std::size_t n = 0;
  while (n < text->size() && n < 16) {
    const std::optional<u32> digit = GdbHexDigit((*text)[n]);
    if (!digit) break;
    value = value << 4 | *digit;
    ++n;
  }
  if (n == 0) return std::nullopt;
  text->remove_prefix(n);
  return value;
}

std::string GdbFrame(std::string_view payload) {
  std::string out = "$";
  u8 sum = 0;
  const auto put = [&](char c) {
    out += c;
    sum = static_cast<u8>(sum + static_cast<u8>(c));
  };
  for (const char c : payload) {
    if (c == '#' || c == '$' || c == '}' || c == '*') {
      put('}');
      put(static_cast<char>(static_cast<u8>(c) ^ kEscapeXor));
    } else {
      put(c);
    }
  }
  return out + absl::StrFormat("#%02x", sum);
}

void GdbPacketReader::Push(std::span<const u8> bytes) {
  for (const u8 byte : bytes) Take(byte);
}

std::optional<GdbItem> GdbPacketReader::Next() {
  if (items_.empty()) return std::nullopt;
  GdbItem item = std::move(items_.front());
  items_.pop_front();
  return item;
}

bool GdbPacketReader::TakeInterrupt() {
  const auto at = std::find_if(items_.begin(), items_.end(), [](const GdbItem& item) {
    return item.kind == GdbItem::Kind::kInterrupt;
  });
  if (at == items_.end()) return false;
  items_.erase(at);
  return true;
}

void GdbPacketReader::Take(u8 byte) {
  switch (state_) {
    case State::kBetween:
      TakeBetween(byte);
      break;
    case State::kPayload:
      if (byte == '#') {
        state_ = State::kFirstDigit;
      } else if (byte == '$') {  // the rest of the last one was lost
        payload_.clear();
        sum_ = 0;
        too_long_ = false;
      } else {
        sum_ = static_cast<u8>(sum_ + byte);
        if (byte == '}') {
          state_ = State::kEscape;
        } else {
          Append(byte);
        }
      }
      break;
    case State::kEscape:
      sum_ = static_cast<u8>(sum_ + byte);
      Append(byte ^ kEscapeXor);
      state_ = State::kPayload;
      break;
    case State::kFirstDigit:
      digits_[0] = GdbHexDigit(static_cast<char>(byte));
      state_ = State::kSecondDigit;
      break;
    case State::kSecondDigit:
      digits_[1] = GdbHexDigit(static_cast<char>(byte));
      Finish();
      break;
  }
}

// Anything else than these is noise.
void GdbPacketReader::TakeBetween(u8 byte) {
  if (byte == '$') {
    state_ = State::kPayload;
    payload_.clear();
    sum_ = 0;
    too_long_ = false;
  } else if (byte == '+') {
    items_.push_back({GdbItem::Kind::kAck, ""});
  } else if (byte == '-') {
    items_.push_back({GdbItem::Kind::kNack, ""});
  } else if (byte == kInterruptByte) {
    items_.push_back({GdbItem::Kind::kInterrupt, ""});
  }
}

void GdbPacketReader::Append(u8 byte) {
  if (payload_.size() == kMaxPayload) {
    too_long_ = true;
  } else {
    payload_ += static_cast<char>(byte);
  }
}

void GdbPacketReader::Finish() {
  state_ = State::kBetween;
  const bool right = digits_[0] && digits_[1] && (*digits_[0] << 4 | *digits_[1]) == sum_;
  if (right && !too_long_) {
    items_.push_back({GdbItem::Kind::kPacket, std::move(payload_)});
  } else {
    items_.push_back({GdbItem::Kind::kDamaged, ""});
  }
  payload_.clear();
}

}  // namespace lgx
