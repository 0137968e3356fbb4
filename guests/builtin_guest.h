// The built-in guest: a small operating system of our own for lguest, part of this
// program. Its source is in guests/, and guests/README.md is where to begin.
#ifndef LGX_GUESTS_BUILTIN_GUEST_H_
#define LGX_GUESTS_BUILTIN_GUEST_H_

#include <span>

namespace lgx {

// A kernel as an ELF file, like a vmlinux: generation R, for two-level page tables or for
// PAE. With the word `demo` on its command line it runs all of its commands and powers
// off.
std::span<const unsigned char> BuiltinGuestImage(bool pae);

}  // namespace lgx

#endif  // LGX_GUESTS_BUILTIN_GUEST_H_
