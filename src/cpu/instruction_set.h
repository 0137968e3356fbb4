// Which features of a processor's model an instruction needs.
#ifndef LGX_CPU_INSTRUCTION_SET_H_
#define LGX_CPU_INSTRUCTION_SET_H_

#include "cpu/cpu_model.h"
#include "cpu/decode.h"

namespace lgx {

// kFeature bits (cpu_model.h). 0 for what every model has, and for what none has.
u64 RequiredFeatures(const RawInsn& insn);

}  // namespace lgx

#endif  // LGX_CPU_INSTRUCTION_SET_H_
