// The stops of the journey inside the program: docs/journey.md as it was built, and the
// lives, which lead through several chapters.
#ifndef LGX_DEBUG_JOURNEY_H_
#define LGX_DEBUG_JOURNEY_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "debug/guide.h"

namespace lgx {

struct JourneyStop {
  std::string name;  // "paging.040"
  std::string title;
  std::string text;     // as it stands in the source, in lines
  std::string file;     // "src/mmu/demand_page.cc"
  std::string symbol;   // "DemandPage"
  std::string compare;  // a place of the reference: "lguest H:330"; often empty
};

class Journey {
 public:
  // The text of docs/journey.md. A line that does not fit is an error.
  static StatusOr<Journey> Parse(std::string_view markdown);

  const std::vector<JourneyStop>& stops() const { return stops_; }
  // Null: there is none of that name.
  const JourneyStop* Find(std::string_view name) const;
  // The first stop that compares itself with this place of the reference: "lguest:H:330".
  const JourneyStop* FindTag(std::string_view tag) const;
  // Names that look like a mistyped one, for "did you mean".
  std::vector<std::string> Names() const;

 private:
  std::vector<JourneyStop> stops_;
};

// A way through the stops that follows one thing from its beginning to its end.
struct JourneyLife {
  std::string_view name;   // "page-fault"
  std::string_view title;  // "The life of a page fault"
  std::span<const std::string_view> stops;
};
std::span<const JourneyLife> JourneyLives();
const JourneyLife* FindJourneyLife(std::string_view name);

// What to wait for in the built-in guest's run to see what a stop is about. Nothing: the
// stop is about something that this guest never does, or that no single moment shows.
std::optional<Moment> MomentOf(std::string_view stop);

}  // namespace lgx

#endif  // LGX_DEBUG_JOURNEY_H_
