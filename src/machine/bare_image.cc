#include "machine/bare_image.h"

#include "machine/loader_elf.h"
#include "machine/multiboot.h"

namespace lgx {
namespace {

StatusOr<BareImage> Flat(Bytes file, const std::string& path, u32 load) {
  if (u64{load} + file.size() > 0xffffffff) {
    return Errorf(StatusCode::kOutOfRange,
                  "%s: 0x%x bytes loaded at 0x%08x end past 4 GiB. Give a lower --load",
                  path, file.size(), load);
  }
  BareImage image;
  image.pieces.push_back({load, static_cast<u32>(file.size()), file});
  image.entry = load;
  return image;
}

BareImage ByLoadFields(Bytes file, const MultibootHeader::Addresses& fields) {
  BareImage image;
  const u32 length = fields.load_end - fields.load_address;
  image.pieces.push_back({fields.load_address, fields.bss_end - fields.load_address,
                          Part(file, fields.file_offset, length)});
  image.entry = fields.entry;
  return image;
}

StatusOr<BareImage> Elf(Bytes file, const std::string& path) {
  const StatusOr<ElfImage> elf = ParseElf(file, path);
  if (!elf.ok()) return elf.status();
  BareImage image;
  for (const ElfSegment& segment : elf->segments) {
    image.pieces.push_back({segment.paddr, segment.mem_size,
                            Part(file, segment.file_offset, segment.file_size)});
  }
  image.entry = elf->entry;
  return image;
}

StatusOr<BareImage> ByFormat(Bytes file, const std::string& path) {
  const StatusOr<std::optional<MultibootHeader>> header = FindMultibootHeader(file, path);
  if (!header.ok()) return header.status();
  if (header->has_value() && (*header)->addresses) {
    return ByLoadFields(file, *(*header)->addresses);
  }
  if (LooksLikeElf(file)) return Elf(file, path);
  if (header->has_value()) {
    return Errorf(kInvalidArgument,
                  "%s: the multiboot header at offset 0x%x has no load fields (flag bit "
                  "16), and the file is not ELF. Give the ELF file, or --load ADDR",
                  path, (*header)->offset);
  }
  return Errorf(kInvalidArgument,
                "%s: neither a multiboot header in the first 8192 bytes nor a 32-bit ELF "
                "header at offset 0. If these are flat bytes, say where they go: "
                "--load ADDR",
                path);
}

}  // namespace

StatusOr<BareImage> ParseBareImage(Bytes file, const std::string& path,
                                   std::optional<u32> load, std::optional<u32> entry) {
  if (file.empty()) {
    return Errorf(kInvalidArgument, "%s: the file is empty. Give a program", path);
  }
  StatusOr<BareImage> image = load ? Flat(file, path, *load) : ByFormat(file, path);
  if (image.ok() && entry) image->entry = *entry;
  return image;
}

}  // namespace lgx
