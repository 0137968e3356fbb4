#include "mmu/lg_access.h"

#include <cstring>

#include "absl/strings/str_format.h"

namespace lgx {
namespace {

void KillForAddress(KillSink& kill, const char* what, Gpa at, u32 len, u32 page_limit) {
  kill.Kill(absl::StrFormat("bad %s address %#x len %u", what, at.value, len),
            absl::StrFormat("Guest memory has 0x%05x pages", page_limit));
}

}  // namespace

bool LgAccess::Read(Gpa from, void* to, u32 len) const {
  if (Ok(from, len) && view_->Read(from, to, len)) return true;
  std::memset(to, 0, len);
  KillForAddress(*kill_, "read", from, len, view_->page_limit());
  return false;
}

bool LgAccess::Write(Gpa to, const void* from, u32 len) const {
  if (Ok(to, len) && view_->Write(to, from, len)) return true;
  KillForAddress(*kill_, "write", to, len, view_->page_limit());
  return false;
}

}  // namespace lgx
