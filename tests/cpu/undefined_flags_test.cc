#include "cpu/undefined_flags.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr const char* kDocument = "docs/undefined.md";

class UndefinedFlags : public CpuTest {};
LGX_FOR_ALL_BINDINGS(UndefinedFlags);

std::vector<u8> FromHex(std::string_view hex) {
  std::vector<u8> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(
        static_cast<u8>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::vector<std::string> Forms(const UndefinedRow& row) {
  std::istringstream words{std::string(row.forms)};
  std::vector<std::string> forms;
  for (std::string word; words >> word;) forms.push_back(word);
  return forms;
}

// Bits of the result in EAX.
u32 WidthOf(const std::vector<u8>& code, const UndefinedRow& row) {
  if (code[0] == 0x66) return 16;
  if (code[0] == 0x0f || code[0] == 0x69 || code[0] == 0x6b) return 32;
  const bool decimal = row.instructions[1] == 'A';
  return decimal || (code[0] & 1) == 0 ? 8 : 32;
}

// SHIFT r, imm8 has its count behind ModRM, the others in CL.
u32 CountOf(const std::vector<u8>& code, u32 ecx) {
  return (code[0] == 0xc1 ? code[2] : ecx) & 31;
}

bool Applies(UndefinedWhen when, u32 count, u32 width) {
  switch (when) {
    case UndefinedWhen::kAlways:
      return true;
    case UndefinedWhen::kCountNotZero:
      return count != 0;
    case UndefinedWhen::kCountAboveOne:
      return count > 1;
    case UndefinedWhen::kCountAboveWidth:
      return count > width;
  }
  return false;
}

struct Seen {
  u32 operand, result, before, after;  // EAX and EFLAGS
  u32 width;
};

u32 Chosen(UndefinedChoice choice, const Seen& s) {
  const u32 top = s.width - 1;
  const u32 value = s.width == 32 ? s.result : s.result & ((1u << s.width) - 1);
  const u32 sign = value >> top & 1;
  const bool carry = (s.after & kEflagsCf) != 0;
  switch (choice) {
    case UndefinedChoice::kCleared:
    case UndefinedChoice::kPastTheOperand:
      return 0;
    case UndefinedChoice::kKept:
      return s.before;
    case UndefinedChoice::kOfResult:
      return (sign != 0 ? kEflagsSf : 0) | (value == 0 ? kEflagsZf : 0) |
             (std::popcount(value & 0xff) % 2 == 0 ? kEflagsPf : 0);
    case UndefinedChoice::kCarryXorTop:
      return carry != (sign != 0) ? kEflagsOf : 0;
    case UndefinedChoice::kTopTwoDiffer:
      return ((value >> top ^ value >> (top - 1)) & 1) != 0 ? kEflagsOf : 0;
    case UndefinedChoice::kSignChanged:
      return ((s.operand ^ s.result) >> top & 1) != 0 ? kEflagsOf : 0;
  }
  return 0;
}

TEST_P(UndefinedFlags, EveryRowOfTheTableIsWhatHappens) {
  std::mt19937 random(1);
  for (const UndefinedRow& row : UndefinedRows()) {
    u32 tried = 0;
    for (const std::string& form : Forms(row)) {
      const std::vector<u8> code = FromHex(form);
      const u32 width = WidthOf(code, row);
      for (int i = 0; i < 200; ++i) {
        m.EnterRing(0);
        m.memory->Write(Mpa(CpuMachine::kCode), code.data(), code.size());
        m.eax() = static_cast<u32>(random());
        m.cpu.Gpr(kEbx) = i % 8 == 0 ? random() % 4 : static_cast<u32>(random());
        m.cpu.Gpr(kEdx) = row.choice == UndefinedChoice::kKept ? 0 : m.eax();
        const u32 ecx = m.cpu.Gpr(kEcx) = random() % 64;
        m.cpu.SetEflags(static_cast<u32>(random()) & kEflagsArithmetic);
        Seen seen = {m.eax(), 0, m.cpu.Eflags(), 0, width};
        m.cpu.set_stop_at_events(true);  // #DE of a division
        if (m.Run(1) != StopReason::kDeadline) continue;
        seen.result = m.eax();
        seen.after = m.cpu.Eflags();
        if (!Applies(row.when, CountOf(code, ecx), width)) continue;
        ++tried;
        ASSERT_EQ(seen.after & row.flags, Chosen(row.choice, seen) & row.flags)
            << row.instructions << ", " << TextOf(row.when) << ": " << form << " eax "
            << std::hex << seen.operand << " ebx " << m.cpu.Gpr(kEbx) << " ecx " << ecx
            << " flags " << seen.before;
      }
    }
    EXPECT_GT(tried, 50u) << row.instructions << ", " << TextOf(row.when);
  }
}

TEST(UndefinedFlagsDocument, IsTheTable) {
  if (std::getenv("LGX_UPDATE_DOCS") != nullptr) {
    std::ofstream(kDocument) << UndefinedDocument();
  }
  std::ifstream file(kDocument);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), UndefinedDocument())
      << "run this test with LGX_UPDATE_DOCS=1 in the source folder";
}

}  // namespace
}  // namespace lgx
