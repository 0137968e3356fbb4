// Pinned handlers of operations on memory at [base+index*scale+disp], and between
// registers and parts of them.
#include "cpu/binding_tail_pinned.inc"

#ifdef LGX_HAS_TAIL_BINDING

namespace lgx::tail {

std::span<const Family> IndexedFamilies() {
  static const Family families[] = {
      FAMILY_DBI(MovRX32, 4),    FAMILY_SBI(MovXR32, 4),    FAMILY_DBI(MovzxR32X8, 4),
      FAMILY_DBI(LeaX, 4),       FAMILY_BI(AddressX),       FAMILY_DS(MovzxR32R8, 4),
      FAMILY_DS(MovzxR32R16, 4), FAMILY_DS(MovsxR32R16, 4),
  };
  return families;
}

}  // namespace lgx::tail

#endif  // LGX_HAS_TAIL_BINDING
