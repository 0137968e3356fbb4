// Everything that comes to a run from outside, in one place.
//
// What a Guest does depends on its files and options alone, and on the answers of this
// interface. A Machine asks at moments that it chooses itself: when the Guest has nothing
// to do, at the interrupts of the emulated Host, and before the first instruction. So
// each answer has an instruction count, and a run can be repeated from the list of its
// answers (replay/).
#ifndef LGX_MACHINE_INPUTS_H_
#define LGX_MACHINE_INPUTS_H_

#include <optional>
#include <span>
#include <vector>

#include "base/types.h"
#include "devices/console_backend.h"
#include "devices/net_backend.h"

namespace lgx {

// What a sleeping Guest has room for, and so what is worth waking up for.
struct InputWish {
  bool console = true;
  u32 cards = ~u32{0};  // network card n is bit n
};

class InputSource {
 public:
  virtual ~InputSource() = default;
  // Bytes typed at the console: takes at most to.size(). 0: there are none now.
  virtual std::size_t ReadConsole(std::span<u8> to) = 0;
  // A frame for network card `card`. False: there is none now.
  virtual bool ReceiveFrame(u32 card, NetFrame* frame) = 0;
  // Can anything come that is not there yet?
  virtual bool MayCome() = 0;
  // Waits until something may be there, at most `timeout_ns`; how long it took.
  virtual u64 Wait(u64 timeout_ns, const InputWish& wish) = 0;
  // The oldest event of the console not yet taken.
  virtual std::optional<ConsoleEvent> NextEvent() = 0;
};

class Machine;

// Sees a run at the places where the machine asks for input. There the Guest stands
// between two crossings, in a state that can be hashed.
class RunWatch {
 public:
  virtual ~RunWatch() = default;
  // `machine` has come to the count of instructions that the last answer named. May look
  // at it. The count at which it wants to be told again.
  virtual u64 AtInput(Machine& machine) = 0;

  static constexpr u64 kNever = ~u64{0};
};

// Asks the backends.
class LiveInputs final : public InputSource {
 public:
  // All of them outlive it.
  LiveInputs(ConsoleBackend& console, std::vector<NetBackend*> cards)
      : console_(console), cards_(std::move(cards)) {}

  std::size_t ReadConsole(std::span<u8> to) override { return console_.Read(to); }
  bool ReceiveFrame(u32 card, NetFrame* frame) override {
    return cards_[card]->Receive(frame);
  }
  bool MayCome() override;
  u64 Wait(u64 timeout_ns, const InputWish& wish) override;
  std::optional<ConsoleEvent> NextEvent() override { return console_.NextEvent(); }

  // The part of Wait() that concerns the network, for who waits for several machines.
  void PrepareWait(const InputWish& wish, std::vector<WaitFd>* fds, u64* timeout_ns);

 private:
  ConsoleBackend& console_;
  std::vector<NetBackend*> cards_;
};

}  // namespace lgx

#endif  // LGX_MACHINE_INPUTS_H_
