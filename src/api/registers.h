// The registers as the library's user gets them.
#ifndef LGX_API_REGISTERS_H_
#define LGX_API_REGISTERS_H_

#include "debug/run_control.h"
#include "lgx/lgx.h"

namespace lgx {

// All but `size`.
void FillRegisters(const RunControl& control, lgx_registers* out);

}  // namespace lgx

#endif  // LGX_API_REGISTERS_H_
