// Stops a Machine anywhere, looks at it, and lets it go on.
//
// Everybody who debugs works through this: the console, the gdb server, tests. Looking
// changes nothing: no memory, no A or D bit, no instruction of the Guest is touched, and
// a run ends with the same hash wherever and however often it was stopped. What the
// caller writes (WriteMemory, the set functions) does change the run, of course.
//
// A place is always "before an instruction": of the Guest, of the Switcher, of the
// emulated Host's few own ones, or between two crossings, where the Host's C++ works and
// no instruction is under way (StopReport::inside is false).
#ifndef LGX_DEBUG_RUN_CONTROL_H_
#define LGX_DEBUG_RUN_CONTROL_H_

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "cpu/cpu.h"
#include "machine/elf_symbols.h"
#include "machine/machine.h"
#include "machine/point.h"

namespace lgx {

// Whose code the processor is in.
enum class Party : u8 { kHost, kSwitcher, kGuestKernel, kGuestUser };
std::string_view NameOf(Party party);  // "Host", "Switcher", "Guest kernel", "Guest user"
constexpr bool IsGuest(Party party) { return party >= Party::kGuestKernel; }

enum class Space : u8 { kLinear, kGuestPhysical, kMachine };
std::string_view NameOf(Space space);  // "lin", "gpa", "mpa"
std::optional<Space> SpaceFromName(std::string_view name);

// A breakpoint or a watchpoint.
//
// A linear one belongs to no address space: it meets whatever is mapped there, but never
// the Host, which has addresses of its own. In the other two spaces it meets each mapping
// of that byte; a store there is noticed whoever does it, the Host and devices included.
struct StopPlace {
  enum Access : u8 { kExecute = 1, kRead = 2, kWrite = 4 };

  u32 id = 0;            // given by Add()
  u8 access = kExecute;  // kExecute alone, or any of the others. Reads: linear only
  Space space = Space::kLinear;
  u64 address = 0;
  u32 len = 1;                // of data, in bytes
  bool only_changes = false;  // a store of the value that is there does not count
  bool enabled = true;
  u64 ignore = 0;  // so many hits pass by
  u64 hits = 0;    // so far, with those that passed by
};

// What else stops Step() with n > 1, Continue() and RunTo(), besides places.
struct StopKinds {
  bool crossing_begin = false;
  bool crossing_end = false;
  bool stages = false;  // before each stage of the Switcher
  bool events = false;  // before the first instruction of a handler
};

struct StopReport {
  enum class Why : u8 {
    kStart,       // nothing has run under this control yet
    kStep,        // the steps are done
    kReached,     // the point of RunTo()
    kBreakpoint,  // `place`
    kWatchpoint,  // `place`, `watch`
    kStage,       // `stage` is about to begin
    kEvent,       // `event` has gone through the IDT
    kCrossingBegin,
    kCrossingEnd,
    kInterrupted,  // Interrupt(), or the poll function
    kEnded,        // the run is over: Machine::ending()
  };
  struct Watch {
    Space space = Space::kLinear;
    u64 address = 0;  // of the access
    u32 len = 0;
    bool write = false;
    // Of the watched bytes, before the access and now; empty if not readable.
    std::vector<u8> old_value;
    std::vector<u8> new_value;
  };

  Why why = Why::kStart;
  u64 instructions = 0;
  u64 ns = 0;           // virtual
  u64 crossing = 0;     // number of the last one that has begun; the first is 1
  bool inside = false;  // a crossing is under way
  Party party = Party::kHost;
  u32 eip = 0;
  Lin lin{0};  // of CS:EIP
  u32 place = 0;
  std::optional<Watch> watch;
  std::optional<Stage> stage;
  std::optional<Event> event;
};

class RunControl final : private CpuInspector,
                         private PassageObserver,
                         private ConsoleWatch {
 public:
  // `machine` outlives this, and is run by nobody else meanwhile. Afterwards it runs on
  // as if nothing had been.
  explicit RunControl(Machine& machine);
  ~RunControl() override;
  RunControl(const RunControl&) = delete;
  RunControl& operator=(const RunControl&) = delete;

  Machine& machine() { return machine_; }
  const Machine& machine() const { return machine_; }
  // For symbol:NAME. Outlives this; may be null.
  void set_symbols(const SymbolTable* symbols) { symbols_ = symbols; }

  // ---- running ----

  // One instruction (of a rep, one iteration), or up to the first instruction of the
  // handler if an event comes first (kEvent); n times, or to the first other stop.
  const StopReport& Step(u64 n = 1);
  // As Step(), but what is not the Guest's passes as one step: a hypercall, a fault that
  // is answered by a shadow entry, an interrupt of the Host. If `over_irqs`, a virtual
  // interrupt that comes first passes with its handler.
  const StopReport& StepGuest(bool over_irqs = true);
  // To the next stop of any kind, or the end.
  const StopReport& Continue();
  // To `point`, or to the first stop before it. Fails, and does not run, if there is no
  // such symbol, stop or hypercall.
  StatusOr<StopReport> RunTo(const Point& point);
  // To `place`, which is no stop of its own, or to the first stop before it.
  StatusOr<StopReport> RunToPlace(const StopPlace& place);
  // On to the next place where the Guest's next instruction is known: in the Guest, or
  // between two crossings. At once if it is one.
  const StopReport& SettleInGuest();

  // From the poll function or a ConsoleBackend: the running call returns kInterrupted.
  void Interrupt() {
    interrupted_ = true;
    machine_.RequestStop();
  }
  // Called every few million instructions of Continue() and RunTo(); true interrupts. It
  // may look at the machine.
  void set_poll(std::function<bool()> poll) { poll_ = std::move(poll); }
  // For loops of short runs, which never come to that: asks now. True: last() says
  // kInterrupted, and the loop is to end.
  bool PollNow();

  // ---- for who can go back in time (reverse.h) ----

  // Runs the machine in place of Machine::RunTo. Null: that one.
  using Runner = std::function<Machine::Stop(const Machine::Goal&)>;
  void set_runner(Runner runner) { runner_ = std::move(runner); }
  // While it is quiet nothing stops the machine, and nothing is counted.
  void set_quiet(bool quiet) { quiet_ = quiet; }
  // The machine was put to another place: last() is about that, as if it had got there
  // for the reason of `why`.
  const StopReport& Moved(const StopReport& why);
  // Whoever runs the machine himself now has it stopped at all that stops Continue().
  void WatchForStops();
  // It has stopped, perhaps at the goal: what at, if at anything that counts. The next
  // run goes on behind it.
  std::optional<StopReport> TakeStop();
  // What stops the machine at the very place where it stands, or the next stop.
  const StopReport& ContinueFromHere();

  const StopReport& last() const { return last_; }
  bool ended() const { return last_.why == StopReport::Why::kEnded; }

  // ---- what stops it ----

  // Fails if the combination does not exist: kExecute with others, reads in another
  // space than linear, no byte or more than a page of data.
  StatusOr<u32> Add(StopPlace place);
  bool Remove(u32 id);
  // Null: there is none. May be changed in `enabled`, `ignore` and `hits`.
  StopPlace* Find(u32 id);
  const std::vector<StopPlace>& places() const { return places_; }
  void set_stop_kinds(const StopKinds& kinds) { kinds_ = kinds; }
  const StopKinds& stop_kinds() const { return kinds_; }

  // ---- looking (style section 3: Observe) ----

  Party CurrentParty() const;
  // The machine address behind one of the three spaces, to the end of its page. Linear:
  // through the current CR3; while the Guest is the one to go on, what its shadow tables
  // do not hold yet is found by its own tables.
  std::optional<Mpa> Translate(Space space, u64 address) const;
  // Copies what is there and returns how many bytes that were, up to the first that is
  // not.
  u32 ReadMemory(Space space, u64 address, std::span<u8> to) const;
  // All or nothing; false: not all of it is the Guest's own memory. What the Host and the
  // Switcher trust cannot be written. The caller changes the run.
  bool WriteMemory(Space space, u64 address, std::span<const u8> from);

  // True between two crossings: not the CPU but GuestRegs has the Guest's registers.
  bool BetweenCrossings() const {
    return !machine_.crossing().Inside() || machine_.cpu().state.halted;
  }

 private:
  // What RunTo() waits for.
  struct Target {
    Point point;
    Machine::Goal goal;
    u64 left = 0;         // how often it has to be met still, by the next two
    std::vector<Lin> at;  // instructions
    std::string seen;     // kConsole: the end of what was written
    // How often it has happened; from `wanted` on the point is reached.
    std::function<u64()> done;
    // At the end of a crossing: does it happen next? Null: it is known afterwards only.
    std::function<bool()> about_to;
    u64 wanted = 0;
    u64 at_ends = 0;  // that about_to() said yes
    bool reached = false;
  };
  // Stops of our own on the way, which nobody hears of.
  struct Private {
    bool guest_entry = false;  // before the Switcher's last instruction
    bool crossing_end = false;
    std::optional<Lin> at;
    u32 esp = 0;  // with `at`
  };
  struct Hit {
    u32 id;
    StopReport::Watch watch;
  };

  // CpuInspector
  bool BeforeInstruction(Lin lin) override;
  bool OnAccess(Lin at, u32 len, bool write) override;
  bool OnStore(Mpa at, const u8* bytes, u32 len) override;
  bool OnEvent(const Event& event) override;
  // PassageObserver
  bool AtBegin() override;
  bool AtEnd() override;
  // ConsoleWatch
  bool OnOutput(std::span<const u8> bytes) override;

  enum class Mode : u8 { kStep, kRun };
  const StopReport& Run(Mode mode, const Machine::Goal& goal);
  const StopReport& RunArmed(Mode mode, const Machine::Goal& goal);
  const StopReport& OneStep();
  void Arm(Mode mode);
  void Report(StopReport::Why why);
  void Note(StopReport::Why why, u32 place = 0);
  bool CountHit(StopPlace* place);
  bool SettleWatch();
  bool SettleNoted();
  void ForgetNoted();
  void SkipThisPlace();
  bool AtPlace(Lin lin);
  bool Meets(const StopPlace& place, Space space, u64 at, u32 len, bool write) const;
  bool NoteAccess(Space space, u64 at, u32 len, bool write);
  std::optional<Stage> CurrentStage() const;
  const StopReport& RunToGuest();
  Status Aim(const Point& point);
  Status AimAtStop(const Point& point);
  Status AimAtHypercall(const Point& point);
  bool TargetDone(bool at_end);

  Machine& machine_;
  const SymbolTable* symbols_ = nullptr;
  std::function<bool()> poll_;
  Runner runner_;
  bool quiet_ = false;
  std::vector<StopPlace> places_;
  StopKinds kinds_;
  u32 next_id_ = 1;
  StopReport last_;

  // Of the call that runs now.
  Mode mode_ = Mode::kRun;
  Target target_;
  Private private_;
  std::optional<StopReport::Why> noted_;  // why it is about to stop
  bool noted_private_ = false;
  u32 noted_place_ = 0;
  std::optional<Stage> noted_stage_;
  std::optional<Event> noted_event_;
  std::optional<Hit> hit_;
  u64 skip_instructions_ = ~u64{0};  // no breakpoint at the place it goes on from
  Lin skip_at_{0};
  std::optional<Lin> comes_again_;  // nor at this one, which was met and has faulted
  bool interrupted_ = false;
  bool writing_ = false;
};

}  // namespace lgx

#endif  // LGX_DEBUG_RUN_CONTROL_H_
