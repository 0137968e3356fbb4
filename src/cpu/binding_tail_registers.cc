// Pinned handlers of operations without memory, of stack operations and of branches.
#include "cpu/binding_tail_pinned.inc"

#ifdef LGX_HAS_TAIL_BINDING

namespace lgx::tail {

std::span<const Family> RegisterFamilies() {
  static const Family families[] = {
      FAMILY_DS(MovRR32, 4),   FAMILY_DS(AddRR32, 4),   FAMILY_DS(SubRR32, 4),
      FAMILY_DS(AndRR32, 4),   FAMILY_DS(OrRR32, 4),    FAMILY_DS(XorRR32, 4),
      FAMILY_DS(CmpRR32, 4),   FAMILY_DS(TestRR32, 4),  FAMILY_DS(AdcRR32, 4),
      FAMILY_DS(SbbRR32, 4),   FAMILY_DS(ImulRR32, 4),  FAMILY_DS(ImulRRI32, 4),
      FAMILY_DS(CmpRR8, 1),    FAMILY_DS(TestRR8, 1),   FAMILY_DS(MovRR8, 1),
      FAMILY_D(MovRI32, 4),    FAMILY_D(AddRI32, 4),    FAMILY_D(SubRI32, 4),
      FAMILY_D(AndRI32, 4),    FAMILY_D(OrRI32, 4),     FAMILY_D(XorRI32, 4),
      FAMILY_D(CmpRI32, 4),    FAMILY_D(TestRI32, 4),   FAMILY_D(AdcRI32, 4),
      FAMILY_D(SbbRI32, 4),    FAMILY_D(ShlRI32, 4),    FAMILY_D(ShrRI32, 4),
      FAMILY_D(SarRI32, 4),    FAMILY_D(ShlRC32, 4),    FAMILY_D(ShrRC32, 4),
      FAMILY_D(SarRC32, 4),    FAMILY_D(RolRI32, 4),    FAMILY_D(RorRI32, 4),
      FAMILY_D(IncR32, 4),     FAMILY_D(DecR32, 4),     FAMILY_D(NegR32, 4),
      FAMILY_D(NotR32, 4),     FAMILY_D(MovRI8, 1),     FAMILY_D(CmpRI8, 1),
      FAMILY_D(TestRI8, 1),    FAMILY_D(AndRI8, 1),     FAMILY_D(OrRI8, 1),
      FAMILY_D(SetE, 1),       FAMILY_D(SetNe, 1),      FAMILY_S(PushR32, 4),
      FAMILY_D(PopR32, 4),     FAMILY_S(CallR, 4),      FAMILY_S(JmpR, 4),
      FAMILY_NONE(PushI32),    FAMILY_NONE(Leave32),    FAMILY_NONE(Cdq),
      FAMILY_NONE(Cwde),       FAMILY_NONE(Nop),        FAMILY_NONE(CallLink),
      FAMILY_NONE(JmpLink),    FAMILY_NONE(CallNear),   FAMILY_NONE(JmpNear),
      FAMILY_DS(ShldRRI32, 4), FAMILY_DS(ShrdRRI32, 4), FAMILY_DS(BtRR32, 4),
      FAMILY_D(BtRI32, 4),     FAMILY_NONE(Ret),        FAMILY_NONE(RetI),
      FAMILY_NONE(BlockEnd),   FAMILY_NONE(JO),         FAMILY_NONE(JNo),
      FAMILY_NONE(JB),         FAMILY_NONE(JAe),        FAMILY_NONE(JE),
      FAMILY_NONE(JNe),        FAMILY_NONE(JBe),        FAMILY_NONE(JA),
      FAMILY_NONE(JS),         FAMILY_NONE(JNs),        FAMILY_NONE(JP),
      FAMILY_NONE(JNp),        FAMILY_NONE(JL),         FAMILY_NONE(JGe),
      FAMILY_NONE(JLe),        FAMILY_NONE(JG),
  };
  return families;
}

}  // namespace lgx::tail

#endif  // LGX_HAS_TAIL_BINDING
