#include "machine/multiboot.h"

namespace lgx {
namespace {

constexpr u32 kHeaderMagic = 0x1badb002;
constexpr u32 kSearched = 8192;  // bytes at the start of the file

// Flags of the header. A loader must understand every one of bits 0 to 15 that is set.
constexpr u32 kAlignModules = 1u << 0;
constexpr u32 kWantsMemory = 1u << 1;
constexpr u32 kHasAddresses = 1u << 16;
constexpr u32 kMustUnderstand = 0xffff;

// Fields of the information structure, and the flags that say they are valid.
constexpr u32 kInfoSize = 120;
constexpr u32 kFlags = 0;
constexpr u32 kMemLower = 4;
constexpr u32 kMemUpper = 8;
constexpr u32 kCommandLine = 16;
constexpr u32 kMapLength = 44;
constexpr u32 kMapAddress = 48;
constexpr u32 kLoaderName = 64;
constexpr u32 kHasMemory = 1u << 0;
constexpr u32 kHasCommandLine = 1u << 2;
constexpr u32 kHasMap = 1u << 6;
constexpr u32 kHasLoaderName = 1u << 9;

constexpr u32 kMapEntrySize = 24;
constexpr u32 kMapAvailable = 1;
constexpr u32 kMapReserved = 2;

constexpr u64 kMiBBytes = u64{1} << 20;

StatusOr<MultibootHeader::Addresses> ReadAddresses(Bytes file, const std::string& path,
                                                   u32 offset) {
  const u64 fields = u64{offset} + 12;
  if (!RangeInside(fields, 20, file.size())) {
    return Errorf(
        kInvalidArgument,
        "%s: the multiboot header at offset 0x%x has load fields (flag bit 16), "
        "but the file ends at 0x%x. Is the file cut short?",
        path, offset, file.size());
  }
  const u32 header_address = LoadOrZero<u32>(file, fields);
  const u32 load_end = LoadOrZero<u32>(file, fields + 8);
  const u32 bss_end = LoadOrZero<u32>(file, fields + 12);
  MultibootHeader::Addresses out;
  out.load_address = LoadOrZero<u32>(file, fields + 4);
  out.entry = LoadOrZero<u32>(file, fields + 16);
  const u32 before = header_address - out.load_address;
  if (out.load_address > header_address || before > offset) {
    return Errorf(
        kInvalidArgument,
        "%s: multiboot header at offset 0x%x: load_addr 0x%08x and header_addr "
        "0x%08x put the start of the load before the start of the file. Link the "
        "program again",
        path, offset, out.load_address, header_address);
  }
  out.file_offset = offset - before;
  const u64 whole = u64{out.load_address} + (file.size() - out.file_offset);
  const u64 end = load_end != 0 ? load_end : whole;
  if (end < out.load_address || end > whole || end > 0xffffffff) {
    return Errorf(
        kInvalidArgument,
        "%s: multiboot header at offset 0x%x: load_end_addr 0x%08x is not between "
        "load_addr 0x%08x and 0x%x, where the file ends. Is the file cut short?",
        path, offset, end, out.load_address, whole);
  }
  out.load_end = static_cast<u32>(end);
  out.bss_end = bss_end != 0 ? bss_end : out.load_end;
  if (out.bss_end < out.load_end) {
    return Errorf(kInvalidArgument,
                  "%s: multiboot header at offset 0x%x: bss_end_addr 0x%08x lies before "
                  "load_end_addr 0x%08x. Link the program again",
                  path, offset, out.bss_end, out.load_end);
  }
  return out;
}

// Bytes at growing addresses, with room made at the end.
class Layout {
 public:
  explicit Layout(u32 address) : address_(address) {}

  // Returns the address of `bytes` fresh ones.
  u32 Add(u32 bytes) {
    const u32 at = address_ + static_cast<u32>(bytes_.size());
    bytes_.resize(bytes_.size() + ((bytes + 3) & ~3u));
    return at;
  }
  u32 AddText(std::string_view text) {
    const u32 at = Add(static_cast<u32>(text.size()) + 1);
    std::copy(text.begin(), text.end(), bytes_.begin() + (at - address_));
    return at;
  }
  template <typename T>
  void Put(u32 at, T value) {
    StoreLe<T>(bytes_.data() + (at - address_), value);
  }
  std::vector<u8> Take() { return std::move(bytes_); }

 private:
  u32 address_;
  std::vector<u8> bytes_;
};

}  // namespace

StatusOr<std::optional<MultibootHeader>> FindMultibootHeader(Bytes file,
                                                             const std::string& path) {
  for (u32 at = 0; at + 12 <= kSearched && at + 12 <= file.size(); at += 4) {
    const u32 flags = LoadOrZero<u32>(file, at + 4);
    if (LoadOrZero<u32>(file, at) != kHeaderMagic) continue;
    if (kHeaderMagic + flags + LoadOrZero<u32>(file, at + 8) != 0) continue;
    const u32 unknown = flags & kMustUnderstand & ~(kAlignModules | kWantsMemory);
    if (unknown != 0) {
      return Errorf(
          kUnimplemented,
          "%s: the multiboot header at offset 0x%x demands features 0x%04x that "
          "the bare machine does not have (it knows bits 0 and 1). A video mode "
          "(bit 2) can be made optional in the program",
          path, at, unknown);
    }
    MultibootHeader header;
    header.offset = at;
    header.flags = flags;
    if ((flags & kHasAddresses) != 0) {
      StatusOr<MultibootHeader::Addresses> addresses = ReadAddresses(file, path, at);
      if (!addresses.ok()) return addresses.status();
      header.addresses = *addresses;
    }
    return std::optional<MultibootHeader>(header);
  }
  return std::optional<MultibootHeader>();
}

std::vector<u8> MultibootInfo(u32 address, const std::vector<MemoryRegion>& regions,
                              const std::string& command_line) {
  Layout out(address);
  const u32 info = out.Add(kInfoSize);
  const u32 map = out.Add(static_cast<u32>(regions.size()) * kMapEntrySize);
  u64 lower = 0, upper = 0;
  u32 entry = map;
  for (const MemoryRegion& region : regions) {
    // The size field does not count itself.
    out.Put<u32>(entry, kMapEntrySize - 4);
    out.Put<u64>(entry + 4, region.start);
    out.Put<u64>(entry + 12, region.end - region.start);
    out.Put<u32>(entry + 20, region.available ? kMapAvailable : kMapReserved);
    entry += kMapEntrySize;
    if (region.available && region.start == 0) lower = region.end;
    if (region.available && region.start == kMiBBytes) upper = region.end - region.start;
  }
  out.Put<u32>(info + kFlags, kHasMemory | kHasCommandLine | kHasMap | kHasLoaderName);
  out.Put<u32>(info + kMemLower, static_cast<u32>(lower / 1024));
  out.Put<u32>(info + kMemUpper, static_cast<u32>(upper / 1024));
  out.Put<u32>(info + kMapLength, entry - map);
  out.Put<u32>(info + kMapAddress, map);
  // AddText may move the bytes, so its result is stored afterwards.
  const u32 text = out.AddText(command_line);
  const u32 name = out.AddText("lgx");
  out.Put<u32>(info + kCommandLine, text);
  out.Put<u32>(info + kLoaderName, name);
  return out.Take();
}

}  // namespace lgx
