// Any bytes as a log of a run and as a snapshot. More copies get right checksums, so that
// what stands behind them is reached too.

#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "replay/player.h"
#include "replay/snapshot_file.h"

namespace lgx {
namespace {

void Parse(std::span<const u8> bytes) {
  StatusOr<InputLog> log = ParseInputLog(bytes, "fuzz");
  if (log.ok()) (void)Player::Create(*std::move(log));
  const StatusOr<SnapshotFile> file = DecodeSnapshot(bytes, "fuzz");
  if (file.ok()) (void)DescribeSnapshot(*file);
}

// A snapshot whose sections hold the bytes: name, length, content.
void ParseSections(std::span<const u8> bytes) {
  constexpr SectionTag kTags[] = {SectionTag::kHead, SectionTag::kState,
                                  SectionTag::kBlocks, SectionTag::kMap,
                                  SectionTag::kPages};
  SectionWriter writer;
  while (bytes.size() >= 2) {
    const SectionTag tag = kTags[bytes[0] % std::size(kTags)];
    // Some are as long as pages.
    std::vector<u8> raw(bytes[1] >= 0xf8 ? (bytes[1] & 7) * kPageSize : bytes[1]);
    bytes = bytes.subspan(2);
    const std::size_t size = std::min(raw.size(), bytes.size());
    std::copy_n(bytes.begin(), size, raw.begin());
    bytes = bytes.subspan(size);
    writer.Add(tag, raw);
  }
  Parse(writer.Finish());
}

// A log whose header is ours and whose records hold the bytes: kind, length, body.
void ParseRecords(std::span<const u8> bytes) {
  LogHeader header;
  header.program = "fuzz";
  CHECK(AddBlock("disk", &header.config).ok());
  header.disks = {{1 << 20, false}};
  std::vector<u8> file = EncodeLogHeader(header);
  LogEncoder encoder;
  LogRecord record;
  while (bytes.size() >= 3) {
    record.kind = static_cast<LogKind>(1 + bytes[0] % kLogKinds);
    record.question += bytes[1] & 15;
    record.instructions =
        record.kind == LogKind::kBoot ? 0 : record.instructions + bytes[1];
    const std::size_t size = std::min<std::size_t>(bytes[2], bytes.size() - 3);
    record.body.assign(bytes.begin() + 3,
                       bytes.begin() + 3 + static_cast<std::ptrdiff_t>(size));
    const std::vector<u8> more = encoder.Encode(record);
    file.insert(file.end(), more.begin(), more.end());
    bytes = bytes.subspan(3 + size);
    if (record.kind == LogKind::kEnd) break;
  }
  Parse(file);
}

}  // namespace
}  // namespace lgx

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lgx::Parse({data, size});
  lgx::ParseRecords({data, size});
  lgx::ParseSections({data, size});
  return 0;
}
