#include "debug/gdb_session.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "debug/gdb_registers.h"

namespace lgx {
namespace {

constexpr const char* kOk = "OK";
// Numbers of errors mean nothing to gdb. Ours: how the packet was meant; whether the
// target can.
constexpr const char* kBadPacket = "E01";
constexpr const char* kRefused = "E02";
constexpr std::string_view kUnknown;  // an empty answer: no such packet

constexpr int kSigTrap = 5;
constexpr int kSigInt = 2;

bool TakePrefix(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

std::span<const u8> BytesOf(std::string_view text) {
  return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

// "ADDRESS,LENGTH"
struct Range {
  u64 at = 0;
  u64 len = 0;
};
std::optional<Range> TakeRange(std::string_view* text) {
  const std::optional<u64> at = GdbTakeNumber(text);
  if (!at || !TakePrefix(text, ",")) return std::nullopt;
  const std::optional<u64> len = GdbTakeNumber(text);
  if (!len) return std::nullopt;
  return Range{*at, *len};
}

// Part of a document for qXfer.
std::string Part(std::string_view document, std::string_view range) {
  const std::optional<Range> part = TakeRange(&range);
  if (!part || !range.empty()) return kBadPacket;
  if (part->at >= document.size()) return "l";
  const std::string_view rest = document.substr(part->at);
  const std::size_t len = std::min<u64>({part->len, rest.size(), 0x2000});
  return (len == rest.size() ? "l" : "m") + std::string(rest.substr(0, len));
}

constexpr std::string_view kMemoryMap =
    "<?xml version=\"1.0\"?>\n"
    "<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" "
    "\"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n"
    "<memory-map>\n<memory type=\"ram\" start=\"0x0\" length=\"0x100000000\"/>\n"
    "</memory-map>\n";

std::string Threads(const std::string& name) {
  return "<?xml version=\"1.0\"?>\n<threads>\n<thread id=\"1\" core=\"0\" name=\"" +
         name + "\"/>\n</threads>\n";
}

}  // namespace

GdbSession::State GdbSession::Take(std::span<const u8> bytes) {
  reader_.Push(bytes);
  while (state_ == State::kOpen) {
    std::optional<GdbItem> item = reader_.Next();
    if (!item) break;
    switch (item->kind) {
      case GdbItem::Kind::kPacket:
        if (acknowledge_) send_("+");
        Handle(item->payload);
        break;
      case GdbItem::Kind::kDamaged:
        if (acknowledge_) send_("-");
        break;
      case GdbItem::Kind::kNack:
        if (acknowledge_ && !last_frame_.empty()) send_(last_frame_);
        break;
      case GdbItem::Kind::kAck:
      case GdbItem::Kind::kInterrupt:  // it stands still already
        break;
    }
  }
  return state_;
}

bool GdbSession::TakeWhileRunning(std::span<const u8> bytes) {
  reader_.Push(bytes);
  return reader_.TakeInterrupt();
}

void GdbSession::Answer(std::string_view payload) {
  last_frame_ = GdbFrame(payload);
  send_(last_frame_);
}

void GdbSession::Handle(std::string_view packet) {
  if (packet == "k") {  // wants no answer
    state_ = State::kKilled;
    return;
  }
  if (packet == "QStartNoAckMode") {
    Answer(kOk);
    acknowledge_ = false;
    return;
  }
  Answer(Reply(packet));
}

std::string GdbSession::Reply(std::string_view packet) {
  if (packet.empty()) return std::string(kUnknown);
  const std::string_view rest = packet.substr(1);
  switch (packet[0]) {
    case '?':
      return StopReply(target_.LastStop());
    case 'q':
      return ReplyToQuery(rest);
    case 'v':
      return ReplyToV(rest);
    case 'g': {
      std::string out;
      GdbAppendHex(BytesOf(target_.ReadRegisters()), &out);
      return out;
    }
    case 'G':
      return WriteRegisters(rest);
    case 'p':
      return ReadRegister(rest);
    case 'P':
      return WriteRegister(rest);
    case 'm':
      return ReadMemory(rest);
    case 'M':
      return WriteMemory(rest, false);
    case 'X':
      return WriteMemory(rest, true);
    case 'Z':
    case 'z':
      return Point(packet);
    case 'c':
      return RunFrom(rest, GdbResume::Kind::kContinue);
    case 's':
      return RunFrom(rest, GdbResume::Kind::kStep);
    case 'C':
      return Run({GdbResume::Kind::kContinue, 0, 0});
    case 'S':
      return Run({GdbResume::Kind::kStep, 0, 0});
    case 'b':
      if (!target_.CanReverse()) return std::string(kUnknown);
      if (rest == "s") return Run({GdbResume::Kind::kReverseStep, 0, 0});
      if (rest == "c") return Run({GdbResume::Kind::kReverseContinue, 0, 0});
      return std::string(kUnknown);
    case 'D':
      state_ = State::kDetached;
      return kOk;
    case 'H':
    case 'T':
      return kOk;  // there is one thread
    default:
      return std::string(kUnknown);
  }
}

std::string GdbSession::ReplyToQuery(std::string_view packet) {
  if (TakePrefix(&packet, "Supported")) return Supported(packet);
  if (TakePrefix(&packet, "Xfer:")) return Transfer(packet);
  if (TakePrefix(&packet, "Rcmd,")) return Monitor(packet);
  if (TakePrefix(&packet, "ThreadExtraInfo,")) return GdbHexText(target_.ThreadName());
  if (packet.starts_with("Symbol")) return kOk;
  if (packet == "C") return "QC1";
  // Of a process that was there before: gdb detaches when it quits.
  if (packet == "Attached" || packet.starts_with("Attached:")) return "1";
  if (packet == "fThreadInfo") return "m1";
  if (packet == "sThreadInfo") return "l";
  return std::string(kUnknown);
}

std::string GdbSession::Supported(std::string_view features) {
  knows_swbreak_ = features.find("swbreak+") != std::string_view::npos;
  knows_hwbreak_ = features.find("hwbreak+") != std::string_view::npos;
  std::string out = absl::StrFormat(
      "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:memory-map:read+;"
      "qXfer:threads:read+;vContSupported+;swbreak+;hwbreak+",
      GdbPacketReader::kMaxPayload);
  if (target_.CanReverse()) out += ";ReverseStep+;ReverseContinue+";
  return out;
}

std::string GdbSession::Transfer(std::string_view packet) {
  if (TakePrefix(&packet, "features:read:target.xml:")) {
    return Part(GdbTargetDescription(), packet);
  }
  if (TakePrefix(&packet, "memory-map:read::")) return Part(kMemoryMap, packet);
  if (TakePrefix(&packet, "threads:read::")) {
    return Part(Threads(target_.ThreadName()), packet);
  }
  if (packet.starts_with("features:read:")) return "E00";  // no such annex
  return std::string(kUnknown);
}

std::string GdbSession::ReplyToV(std::string_view packet) {
  if (packet == "Cont?") return "vCont;c;C;s;S;r";
  if (TakePrefix(&packet, "Cont;")) return VCont(packet);
  if (TakePrefix(&packet, "Kill;")) {
    state_ = State::kKilled;
    return kOk;
  }
  return std::string(kUnknown);
}

// The first action is the one of the only thread; gdb adds others for threads that it
// does not know of.
std::string GdbSession::VCont(std::string_view actions) {
  if (actions.empty()) return kBadPacket;
  const char kind = actions[0];
  actions.remove_prefix(1);
  switch (kind) {
    case 'c':
    case 'C':
      return Run({GdbResume::Kind::kContinue, 0, 0});
    case 's':
    case 'S':
      return Run({GdbResume::Kind::kStep, 0, 0});
    case 'r': {
      const std::optional<Range> range = TakeRange(&actions);
      if (!range) return kBadPacket;
      return Run({GdbResume::Kind::kStepRange, range->at, range->len});
    }
    default:
      return kBadPacket;
  }
}

// "c", or "c ADDRESS" to go on from there.
std::string GdbSession::RunFrom(std::string_view address, GdbResume::Kind kind) {
  if (!address.empty()) {
    const std::optional<u64> at = GdbTakeNumber(&address);
    if (!at || !address.empty() || *at >> 32 != 0) return kBadPacket;
    u8 value[4];
    for (u32 i = 0; i < 4; ++i) value[i] = static_cast<u8>(*at >> (8 * i));
    if (!target_.WriteRegister(kGdbEip, value)) return kRefused;
  }
  return Run({kind, 0, 0});
}

std::string GdbSession::Run(const GdbResume& how) {
  return StopReply(target_.Resume(how));
}

std::string GdbSession::StopReply(const GdbStop& stop) {
  using Why = GdbStop::Why;
  if (stop.why == Why::kExited) {
    state_ = State::kExited;
    return absl::StrFormat("W%02x", stop.code & 0xff);
  }
  const int signal = stop.why == Why::kInterrupted ? kSigInt : kSigTrap;
  std::string reason;
  switch (stop.why) {
    case Why::kSoftwareBreakpoint:
      if (knows_swbreak_) reason = "swbreak:;";
      break;
    case Why::kHardwareBreakpoint:
      if (knows_hwbreak_) reason = "hwbreak:;";
      break;
    case Why::kWrite:
      reason = absl::StrFormat("watch:%x;", stop.address);
      break;
    case Why::kRead:
      reason = absl::StrFormat("rwatch:%x;", stop.address);
      break;
    case Why::kAccess:
      reason = absl::StrFormat("awatch:%x;", stop.address);
      break;
    case Why::kHistoryBegin:
      reason = "replaylog:begin;";
      break;
    default:
      break;
  }
  return absl::StrFormat("T%02x%sthread:1;", signal, reason);
}

std::string GdbSession::ReadRegister(std::string_view arguments) {
  const std::optional<u64> number = GdbTakeNumber(&arguments);
  if (!number || !arguments.empty() || *number >= kGdbRegisters) return kBadPacket;
  const GdbRegister& reg = GdbRegisterTable()[*number];
  const std::string all = target_.ReadRegisters();
  std::string out;
  GdbAppendHex(BytesOf(all).subspan(reg.offset, reg.bytes), &out);
  return out;
}

std::string GdbSession::WriteRegister(std::string_view arguments) {
  const std::optional<u64> number = GdbTakeNumber(&arguments);
  if (!number || *number >= kGdbRegisters || !TakePrefix(&arguments, "=")) {
    return kBadPacket;
  }
  const std::optional<std::string> value = GdbFromHex(arguments);
  if (!value || value->size() != GdbRegisterTable()[*number].bytes) return kBadPacket;
  return target_.WriteRegister(static_cast<u32>(*number), BytesOf(*value)) ? kOk
                                                                           : kRefused;
}

// All of them. Those that stay as they are need no permission.
std::string GdbSession::WriteRegisters(std::string_view hex) {
  const std::optional<std::string> all = GdbFromHex(hex);
  if (!all || all->size() != GdbRegisterBytes()) return kBadPacket;
  const std::string now = target_.ReadRegisters();
  bool done = true;
  for (u32 n = 0; n < kGdbRegisters; ++n) {
    const GdbRegister& reg = GdbRegisterTable()[n];
    const std::string_view value = std::string_view(*all).substr(reg.offset, reg.bytes);
    if (value == std::string_view(now).substr(reg.offset, reg.bytes)) continue;
    if (!target_.WriteRegister(n, BytesOf(value))) done = false;
  }
  return done ? kOk : kRefused;
}

std::string GdbSession::ReadMemory(std::string_view arguments) {
  const std::optional<Range> range = TakeRange(&arguments);
  if (!range || !arguments.empty()) return kBadPacket;
  std::vector<u8> bytes(std::min<u64>(range->len, kMaxTransfer));
  const u32 done = target_.ReadMemory(range->at, bytes);
  if (done == 0 && range->len != 0) return kRefused;
  std::string out;
  GdbAppendHex(std::span(bytes).first(done), &out);
  return out;
}

std::string GdbSession::WriteMemory(std::string_view arguments, bool binary) {
  const std::optional<Range> range = TakeRange(&arguments);
  if (!range || !TakePrefix(&arguments, ":")) return kBadPacket;
  const std::optional<std::string> bytes =
      binary ? std::optional<std::string>(arguments) : GdbFromHex(arguments);
  if (!bytes || bytes->size() != range->len) return kBadPacket;
  if (bytes->empty()) return kOk;  // gdb asks in this way whether X is known
  return target_.WriteMemory(range->at, BytesOf(*bytes)) ? kOk : kRefused;
}

// "Z1,ADDRESS,LENGTH", perhaps with conditions behind it, which are not ours to judge.
std::string GdbSession::Point(std::string_view packet) {
  const bool insert = packet[0] == 'Z';
  packet.remove_prefix(1);
  const std::optional<u64> type = GdbTakeNumber(&packet);
  if (!type || !TakePrefix(&packet, ",")) return kBadPacket;
  if (*type > 4) return std::string(kUnknown);
  const std::optional<Range> range = TakeRange(&packet);
  if (!range || range->len > 0xffffffff) return kBadPacket;
  const u32 len = static_cast<u32>(range->len);
  const u32 kind = static_cast<u32>(*type);
  const bool done = insert ? target_.Insert(kind, range->at, len)
                           : target_.Remove(kind, range->at, len);
  return done ? kOk : kRefused;
}

// The text goes ahead in pieces; OK ends it.
std::string GdbSession::Monitor(std::string_view hex) {
  const std::optional<std::string> command = GdbFromHex(hex);
  if (!command) return kBadPacket;
  const std::string text = target_.Monitor(*command);
  constexpr std::size_t kPiece = 0x1000;
  for (std::size_t at = 0; at < text.size(); at += kPiece) {
    Answer("O" + GdbHexText(std::string_view(text).substr(at, kPiece)));
  }
  return kOk;
}

}  // namespace lgx
