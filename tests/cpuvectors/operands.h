// Operand material: numbers of every kind that floating point and packed instructions
// like.
#ifndef LGX_TESTS_CPUVECTORS_OPERANDS_H_
#define LGX_TESTS_CPUVECTORS_OPERANDS_H_

#include "tests/cpuvectors/random.h"
#include "tests/cpuvectors/world.h"

namespace lgx {

// Edges: numbers whose sums, products and quotients lie at the ends of the range, and
// halfway between two others.
enum class Material {
  kAny,
  kSingles,
  kDoubles,
  kSingleEdges,
  kDoubleEdges,
  kIntegers,
  kExtended,
  kPackedBcd
};

// 64 bytes of it.
void FillOperand(Random& random, Material material, u8* bytes);

// FXSAVE images to start from: x87 with any control word, tags and pending exceptions;
// MMX and SSE with any TOP, tags, rounding and masks, XMM registers full of `material`.
// with_mmx: MMX registers too, and sometimes an x87 exception that waits.
void FillX87(Random& random, VectorIn* in);
void FillSimd(Random& random, Material material, bool with_mmx, VectorIn* in);

void ClearXmm(VectorIn* in);

// The beginnings of operands of FXRSTOR, and of FLDENV and FRSTOR: 64 bytes.
void FillFxImage(Random& random, u8* bytes);
void FillEnvironment(Random& random, bool narrow, u8* bytes);

// An operand of LDMXCSR: often one that it takes.
u32 MxcsrOperand(Random& random);

}  // namespace lgx

#endif  // LGX_TESTS_CPUVECTORS_OPERANDS_H_
