// Makes a vector from a template: registers, segments, an encoding, memory around it.
#ifndef LGX_TESTS_CPUVECTORS_MAKER_H_
#define LGX_TESTS_CPUVECTORS_MAKER_H_

#include <optional>
#include <string>
#include <vector>

#include "tests/cpuvectors/operands.h"
#include "tests/cpuvectors/random.h"
#include "tests/cpuvectors/template.h"

namespace lgx {

class Maker {
 public:
  explicit Maker(u64 seed) : random_(seed) {}

  // Nothing: the dice fell badly (operands that overlap the code, an encoding longer than
  // 15 bytes); try again.
  std::optional<Vector> Make(const Template& t);

 private:
  struct Draft;

  void ChooseState(Draft& d);
  void ChooseSegments(Draft& d);
  void ChoosePrefixes(Draft& d);
  void SetUpString(Draft& d);
  bool ChooseOperand(Draft& d);
  bool RegisterOperand(Draft& d);
  bool MemoryOperand(Draft& d);
  u32 ChooseTarget(Draft& d);
  void Encode16(Draft& d, u32 target);
  void Encode32(Draft& d, u32 target);
  void FillTarget(Draft& d, u32 target);
  bool SpreadBits(Draft& d);
  void SpecialRegisters(Draft& d);
  bool FillStack(Draft& d);
  bool Assemble(Draft& d);
  void Immediates(Draft& d);
  bool Place(Draft& d);

  Patch& AddPatch(Draft& d, u32 address, u32 length);
  u16 FarSelector(u32* offset);

  Random random_;
};

// Fills in text and undefined parts with the decoder's knowledge. False: not what was
// meant, or an instruction whose result is no function of its state (describe.cc).
bool DescribeVector(Vector* v, u32 reg_field);

}  // namespace lgx

#endif  // LGX_TESTS_CPUVECTORS_MAKER_H_
