#include "machine/loader_elf.h"

#include <algorithm>

namespace lgx {
namespace {

// Offsets in the ELF header and in a program header of the 32-bit format.
constexpr u32 kHeaderSize = 52;
constexpr u32 kEiClass = 4;
constexpr u32 kEiData = 5;
constexpr u32 kEType = 16;
constexpr u32 kEMachine = 18;
constexpr u32 kEEntry = 24;
constexpr u32 kEPhoff = 28;
constexpr u32 kEPhentsize = 42;
constexpr u32 kEPhnum = 44;
constexpr u32 kProgramHeaderSize = 32;
constexpr u32 kMaxProgramHeaders = 65536 / kProgramHeaderSize;
constexpr u32 kPtLoad = 1;

constexpr u16 kEtExec = 2;
constexpr u16 kEmI386 = 3;

std::string TypeName(u16 type) {
  switch (type) {
    case 1:
      return "1, a relocatable object file";
    case 3:
      return "3, a shared object or position-independent program";
    case 4:
      return "4, a core dump";
    default:
      return absl::StrFormat("%d", type);
  }
}

std::string MachineName(u16 machine) {
  switch (machine) {
    case 2:
      return "2, SPARC";
    case 8:
      return "8, MIPS";
    case 20:
      return "20, PowerPC";
    case 21:
      return "21, 64-bit PowerPC";
    case 22:
      return "22, S/390";
    case 40:
      return "40, ARM";
    case 42:
      return "42, SuperH";
    case 50:
      return "50, Itanium";
    case 62:
      return "62, x86-64";
    case 183:
      return "183, 64-bit ARM";
    case 243:
      return "243, RISC-V";
    default:
      return absl::StrFormat("%d", machine);
  }
}

// The machine field of a header whose byte order is not ours to choose.
u16 MachineOf(Bytes file) {
  const u16 machine = LoadOrZero<u16>(file, kEMachine);
  return file[kEiData] == 2 ? ByteSwap(machine) : machine;
}

Status CheckHeader(Bytes file, const std::string& path) {
  if (file.size() < kHeaderSize) {
    return Errorf(
        kInvalidArgument,
        "%s: the file starts like ELF but ends at 0x%x, inside the ELF header (%d "
        "bytes). Is the file cut short? Copy it again",
        path, file.size(), kHeaderSize);
  }
  if (file[kEiClass] != 1) {
    return Errorf(
        kInvalidArgument,
        "%s: ELF class at offset 0x%02x is %d%s, expected 1 (32-bit), machine %s. "
        "lguest guests are 32-bit x86 kernels: give one built with ARCH=i386",
        path, kEiClass, file[kEiClass], file[kEiClass] == 2 ? " (64-bit)" : "",
        MachineName(MachineOf(file)));
  }
  if (file[kEiData] != 1) {
    return Errorf(
        kInvalidArgument,
        "%s: ELF byte order at offset 0x%02x is %d%s, expected 1 (little endian), "
        "machine %s. Give a 32-bit x86 kernel",
        path, kEiData, file[kEiData], file[kEiData] == 2 ? " (big endian)" : "",
        MachineName(MachineOf(file)));
  }
  if (const u16 machine = MachineOf(file); machine != kEmI386) {
    return Errorf(kInvalidArgument,
                  "%s: e_machine at offset 0x%02x is %s, expected 3 (Intel 386). Give a "
                  "32-bit x86 kernel",
                  path, kEMachine, MachineName(machine));
  }
  if (const u16 type = LoadOrZero<u16>(file, kEType); type != kEtExec) {
    return Errorf(kInvalidArgument,
                  "%s: e_type at offset 0x%02x is %s, expected 2 (executable). Give the "
                  "vmlinux that the kernel build leaves in its top directory",
                  path, kEType, TypeName(type));
  }
  return absl::OkStatus();
}

Status CheckProgramHeaderTable(Bytes file, const std::string& path) {
  const u16 entry_size = LoadOrZero<u16>(file, kEPhentsize);
  const u16 count = LoadOrZero<u16>(file, kEPhnum);
  const u32 table = LoadOrZero<u32>(file, kEPhoff);
  if (entry_size != kProgramHeaderSize) {
    return Errorf(
        kInvalidArgument,
        "%s: e_phentsize at offset 0x%02x is %d, expected %d. The ELF header is "
        "damaged; build or copy the kernel again",
        path, kEPhentsize, entry_size, kProgramHeaderSize);
  }
  if (count == 0 || count > kMaxProgramHeaders) {
    return Errorf(
        kInvalidArgument,
        "%s: e_phnum at offset 0x%02x is %d, expected 1 ... %d. The ELF header is "
        "damaged; build or copy the kernel again",
        path, kEPhnum, count, kMaxProgramHeaders);
  }
  const u64 table_size = u64{count} * kProgramHeaderSize;
  if (!RangeInside(table, table_size, file.size())) {
    return Errorf(
        kInvalidArgument,
        "%s: the %d program headers at offset 0x%x (e_phoff) end at 0x%x, past the "
        "end of the file (0x%x). Is the file cut short? Copy it again",
        path, count, table, table + table_size, file.size());
  }
  return absl::OkStatus();
}

StatusOr<ElfSegment> ReadSegment(Bytes file, const std::string& path, u32 index,
                                 u32 offset) {
  ElfSegment segment;
  segment.index = index;
  segment.header_offset = offset;
  segment.file_offset = LoadOrZero<u32>(file, offset + 4);
  segment.vaddr = LoadOrZero<u32>(file, offset + 8);
  segment.paddr = LoadOrZero<u32>(file, offset + 12);
  segment.file_size = LoadOrZero<u32>(file, offset + 16);
  segment.mem_size = LoadOrZero<u32>(file, offset + 20);
  if (segment.file_size != 0 &&
      !RangeInside(segment.file_offset, segment.file_size, file.size())) {
    return Errorf(
        kInvalidArgument,
        "%s: program header %d at offset 0x%x: its content at 0x%x ends at 0x%x, "
        "past the end of the file (0x%x). Is the file cut short? Copy it again",
        path, index, offset, segment.file_offset,
        u64{segment.file_offset} + segment.file_size, file.size());
  }
  if (segment.file_size > segment.mem_size) {
    return Errorf(kInvalidArgument,
                  "%s: program header %d at offset 0x%x: p_filesz 0x%x is larger than "
                  "p_memsz 0x%x. The file is damaged; build or copy the kernel again",
                  path, index, offset, segment.file_size, segment.mem_size);
  }
  if (u64{segment.paddr} + segment.mem_size > kMaxMemory) {
    return Errorf(
        kInvalidArgument,
        "%s: program header %d at offset 0x%x: physical address 0x%08x and 0x%x "
        "bytes end at 0x%x, past the largest guest memory (0x%x). The file is "
        "damaged or not a kernel for lguest",
        path, index, offset, segment.paddr, segment.mem_size,
        u64{segment.paddr} + segment.mem_size, kMaxMemory);
  }
  return segment;
}

// e_entry is physical in i386 kernels; one that is not is translated by its segment.
Status FindEntry(u32 entry, const std::string& path, ElfImage* image) {
  for (const ElfSegment& segment : image->segments) {
    if (entry - segment.paddr < segment.mem_size) {
      image->entry = entry;
      return absl::OkStatus();
    }
  }
  for (const ElfSegment& segment : image->segments) {
    if (entry >= kDefaultPageOffset && entry - segment.vaddr < segment.mem_size) {
      image->entry = entry - segment.vaddr + segment.paddr;
      return absl::OkStatus();
    }
  }
  return Errorf(kInvalidArgument,
                "%s: e_entry at offset 0x%02x is 0x%08x, outside every loaded segment "
                "(0x%08x ... 0x%08x). The file is damaged or not a kernel",
                path, kEEntry, entry, image->load_start, image->load_end);
}

}  // namespace

bool LooksLikeElf(Bytes file) {
  return StartsWith(file,
                    "\x7f"
                    "ELF");
}

StatusOr<ElfImage> ParseElf(Bytes file, const std::string& path) {
  LGX_RETURN_IF_ERROR(CheckHeader(file, path));
  LGX_RETURN_IF_ERROR(CheckProgramHeaderTable(file, path));
  const u32 table = LoadOrZero<u32>(file, kEPhoff);
  const u32 count = LoadOrZero<u16>(file, kEPhnum);
  ElfImage image;
  for (u32 i = 0; i < count; i++) {
    const u32 offset = table + i * kProgramHeaderSize;
    if (LoadOrZero<u32>(file, offset) != kPtLoad) continue;
    StatusOr<ElfSegment> segment = ReadSegment(file, path, i, offset);
    if (!segment.ok()) return segment.status();
    if (segment->mem_size != 0) image.segments.push_back(*segment);
  }
  if (image.segments.empty()) {
    return Errorf(kInvalidArgument,
                  "%s: none of the %d program headers at offset 0x%x asks to be loaded. "
                  "Give a kernel image (vmlinux), not an object or debug file",
                  path, count, table);
  }
  image.load_start = image.segments[0].paddr;
  for (const ElfSegment& segment : image.segments) {
    image.load_start = std::min(image.load_start, segment.paddr);
    image.load_end = std::max(image.load_end, segment.paddr + segment.mem_size);
  }
  const u32 difference = image.segments[0].vaddr - image.segments[0].paddr;
  if (difference != 0) image.page_offset = difference;
  LGX_RETURN_IF_ERROR(FindEntry(LoadOrZero<u32>(file, kEEntry), path, &image));
  return image;
}

Status DoesNotFit(const std::string& path, const std::string& what, u64 end,
                  const BootLayout& layout) {
  const u64 reserved = layout.memory - layout.kernel_limit;
  const u64 needed_mib = (end + end / 256 + reserved + 2 * kMiB) / kMiB;
  if (needed_mib * kMiB > kMaxMemory) {
    return Errorf(
        kInvalidArgument,
        "%s: %s ends at 0x%x, more than any guest memory can hold (3072 MiB). The "
        "file is damaged or not a kernel for lguest",
        path, what, end);
  }
  return Errorf(
      StatusCode::kOutOfRange,
      "%s: %s ends at 0x%08x and overlaps the boot page tables (0x%08x ... 0x%08x)%s "
      "or the end of the guest's memory (%d MiB). Give the guest more memory, for "
      "example -m %dM",
      path, what, end, layout.tables_start, layout.tables_end,
      layout.initrd_size != 0
          ? absl::StrFormat(", the initrd (from 0x%08x)", layout.initrd_at)
          : "",
      layout.memory / kMiB, needed_mib);
}

Status CheckElfFits(const ElfImage& image, const std::string& path,
                    const BootLayout& layout) {
  for (const ElfSegment& segment : image.segments) {
    const std::string what = absl::StrFormat(
        "program header %d at offset 0x%x (physical "
        "address 0x%08x, 0x%x bytes)",
        segment.index, segment.header_offset, segment.paddr, segment.mem_size);
    if (segment.paddr < kFirstLoadAddress) {
      return Errorf(
          kInvalidArgument,
          "%s: %s overlaps the boot parameters and the command line below 0x%x. "
          "Give a kernel linked to a higher address (CONFIG_PHYSICAL_START)",
          path, what, kFirstLoadAddress);
    }
    const u64 end = u64{segment.paddr} + segment.mem_size;
    if (end > layout.kernel_limit) return DoesNotFit(path, what, end, layout);
  }
  return absl::OkStatus();
}

Status LoadElf(const ElfImage& image, Bytes file, const std::string& path,
               const BootLayout& layout, GuestView& guest) {
  LGX_RETURN_IF_ERROR(CheckElfFits(image, path, layout));
  for (const ElfSegment& segment : image.segments) {
    const Bytes content = Part(file, segment.file_offset, segment.file_size);
    if (!guest.Write(Gpa(segment.paddr), content.data(), segment.file_size)) {
      return Errorf(kInternal, "%s: segment %d was checked but is outside guest memory",
                    path, segment.index);
    }
  }
  return absl::OkStatus();
}

Bytes ElfBytesAt(const ElfImage& image, Bytes file, u32 paddr) {
  for (const ElfSegment& segment : image.segments) {
    const u32 inside = paddr - segment.paddr;
    if (inside < segment.file_size) {
      return Part(file, u64{segment.file_offset} + inside, segment.file_size - inside);
    }
  }
  return Bytes();
}

bool InElfBss(const ElfImage& image, u32 paddr) {
  for (const ElfSegment& segment : image.segments) {
    const u32 inside = paddr - segment.paddr;
    if (inside >= segment.file_size && inside < segment.mem_size) return true;
  }
  return false;
}

}  // namespace lgx
