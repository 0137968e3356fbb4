// Pinned handlers that run a comparison and the branch behind it in one go.
#include "cpu/binding_tail_pinned.inc"

#ifdef LGX_HAS_TAIL_BINDING

namespace lgx::tail {

#define PAIR_D(name, width, jcc) \
  FAMILY(name, width, kD, k##jcc, 8, i, 0, 0, 0, (&Pinned##jcc<0, 0, 0, 0, nullptr>))
#define PAIR_DS(name, width, jcc)                          \
  FAMILY(name, width, kDS, k##jcc, 64, i / 8, i % 8, 0, 0, \
         (&Pinned##jcc<0, 0, 0, 0, nullptr>))
#define PAIR_SAME(name, width, jcc) \
  FAMILY(name, width, kSame, k##jcc, 8, i, i, 0, 0, (&Pinned##jcc<0, 0, 0, 0, nullptr>))
#define PAIR_B(name, jcc) \
  FAMILY(name, 4, kB, k##jcc, 9, 0, 0, i, 0, (&Pinned##jcc<0, 0, 0, 0, nullptr>))

// clang-format off
#define LGX_EQUAL(PAIR, ...) PAIR(__VA_ARGS__, JE), PAIR(__VA_ARGS__, JNe)
#define LGX_UNSIGNED(PAIR, ...) \
  PAIR(__VA_ARGS__, JB), PAIR(__VA_ARGS__, JAe), PAIR(__VA_ARGS__, JBe), PAIR(__VA_ARGS__, JA)
#define LGX_SIGNED(PAIR, ...) \
  PAIR(__VA_ARGS__, JL), PAIR(__VA_ARGS__, JGe), PAIR(__VA_ARGS__, JLe), PAIR(__VA_ARGS__, JG)
#define LGX_SIGN(PAIR, ...) PAIR(__VA_ARGS__, JS), PAIR(__VA_ARGS__, JNs)
// clang-format on

std::span<const Family> PairFamilies() {
  static const Family families[] = {
      LGX_EQUAL(PAIR_DS, CmpRR32, 4),     LGX_UNSIGNED(PAIR_DS, CmpRR32, 4),
      LGX_SIGNED(PAIR_DS, CmpRR32, 4),    LGX_EQUAL(PAIR_D, CmpRI32, 4),
      LGX_UNSIGNED(PAIR_D, CmpRI32, 4),   LGX_SIGNED(PAIR_D, CmpRI32, 4),
      LGX_EQUAL(PAIR_SAME, TestRR32, 4),  LGX_SIGN(PAIR_SAME, TestRR32, 4),
      LGX_SIGNED(PAIR_SAME, TestRR32, 4), LGX_EQUAL(PAIR_SAME, TestRR8, 1),
      LGX_EQUAL(PAIR_D, TestRI32, 4),     LGX_EQUAL(PAIR_D, TestRI8, 1),
      LGX_EQUAL(PAIR_D, CmpRI8, 1),       LGX_UNSIGNED(PAIR_D, CmpRI8, 1),
      LGX_EQUAL(PAIR_D, DecR32, 4),       LGX_SIGN(PAIR_D, DecR32, 4),
      LGX_EQUAL(PAIR_D, SubRI32, 4),      LGX_EQUAL(PAIR_D, AndRI32, 4),
      LGX_EQUAL(PAIR_B, CmpMI32),         LGX_UNSIGNED(PAIR_B, CmpMI32),
      LGX_SIGNED(PAIR_B, CmpMI32),        LGX_EQUAL(PAIR_B, CmpMI8),
      LGX_EQUAL(PAIR_B, TestMI8),         LGX_EQUAL(PAIR_B, TestMI32),
  };
  return families;
}

}  // namespace lgx::tail

#endif  // LGX_HAS_TAIL_BINDING
