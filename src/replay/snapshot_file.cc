#include "replay/snapshot_file.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/version.h"
#include "replay/packing.h"
#include "replay/stored_config.h"

namespace lgx {
namespace {

constexpr std::array<u8, 8> kMagic = {'l', 'g', 'x', 's', 'n', 'a', 'p', '\n'};
constexpr u32 kPiece = 64;  // pages or blocks in one section
constexpr u64 kMaxHead = u64{4} << 20;
constexpr u64 kMaxState = u64{32} << 20;
constexpr u32 kMaxFrames = 1u << 20;
constexpr u32 kMaxText = 1u << 12;
constexpr u32 kMaxDevices = 1u << 10;
constexpr u64 kMaxPiece = kPiece * (u64{kPageSize} + 16) + 16;

// Sections, in the order in which they come. kPages and kBlocks may be repeated or
// absent.
enum class Tag : u32 {
  kHead = 0x44414548,    // "HEAD": what it is a state of
  kState = 0x54415453,   // "STAT": all but memory
  kBlocks = 0x4b4c4244,  // "DBLK": blocks of disks that are in no file
  kMap = 0x50414d50,     // "PMAP": which page is in which frame
  kPages = 0x45474150,   // "PAGE": pages
  kEnd = 0x21444e45,     // "END!": how many sections there were
};

std::string TextOf(Tag tag) {
  std::string text(4, ' ');
  for (u32 i = 0; i < 4; ++i)
    text[i] = static_cast<char>(static_cast<u32>(tag) >> (8 * i));
  return text;
}

u64 LimitOf(Tag tag) {
  switch (tag) {
    case Tag::kHead:
      return kMaxHead;
    case Tag::kState:
      return kMaxState;
    case Tag::kMap:
      return u64{kMaxFrames} * sizeof(u32);
    case Tag::kBlocks:
    case Tag::kPages:
      return kMaxPiece;
    case Tag::kEnd:
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

// ---- writing

class SectionWriter {
 public:
  SectionWriter() {
    out_.Bytes(kMagic);
    out_.U32(kSnapshotVersion);
    out_.U32(0);
  }

  void Add(Tag tag, std::span<const u8> raw) {
    const Packed packed = Pack(raw, DefaultPacking());
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

  std::vector<u8> Finish() {
    ByteWriter end;
    end.U32(sections_);
    Add(Tag::kEnd, end.bytes());
    return out_.Take();
  }

 private:
  ByteWriter out_;
  u32 sections_ = 0;
};

std::vector<u8> EncodeHead(const SnapshotFile& file) {
  ByteWriter out;
  out.String(file.program);
  SaveConfig(file.config, &out);
  out.U8(static_cast<u8>(file.form.generation));
  out.U8(static_cast<u8>(file.form.layout));
  out.U8(file.form.mode == PagingMode::kPae ? 1 : 0);
  out.U32(file.form.page_offset);
  out.String(file.form.kernel_version);
  out.U32(static_cast<u32>(file.disks.size()));
  for (const SnapshotDisk& disk : file.disks) {
    out.U64(disk.size);
    out.U8(disk.read_only ? 1 : 0);
    out.U64(disk.hash);
  }
  out.U32(static_cast<u32>(file.cards.size()));
  for (const SnapshotCard& card : file.cards) {
    out.String(card.name);
    out.U8(card.takes_unfinished ? 1 : 0);
  }
  out.U64(file.hash);
  out.U32(file.boot);
  out.U64(file.snapshot.instructions);
  out.U64(file.snapshot.virtual_ns);
  out.U32(static_cast<u32>(file.snapshot.pages.size()));
  return out.Take();
}

void AddBlocks(const SnapshotFile& file, SectionWriter* out) {
  for (u32 disk = 0; disk < file.disks.size(); ++disk) {
    const ReplayDisk::Changes& changes = file.disks[disk].changes;
    for (auto at = changes.begin(); at != changes.end();) {
      ByteWriter piece;
      piece.U32(disk);
      for (u32 i = 0; i < kPiece && at != changes.end(); ++i, ++at) {
        piece.U64(at->first);
        piece.Bytes(*at->second);
      }
      out->Add(Tag::kBlocks, piece.bytes());
    }
  }
}

// Pages are numbered from 1 in the order in which they are met first; 0 are zeros.
void AddMemory(const Snapshot& snapshot, SectionWriter* out) {
  std::unordered_map<u64, std::vector<u32>> by_hash;  // looked up only
  std::vector<const PageBytes*> unique;
  ByteWriter map;
  for (const auto& page : snapshot.pages) {
    u32 number = 0;
    if (page != nullptr) {
      std::vector<u32>& same = by_hash[HashOf(*page)];
      const auto found = std::find_if(same.begin(), same.end(),
                                      [&](u32 n) { return *unique[n - 1] == *page; });
      if (found != same.end()) {
        number = *found;
      } else {
        unique.push_back(page.get());
        number = static_cast<u32>(unique.size());
        same.push_back(number);
      }
    }
    map.U32(number);
  }
  out->Add(Tag::kMap, map.bytes());
  for (std::size_t at = 0; at < unique.size(); at += kPiece) {
    ByteWriter piece;
    for (std::size_t i = at; i < std::min<std::size_t>(unique.size(), at + kPiece); ++i) {
      piece.Bytes(*unique[i]);
    }
    out->Add(Tag::kPages, piece.bytes());
  }
}

// ---- reading

struct Section {
  Tag tag = Tag::kEnd;
  Codec packing = Codec::kNone;
  u64 offset = 0;  // in the file
  u64 raw_size = 0;
  std::span<const u8> stored;
};

class SectionReader {
 public:
  SectionReader(std::span<const u8> bytes, const std::string& path)
      : bytes_(bytes), path_(path), in_(bytes, path) {}

  Status Begin();
  // The next section, with its checksum checked.
  StatusOr<Section> Next();
  StatusOr<std::vector<u8>> Content(const Section& section) const;
  std::string Where(const Section& section) const {
    return absl::StrFormat("%s: section %s at offset 0x%x", path_, TextOf(section.tag),
                           section.offset);
  }
  Status ExpectEnd() {
    in_.ExpectEnd("the last section");
    return in_.status();
  }
  u32 sections() const { return sections_; }

 private:
  std::span<const u8> bytes_;
  std::string path_;
  ByteReader in_;
  u32 sections_ = 0;
};

Status SectionReader::Begin() {
  if (bytes_.size() < kMagic.size() ||
      !std::equal(kMagic.begin(), kMagic.end(), bytes_.begin())) {
    return Errorf(kInvalidArgument,
                  "%s: offset 0x0: this is no snapshot. lgx run --snapshot-at POINT=FILE "
                  "and lgx snapshot save write them.",
                  path_);
  }
  in_.Skip(kMagic.size(), "the magic number");
  const u32 version = in_.U32("the version of the format");
  if (in_.ok() && (version == 0 || version > kSnapshotVersion)) {
    return Errorf(kInvalidArgument,
                  "%s: offset 0x8: the snapshot has format %d, and this program (%s) "
                  "knows formats up to %d. Use a newer lgx.",
                  path_, version, std::string(ProgramVersion()), kSnapshotVersion);
  }
  if (in_.U32("unused bytes") != 0 && in_.ok()) in_.Fail("unused bytes are not 0");
  return in_.status();
}

StatusOr<Section> SectionReader::Next() {
  Section section;
  section.offset = in_.offset();
  const u64 start = in_.offset();
  section.tag = static_cast<Tag>(in_.U32("the name of a section"));
  const u32 packing = in_.U32("the packing of a section");
  section.raw_size = in_.U64("the size of a section");
  const u64 stored = in_.U64("the packed size of a section");
  const u64 header_end = in_.offset();
  const u64 checksum = in_.U64("the checksum of a section");
  section.stored = in_.Bytes(stored, "a section");
  if (!in_.ok()) {
    return Errorf(kDataLoss, "%s The snapshot is cut short or damaged.",
                  MessageOf(in_.status()));
  }
  if (ChecksumOf(bytes_.subspan(start, header_end - start), section.stored) != checksum) {
    return Errorf(kDataLoss, "%s: offset 0x%x: section %d is damaged (checksum).", path_,
                  section.offset, sections_ + 1);
  }
  if (packing > static_cast<u32>(Codec::kZstd) ||
      section.raw_size > LimitOf(section.tag)) {
    return Errorf(kDataLoss, "%s: offset 0x%x: section %d has an impossible header.",
                  path_, section.offset, sections_ + 1);
  }
  section.packing = static_cast<Codec>(packing);
  ++sections_;
  return section;
}

StatusOr<std::vector<u8>> SectionReader::Content(const Section& section) const {
  std::vector<u8> bytes(section.raw_size);
  LGX_RETURN_IF_ERROR(Unpack(section.packing, section.stored, bytes, Where(section)));
  return bytes;
}

// Reads the values of one section.
template <typename Read>
Status ReadSection(const SectionReader& reader, const Section& section, Read read) {
  const StatusOr<std::vector<u8>> content = reader.Content(section);
  if (!content.ok()) return content.status();
  ByteReader in(*content, reader.Where(section));
  read(&in);
  in.ExpectEnd("the section");
  return in.status();
}

void DecodeHead(ByteReader* in, SnapshotFile* file, u32* frames) {
  file->program = in->String(kMaxText, "the version of the program");
  file->config = LoadConfig(in);
  const u8 generation = in->U8("the generation of the Guest");
  const u8 layout = in->U8("the layout of lguest_data");
  if (generation > static_cast<u8>(Generation::kG)) in->Fail("an unknown generation");
  if (layout > static_cast<u8>(DataLayout::kG)) in->Fail("an unknown layout");
  file->form.generation = static_cast<Generation>(generation);
  file->form.layout = static_cast<DataLayout>(layout);
  const bool pae = in->U8("the format of the page tables") != 0;
  file->form.mode = pae ? PagingMode::kPae : PagingMode::kTwoLevel;
  file->form.page_offset = in->U32("where the kernel is mapped");
  file->form.kernel_version = in->String(kMaxText, "the version of the kernel");
  const u32 disks = in->U32("the number of disks");
  if (disks != file->config.block.size()) in->Fail("another number of disks");
  for (u32 i = 0; i < disks && in->ok(); ++i) {
    SnapshotDisk disk;
    disk.size = in->U64("the size of a disk");
    disk.read_only = in->U8("whether a disk is read-only") != 0;
    disk.hash = in->U64("the checksum of a disk");
    file->disks.push_back(std::move(disk));
  }
  const u32 cards = in->U32("the number of network cards");
  if (cards != file->config.net.size() || cards > kMaxDevices) {
    in->Fail("another number of network cards");
  }
  for (u32 i = 0; i < cards && in->ok(); ++i) {
    std::string name = in->String(kMaxText, "the name of a network");
    file->cards.push_back({std::move(name), in->U8("what a network takes") != 0});
  }
  file->hash = in->U64("the hash of the state");
  file->boot = in->U32("the number of the boot");
  file->snapshot.instructions = in->U64("the number of instructions");
  file->snapshot.virtual_ns = in->U64("the virtual time");
  *frames = in->U32("the number of pages");
  if (*frames > kMaxFrames) in->Fail("more memory than a machine can have");
}

void DecodeBlocks(ByteReader* in, SnapshotFile* file) {
  const u32 disk = in->U32("the number of a disk");
  if (disk >= file->disks.size()) {
    in->Fail("there is no such disk");
    return;
  }
  while (in->ok() && in->remaining() != 0) {
    const u64 block = in->U64("the number of a block");
    const std::span<const u8> bytes = in->Bytes(kLogBlock, "a block");
    if (!in->ok()) return;
    auto copy = std::make_shared<BlockBytes>();
    std::copy(bytes.begin(), bytes.end(), copy->begin());
    file->disks[disk].changes[block] = std::move(copy);
  }
}

// Collects the pages and puts them into their frames.
class MemoryReader {
 public:
  explicit MemoryReader(Snapshot* snapshot) : snapshot_(snapshot) {}

  void ReadMap(ByteReader* in, u32 frames) {
    map_.resize(frames);
    for (u32& number : map_) {
      number = in->U32("the number of a page");
      most_ = std::max(most_, number);
    }
    if (most_ > frames) in->Fail("more pages than frames");
    snapshot_->pages.resize(frames);
  }

  Status ReadPages(const SectionReader& reader, const Section& section) {
    const std::size_t count = section.raw_size / kPageSize;
    if (section.raw_size % kPageSize != 0 || count == 0 ||
        count > most_ - pages_.size()) {
      return Errorf(kDataLoss, "%s holds %d bytes, which are no pages that are missing.",
                    reader.Where(section), section.raw_size);
    }
    // One piece of memory that all of its pages share.
    auto piece = std::make_shared_for_overwrite<std::array<PageBytes, kPiece>>();
    LGX_RETURN_IF_ERROR(
        Unpack(section.packing, section.stored,
               std::span(reinterpret_cast<u8*>(piece->data()), section.raw_size),
               reader.Where(section)));
    for (std::size_t i = 0; i < count; ++i) pages_.emplace_back(piece, &(*piece)[i]);
    return absl::OkStatus();
  }

  // False: pages are missing.
  bool Finish() {
    if (pages_.size() != most_) return false;
    for (std::size_t i = 0; i < map_.size(); ++i) {
      if (map_[i] != 0) snapshot_->pages[i] = pages_[map_[i] - 1];
    }
    return true;
  }

 private:
  Snapshot* snapshot_;
  std::vector<u32> map_;
  u32 most_ = 0;
  std::vector<std::shared_ptr<const PageBytes>> pages_;
};

Status Misplaced(const SectionReader& reader, const Section& section) {
  return Errorf(kDataLoss, "%s is not where it belongs; the snapshot is damaged.",
                reader.Where(section));
}

}  // namespace

std::vector<u8> EncodeSnapshot(const SnapshotFile& file) {
  SectionWriter out;
  out.Add(Tag::kHead, EncodeHead(file));
  out.Add(Tag::kState, file.snapshot.state);
  AddBlocks(file, &out);
  AddMemory(file.snapshot, &out);
  return out.Finish();
}

StatusOr<SnapshotFile> DecodeSnapshot(std::span<const u8> bytes, const std::string& path,
                                      bool memory) {
  SectionReader reader(bytes, path);
  LGX_RETURN_IF_ERROR(reader.Begin());
  SnapshotFile file;
  MemoryReader pages(&file.snapshot);
  u32 frames = 0;
  // The order of sections is fixed, so each finds what it needs.
  Tag last = Tag::kEnd;
  const auto follows = [&](Tag tag) {
    switch (tag) {
      case Tag::kHead:
        return reader.sections() == 1;
      case Tag::kState:
        return last == Tag::kHead;
      case Tag::kBlocks:
      case Tag::kMap:
        return last == Tag::kState || last == Tag::kBlocks;
      case Tag::kPages:
      case Tag::kEnd:
        return last == Tag::kMap || last == Tag::kPages;
    }
    return false;
  };
  while (true) {
    const StatusOr<Section> next = reader.Next();
    if (!next.ok()) return next.status();
    if (!follows(next->tag)) return Misplaced(reader, *next);
    last = next->tag;
    Status status;
    switch (next->tag) {
      case Tag::kHead:
        status = ReadSection(reader, *next,
                             [&](ByteReader* in) { DecodeHead(in, &file, &frames); });
        if (!memory && status.ok()) return file;
        break;
      case Tag::kState: {
        StatusOr<std::vector<u8>> state = reader.Content(*next);
        if (!state.ok()) return state.status();
        file.snapshot.state = *std::move(state);
        break;
      }
      case Tag::kBlocks:
        status =
            ReadSection(reader, *next, [&](ByteReader* in) { DecodeBlocks(in, &file); });
        break;
      case Tag::kMap:
        status = ReadSection(reader, *next,
                             [&](ByteReader* in) { pages.ReadMap(in, frames); });
        break;
      case Tag::kPages:
        status = pages.ReadPages(reader, *next);
        break;
      case Tag::kEnd:
        status = ReadSection(reader, *next, [&](ByteReader* in) {
          if (in->U32("the number of sections") != reader.sections() - 1) {
            in->Fail("another number of sections");
          }
        });
        LGX_RETURN_IF_ERROR(status);
        LGX_RETURN_IF_ERROR(reader.ExpectEnd());
        if (!pages.Finish()) {
          return Errorf(kDataLoss, "%s: pages are missing; the snapshot is damaged.",
                        path);
        }
        return file;
    }
    LGX_RETURN_IF_ERROR(status);
  }
}

Status WriteSnapshot(const std::string& path, const SnapshotFile& file,
                     Overwrite overwrite) {
  return WriteFile(path, EncodeSnapshot(file), overwrite);
}

StatusOr<SnapshotFile> ReadSnapshot(const std::string& path, bool memory) {
  const StatusOr<std::vector<u8>> bytes = ReadFile(path, u64{4} << 30);
  if (!bytes.ok()) return bytes.status();
  return DecodeSnapshot(*bytes, path, memory);
}

MachineForm FormOf(const BootFiles& files) {
  MachineForm form;
  form.generation = files.generation;
  form.layout = files.kernel.recognition.layout;
  form.mode = files.mode;
  form.page_offset = files.kernel.page_offset;
  form.kernel_version = files.kernel.recognition.version.substr(0, 256);
  return form;
}

StatusOr<std::unique_ptr<Machine>> MakeMachineFrom(const SnapshotFile& file,
                                                   const MachineConfig& config,
                                                   Disks& disks,
                                                   const std::vector<NetBackend*>& nets,
                                                   ConsoleBackend& console,
                                                   MachineObserver* observer) {
  KernelImage kernel;
  kernel.page_offset = file.form.page_offset;
  kernel.recognition.layout = file.form.layout;
  const BootRequest request{.config = config,
                            .kernel = kernel,
                            .kernel_file = {},
                            .initrd = {},
                            .generation = file.form.generation,
                            .mode = file.form.mode,
                            .disks = &disks,
                            .nets = nets,
                            .load_later = true};
  StatusOr<std::unique_ptr<Machine>> machine =
      Machine::Create(request, console, observer);
  if (!machine.ok()) return machine.status();
  LGX_RETURN_IF_ERROR(RestoreSnapshot(file.snapshot, machine->get(), true));
  return machine;
}

StatusOr<std::vector<std::string>> DescribeSnapshot(std::span<const u8> bytes,
                                                    const std::string& path) {
  StatusOr<SnapshotFile> file = DecodeSnapshot(bytes, path);
  if (!file.ok()) return file.status();
  u64 used = 0;
  for (const auto& page : file->snapshot.pages) used += page != nullptr ? 1 : 0;
  std::vector<std::string> lines = {
      absl::StrFormat("format %d, written by lgx %s", kSnapshotVersion, file->program),
      absl::StrFormat("guest: %s, generation %s, %s",
                      file->form.kernel_version.empty() ? "(built-in guest)"
                                                        : file->form.kernel_version,
                      InfoOf(file->form.generation).letter,
                      file->form.mode == PagingMode::kPae ? "PAE" : "no PAE"),
      absl::StrFormat(
          "at instruction %d, %.6f s virtual, boot %d", file->snapshot.instructions,
          static_cast<double>(file->snapshot.virtual_ns) / 1e9, file->boot + 1),
      absl::StrFormat("hash %s", HashText(file->hash)),
      absl::StrFormat("memory: %d of %d pages are not zero", used,
                      file->snapshot.pages.size()),
  };
  for (std::size_t i = 0; i < file->disks.size(); ++i) {
    lines.push_back(absl::StrFormat("disk %d: %s, %d bytes, %d changed blocks in here", i,
                                    file->config.block[i].path, file->disks[i].size,
                                    file->disks[i].changes.size()));
  }
  return lines;
}

}  // namespace lgx
