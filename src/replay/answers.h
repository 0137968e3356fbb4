// How the answers of the world are written into records: for the one who records them and
// the one who repeats them.
#ifndef LGX_REPLAY_ANSWERS_H_
#define LGX_REPLAY_ANSWERS_H_

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "devices/console_backend.h"
#include "devices/net_frame.h"
#include "machine/machine.h"
#include "replay/input_log.h"

namespace lgx {

// Blocks of disks in logs.
inline constexpr u32 kLogBlock = 4096;
using BlockBytes = std::array<u8, kLogBlock>;

struct LoggedFrame {
  u32 card = 0;
  NetFrame frame;
};
struct DiskRead {
  u32 disk = 0;
  u64 block = 0;
  u32 count = 0;
  u64 hash = 0;
};
struct DiskBlock {
  u32 disk = 0;
  u64 block = 0;
  BlockBytes bytes{};
};
struct LoggedEnd {
  Ending::Kind kind = Ending::Kind::kPowerOff;
  i32 value = 0;
  u64 virtual_ns = 0;
  u64 hash = 0;
  std::string reason;
};

std::vector<u8> EncodeFrame(u32 card, const NetFrame& frame);
std::vector<u8> EncodeNumber(u64 value);
std::vector<u8> EncodeEvent(const ConsoleEvent& event);
std::vector<u8> EncodeDiskRead(const DiskRead& read);
std::vector<u8> EncodeDiskBlock(const DiskBlock& block);
std::vector<u8> EncodeEnd(const LoggedEnd& end);

// Errors name `path` and the record's offset.
StatusOr<LoggedFrame> DecodeFrame(const LogRecord& record, const std::string& path);
StatusOr<u64> DecodeNumber(const LogRecord& record, const std::string& path);
StatusOr<ConsoleEvent> DecodeEvent(const LogRecord& record, const std::string& path);
StatusOr<DiskRead> DecodeDiskRead(const LogRecord& record, const std::string& path);
StatusOr<DiskBlock> DecodeDiskBlock(const LogRecord& record, const std::string& path);
StatusOr<LoggedEnd> DecodeEnd(const LogRecord& record, const std::string& path);

}  // namespace lgx

#endif  // LGX_REPLAY_ANSWERS_H_
