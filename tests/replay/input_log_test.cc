#include "replay/input_log.h"

#include <gtest/gtest.h>

#include "replay/answers.h"
#include "tests/replay/replay_rig.h"

namespace lgx {
namespace {

LogHeader SomeHeader() {
  LogHeader header;
  header.program = "1.2.3";
  header.config.kernel.path = "/boot/vmlinux = with signs";
  header.config.kernel.cmdline = "a = b\nc";
  header.config.memory = 48 * kMiB;
  header.config.rng.present = true;
  header.config.limits.until_instructions = 77;
  CHECK(AddBlock("/disks/a.img,ro,id=one", &header.config).ok());
  CHECK(AddNet("user,fwd=tcp:2222:22", &header.config).ok());
  header.config.order = {{MachineConfig::DeviceKind::kNet, 0},
                         {MachineConfig::DeviceKind::kBlock, 0},
                         {MachineConfig::DeviceKind::kRng, 0}};
  header.disks = {{12345, true}};
  header.cards = {{"user", true}};
  return header;
}

std::vector<LogRecord> SomeRecords() {
  std::vector<LogRecord> records;
  const auto add = [&](LogKind kind, u64 question, u64 at, std::vector<u8> body) {
    records.push_back({kind, question, at, std::move(body), 0});
  };
  add(LogKind::kBoot, 0, 0, EncodeBoot({0, true, {1, 2}, {3, 4}}));
  add(LogKind::kConsole, 5, 1000, {'h', 'i'});
  add(LogKind::kWait, 1u << 20, u64{1} << 40, EncodeNumber(123456));
  add(LogKind::kBoot, 1u << 21, 0, EncodeBoot({1, true, {1, 2}, {3, 4}}));
  add(LogKind::kHash, 1u << 21, 17, EncodeNumber(~u64{0}));
  add(LogKind::kEnd, 1u << 22, 18, EncodeEnd({}));
  return records;
}

std::vector<u8> SomeLog() {
  std::vector<u8> bytes = EncodeLogHeader(SomeHeader());
  LogEncoder encoder;
  for (const LogRecord& record : SomeRecords()) {
    const std::vector<u8> more = encoder.Encode(record);
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
  return bytes;
}

TEST(InputLog, ComesBackAsItWas) {
  const StatusOr<InputLog> log = ParseInputLog(SomeLog(), "x.lgxlog");
  ASSERT_TRUE(log.ok()) << MessageOf(log.status());
  const LogHeader wanted = SomeHeader();
  EXPECT_EQ(DescribeConfig(log->header.config), DescribeConfig(wanted.config));
  EXPECT_EQ(log->header.config.order, wanted.config.order);
  EXPECT_EQ(log->header.config.limits.until_instructions, 77u);
  EXPECT_EQ(log->header.disks[0].size, 12345u);
  EXPECT_TRUE(log->header.cards[0].takes_unfinished);
  EXPECT_FALSE(log->cut);
  const std::vector<LogRecord> records = SomeRecords();
  ASSERT_EQ(log->records.size(), records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(log->records[i].kind, records[i].kind);
    EXPECT_EQ(log->records[i].question, records[i].question);
    EXPECT_EQ(log->records[i].instructions, records[i].instructions);
    EXPECT_EQ(log->records[i].body, records[i].body);
  }
}

// Every byte, damaged in several ways: an error with the place, or (in the length of a
// record, by chance) a log that seems cut. Never another log.
TEST(InputLog, DamageIsNoticed) {
  const std::vector<u8> good = SomeLog();
  const InputLog whole = ParseInputLog(good, "x").value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const u8 change : {0x01, 0x80, 0xff}) {
      std::vector<u8> bytes = good;
      bytes[i] ^= change;
      const StatusOr<InputLog> log = ParseInputLog(bytes, "x.lgxlog");
      if (log.ok()) {
        EXPECT_TRUE(log->cut) << i;
        EXPECT_LT(log->records.size(), whole.records.size()) << i;
        continue;
      }
      EXPECT_TRUE(log.status().code() == kDataLoss ||
                  log.status().code() == kInvalidArgument)
          << MessageOf(log.status());
      EXPECT_NE(MessageOf(log.status()).find("x.lgxlog"), std::string::npos);
      EXPECT_NE(MessageOf(log.status()).find("offset"), std::string::npos)
          << MessageOf(log.status());
    }
  }
}

TEST(InputLog, ForeignAndNewerFilesAreRefused) {
  const std::string text = "#!/bin/sh\n";
  const std::vector<u8> script(text.begin(), text.end());
  EXPECT_NE(MessageOf(ParseInputLog(script, "s.sh").status()).find("no log of a run"),
            std::string::npos);
  LogHeader header = SomeHeader();
  header.version = kLogVersion + 1;
  EXPECT_NE(MessageOf(ParseInputLog(EncodeLogHeader(header), "n").status())
                .find("Use a newer lgx"),
            std::string::npos);
}

TEST(Answers, ComeBackAsTheyWere) {
  const auto record = [](std::vector<u8> body) {
    LogRecord r;
    r.body = std::move(body);
    return r;
  };
  for (const u64 value : {u64{0}, u64{1}, u64{0x1234567890}, ~u64{0}}) {
    EXPECT_EQ(DecodeNumber(record(EncodeNumber(value)), "x").value(), value);
  }
  NetFrame frame;
  frame.bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
  frame.header.gso_type = NetHeader::kTcp4;
  frame.header.gso_size = 1448;
  const LoggedFrame logged = DecodeFrame(record(EncodeFrame(3, frame)), "x").value();
  EXPECT_EQ(logged.card, 3u);
  EXPECT_EQ(logged.frame.header, frame.header);
  EXPECT_EQ(logged.frame.bytes, frame.bytes);
  DiskBlock block{1, 99, {}};
  for (int kind = 0; kind < 3; ++kind) {
    u32 noise = 1;
    for (u8& byte : block.bytes) {
      noise = noise * 1664525 + 1013904223;
      byte = kind == 0   ? 0xe5
             : kind == 1 ? static_cast<u8>(&byte - &block.bytes[0])
                         : static_cast<u8>(noise >> 24);
    }
    const DiskBlock back = DecodeDiskBlock(record(EncodeDiskBlock(block)), "x").value();
    EXPECT_EQ(back.block, 99u);
    EXPECT_EQ(back.bytes, block.bytes);
  }
  EXPECT_FALSE(DecodeDiskBlock(record({0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5}), "x").ok());
}

}  // namespace
}  // namespace lgx
