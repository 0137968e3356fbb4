#include "hypercalls/shutdown.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace lgx {
namespace {

constexpr u32 kTextBytes = 128;
constexpr u32 kRestart = 2;

// A text that starts in memory is cut at the end of memory. One that starts outside kills
// with lgread's own words.
bool ReadText(const Guest& guest, Gpa from, char (&text)[kTextBytes]) {
  if (from.value >= guest.memory.size()) return guest.lg.Read(from, text, kTextBytes);
  const u64 rest = guest.memory.size() - from.value;
  const u32 bytes = static_cast<u32>(std::min<u64>(rest, kTextBytes));
  return guest.memory.Read(from, text, bytes);
}

}  // namespace

void Shutdown(Guest& guest, Gpa from, u32 how) {
  char text[kTextBytes] = {};
  if (ReadText(guest, from, text)) {
    text[kTextBytes - 1] = 0;
    guest.Kill(std::string("CRASH: ") + text);
  }
  if (how == kRestart) guest.KillForRestart();
}

}  // namespace lgx
