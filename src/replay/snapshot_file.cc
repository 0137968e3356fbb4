#include "replay/snapshot_file.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/version.h"
#include "replay/packing.h"
#include "replay/stored_config.h"

namespace lgx {
namespace {

constexpr u32 kMaxFrames = 1u << 20;
constexpr u32 kMaxText = 1u << 12;
constexpr u32 kMaxDevices = 1u << 10;

// ---- writing

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
      for (u32 i = 0; i < kSnapshotPiece && at != changes.end(); ++i, ++at) {
        piece.U64(at->first);
        piece.Bytes(*at->second);
      }
      out->Add(SectionTag::kBlocks, piece.bytes());
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
  out->Add(SectionTag::kMap, map.bytes());
  for (std::size_t at = 0; at < unique.size(); at += kSnapshotPiece) {
    ByteWriter piece;
    for (std::size_t i = at;
         i < std::min<std::size_t>(unique.size(), at + kSnapshotPiece); ++i) {
      piece.Bytes(*unique[i]);
    }
    // Unpacked in half the time that zstd takes, and a restore is hardly more than that.
    out->Add(SectionTag::kPages, piece.bytes(), Codec::kLz4);
  }
}

// ---- reading

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

// Blocks come in order, so none comes twice.
void DecodeBlocks(ByteReader* in, SnapshotFile* file) {
  const u32 disk = in->U32("the number of a disk");
  if (disk >= file->disks.size()) {
    in->Fail("there is no such disk");
    return;
  }
  SnapshotDisk& to = file->disks[disk];
  while (in->ok() && in->remaining() != 0) {
    const u64 block = in->U64("the number of a block");
    const std::span<const u8> bytes = in->Bytes(kLogBlock, "a block");
    if (!in->ok()) return;
    if (block >= to.size / kLogBlock + 1 ||
        (!to.changes.empty() && block <= to.changes.rbegin()->first)) {
      in->Fail("a block of a disk is not where it belongs");
      return;
    }
    auto copy = std::make_shared<BlockBytes>();
    std::copy(bytes.begin(), bytes.end(), copy->begin());
    to.changes.emplace_hint(to.changes.end(), block, std::move(copy));
  }
}

// The sections before memory; the pages stay where they are.
StatusOr<SnapshotFile> DecodeFrom(std::shared_ptr<SectionSource> source,
                                  const std::string& path) {
  SectionReader reader(std::move(source), path);
  LGX_RETURN_IF_ERROR(reader.Begin());
  SnapshotFile file;
  file.path = path;
  u32 frames = 0;
  while (file.stored == nullptr) {
    const StatusOr<Section> next = reader.Next();
    if (!next.ok()) return next.status();
    Status status;
    switch (next->tag) {
      case SectionTag::kHead:
        status =
            reader.Take(*next, [&](ByteReader* in) { DecodeHead(in, &file, &frames); });
        break;
      case SectionTag::kState:
        file.snapshot.state.resize(next->raw_size);
        status = reader.Content(*next, file.snapshot.state);
        break;
      case SectionTag::kBlocks:
        status = reader.Take(*next, [&](ByteReader* in) { DecodeBlocks(in, &file); });
        break;
      default: {  // no other one can come here
        StatusOr<StoredPages> pages = StoredPages::Make(reader, *next, frames);
        if (!pages.ok()) return pages.status();
        file.stored = std::make_shared<const StoredPages>(*std::move(pages));
      }
    }
    LGX_RETURN_IF_ERROR(status);
  }
  return file;
}

// Takes the pages into memory too.
StatusOr<SnapshotFile> WithPages(StatusOr<SnapshotFile> file) {
  if (!file.ok()) return file;
  file->snapshot.pages.resize(file->stored->frames());
  LGX_RETURN_IF_ERROR(
      file->stored->Read([&](std::span<const u32> frames, const PageBytes& page) {
        const auto copy = std::make_shared<const PageBytes>(page);
        for (const u32 frame : frames) file->snapshot.pages[frame] = copy;
      }));
  file->stored.reset();
  return file;
}

}  // namespace

std::vector<u8> EncodeSnapshot(const SnapshotFile& file) {
  CHECK(file.stored == nullptr) << "memory is still in " << file.path;
  SectionWriter out;
  out.Add(SectionTag::kHead, EncodeHead(file));
  out.Add(SectionTag::kState, file.snapshot.state);
  AddBlocks(file, &out);
  AddMemory(file.snapshot, &out);
  return out.Finish();
}

StatusOr<SnapshotFile> DecodeSnapshot(std::span<const u8> bytes,
                                      const std::string& path) {
  return WithPages(DecodeFrom(MakeSectionSource(bytes), path));
}

Status WriteSnapshot(const std::string& path, const SnapshotFile& file,
                     Overwrite overwrite) {
  return WriteFile(path, EncodeSnapshot(file), overwrite);
}

StatusOr<SnapshotFile> ReadSnapshot(const std::string& path) {
  StatusOr<std::unique_ptr<SectionSource>> source = OpenSectionSource(path);
  if (!source.ok()) return source.status();
  return DecodeFrom(*std::move(source), path);
}

StatusOr<SnapshotFile> ReadWholeSnapshot(const std::string& path) {
  return WithPages(ReadSnapshot(path));
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

namespace {

// Names the file, unless it is what was read just now that is wrong.
Status InFile(const SnapshotFile& file, const Status& status) {
  const std::string text = MessageOf(status);
  if (file.path.empty() || text.starts_with(file.path)) return status;
  return Errorf(status.code(), "%s: %s", file.path, text);
}

}  // namespace

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
  if (!machine.ok()) return InFile(file, machine.status());
  const Status status =
      file.stored == nullptr
          ? RestoreSnapshot(file.snapshot, machine->get(), true)
          : RestoreNew(*file.stored, file.snapshot.state, machine->get());
  if (!status.ok()) return InFile(file, status);
  return machine;
}

StatusOr<std::vector<std::string>> DescribeSnapshot(const SnapshotFile& file) {
  if (file.stored != nullptr) {
    LGX_RETURN_IF_ERROR(file.stored->Read([](std::span<const u32>, const PageBytes&) {}));
  }
  const std::vector<std::shared_ptr<const PageBytes>>& pages = file.snapshot.pages;
  const u64 frames = file.stored != nullptr ? file.stored->frames() : pages.size();
  const u64 used = file.stored != nullptr
                       ? file.stored->used()
                       : pages.size() - static_cast<u64>(std::count(
                                            pages.begin(), pages.end(), nullptr));
  std::vector<std::string> lines = {
      absl::StrFormat("format %d, written by lgx %s", kSnapshotVersion, file.program),
      absl::StrFormat("guest: %s, generation %s, %s",
                      file.form.kernel_version.empty() ? "(built-in guest)"
                                                       : file.form.kernel_version,
                      InfoOf(file.form.generation).letter,
                      file.form.mode == PagingMode::kPae ? "PAE" : "no PAE"),
      absl::StrFormat("at instruction %d, %.6f s virtual, boot %d",
                      file.snapshot.instructions,
                      static_cast<double>(file.snapshot.virtual_ns) / 1e9, file.boot + 1),
      absl::StrFormat("hash %s", HashText(file.hash)),
      absl::StrFormat("memory: %d of %d pages are not zero", used, frames),
  };
  for (std::size_t i = 0; i < file.disks.size(); ++i) {
    lines.push_back(absl::StrFormat("disk %d: %s, %d bytes, %d changed blocks in here", i,
                                    file.config.block[i].path, file.disks[i].size,
                                    file.disks[i].changes.size()));
  }
  return lines;
}

}  // namespace lgx
