// Waits for a moment of a run and says what is there: for `lgx tour` and `lgx inspect`.
//
// It looks on by way of the trace and of the Switcher's stages, so the run is the one
// that it always is; when everything is said, it ends it.
#ifndef LGX_DEBUG_GUIDE_H_
#define LGX_DEBUG_GUIDE_H_

#include <optional>
#include <string>
#include <string_view>

#include "base/trace.h"
#include "debug/stage_view.h"
#include "debug/symbols.h"
#include "machine/machine.h"

namespace lgx {

// What to wait for.
struct Moment {
  enum class Kind : u8 {
    kStart,      // before the first instruction
    kPageFault,  // a page fault of the Guest: before the Host answers it, and after
    kExit,       // the Guest was left with trap `number`
    kCall,       // hypercall `call`, before it is carried out; kUnknown: any
    kInterrupt,  // a virtual interrupt was put onto the Guest's stack
    kCrossing,   // a whole crossing, stage by stage
  };
  Kind kind = Kind::kStart;
  u32 number = 0;
  Call call = Call::kUnknown;
  u64 count = 1;  // the which one; for kCrossing the number of the crossing
};

class Guide final : private TraceSink, private StageObserver, private StepObserver {
 public:
  // `machine` has not run yet. It and `symbols` outlive this.
  Guide(Machine& machine, const Symbols& symbols, const Moment& moment);
  ~Guide() override;
  Guide(const Guide&) = delete;
  Guide& operator=(const Guide&) = delete;

  // Runs the machine to the moment, and through it. False: the moment never came.
  bool Run();
  // All that was seen.
  const std::string& text() const { return text_; }

 private:
  void OnEvent(const TraceEvent& event) override;
  void AtStage(Stage stage, Cpu& cpu) override;
  void BeforeStep(Cpu&) override {}
  void AfterStep(Cpu& cpu) override;

  bool Counts() { return ++seen_ == moment_.count; }
  void OnPageFault();
  void OnExit();
  void OnCall(const TraceEvent& event);
  void Finish();
  void Where();
  void ShowPage();
  void EndStage();

  Machine& machine_;
  const Symbols& symbols_;
  const Moment moment_;
  std::string text_;
  u64 seen_ = 0;
  bool waits_for_fill_ = false;
  bool done_ = false;

  // Of the crossing that is shown.
  u64 crossing_ = 0;
  std::optional<Stage> stage_;
  u32 vector_ = 0;
  StageSnapshot before_;
  bool entered_ = false;
};

}  // namespace lgx

#endif  // LGX_DEBUG_GUIDE_H_
