// Pinned handlers of operations on memory at [base+disp].
#include "cpu/binding_tail_pinned.inc"

#ifdef LGX_HAS_TAIL_BINDING

namespace lgx::tail {

std::span<const Family> MemoryFamilies() {
  static const Family families[] = {
      FAMILY_DB(MovRM32, 4),    FAMILY_DB(AddRM32, 4),     FAMILY_DB(SubRM32, 4),
      FAMILY_DB(AndRM32, 4),    FAMILY_DB(OrRM32, 4),      FAMILY_DB(XorRM32, 4),
      FAMILY_DB(CmpRM32, 4),    FAMILY_DB(ImulRM32, 4),    FAMILY_DB(MovRM8, 1),
      FAMILY_DB(CmpRM8, 1),     FAMILY_DB(MovzxR32M8, 4),  FAMILY_DB(MovzxR32M16, 4),
      FAMILY_DB(MovsxR32M8, 4), FAMILY_DB(MovsxR32M16, 4), FAMILY_DB(LeaM, 4),
      FAMILY_SB(MovMR32, 4),    FAMILY_SB(MovMR16, 2),     FAMILY_SB(MovMR8, 1),
      FAMILY_SB(AddMR32, 4),    FAMILY_SB(SubMR32, 4),     FAMILY_SB(OrMR32, 4),
      FAMILY_SB(AndMR32, 4),    FAMILY_SB(CmpMR32, 4),     FAMILY_SB(TestMR32, 4),
      FAMILY_B(MovMI32),        FAMILY_B(MovMI16),         FAMILY_B(MovMI8),
      FAMILY_B(CmpMI32),        FAMILY_B(CmpMI16),         FAMILY_B(CmpMI8),
      FAMILY_B(TestMI32),       FAMILY_B(TestMI8),         FAMILY_B(AddMI32),
      FAMILY_B(SubMI32),        FAMILY_B(AndMI32),         FAMILY_B(OrMI32),
      FAMILY_B(AndMI8),         FAMILY_B(OrMI8),           FAMILY_SB(BtMR32, 4),
      FAMILY_SB(BtsMR32, 4),    FAMILY_SB(BtrMR32, 4),     FAMILY_B(BtMI32),
      FAMILY_B(BtsMI32),        FAMILY_B(BtrMI32),         FAMILY_B(IncM32),
      FAMILY_B(DecM32),         FAMILY_B(PushM32),         FAMILY_B(CallM),
      FAMILY_B(JmpM),
  };
  return families;
}

}  // namespace lgx::tail

#endif  // LGX_HAS_TAIL_BINDING
