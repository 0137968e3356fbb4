// A Guest's memory and registers as an ELF core file: gdb and other programs read it.
#ifndef LGX_MACHINE_GUEST_CORE_H_
#define LGX_MACHINE_GUEST_CORE_H_

#include <functional>
#include <string_view>

#include "hypercalls/guest.h"

namespace lgx {

// Gives the file to `write` piece by piece, in order. It holds the registers at the last
// exit (a note, as of a thread that was stopped) and all of the Guest's memory: p_paddr
// is the guest-physical address, p_vaddr where the kernel sees it, at lguest_data's
// kernel_address. Memory for which there is no room above that, and all of it before
// LGUEST_INIT, stands at its guest-physical address.
void WriteGuestCore(const Guest& guest,
                    const std::function<void(std::string_view)>& write);

}  // namespace lgx

#endif  // LGX_MACHINE_GUEST_CORE_H_
