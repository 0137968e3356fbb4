// What has to be true for a fuzz target to go on.
#ifndef LGX_TESTS_FUZZ_REQUIRE_H_
#define LGX_TESTS_FUZZ_REQUIRE_H_

#include <cstdlib>

namespace lgx::test {

// Ends the program, which the driver reports with the input, unless `good`.
inline void Require(bool good) {
  if (!good) std::abort();
}

}  // namespace lgx::test

#endif  // LGX_TESTS_FUZZ_REQUIRE_H_
