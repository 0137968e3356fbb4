// A point of a run, as people name it (user-interface section 3):
//
//   insn:123456           so many instructions have retired
//   time:1.5s             virtual time
//   crossing:2000         the crossing with that number begins; the first is 1
//   stop:paging.040       the machine does for the first time what this stop of the
//                         journey is about; stop:paging.040#12 the twelfth time
//   symbol:start_kernel   the Guest is about to execute this function
//   console:"login:"      the Guest has written this text
//   hypercall:SET_PTE#12  the Host is about to carry out this call, the twelfth time;
//                         any hypercall: hypercall:ANY#2000
//   end                   the Guest's end
#ifndef LGX_MACHINE_POINT_H_
#define LGX_MACHINE_POINT_H_

#include <string>
#include <string_view>

#include "base/status.h"
#include "base/types.h"

namespace lgx {

struct Point {
  enum class Kind : u8 {
    kEnd,
    kInstruction,  // `count`
    kTime,         // `count` in nanoseconds
    kCrossing,     // `count`
    kStop,         // `text`, the `count`th time
    kSymbol,       // `text`, the `count`th time
    kConsole,      // `text`, the `count`th time
    kHypercall,    // `text`, the `count`th time
  };
  Kind kind = Kind::kEnd;
  u64 count = 1;
  std::string text;

  friend bool operator==(const Point&, const Point&) = default;
};

// kOutOfRange with what is wrong and what would be right. Whether a symbol, a stop or a
// hypercall of that name exists is up to who goes there.
StatusOr<Point> ParsePoint(std::string_view text);

// The machine cannot count to it: somebody has to watch the run.
constexpr bool IsFoundOutside(Point::Kind kind) {
  return kind != Point::Kind::kEnd && kind != Point::Kind::kInstruction &&
         kind != Point::Kind::kTime;
}
inline bool IsFoundOutside(const Point& point) { return IsFoundOutside(point.kind); }

// As ParsePoint reads it.
std::string PointText(const Point& point);

}  // namespace lgx

#endif  // LGX_MACHINE_POINT_H_
