// Every check runs four ways: without PAE and with it, with decoded blocks kept and with
// every instruction decoded anew.
#ifndef LGX_TESTS_INTEGRATION_GUEST_TEST_H_
#define LGX_TESTS_INTEGRATION_GUEST_TEST_H_

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "tests/machine/tiny_guest.h"

namespace lgx::test {

class GuestTest : public ::testing::TestWithParam<std::tuple<PagingMode, bool>> {
 protected:
  GuestTest() : guest(std::get<0>(GetParam())) {
    guest.config.cpu.block_cache = std::get<1>(GetParam());
    // A run that goes wrong ends soon.
    guest.config.limits.instructions = 2'000'000;
  }
  PagingMode mode() const { return std::get<0>(GetParam()); }

  void ExpectPowerOff() {
    const Ending ending = guest.Run();
    EXPECT_EQ(NameOf(ending.kind), std::string("power-off")) << ending.reason;
  }
  void ExpectKilled(const std::string& start) {
    const Ending ending = guest.Run();
    EXPECT_EQ(NameOf(ending.kind), std::string("killed"));
    EXPECT_EQ(ending.reason.substr(0, start.size()), start);
  }

  TinyGuest guest;
  TinyCode& text = guest.text;        // ring 1, from the first instruction
  TinyCode& program = guest.program;  // ring 3
  TinyCode& handler = guest.handler;  // ring 1
};

#define LGX_INSTANTIATE_GUEST_TEST(suite)                                               \
  INSTANTIATE_TEST_SUITE_P(                                                             \
      Worlds, suite,                                                                    \
      ::testing::Combine(::testing::Values(PagingMode::kTwoLevel, PagingMode::kPae),    \
                         ::testing::Bool()),                                            \
      [](const auto& world) {                                                           \
        return std::string(std::get<0>(world.param) == PagingMode::kPae ? "Pae"         \
                                                                        : "TwoLevel") + \
               (std::get<1>(world.param) ? "Cached" : "Uncached");                      \
      })

}  // namespace lgx::test

#endif  // LGX_TESTS_INTEGRATION_GUEST_TEST_H_
