#include "mmu/phys_memory.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace lgx {

StatusOr<std::unique_ptr<PhysMemory>> PhysMemory::Create(u64 size) {
  const u64 limit = (u64{4} << 30) - (u64{16} << 20);
  size = (size + kPageMask) & ~u64{kPageMask};
  if (size == 0 || size > limit) {
    return Errorf(kInvalidArgument,
                  "machine memory of %d bytes is outside 4 KiB ... %d bytes; choose a "
                  "smaller memory size",
                  size, limit);
  }
  // calloc of a large block gives untouched zero pages: nothing is paid before use.
  u8* ram = static_cast<u8*>(std::calloc(size, 1));
  u8* marks = static_cast<u8*>(std::calloc(size >> kPageShift, 1));
  u64* watched = static_cast<u64*>(std::calloc(size >> kPageShift, sizeof(u64)));
  if (ram == nullptr || marks == nullptr || watched == nullptr) {
    std::free(ram);
    std::free(marks);
    std::free(watched);
    return Errorf(kResourceExhausted,
                  "the host refused %d bytes for the machine's memory; choose a smaller "
                  "memory size",
                  size);
  }
  return std::unique_ptr<PhysMemory>(new PhysMemory(ram, marks, watched, size));
}

PhysMemory::PhysMemory(u8* ram, u8* marks, u64* watched, u64 size)
    : ram_(ram),
      marks_(marks),
      watched_(watched),
      size_(size),
      frames_(static_cast<u32>(size >> kPageShift)) {}

PhysMemory::~PhysMemory() {
  std::free(ram_);
  std::free(marks_);
  std::free(watched_);
}

Status PhysMemory::AddRom(Mpa at, std::vector<u8> bytes) {
  if (PageOffset(at) != 0 || at.value < size_ || bytes.empty()) {
    return Errorf(
        kInvalidArgument,
        "a ROM of %d bytes cannot lie at machine address 0x%08x: it needs a page "
        "boundary above RAM (0x%08x)",
        bytes.size(), at.value, size_);
  }
  bytes.resize((bytes.size() + kPageMask) & ~std::size_t{kPageMask}, 0xff);
  roms_.push_back(Rom{MfnOf(at), std::move(bytes)});
  return absl::OkStatus();
}

const u8* PhysMemory::RomPointer(Mfn frame) const {
  for (const Rom& rom : roms_) {
    const u32 page = frame.value - rom.first.value;
    if (frame >= rom.first && page < rom.bytes.size() >> kPageShift) {
      return rom.bytes.data() + (static_cast<u64>(page) << kPageShift);
    }
  }
  return nullptr;
}

void PhysMemory::Read(Mpa from, void* to, u64 len) const {
  u8* out = static_cast<u8*>(to);
  while (len != 0) {
    const u64 part = std::min<u64>(len, kPageSize - PageOffset(from));
    const u8* page = ReadPointer(MfnOf(from));
    if (page != nullptr) {
      std::memcpy(out, page + PageOffset(from), part);
    } else {
      std::memset(out, 0xff, part);
    }
    out += part;
    from += part;
    len -= part;
  }
}

void PhysMemory::Write(Mpa to, const void* from, u64 len) {
  const u8* in = static_cast<const u8*>(from);
  while (len != 0) {
    const u64 part = std::min<u64>(len, kPageSize - PageOffset(to));
    u8* page = WritePointer(MfnOf(to));
    if (page != nullptr) {
      Announce(to, in, static_cast<u32>(part));
      std::memcpy(page + PageOffset(to), in, part);
    }
    in += part;
    to += part;
    len -= part;
  }
}

void PhysMemory::Fill(Mpa to, u8 value, u64 len) {
  u8 bytes[kPageSize];
  std::memset(bytes, value, sizeof bytes);
  while (len != 0) {
    const u64 part = std::min<u64>(len, kPageSize - PageOffset(to));
    Write(to, bytes, part);
    to += part;
    len -= part;
  }
}

}  // namespace lgx
