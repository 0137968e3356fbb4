// Input that can be had twice: what a machine was answered is kept in memory, so that a
// machine that was put back to an earlier state gets the same answers again, up to where
// it was before; from there on whoever stands behind is asked.
#ifndef LGX_REPLAY_REWINDER_H_
#define LGX_REPLAY_REWINDER_H_

#include <optional>
#include <vector>

#include "machine/inputs.h"
#include "machine/machine.h"

namespace lgx {

class Rewinder final : public InputSource, public RunWatch {
 public:
  // Puts itself between `machine` and whoever was asked and told so far; the destructor
  // takes itself out again.
  explicit Rewinder(Machine& machine);
  ~Rewinder() override;
  Rewinder(const Rewinder&) = delete;
  Rewinder& operator=(const Rewinder&) = delete;

  // How many questions were asked: the machine's place in its input.
  u64 place() const { return question_; }
  // The machine was put back to where it was at that place.
  void GoBackTo(u64 place);
  // Is the machine where it was before?
  bool repeats() const { return question_ < furthest_; }

  std::size_t ReadConsole(std::span<u8> to) override;
  bool ReceiveFrame(u32 card, NetFrame* frame) override;
  bool MayCome() override;
  u64 Wait(u64 timeout_ns, const InputWish& wish) override;
  std::optional<ConsoleEvent> NextEvent() override;
  u64 AtInput(Machine& machine) override;

 private:
  // An answer that is not "nothing".
  struct Answer {
    u64 question = 0;
    std::vector<u8> bytes;
    NetFrame frame;
    u64 number = 0;
    bool early = false;             // a wait took only `number` nanoseconds
    bool changes_may_come = false;  // whether input may come is `number` from now on
    std::optional<ConsoleEvent> event;
    // Whoever was asked ended the run then.
    std::optional<Ending> ending;
  };

  // The kept answer to the question asked now. Null: it was "nothing".
  const Answer* Kept();
  bool Asks();
  Answer& Keep();
  void KeepEnding();

  Machine& machine_;
  InputSource& inner_;
  RunWatch* inner_watch_;
  u64 inner_watch_at_;
  std::vector<Answer> answers_;
  std::size_t next_ = 0;
  u64 question_ = 0;
  u64 furthest_ = 0;
  bool may_come_ = true;
  bool ended_ = false;  // an ending is kept
};

}  // namespace lgx

#endif  // LGX_REPLAY_REWINDER_H_
