// Pinned handlers of short runs on registers that compilers like to write: a copy that is
// changed at once, a shift whose result is used at once, and the steps of hashes and
// generators of random numbers that are made of both.
#include "cpu/binding_tail_pinned.inc"

#ifdef LGX_HAS_TAIL_BINDING

namespace lgx::tail {

// clang-format off
#define RUN(form, first, D, S, second, third, ...) \
  {k##first, {second, third}, Form::form, 4, MEMBERS(first, 64, D, S, 0, 0, (__VA_ARGS__))}

// x = y; x = x OP immediate
#define COPIED(op) \
  RUN(kCopied, MovRR32, i / 8, i % 8, k##op, kHandlerCount, &Pinned##op<i / 8, 0, 0, 0, nullptr>)
// x = x OP immediate; y = y OP x  or  x = x OP y
#define USED(op, use)                                                         \
  RUN(kRead, op, i / 8, 0, k##use, kHandlerCount,                             \
      &Pinned##use<i % 8, i / 8, 0, 0, nullptr>),                             \
  RUN(kWrite, op, i / 8, 0, k##use, kHandlerCount,                            \
      &Pinned##use<i / 8, i % 8, 0, 0, nullptr>)
// x = x OP immediate; y = [x+disp]
#define LOADED(op) \
  RUN(kAt, op, i / 8, 0, kMovRM32, kHandlerCount, &PinnedMovRM32<i % 8, 0, i / 8, 0, nullptr>)
// x = y; x = x OP immediate; y = y OP x  or  x = x OP y
#define COPIED_USED(op, use)                                                  \
  RUN(kCopiedRead, MovRR32, i / 8, i % 8, k##op, k##use,                      \
      &Pinned##op<i / 8, 0, 0, 0, &Pinned##use<i % 8, i / 8, 0, 0, nullptr>>), \
  RUN(kCopiedWrite, MovRR32, i / 8, i % 8, k##op, k##use,                     \
      &Pinned##op<i / 8, 0, 0, 0, &Pinned##use<i / 8, i % 8, 0, 0, nullptr>>)
// clang-format on

std::span<const Family> RunFamilies() {
  static const Family families[] = {
      COPIED_USED(ShlRI32, XorRR32),
      COPIED_USED(ShrRI32, XorRR32),
      COPIED_USED(ShlRI32, AddRR32),
      COPIED_USED(ShrRI32, AddRR32),
      COPIED(ShlRI32),
      COPIED(ShrRI32),
      COPIED(SarRI32),
      COPIED(AndRI32),
      COPIED(AddRI32),
      COPIED(RolRI32),
      USED(ShlRI32, AddRR32),
      USED(ShrRI32, AddRR32),
      USED(ShlRI32, XorRR32),
      USED(ShrRI32, XorRR32),
      USED(ShlRI32, OrRR32),
      USED(ShrRI32, OrRR32),
      USED(ShrRI32, SubRR32),
      USED(RolRI32, AddRR32),
      USED(RolRI32, XorRR32),
      USED(AndRI32, OrRR32),
      LOADED(ShlRI32),
      LOADED(AndRI32),
      LOADED(AddRI32),
  };
  return families;
}

}  // namespace lgx::tail

#endif  // LGX_HAS_TAIL_BINDING
