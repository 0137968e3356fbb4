// Names for addresses: from a vmlinux that still has its symbol table, or from a
// System.map.
#ifndef LGX_MACHINE_ELF_SYMBOLS_H_
#define LGX_MACHINE_ELF_SYMBOLS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "machine/image_bytes.h"

namespace lgx {

class SymbolTable {
 public:
  struct Symbol {
    u32 address = 0;
    std::string name;
  };

  SymbolTable() = default;
  explicit SymbolTable(std::vector<Symbol> symbols);

  bool empty() const { return by_address_.empty(); }
  size_t size() const { return by_address_.size(); }

  // By address.
  const std::vector<Symbol>& all() const { return by_address_; }

  std::optional<u32> AddressOf(std::string_view name) const;
  bool Has(std::string_view name) const { return AddressOf(name).has_value(); }

  // "do_fork+0x1c" for the nearest symbol at or below the address; empty when there is
  // none within 1 MiB.
  std::string Describe(u32 address) const;

 private:
  std::vector<Symbol> by_address_;
  std::vector<u32> by_name_;  // indices into by_address_
};

// The functions and objects of the file's symbol table; an empty table when the file is
// stripped. Fails only when the section headers or the table point outside the file.
StatusOr<SymbolTable> ReadElfSymbols(Bytes file, const std::string& path);

// Lines of "c0100000 T name". Fails at the first line that is something else.
StatusOr<SymbolTable> ReadSystemMap(std::string_view text, const std::string& path);

}  // namespace lgx

#endif  // LGX_MACHINE_ELF_SYMBOLS_H_
