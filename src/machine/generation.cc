#include "machine/generation.h"

#include <cctype>

#include "base/check.h"
#include "hypercalls/abi.h"

namespace lgx {
namespace {

struct VersionRange {
  int first;  // 2.6.31 as 20631, 3.11 as 31100
  int last;
  Generation generation;
};

constexpr VersionRange kRanges[] = {
    {20623, 20623, Generation::kA}, {20624, 20624, Generation::kB},
    {20625, 20629, Generation::kC}, {20630, 20630, Generation::kD},
    {20631, 20633, Generation::kR}, {20634, 20639, Generation::kE},
    {30000, 30099, Generation::kE}, {30100, 31999, Generation::kF},
    {40000, 41399, Generation::kG},
};

// Takes a decimal number of at most four digits from the front of `text`.
std::optional<int> TakeNumber(std::string_view* text) {
  int value = 0;
  size_t digits = 0;
  while (digits < text->size() && digits < 4 &&
         std::isdigit(static_cast<unsigned char>((*text)[digits]))) {
    value = value * 10 + ((*text)[digits] - '0');
    digits++;
  }
  if (digits == 0) return std::nullopt;
  text->remove_prefix(digits);
  return value;
}

bool TakeDot(std::string_view* text) {
  if (text->empty() || text->front() != '.') return false;
  text->remove_prefix(1);
  return true;
}

}  // namespace

bool IsSupported(Generation generation) {
  const Abi* abi = FindAbi(InfoOf(generation).letter[0]);
  return abi != nullptr && abi->supported;
}

const GenerationInfo& InfoOf(Generation generation) {
  for (const GenerationInfo& info : kGenerations) {
    if (info.generation == generation) return info;
  }
  CHECK(false) << "generation " << static_cast<int>(generation) << " has no row";
  return kGenerations[0];
}

std::string NameOf(Generation generation) {
  const GenerationInfo& info = InfoOf(generation);
  return absl::StrFormat("%s (%s)", info.letter, info.kernels);
}

std::optional<Generation> GenerationFromLetter(std::string_view letter) {
  if (letter.size() != 1) return std::nullopt;
  const int upper = std::toupper(static_cast<unsigned char>(letter[0]));
  for (const GenerationInfo& info : kGenerations) {
    if (info.letter[0] == upper) return info.generation;
  }
  return std::nullopt;
}

std::optional<Generation> GenerationOfVersion(std::string_view version) {
  const std::optional<int> major = TakeNumber(&version);
  if (!major || !TakeDot(&version)) return std::nullopt;
  const std::optional<int> minor = TakeNumber(&version);
  if (!minor || *minor > 99) return std::nullopt;
  int patch = 0;
  if (*major == 2 && TakeDot(&version)) patch = TakeNumber(&version).value_or(0);
  if (patch > 99) return std::nullopt;
  const int number = *major * 10000 + *minor * 100 + patch;
  for (const VersionRange& range : kRanges) {
    if (number >= range.first && number <= range.last) return range.generation;
  }
  return std::nullopt;
}

}  // namespace lgx
