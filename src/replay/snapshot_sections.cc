#include "replay/snapshot_sections.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/file.h"
#include "base/hash.h"
#include "base/version.h"

namespace lgx {
namespace {

constexpr std::array<u8, 8> kMagic = {'l', 'g', 'x', 's', 'n', 'a', 'p', '\n'};
constexpr u64 kFileHeader = 16;
constexpr u64 kHashed = 24;  // of a section's header
constexpr u64 kSectionHeader = kHashed + 8;
constexpr u64 kMaxFile = u64{4} << 30;
constexpr u64 kMaxHead = u64{4} << 20;
constexpr u64 kMaxState = u64{32} << 20;
constexpr u64 kMaxMap = u64{1} << 22;  // of a machine that has 4 GiB
constexpr u64 kMaxPiece = kSnapshotPiece * (u64{kPageSize} + 16) + 16;

std::string TextOf(SectionTag tag) {
  std::string text(4, ' ');
  for (u32 i = 0; i < 4; ++i)
    text[i] = static_cast<char>(static_cast<u32>(tag) >> (8 * i));
  return text;
}

u64 LimitOf(SectionTag tag) {
  switch (tag) {
    case SectionTag::kHead:
      return kMaxHead;
    case SectionTag::kState:
      return kMaxState;
    case SectionTag::kMap:
      return kMaxMap;
    case SectionTag::kBlocks:
    case SectionTag::kPages:
      return kMaxPiece;
    case SectionTag::kEnd:
      return 16;
  }
  return 0;
}

// The checksum covers the header of the section too.
u64 ChecksumOf(std::span<const u8> header, std::span<const u8> stored) {
  StateHash hash;
  hash.Bytes(header);
  hash.Bytes(stored);
  return hash.Digest();
}

class SourceInMemory final : public SectionSource {
 public:
  explicit SourceInMemory(std::span<const u8> bytes) : bytes_(bytes) {}
  u64 size() const override { return bytes_.size(); }
  StatusOr<std::span<const u8>> At(u64 offset, u64 len, std::vector<u8>*) override {
    return bytes_.subspan(offset, len);
  }

 private:
  std::span<const u8> bytes_;
};

class SourceInFile final : public SectionSource {
 public:
  SourceInFile(File file, u64 size) : file_(std::move(file)), size_(size) {}
  u64 size() const override { return size_; }
  StatusOr<std::span<const u8>> At(u64 offset, u64 len,
                                   std::vector<u8>* buffer) override {
    if (buffer->size() < len) buffer->resize(len);
    const std::span<u8> to = std::span(*buffer).first(len);
    LGX_RETURN_IF_ERROR(file_.ReadAt(offset, to));
    return std::span<const u8>(to);
  }

 private:
  File file_;
  u64 size_;
};

class SourceOfOwnBytes final : public SectionSource {
 public:
  explicit SourceOfOwnBytes(std::vector<u8> bytes) : bytes_(std::move(bytes)) {}
  u64 size() const override { return bytes_.size(); }
  StatusOr<std::span<const u8>> At(u64 offset, u64 len, std::vector<u8>*) override {
    return std::span<const u8>(bytes_).subspan(offset, len);
  }

 private:
  std::vector<u8> bytes_;
};

}  // namespace

// ---- writing

SectionWriter::SectionWriter() {
  out_.Bytes(kMagic);
  out_.U32(kSnapshotVersion);
  out_.U32(0);
}

void SectionWriter::Add(SectionTag tag, std::span<const u8> raw, Codec packing) {
  const Packed packed = Pack(raw, packing);
  ByteWriter header;
  header.U32(static_cast<u32>(tag));
  header.U32(static_cast<u32>(packed.packing));
  header.U64(raw.size());
  header.U64(packed.bytes.size());
  out_.Bytes(header.bytes());
  out_.U64(ChecksumOf(header.bytes(), packed.bytes));
  out_.Bytes(packed.bytes);
  ++sections_;
}

std::vector<u8> SectionWriter::Finish() {
  ByteWriter end;
  end.U32(sections_);
  Add(SectionTag::kEnd, end.bytes());
  return out_.Take();
}

// ---- reading

std::unique_ptr<SectionSource> MakeSectionSource(std::span<const u8> bytes) {
  return std::make_unique<SourceInMemory>(bytes);
}

StatusOr<std::unique_ptr<SectionSource>> OpenSectionSource(const std::string& path) {
  StatusOr<File> file = File::Open(path, File::Mode::kReadOnly);
  if (!file.ok()) return file.status();
  const StatusOr<u64> size = file->Size();
  // A pipe says that it has no bytes.
  if (size.ok() && *size != 0) {
    return std::unique_ptr<SectionSource>(
        std::make_unique<SourceInFile>(*std::move(file), *size));
  }
  StatusOr<std::vector<u8>> bytes = ReadFile(path, kMaxFile);
  if (!bytes.ok()) return bytes.status();
  return std::unique_ptr<SectionSource>(
      std::make_unique<SourceOfOwnBytes>(*std::move(bytes)));
}

std::string SectionReader::Where(const Section& section) const {
  return absl::StrFormat("%s: section %s at offset 0x%x", path_, TextOf(section.tag),
                         section.offset);
}

Status SectionReader::Begin() {
  const StatusOr<std::span<const u8>> bytes =
      source_->At(0, std::min(kFileHeader, source_->size()), &buffer_);
  if (!bytes.ok()) return bytes.status();
  if (bytes->size() < kMagic.size() ||
      !std::equal(kMagic.begin(), kMagic.end(), bytes->begin())) {
    return Errorf(kInvalidArgument,
                  "%s: offset 0x0: this is no snapshot. lgx run --snapshot-at POINT=FILE "
                  "and lgx snapshot save write them.",
                  path_);
  }
  ByteReader in(*bytes, path_);
  in.Skip(kMagic.size(), "the magic number");
  const u32 version = in.U32("the version of the format");
  if (in.ok() && (version == 0 || version > kSnapshotVersion)) {
    return Errorf(kInvalidArgument,
                  "%s: offset 0x8: the snapshot has format %d, and this program (%s) "
                  "knows formats up to %d. Use a newer lgx.",
                  path_, version, std::string(ProgramVersion()), kSnapshotVersion);
  }
  if (in.U32("unused bytes") != 0 && in.ok()) in.Fail("unused bytes are not 0");
  at_ = kFileHeader;
  return in.status();
}

// The order of sections is fixed, so each finds what it needs.
bool SectionReader::Follows(SectionTag tag) const {
  switch (tag) {
    case SectionTag::kHead:
      return sections_ == 0;
    case SectionTag::kState:
      return last_ == SectionTag::kHead;
    case SectionTag::kBlocks:
    case SectionTag::kMap:
      return last_ == SectionTag::kState || last_ == SectionTag::kBlocks;
    case SectionTag::kPages:
    case SectionTag::kEnd:
      return last_ == SectionTag::kMap || last_ == SectionTag::kPages;
  }
  return false;
}

StatusOr<Section> SectionReader::Next() {
  Section section;
  section.offset = at_;
  const auto cut = [&](const char* what, u64 wanted) {
    return Errorf(kDataLoss,
                  "%s: offset 0x%x: %s of section %d has %d bytes, and %d are left. The "
                  "snapshot is cut short or damaged.",
                  path_, at_, what, sections_ + 1, wanted, source_->size() - at_);
  };
  if (source_->size() - at_ < kSectionHeader) return cut("the header", kSectionHeader);
  const StatusOr<std::span<const u8>> read = source_->At(at_, kSectionHeader, &buffer_);
  if (!read.ok()) return read.status();
  std::array<u8, kSectionHeader> header;
  std::copy(read->begin(), read->end(), header.begin());
  at_ += kSectionHeader;
  ByteReader in(header, path_);
  section.tag = static_cast<SectionTag>(in.U32("the name of a section"));
  const u32 packing = in.U32("the packing of a section");
  section.raw_size = in.U64("the size of a section");
  const u64 stored = in.U64("the packed size of a section");
  const u64 checksum = in.U64("the checksum of a section");
  // Nothing is packed into more than it is.
  if (packing > static_cast<u32>(Codec::kZstd) ||
      section.raw_size > LimitOf(section.tag) || stored > section.raw_size) {
    return Errorf(kDataLoss,
                  "%s: offset 0x%x: section %d has an impossible header; the snapshot is "
                  "damaged.",
                  path_, section.offset, sections_ + 1);
  }
  if (stored > source_->size() - at_) return cut("the content", stored);
  const StatusOr<std::span<const u8>> content = source_->At(at_, stored, &buffer_);
  if (!content.ok()) return content.status();
  section.stored = *content;
  if (ChecksumOf(std::span(header).first(kHashed), section.stored) != checksum) {
    return Errorf(kDataLoss, "%s: offset 0x%x: section %d is damaged (checksum).", path_,
                  section.offset, sections_ + 1);
  }
  at_ += stored;
  section.packing = static_cast<Codec>(packing);
  if (!Follows(section.tag)) {
    return Errorf(kDataLoss, "%s is not where it belongs; the snapshot is damaged.",
                  Where(section));
  }
  ++sections_;
  last_ = section.tag;
  return section;
}

Status SectionReader::Content(const Section& section, std::span<u8> to) const {
  return Unpack(section.packing, section.stored, to, Where(section));
}

Status SectionReader::ExpectEnd() const {
  if (at_ == source_->size()) return absl::OkStatus();
  return Errorf(kDataLoss,
                "%s: offset 0x%x: %d bytes follow the last section; the snapshot is "
                "damaged.",
                path_, at_, source_->size() - at_);
}

}  // namespace lgx
