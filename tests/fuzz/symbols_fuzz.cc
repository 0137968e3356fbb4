// Files with symbols. The first byte chooses: 0 is a file as it stands; 1 a System.map;
// others patch a good vmlinux with triples of offset (two bytes) and value.
#include <cstddef>
#include <cstdint>
#include <span>

#include "debug/symbols.h"
#include "tests/machine/kernel_builder.h"

namespace {

using lgx::test::ByteVector;

void Swallow(lgx::Bytes file) {
  const lgx::StatusOr<lgx::SymbolTable> table = lgx::ReadSymbolBytes(file, "file");
  if (!table.ok()) return;
  const lgx::Symbols symbols(*table, nullptr);
  for (const lgx::SymbolTable::Symbol& symbol : symbols.Search("", 64)) {
    (void)symbols.Describe(lgx::Lin(symbol.address));
    (void)symbols.Find(symbol.name);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span rest(data + 1, size - 1);
  if (data[0] < 2) {
    Swallow(rest);
    return 0;
  }
  ByteVector file = lgx::test::BuildVmlinux({.pae = data[0] % 2 == 0, .symbols = true});
  for (size_t at = 0; at + 3 <= rest.size(); at += 3) {
    const size_t offset = lgx::LoadLe<lgx::u16>(rest.data() + at);
    if (offset < file.size()) file[offset] = rest[at + 2];
  }
  Swallow(file);
  return 0;
}
