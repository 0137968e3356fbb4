// Operand material: numbers of every kind that floating point and packed instructions
// like.
#ifndef LGX_TESTS_CPUVECTORS_OPERANDS_H_
#define LGX_TESTS_CPUVECTORS_OPERANDS_H_

#include "tests/cpuvectors/random.h"
#include "tests/cpuvectors/world.h"

namespace lgx {

enum class Material { kAny, kSingles, kDoubles, kIntegers, kExtended, kPackedBcd };

// 64 bytes of it.
void FillOperand(Random& random, Material material, u8* bytes);

// FXSAVE images to start from: x87 with any control word, tags and pending exceptions;
// MMX and SSE with any rounding and masks, XMM registers full of `material`.
void FillX87(Random& random, VectorIn* in);
void FillSimd(Random& random, Material material, VectorIn* in);

}  // namespace lgx

#endif  // LGX_TESTS_CPUVECTORS_OPERANDS_H_
