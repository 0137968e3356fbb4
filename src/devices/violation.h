// The Guest broke the rules of a device: a value, because the Guest can do so at any time
// and that must cost nobody but the Guest (guest-02 section 10, first class). The Guest
// is then stopped with exit code 3.
//
// Failures of single requests (an I/O error, a short frame) are not violations: they have
// a status byte or a counter, and the Guest runs on.
#ifndef LGX_DEVICES_VIOLATION_H_
#define LGX_DEVICES_VIOLATION_H_

#include <optional>
#include <string>

#include "base/types.h"

namespace lgx {

enum class ViolationKind : u8 {
  kIndexMoved,         // more buffers announced than the ring holds
  kBadHead,            // an announced descriptor does not exist
  kBadNext,            // a chain points outside its table
  kLooped,             // a chain is longer than its table
  kOutAfterIn,         // a buffer to read from after one to write to
  kBadAddress,         // a buffer or table outside Guest memory
  kIndirectSize,       // an indirect table of no or of a broken number of entries
  kIndirectMisplaced,  // an indirect descriptor that is not alone at the head of a chain
  kTooLong,            // the buffers of one chain are more than all of Guest memory
  kWrongDirection,     // an out buffer where only in buffers make sense, or the reverse
  kNoRoom,             // buffers too small to be answered at all
  kBadNotify,          // NOTIFY with an address outside Guest memory
  kBadRing,            // a ring of an impossible size, or not in Guest memory
  kUnhandledTrap,      // a trap that no device wanted, nor the Guest
  kDescriptorChanged,  // the Guest overwrote a part of the device page that is ours
};

struct Violation {
  ViolationKind kind;
  std::string text;    // the original Launcher's words where it had some, with the value
  std::string device;  // empty if no device is involved
  i32 queue = -1;      // -1: no queue is involved
  i32 head = -1;       // -1: no chain is involved

  // "Looped descriptor (console, queue 1, head 7)"
  std::string ToString() const;
};

using MaybeViolation = std::optional<Violation>;

}  // namespace lgx

#endif  // LGX_DEVICES_VIOLATION_H_
