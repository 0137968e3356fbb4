// Names for all addresses of a machine: the kernel's symbols, and our own names for the
// Switcher's stages and the few instructions of the emulated Host.
#ifndef LGX_DEBUG_SYMBOLS_H_
#define LGX_DEBUG_SYMBOLS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "machine/elf_symbols.h"
#include "switcher/text.h"

namespace lgx {

// The symbols of a file: a vmlinux that has them, or a System.map. An error says what is
// wrong with the file, at which place; a file without a single symbol is one as well.
StatusOr<SymbolTable> ReadSymbolBytes(Bytes file, const std::string& path);
StatusOr<SymbolTable> ReadSymbolFile(const std::string& path);

class Symbols {
 public:
  Symbols() = default;
  // `switcher` outlives this; null: no names for it.
  Symbols(SymbolTable kernel, const SwitcherText* switcher)
      : kernel_(std::move(kernel)), switcher_(switcher) {}

  const SymbolTable& kernel() const { return kernel_; }

  // "schedule", "schedule+0x1c", "switcher:load_guest_cr3", or empty.
  std::string Describe(Lin at) const;
  // "0xc0100020 <schedule>", or the number alone.
  std::string Address(Lin at) const;
  std::optional<Lin> Find(std::string_view name) const;
  // Names that contain `part`, in the order of their addresses, at most `limit`.
  std::vector<SymbolTable::Symbol> Search(std::string_view part, size_t limit) const;

 private:
  SymbolTable kernel_;
  const SwitcherText* switcher_ = nullptr;
};

}  // namespace lgx

#endif  // LGX_DEBUG_SYMBOLS_H_
