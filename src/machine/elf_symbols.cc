#include "machine/elf_symbols.h"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace lgx {
namespace {

// Offsets in the ELF header, a section header and a symbol of the 32-bit format.
constexpr u32 kEShoff = 32;
constexpr u32 kEShentsize = 46;
constexpr u32 kEShnum = 48;
constexpr u32 kSectionHeaderSize = 40;
constexpr u32 kShType = 4;
constexpr u32 kShOffset = 16;
constexpr u32 kShSize = 20;
constexpr u32 kShLink = 24;
constexpr u32 kSymbolSize = 16;
constexpr u32 kShtSymtab = 2;
constexpr u8 kSttFunc = 2;  // and below: no type, object, function

struct Section {
  u32 offset = 0;
  u32 size = 0;
  u32 link = 0;
};

Section ReadSection(Bytes file, u64 header) {
  return {LoadOrZero<u32>(file, header + kShOffset),
          LoadOrZero<u32>(file, header + kShSize),
          LoadOrZero<u32>(file, header + kShLink)};
}

bool IsPrintable(std::string_view line) {
  return std::all_of(line.begin(), line.end(),
                     [](char c) { return c >= ' ' && c <= '~'; });
}

std::vector<SymbolTable::Symbol> ReadTable(Bytes symbols, Bytes names) {
  std::vector<SymbolTable::Symbol> result;
  result.reserve(symbols.size() / kSymbolSize);
  for (u64 at = 0; at + kSymbolSize <= symbols.size(); at += kSymbolSize) {
    const u32 name = LoadOrZero<u32>(symbols, at);
    const u32 value = LoadOrZero<u32>(symbols, at + 4);
    const u8 type = LoadOrZero<u8>(symbols, at + 12) & 0xf;
    const u16 section = LoadOrZero<u16>(symbols, at + 14);
    if (name == 0 || type > kSttFunc || section == 0) continue;
    constexpr size_t kLongestName = 512;
    std::string text = TextAt(names, name, kLongestName);
    if (!text.empty()) result.push_back({value, std::move(text)});
  }
  return result;
}

}  // namespace

SymbolTable::SymbolTable(std::vector<Symbol> symbols) : by_address_(std::move(symbols)) {
  std::sort(by_address_.begin(), by_address_.end(), [](const Symbol& a, const Symbol& b) {
    return std::tie(a.address, a.name) < std::tie(b.address, b.name);
  });
  by_name_.resize(by_address_.size());
  for (u32 i = 0; i < by_name_.size(); i++) by_name_[i] = i;
  std::sort(by_name_.begin(), by_name_.end(), [this](u32 a, u32 b) {
    return std::tie(by_address_[a].name, a) < std::tie(by_address_[b].name, b);
  });
}

std::optional<u32> SymbolTable::AddressOf(std::string_view name) const {
  const auto it = std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [this](u32 i, std::string_view wanted) { return by_address_[i].name < wanted; });
  if (it == by_name_.end() || by_address_[*it].name != name) return std::nullopt;
  return by_address_[*it].address;
}

std::string SymbolTable::Describe(u32 address) const {
  constexpr u32 kReach = u32{1} << 20;
  auto it = std::upper_bound(by_address_.begin(), by_address_.end(), address,
                             [](u32 at, const Symbol& s) { return at < s.address; });
  if (it == by_address_.begin()) return "";
  --it;
  const u32 offset = address - it->address;
  if (offset >= kReach) return "";
  return absl::StrFormat("%s+0x%x", it->name, offset);
}

StatusOr<SymbolTable> ReadElfSymbols(Bytes file, const std::string& path) {
  const u32 table = LoadOrZero<u32>(file, kEShoff);
  const u32 count = LoadOrZero<u16>(file, kEShnum);
  if (table == 0 || count == 0) return SymbolTable();
  const u16 entry_size = LoadOrZero<u16>(file, kEShentsize);
  if (entry_size != kSectionHeaderSize ||
      !RangeInside(table, u64{count} * kSectionHeaderSize, file.size())) {
    return Errorf(
        kDataLoss,
        "%s: the %d section headers at offset 0x%x (%d bytes each) are not inside "
        "the file (0x%x)",
        path, count, table, entry_size, file.size());
  }
  for (u32 i = 0; i < count; i++) {
    const u64 header = table + u64{i} * kSectionHeaderSize;
    if (LoadOrZero<u32>(file, header + kShType) != kShtSymtab) continue;
    const Section symbols = ReadSection(file, header);
    if (symbols.link >= count) {
      return Errorf(kDataLoss, "%s: section %d at offset 0x%x links to section %d of %d",
                    path, i, header, symbols.link, count);
    }
    const Section names =
        ReadSection(file, table + u64{symbols.link} * kSectionHeaderSize);
    if (!RangeInside(symbols.offset, symbols.size, file.size()) ||
        !RangeInside(names.offset, names.size, file.size())) {
      return Errorf(kDataLoss, "%s: the symbol table of section %d is outside the file",
                    path, i);
    }
    return SymbolTable(ReadTable(Part(file, symbols.offset, symbols.size),
                                 Part(file, names.offset, names.size)));
  }
  return SymbolTable();
}

StatusOr<SymbolTable> ReadSystemMap(std::string_view text, const std::string& path) {
  std::vector<SymbolTable::Symbol> symbols;
  int line_number = 0;
  while (!text.empty()) {
    line_number++;
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    SymbolTable::Symbol symbol;
    const auto [rest, error] =
        std::from_chars(line.data(), line.data() + line.size(), symbol.address, 16);
    const size_t used = static_cast<size_t>(rest - line.data());
    if (error != std::errc() || line.size() < used + 4 || line[used] != ' ' ||
        line[used + 2] != ' ' || !IsPrintable(line)) {
      return Errorf(
          kInvalidArgument,
          "%s:%d: expected \"ADDRESS TYPE NAME\" with a 32-bit address. Is this the "
          "System.map of the kernel?",
          path, line_number);
    }
    symbol.name = std::string(line.substr(used + 3));
    symbols.push_back(std::move(symbol));
  }
  return SymbolTable(std::move(symbols));
}

}  // namespace lgx
