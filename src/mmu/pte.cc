#include "mmu/pte.h"

namespace lgx {
namespace {

struct FlagName {
  u64 bit;
  const char* set;
  const char* clear;  // null: a clear bit is not mentioned
};

// In the order in which people ask: who may do what, then what has happened.
constexpr FlagName kFlagNames[] = {
    {kPteUser, "U", "S"},       {kPteRw, "W", "R"},          {kPteAccessed, "A", nullptr},
    {kPteDirty, "D", nullptr},  {kPtePresent, "P", nullptr}, {kPtePse, "PS", nullptr},
    {kPteGlobal, "G", nullptr}, {kPtePwt, "PWT", nullptr},   {kPtePcd, "PCD", nullptr},
    {kPteNx, "NX", nullptr},
};

}  // namespace

std::string DescribeEntry(u64 raw) {
  if ((raw & kPtePresent) == 0) return "not present";
  std::string text;
  for (const FlagName& flag : kFlagNames) {
    const char* name = (raw & flag.bit) != 0 ? flag.set : flag.clear;
    if (name == nullptr) continue;
    if (!text.empty()) text += ' ';
    text += name;
  }
  return text;
}

}  // namespace lgx
