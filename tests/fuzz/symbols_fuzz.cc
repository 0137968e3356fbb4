// Files with symbols, whole and damaged: a table or an error that names the file, soon,
// and never more symbols than the file has bytes. The first byte says what the rest is:
//   0  a file as it stands
//   1  a System.map as it stands
//   2  a System.map made from pieces of lines
//   3  a good vmlinux, some fields of its headers and symbols changed, perhaps cut short
//   others patch bytes of a good vmlinux: triples of offset (two bytes) and value
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include "debug/symbols.h"
#include "tests/fuzz/choices.h"
#include "tests/fuzz/require.h"
#include "tests/machine/kernel_builder.h"

namespace lgx::test {
namespace {

struct Totals {
  u64 inputs = 0, tables = 0, symbols = 0;

  ~Totals() {
    std::fprintf(stderr, "symbols_fuzz: %llu inputs, %llu tables with %llu symbols\n",
                 static_cast<unsigned long long>(inputs),
                 static_cast<unsigned long long>(tables),
                 static_cast<unsigned long long>(symbols));
  }
};
Totals totals;

void Swallow(Bytes file) {
  ++totals.inputs;
  const StatusOr<SymbolTable> table = ReadSymbolBytes(file, "file");
  if (!table.ok()) {
    Require(MessageOf(table.status()).starts_with("file"));
    return;
  }
  ++totals.tables;
  totals.symbols += table->size();
  Require(table->size() <= file.size());
  const Symbols symbols(*table, nullptr);
  for (const SymbolTable::Symbol& symbol : symbols.Search("", 64)) {
    Require(!symbols.Describe(Lin(symbol.address)).empty());
    Require(symbols.Find(symbol.name).has_value());
  }
}

const ByteVector& GoodFile(bool pae) {
  static const std::array<ByteVector, 2> files = {
      BuildVmlinux({.pae = false, .symbols = true}),
      BuildVmlinux({.pae = true, .symbols = true})};
  return files[pae ? 1 : 0];
}

constexpr const char* kPieces[] = {
    "c0100000",
    " T ",
    "schedule",
    "\n",
    "c0100000 T a\n",
    "ffffffff A end\n",
    " ",
    "0",
    "c010000g",
    "123456789",
    " t",
    "\t",
    "\r\n",
    "\0",
    "a.part.0",
    " U missing\n",
    "00000000 a b\n",
    "\x7f",
    "\xff",
    "c0100010 D jiffies extra\n",
    "C0100020 B x\n",
};

void MadeMap(Choices& choices) {
  std::string text;
  while (!choices.empty()) text += choices.From(kPieces);
  Swallow({reinterpret_cast<const u8*>(text.data()), text.size()});
}

// Offsets in the ELF header, a section header and a symbol.
constexpr u32 kEShoff = 32;
constexpr u32 kInHeader[] = {4, 16, 28, kEShoff, 44, 46, 48, 50};
constexpr u32 kInSection[] = {0, 4, 12, 16, 20, 24, 36};
constexpr u32 kInSymbol[] = {0, 4, 8, 12, 14};

void DamagedFile(Choices& choices) {
  ByteVector file = GoodFile(choices.Below(2) != 0);
  const u32 size = static_cast<u32>(file.size());
  const u32 table = LoadLe<u32>(file.data() + kEShoff);
  const u32 values[] = {0,     1,         2,          3,          16,         size - 1,
                        size,  size + 1,  0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
                        table, size - 40, size - 16,  0x10000};
  do {
    u32 at = 0;
    switch (choices.Below(4)) {
      case 0:
        at = choices.From(kInHeader);
        break;
      case 1:
        at = table + 40 * choices.Below(6) + choices.From(kInSection);
        break;
      case 2:  // symbols and names stand behind the segments, before the table
        at = table - 16 * (1 + choices.Below(24)) + choices.From(kInSymbol);
        break;
      default:
        if (choices.Below(8) == 0) file.resize(size - choices.Below(size / 2));
        continue;
    }
    u8 value[4];
    StoreLe<u32>(value, choices.From(values) + choices.Below(3));
    const u32 bytes = choices.Below(2) == 0 ? 2 : 4;
    for (u32 i = 0; i < bytes && at + i < file.size(); ++i) file[at + i] = value[i];
  } while (!choices.empty());
  Swallow(file);
}

void PatchedFile(u8 kind, std::span<const u8> patches) {
  ByteVector file = GoodFile(kind % 2 == 0);
  for (size_t at = 0; at + 3 <= patches.size(); at += 3) {
    const size_t offset = LoadLe<u16>(patches.data() + at);
    if (offset < file.size()) file[offset] = patches[at + 2];
  }
  Swallow(file);
}

}  // namespace
}  // namespace lgx::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lgx::test;
  if (size == 0) return 0;
  const std::span rest(data + 1, size - 1);
  Choices choices(rest);
  switch (data[0]) {
    case 0:
    case 1:
      Swallow(rest);
      break;
    case 2:
      MadeMap(choices);
      break;
    case 3:
      DamagedFile(choices);
      break;
    default:
      PatchedFile(data[0], rest);
  }
  return 0;
}
