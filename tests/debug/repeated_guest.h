// A BusyGuest for fuzz targets: made once, put back to its start for each input, and so
// short that nothing an input asks for takes long.
#ifndef LGX_TESTS_DEBUG_REPEATED_GUEST_H_
#define LGX_TESTS_DEBUG_REPEATED_GUEST_H_

#include <array>
#include <memory>

#include "base/check.h"
#include "replay/snapshot.h"
#include "tests/debug/busy_guest.h"

namespace lgx::test {

class RepeatedGuest {
 public:
  explicit RepeatedGuest(PagingMode mode) : guest_(mode, 2) {
    guest_.config.memory = 8 * kMiB;
    guest_.config.limits.instructions = kLongest;
    start_ = TakeSnapshot(guest_.Boot(), nullptr);
    machine().Run();
    end_ = machine().Hash();
    Restart();
  }

  // The one of its kind.
  static RepeatedGuest& Of(PagingMode mode) {
    static std::array<std::unique_ptr<RepeatedGuest>, 2> guests;
    std::unique_ptr<RepeatedGuest>& guest = guests[mode == PagingMode::kPae ? 1 : 0];
    if (guest == nullptr) guest = std::make_unique<RepeatedGuest>(mode);
    return *guest;
  }

  // An undisturbed run is a few thousand instructions; one with other memory ends here.
  static constexpr u64 kLongest = 12'000;

  Machine& machine() { return guest_.machine(); }
  const BusyGuest& guest() const { return guest_; }
  // Where nobody else looks at it.
  void Restart() {
    const Status status = RestoreSnapshot(start_, &machine());
    CHECK(status.ok()) << MessageOf(status);
  }
  // Of an undisturbed run, at its end.
  u64 end() const { return end_; }

 private:
  BusyGuest guest_;
  Snapshot start_;
  u64 end_ = 0;
};

}  // namespace lgx::test

#endif  // LGX_TESTS_DEBUG_REPEATED_GUEST_H_
