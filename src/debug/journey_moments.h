// The moments of a run that the stops of the journey (docs/journey.md) are about.
#ifndef LGX_DEBUG_JOURNEY_MOMENTS_H_
#define LGX_DEBUG_JOURNEY_MOMENTS_H_

#include <optional>
#include <span>
#include <string_view>

#include "debug/guide.h"
#include "hypercalls/guest.h"
#include "switcher/text.h"

namespace lgx {

struct JourneyMoment {
  enum class Kind : u8 {
    kStart,    // before the first instruction: all is built
    kBegin,    // a crossing is prepared and begins
    kStage,    // the Switcher begins `stage`
    kTrap,     // a crossing is over with trap `number`, the Host has not looked yet
    kCall,     // the Host is about to carry out `call`
    kCounter,  // it has just happened: `counter` has grown
  };
  std::string_view stop;  // "paging.040"
  Kind kind;
  Stage stage = Stage::kSaveHost;
  u32 number = 0;
  Call call = Call::kUnknown;
  u64 (*counter)(const Guest& guest) = nullptr;
  // What `lgx tour` shows of the stop; nothing: its text alone.
  std::optional<Moment> tour = std::nullopt;
};

// In the order of their ids. Stops without a moment of their own are not in it.
std::span<const JourneyMoment> JourneyMoments();
const JourneyMoment* FindJourneyMoment(std::string_view stop);

}  // namespace lgx

#endif  // LGX_DEBUG_JOURNEY_MOMENTS_H_
