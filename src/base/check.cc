#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace lgx {
namespace {
CheckFailureHook g_hook = nullptr;
}  // namespace

void SetCheckFailureHook(CheckFailureHook hook) { g_hook = hook; }

CheckFailure::CheckFailure(const char* file, int line, const char* condition) {
  text_ << "lgx: internal error at " << file << ":" << line << ": " << condition << " ";
}

CheckFailure::~CheckFailure() {
  const std::string text = text_.str();
  if (g_hook != nullptr) g_hook(text.c_str());
  std::fprintf(stderr, "%s\n", text.c_str());
  std::_Exit(70);
}

}  // namespace lgx
