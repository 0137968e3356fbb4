// What to tell a person whose Guest has died.
#ifndef LGX_MACHINE_POST_MORTEM_H_
#define LGX_MACHINE_POST_MORTEM_H_

#include <string>

#include "machine/elf_symbols.h"
#include "machine/machine.h"

namespace lgx {

// Registers at the last exit, what the Host was asked for last (newest last), with names
// where `symbols` has them. Lines that end with a newline.
std::string DescribeDeath(const Machine& machine, const SymbolTable& symbols);

}  // namespace lgx

#endif  // LGX_MACHINE_POST_MORTEM_H_
