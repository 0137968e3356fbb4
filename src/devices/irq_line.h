// How a device asks for an interrupt. The Host implements it (host-08 section 4).
#ifndef LGX_DEVICES_IRQ_LINE_H_
#define LGX_DEVICES_IRQ_LINE_H_

#include "base/types.h"

namespace lgx {

class IrqLine {
 public:
  virtual ~IrqLine() = default;
  // Marks interrupt `irq` (1 ... 31) pending in the Host and wakes the Guest if it halts.
  // Raising a pending interrupt again changes nothing.
  virtual void Raise(u32 irq) = 0;
};

}  // namespace lgx

#endif  // LGX_DEVICES_IRQ_LINE_H_
