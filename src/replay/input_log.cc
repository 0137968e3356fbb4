#include "replay/input_log.h"

#include <algorithm>
#include <array>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/version.h"
#include "replay/stored_config.h"

namespace lgx {
namespace {

constexpr std::array<u8, 8> kMagic = {'l', 'g', 'x', 'l', 'o', 'g', '\r', '\n'};
constexpr u32 kMaxHeader = 1u << 22;
constexpr u32 kMaxPayload = 1u << 20;
constexpr u32 kMaxText = 1u << 12;
constexpr u32 kMaxDevices = 1u << 10;

constexpr std::array<std::string_view, kLogKinds + 1> kNames = {
    "",     "boot",      "console",   "frame",      "may come", "wait", "event",
    "hash", "full hash", "disk read", "disk block", "end",      "full"};

// Where a record stands is part of its checksum, so that none can stand elsewhere.
u32 ChecksumOf(std::span<const u8> payload, u64 sequence) {
  ByteWriter bytes;
  bytes.U64(sequence);
  bytes.Bytes(payload);
  return static_cast<u32>(HashOf(bytes.bytes()));
}

// The length of a record has a check of its own, so that a damaged one is not taken for
// a record that was cut off.
u32 LengthWord(u32 size, u64 sequence) {
  ByteWriter bytes;
  bytes.U64(sequence);
  bytes.U32(size);
  return size | (static_cast<u32>(HashOf(bytes.bytes())) << 24);
}

void PutVarint(u64 value, ByteWriter* out) {
  while (value >= 0x80) {
    out->U8(static_cast<u8>(value | 0x80));
    value >>= 7;
  }
  out->U8(static_cast<u8>(value));
}

u64 GetVarint(ByteReader* in, std::string_view what) {
  u64 value = 0;
  for (u32 shift = 0; shift < 64; shift += 7) {
    const u8 byte = in->U8(what);
    value |= u64{byte & 0x7fu} << shift;
    if ((byte & 0x80) == 0) return value;
  }
  in->Fail("a number is too long");
  return 0;
}

void SaveMark(const FileMark& mark, ByteWriter* out) {
  out->U64(mark.size);
  out->U64(mark.hash);
}

FileMark LoadMark(ByteReader* in) {
  FileMark mark;
  mark.size = in->U64("the size of a file");
  mark.hash = in->U64("the checksum of a file");
  return mark;
}

LogHeader LoadHeaderBody(ByteReader* in) {
  LogHeader header;
  header.program = in->String(kMaxText, "the version of the program");
  header.config = LoadConfig(in);
  const u32 disks = in->U32("the number of disks");
  if (disks != header.config.block.size()) in->Fail("another number of disks");
  for (u32 i = 0; i < disks && in->ok(); ++i) {
    const u64 size = in->U64("the size of a disk");
    header.disks.push_back({size, in->U8("whether a disk is read-only") != 0});
  }
  const u32 cards = in->U32("the number of network cards");
  if (cards != header.config.net.size() || cards > kMaxDevices) {
    in->Fail("another number of network cards");
  }
  for (u32 i = 0; i < cards && in->ok(); ++i) {
    std::string name = in->String(kMaxText, "the name of a network");
    header.cards.push_back({std::move(name), in->U8("what a network takes") != 0});
  }
  in->ExpectEnd("the header");
  return header;
}

// One record behind the header. False: no complete one is left.
bool ParseRecord(ByteReader* in, u64 sequence, LogRecord* record) {
  record->offset = in->offset();
  // How long a record is says its beginning, which may itself be cut off.
  if (in->remaining() < 8) return false;
  const u32 word = in->U32("the length of a record");
  const u32 size = word & 0x00ffffff;
  const u32 checksum = in->U32("the checksum of a record");
  if (word != LengthWord(size, sequence) || size > kMaxPayload) {
    in->Fail(absl::StrFormat("the length of record %d at offset 0x%x is damaged",
                             sequence, record->offset));
    return true;
  }
  if (in->remaining() < size) return false;
  const std::span<const u8> payload = in->Bytes(size, "a record");
  if (ChecksumOf(payload, sequence) != checksum) {
    in->Fail(
        absl::StrFormat("record %d at offset 0x%x is damaged", sequence, record->offset));
    return true;
  }
  ByteReader body(payload, "a record");
  const u8 kind = body.U8("the kind of a record");
  if (kind == 0 || kind > kLogKinds) {
    in->Fail(absl::StrFormat("record %d is of the unknown kind %d", sequence, kind));
    return true;
  }
  record->kind = static_cast<LogKind>(kind);
  record->question += GetVarint(&body, "the place of a record");
  if (record->kind == LogKind::kBoot) record->instructions = 0;
  record->instructions += GetVarint(&body, "the instruction of a record");
  const std::span<const u8> rest = body.Bytes(body.remaining(), "a record");
  record->body.assign(rest.begin(), rest.end());
  if (!body.ok()) in->Fail(MessageOf(body.status()));
  return true;
}

}  // namespace

std::string_view NameOf(LogKind kind) { return kNames[static_cast<u8>(kind)]; }

FileMark MarkOf(std::span<const u8> bytes) { return {bytes.size(), HashOf(bytes)}; }

std::vector<u8> EncodeBoot(const BootMark& boot) {
  ByteWriter out;
  out.U32(boot.boot);
  out.U8(boot.pae ? 1 : 0);
  SaveMark(boot.kernel, &out);
  SaveMark(boot.initrd, &out);
  return out.Take();
}

StatusOr<BootMark> DecodeBoot(const LogRecord& record, const std::string& path) {
  ByteReader in(record.body,
                absl::StrFormat("%s: record at offset 0x%x", path, record.offset));
  BootMark boot;
  boot.boot = in.U32("the number of the boot");
  boot.pae = in.U8("the format of the page tables") != 0;
  boot.kernel = LoadMark(&in);
  boot.initrd = LoadMark(&in);
  in.ExpectEnd("a boot");
  if (!in.ok()) return in.status();
  return boot;
}

std::vector<u8> EncodeLogHeader(const LogHeader& header) {
  ByteWriter body;
  body.String(header.program);
  SaveConfig(header.config, &body);
  body.U32(static_cast<u32>(header.disks.size()));
  for (const LogHeader::Disk& disk : header.disks) {
    body.U64(disk.size);
    body.U8(disk.read_only ? 1 : 0);
  }
  body.U32(static_cast<u32>(header.cards.size()));
  for (const LogHeader::Card& card : header.cards) {
    body.String(card.name);
    body.U8(card.takes_unfinished ? 1 : 0);
  }
  ByteWriter out;
  out.Bytes(kMagic);
  out.U32(header.version);
  out.U32(static_cast<u32>(body.size()));
  out.U64(HashOf(body.bytes()));
  out.Bytes(body.bytes());
  return out.Take();
}

std::vector<u8> LogEncoder::Encode(const LogRecord& record) {
  ByteWriter payload;
  payload.U8(static_cast<u8>(record.kind));
  PutVarint(record.question - question_, &payload);
  if (record.kind == LogKind::kBoot) instructions_ = 0;
  PutVarint(record.instructions - instructions_, &payload);
  payload.Bytes(record.body);
  question_ = record.question;
  instructions_ = record.instructions;
  ByteWriter out;
  CHECK(payload.size() <= kMaxPayload) << NameOf(record.kind);
  out.U32(LengthWord(static_cast<u32>(payload.size()), sequence_));
  out.U32(ChecksumOf(payload.bytes(), sequence_++));
  out.Bytes(payload.bytes());
  return out.Take();
}

const LogRecord* InputLog::end() const {
  return !records.empty() && records.back().kind == LogKind::kEnd ? &records.back()
                                                                  : nullptr;
}

StatusOr<InputLog> ParseInputLog(std::span<const u8> bytes, const std::string& path) {
  if (bytes.size() < kMagic.size() ||
      !std::equal(kMagic.begin(), kMagic.end(), bytes.begin())) {
    return Errorf(kInvalidArgument,
                  "%s: offset 0x0: this is no log of a run. lgx run --record FILE writes "
                  "one; lgx replay last takes the one written last.",
                  path);
  }
  ByteReader in(bytes, path);
  in.Skip(kMagic.size(), "the magic number");
  const u32 version = in.U32("the version of the format");
  if (in.ok() && (version == 0 || version > kLogVersion)) {
    return Errorf(kInvalidArgument,
                  "%s: offset 0x8: the log has format %d, and this program (%s) knows "
                  "formats up to %d. Use a newer lgx.",
                  path, version, std::string(ProgramVersion()), kLogVersion);
  }
  const u32 size = in.U32("the size of the header");
  const u64 checksum = in.U64("the checksum of the header");
  if (size > kMaxHeader) in.Fail("the header is too long; the log is damaged");
  const u64 start = in.offset();
  ByteReader body = in.Sub(size, "the header");
  if (!in.ok()) return in.status();
  if (HashOf(bytes.subspan(start, size)) != checksum) {
    return Errorf(kDataLoss, "%s: offset 0x%x: the header is damaged (checksum).", path,
                  start);
  }
  InputLog log;
  log.path = path;
  log.header = LoadHeaderBody(&body);
  log.header.version = version;
  if (!body.ok()) return body.status();
  LogRecord record;
  for (u64 sequence = 0; in.remaining() != 0; ++sequence) {
    if (!ParseRecord(&in, sequence, &record)) break;
    if (!in.ok()) return in.status();
    log.records.push_back(record);
    if (record.kind != LogKind::kEnd) continue;
    in.ExpectEnd("the last record");
    if (!in.ok()) return in.status();
  }
  log.cut = log.end() == nullptr;
  return log;
}

StatusOr<InputLog> ReadInputLog(const std::string& path) {
  const StatusOr<std::vector<u8>> bytes = ReadFile(path, kLogLimit + (u64{1} << 22));
  if (!bytes.ok()) return bytes.status();
  return ParseInputLog(*bytes, path);
}

}  // namespace lgx
