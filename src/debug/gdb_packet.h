// The frames of gdb's remote serial protocol ("Overview" of the protocol's chapter in
// gdb's manual): bytes in any pieces become packets, and payloads become bytes.
#ifndef LGX_DEBUG_GDB_PACKET_H_
#define LGX_DEBUG_GDB_PACKET_H_

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/types.h"

namespace lgx {

struct GdbItem {
  enum class Kind : u8 {
    kPacket,     // `payload`, with escapes undone
    kDamaged,    // a packet with a wrong checksum, or too long a one
    kAck,        // +
    kNack,       // -
    kInterrupt,  // byte 3, Ctrl-C
  };
  Kind kind = Kind::kPacket;
  std::string payload;
};

class GdbPacketReader {
 public:
  // Of one payload. What is longer is damaged.
  static constexpr std::size_t kMaxPayload = 0x5000;

  void Push(std::span<const u8> bytes);
  // The oldest item that is complete.
  std::optional<GdbItem> Next();
  // Takes away the first Ctrl-C, wherever it waits. False: there is none.
  bool TakeInterrupt();
  std::size_t waiting() const { return items_.size(); }

 private:
  enum class State : u8 { kBetween, kPayload, kEscape, kFirstDigit, kSecondDigit };

  void Take(u8 byte);
  void TakeBetween(u8 byte);
  void Append(u8 byte);
  void Finish();

  State state_ = State::kBetween;
  std::string payload_;
  bool too_long_ = false;
  u8 sum_ = 0;
  std::optional<u32> digits_[2];
  std::deque<GdbItem> items_;
};

// "$payload#sum" with everything escaped that has to be.
std::string GdbFrame(std::string_view payload);

// Hexadecimal, as the protocol has it.
std::optional<u32> GdbHexDigit(char c);
void GdbAppendHex(std::span<const u8> bytes, std::string* out);
std::string GdbHexText(std::string_view text);
// Nothing if it is not pairs of digits.
std::optional<std::string> GdbFromHex(std::string_view hex);
// Takes a number of at most 16 digits off the front. Nothing: there is none.
std::optional<u64> GdbTakeNumber(std::string_view* text);

}  // namespace lgx

#endif  // LGX_DEBUG_GDB_PACKET_H_
