#include "debug/symbols.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/file.h"
#include "machine/loader_elf.h"
#include "switcher/stages.h"

namespace lgx {
namespace {

constexpr std::string_view kSwitcherPrefix = "switcher:";

}  // namespace

StatusOr<SymbolTable> ReadSymbolBytes(Bytes file, const std::string& path) {
  const bool elf = LooksLikeElf(file);
  constexpr u32 kElfClass = 4;
  if (elf && LoadOrZero<u8>(file, kElfClass) != 1) {
    return Errorf(kInvalidArgument,
                  "%s: is an ELF file of another width than 32 bits; give the vmlinux of "
                  "the guest's kernel",
                  path);
  }
  StatusOr<SymbolTable> table =
      elf ? ReadElfSymbols(file, path) : ReadSystemMap(AsText(file), path);
  if (!table.ok()) return table.status();
  if (table->empty()) {
    const char* const hint =
        elf ? "it was stripped. Give the vmlinux of the kernel's build, or its System.map"
            : "is this the System.map of the kernel?";
    return Errorf(kInvalidArgument, "%s: has no symbols: %s", path, hint);
  }
  return table;
}

StatusOr<SymbolTable> ReadSymbolFile(const std::string& path) {
  const StatusOr<std::vector<u8>> bytes = ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  return ReadSymbolBytes(*bytes, path);
}

std::string Symbols::Describe(Lin at) const {
  if (switcher_ != nullptr && switcher_->Contains(at)) {
    const StageRange range = StageRangeAt(*switcher_, at);
    std::string name(kSwitcherPrefix);
    name += StageName(range.stage);
    if (range.stage == Stage::kStub) name += absl::StrFormat("_%d", range.vector);
    const u32 offset = at - range.first;
    return offset == 0 ? name : absl::StrFormat("%s+0x%x", name, offset);
  }
  std::string name = kernel_.Describe(at.value);
  constexpr std::string_view kNoOffset = "+0x0";
  if (name.ends_with(kNoOffset)) name.resize(name.size() - kNoOffset.size());
  return name;
}

std::string Symbols::Address(Lin at) const {
  const std::string name = Describe(at);
  if (name.empty()) return absl::StrFormat("0x%08x", at.value);
  return absl::StrFormat("0x%08x <%s>", at.value, name);
}

std::optional<Lin> Symbols::Find(std::string_view name) const {
  if (const std::optional<u32> address = kernel_.AddressOf(name)) return Lin(*address);
  if (switcher_ == nullptr || !name.starts_with(kSwitcherPrefix)) return std::nullopt;
  name.remove_prefix(kSwitcherPrefix.size());
  for (const StagePlace& place : switcher_->places) {
    if (StageName(place.stage) == name) return switcher_->at + place.offset;
  }
  return std::nullopt;
}

std::vector<SymbolTable::Symbol> Symbols::Search(std::string_view part,
                                                 size_t limit) const {
  std::vector<SymbolTable::Symbol> found;
  for (const SymbolTable::Symbol& symbol : kernel_.all()) {
    if (found.size() == limit) break;
    if (symbol.name.find(part) != std::string::npos) found.push_back(symbol);
  }
  return found;
}

}  // namespace lgx
