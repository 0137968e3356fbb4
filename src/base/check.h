// CHECK(cond) << "words": a broken invariant of ours. On in release builds too.
//
// Nothing a guest, a file, a packet or a config holds may make a CHECK fail.
#ifndef LGX_BASE_CHECK_H_
#define LGX_BASE_CHECK_H_

#include <sstream>

namespace lgx {

class CheckFailure {
 public:
  CheckFailure(const char* file, int line, const char* condition);
  [[noreturn]] ~CheckFailure();
  std::ostream& stream() { return text_; }

 private:
  std::ostringstream text_;
};

struct CheckVoidify {
  void operator&(const std::ostream&) const {}
};

// Called with the complete text just before the process ends. The program sets it to
// write a crash bundle and to restore the terminal.
using CheckFailureHook = void (*)(const char* text);
void SetCheckFailureHook(CheckFailureHook hook);

}  // namespace lgx

#define CHECK(cond)                              \
  (__builtin_expect(static_cast<bool>(cond), 1)) \
      ? (void)0                                  \
      : ::lgx::CheckVoidify() & ::lgx::CheckFailure(__FILE__, __LINE__, #cond).stream()

#endif  // LGX_BASE_CHECK_H_
