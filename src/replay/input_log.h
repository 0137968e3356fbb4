// The log of a run: everything that came to it from outside, each thing with its exact
// place. docs/replay-format.md describes the bytes.
//
// A place is the number of the question that was asked (inputs.h), counted from the start
// of the run, and the count of instructions. Most questions have the answer "nothing",
// which is not written down. So a log is small, and a run that asks another question than
// the recorded one did is noticed at once.
//
// Records are appended while the Guest runs, and each has a checksum: what a killed run
// leaves behind is good up to its last complete record.
#ifndef LGX_REPLAY_INPUT_LOG_H_
#define LGX_REPLAY_INPUT_LOG_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/status.h"
#include "base/types.h"
#include "machine/config.h"

namespace lgx {

inline constexpr u32 kLogVersion = 1;
// No log grows beyond this; the run goes on without.
inline constexpr u64 kLogLimit = u64{256} << 20;

enum class LogKind : u8 {
  kBoot = 1,        // a boot begins; instructions count from 0 again
  kConsole = 2,     // bytes that were typed
  kFrame = 3,       // a frame from the network
  kMayCome = 4,     // whether input can still come, where that changes
  kWait = 5,        // a wait that ended before its time
  kEvent = 6,       // an event of the console that ends the run
  kHash = 7,        // of the state without memory
  kFullHash = 8,    // of all of the state
  kDiskRead = 9,    // the checksum of blocks that the Guest reads for the first time
  kDiskBlock = 10,  // what a block of a disk was before the Guest wrote to it
  kEnd = 11,        // how the run ended
  kFull = 12,       // the log has reached its limit, and the run went on
};
inline constexpr u8 kLogKinds = 12;
std::string_view NameOf(LogKind kind);

struct LogRecord {
  LogKind kind = LogKind::kEnd;
  u64 question = 0;
  u64 instructions = 0;
  std::vector<u8> body;
  u64 offset = 0;  // in the file, for messages
};

// A file as it was when the run began.
struct FileMark {
  u64 size = 0;
  u64 hash = 0;
  bool operator==(const FileMark&) const = default;
};
FileMark MarkOf(std::span<const u8> bytes);

struct BootMark {
  u32 boot = 0;
  bool pae = false;
  FileMark kernel;
  FileMark initrd;
};

// What is said once, at the start.
struct LogHeader {
  u32 version = kLogVersion;
  std::string program;   // the version that recorded it
  MachineConfig config;  // names of files are absolute
  struct Disk {
    u64 size = 0;
    bool read_only = false;
  };
  std::vector<Disk> disks;
  struct Card {
    std::string name;
    bool takes_unfinished = false;
  };
  std::vector<Card> cards;
};

// --- bodies of records
std::vector<u8> EncodeBoot(const BootMark& boot);
StatusOr<BootMark> DecodeBoot(const LogRecord& record, const std::string& path);

// --- the file
// Header and records as bytes.
std::vector<u8> EncodeLogHeader(const LogHeader& header);

// Numbers the records and puts them into bytes.
class LogEncoder {
 public:
  // Bytes of one record, to be appended behind the header or the record before.
  std::vector<u8> Encode(const LogRecord& record);

 private:
  u64 sequence_ = 0;
  u64 question_ = 0;
  u64 instructions_ = 0;
};

struct InputLog {
  std::string path;
  LogHeader header;
  std::vector<LogRecord> records;
  bool cut = false;  // the last record is incomplete, or there is no kEnd

  const LogRecord* end() const;  // kEnd, or null
};

// Refuses what is no log, a newer format, and damage, by name and offset. A last record
// that is not complete is no damage.
StatusOr<InputLog> ParseInputLog(std::span<const u8> bytes, const std::string& path);
StatusOr<InputLog> ReadInputLog(const std::string& path);

}  // namespace lgx

#endif  // LGX_REPLAY_INPUT_LOG_H_
