// The built-in guest as the Launcher wants it.
#ifndef LGX_GUESTS_BUILTIN_KERNEL_H_
#define LGX_GUESTS_BUILTIN_KERNEL_H_

#include "guests/builtin_guest.h"
#include "machine/launcher.h"

namespace lgx {

inline BuiltinKernel BuiltinGuest() {
  return {BuiltinGuestImage(false), BuiltinGuestImage(true)};
}

}  // namespace lgx

#endif  // LGX_GUESTS_BUILTIN_KERNEL_H_
