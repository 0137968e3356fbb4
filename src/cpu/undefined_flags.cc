#include "cpu/undefined_flags.h"

#include <absl/strings/str_format.h>

namespace lgx {
namespace {

using Choice = UndefinedChoice;
using When = UndefinedWhen;

constexpr u32 kSzp = kEflagsSf | kEflagsZf | kEflagsPf;

constexpr std::string_view kSimplest = "the simplest rule, and one word less to compute";
constexpr std::string_view kLastStep =
    "the rule for a count of 1, applied to the last of the single steps";

constexpr UndefinedRow kRows[] = {
    {"AND, OR, XOR, TEST", When::kAlways, kEflagsAf, Choice::kCleared,
     "carries of a logical operation are all 0",
     "21d8 09d8 31d8 85d8 20d8 08d8 30d8 84d8 6621d8 6631d8 a9f0f0f0f0"},
    {"SHL, SHR, SAR", When::kCountNotZero, kEflagsAf, Choice::kCleared, kSimplest,
     "d3e0 d3e8 d3f8 d2e0 d2e8 d2f8 66d3e0 66d3e8 66d3f8 c1e005 c1e805 c1f805"},
    {"SHL", When::kCountAboveOne, kEflagsOf, Choice::kCarryXorTop, kLastStep,
     "d3e0 d2e0 66d3e0 c1e003"},
    {"SHR", When::kCountAboveOne, kEflagsOf, Choice::kTopTwoDiffer, kLastStep,
     "d3e8 d2e8 66d3e8 c1e803"},
    {"SAR", When::kCountAboveOne, kEflagsOf, Choice::kCleared, kLastStep,
     "d3f8 d2f8 66d3f8 c1f803"},
    {"SHL, SHR of 8 and 16 bits", When::kCountAboveWidth, kEflagsCf,
     Choice::kPastTheOperand, "shifting goes on, and zeros follow",
     "d2e0 d2e8 66d3e0 66d3e8"},
    {"ROL, RCL", When::kCountAboveOne, kEflagsOf, Choice::kCarryXorTop, kLastStep,
     "d3c0 d2c0 66d3c0 d3d0 d2d0 66d3d0"},
    {"ROR, RCR", When::kCountAboveOne, kEflagsOf, Choice::kTopTwoDiffer, kLastStep,
     "d3c8 d2c8 66d3c8 d3d8 d2d8 66d3d8"},
    {"SHLD, SHRD", When::kCountNotZero, kEflagsAf, Choice::kCleared, kSimplest,
     "0fa5d8 0fadd8 660fa5d8 660fadd8"},
    {"SHLD, SHRD", When::kCountAboveOne, kEflagsOf, Choice::kSignChanged,
     "the rule for a count of 1", "0fa5d8 0fadd8 660fa5d8 660fadd8"},
    {"MUL, IMUL", When::kAlways, kSzp, Choice::kOfResult,
     "the low half is the result that programs look at",
     "f6e3 66f7e3 f7e3 f6eb 66f7eb f7eb 0fafc3 660fafc3 69c378563412 6bc307"},
    {"MUL, IMUL", When::kAlways, kEflagsAf, Choice::kCleared, kSimplest,
     "f6e3 66f7e3 f7e3 f6eb 66f7eb f7eb 0fafc3 660fafc3 69c378563412 6bc307"},
    {"DIV, IDIV", When::kAlways, kEflagsArithmetic, Choice::kKept,
     "a division that faults keeps them as well", "f6f3 66f7f3 f7f3 f6fb 66f7fb f7fb"},
    {"BSF, BSR", When::kAlways, kEflagsCf | kEflagsOf | kEflagsSf | kEflagsAf | kEflagsPf,
     Choice::kCleared, "ZF alone has a meaning", "0fbcc3 0fbdc3 660fbcc3 660fbdc3"},
    {"BT, BTS, BTR, BTC", When::kAlways, kEflagsOf | kEflagsSf | kEflagsAf | kEflagsPf,
     Choice::kKept, "CF alone has a meaning; ZF is kept by definition",
     "0fa3d8 0fabd8 0fb3d8 0fbbd8 0fbae005 0fbae805 0fbaf005 0fbaf805"},
    {"DAA, DAS", When::kAlways, kEflagsOf, Choice::kCleared, kSimplest, "27 2f"},
    {"AAA, AAS", When::kAlways, kEflagsOf, Choice::kCleared, kSimplest, "37 3f"},
    {"AAA, AAS", When::kAlways, kSzp, Choice::kOfResult,
     "as the other decimal adjustments do", "37 3f"},
    {"AAM, AAD", When::kAlways, kEflagsCf | kEflagsOf | kEflagsAf, Choice::kCleared,
     kSimplest, "d40a d50a"},
};

std::string FlagNames(u32 flags) {
  constexpr struct {
    u32 bit;
    const char* name;
  } kNames[] = {{kEflagsCf, "CF"}, {kEflagsOf, "OF"}, {kEflagsSf, "SF"},
                {kEflagsZf, "ZF"}, {kEflagsAf, "AF"}, {kEflagsPf, "PF"}};
  std::string text;
  for (const auto& [bit, name] : kNames) {
    if ((flags & bit) != 0) text += std::string(text.empty() ? "" : " ") + name;
  }
  return text;
}

constexpr std::string_view kIntroduction = R"(# What the manuals leave undefined

Some instructions leave some flags in a state that the manuals do not define, and processors differ. Here every such flag has
one value, the same on every host and under every binding, so that runs repeat. Programs must not depend on it.

This file is the table of [undefined_flags.cc](../src/cpu/undefined_flags.cc), written by the test `UndefinedFlags` with
`LGX_UPDATE_DOCS=1` set. The same test executes every row.

| instructions | when | flags | here | why |
|---|---|---|---|---|
)";

constexpr std::string_view kRest = R"(
Where the manuals leave a register undefined:

| instruction | when | here |
|---|---|---|
| BSF, BSR | the source is 0 | the destination keeps its value |
| BSWAP | 16-bit operand | the low half becomes 0 |
| SHLD, SHRD | 16-bit operand, count above 16 | the destination's own bits follow the source's, and CF is the last bit shifted out |
)";

}  // namespace

std::string_view TextOf(UndefinedChoice choice) {
  switch (choice) {
    case Choice::kCleared:
      return "cleared";
    case Choice::kKept:
      return "kept";
    case Choice::kOfResult:
      return "follow the result";
    case Choice::kCarryXorTop:
      return "CF xor the top bit of the result";
    case Choice::kTopTwoDiffer:
      return "xor of the two top bits of the result";
    case Choice::kSignChanged:
      return "xor of the top bits of operand and result";
    case Choice::kPastTheOperand:
      return "cleared: what lies beyond the operand is 0";
  }
  return "";
}

std::string_view TextOf(UndefinedWhen when) {
  switch (when) {
    case When::kAlways:
      return "always";
    case When::kCountNotZero:
      return "count not 0";
    case When::kCountAboveOne:
      return "count above 1";
    case When::kCountAboveWidth:
      return "count above the operand's width";
  }
  return "";
}

std::span<const UndefinedRow> UndefinedRows() { return kRows; }

std::string UndefinedDocument() {
  std::string text(kIntroduction);
  for (const UndefinedRow& row : kRows) {
    absl::StrAppendFormat(&text, "| %s | %s | %s | %s | %s |\n", row.instructions,
                          TextOf(row.when), FlagNames(row.flags), TextOf(row.choice),
                          row.why);
  }
  text += kRest;
  return text;
}

}  // namespace lgx
