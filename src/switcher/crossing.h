// CrossingPort over the emulated CPU: Guest and Host change places by executing the
// Switcher's instructions, and nothing here does any of their work for them.
#ifndef LGX_SWITCHER_CROSSING_H_
#define LGX_SWITCHER_CROSSING_H_

#include <string>
#include <utility>
#include <vector>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "cpu/cpu.h"
#include "switcher/crossing_port.h"
#include "switcher/host_env.h"
#include "switcher/map.h"

namespace lgx {

// The device interrupt by which the Host's timer, and everything else that wants the
// Host's attention, ends the Guest's turn. Any vector from 32 up but 128 would do.
inline constexpr u8 kHostTimerVector = 0xef;

// Whoever knows what happens next in the machine.
class EventSource {
 public:
  virtual ~EventSource() = default;
  // How many instructions have retired in all when the next event is due; kNever if none
  // is. Must not move to an earlier count by itself while the Guest runs.
  virtual u64 NextEvent() = 0;
  // That count is reached, or somebody asked with Cpu::RequestStop(). Returns the vector
  // of the Host interrupt that is to hit the Guest now. Until RunGuestOnce() returns
  // there will be no further call.
  virtual u8 EventDue() = 0;

  static constexpr u64 kNever = ~u64{0};
};

// Sees every stage of every crossing just before its first instruction. May look at
// everything and may raise an NMI. (The CPU delivers a fault and executes the stub's
// first instruction in one step, so a stub is seen at its second one.)
class StageObserver {
 public:
  virtual ~StageObserver() = default;
  virtual void AtStage(Stage stage, Cpu& cpu) = 0;
};

// Sees every single step of the CPU, Switcher and Host included. Looks only.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  virtual void BeforeStep(Cpu& cpu) = 0;
  virtual void AfterStep(Cpu& cpu) = 0;
};

// Is asked at exact instruction counts. Looks only.
class Sampler {
 public:
  virtual ~Sampler() = default;
  // When it wants to look next; asked before the CPU runs. Later than now.
  virtual u64 NextSample() = 0;
  virtual void Sample(Cpu& cpu) = 0;
};

// Asked at the two ends of every passage. True: RunGuestOnce() returns there, and the
// passage is not over (CrossingPort::Inside).
class PassageObserver {
 public:
  virtual ~PassageObserver() = default;
  virtual bool AtBegin() = 0;  // before the first instruction
  virtual bool AtEnd() = 0;    // behind the last one; the Host has not looked yet
};

class Crossing final : public CrossingPort {
 public:
  // lguest_arch_host_init for processor n, which host.BringUp() has made of `cpu`. All of
  // them outlive this.
  Crossing(Cpu& cpu, HostEnv& host, const SwitcherMap& map, u32 n = 0);
  // Module stop: global pages are on again if they were.
  ~Crossing() override;
  Crossing(const Crossing&) = delete;
  Crossing& operator=(const Crossing&) = delete;

  void set_event_source(EventSource* events) { events_ = events; }
  // With an observer the CPU goes step by step; without one it costs nothing. Several
  // that see steps are told in their order.
  void set_observer(StageObserver* observer) { observer_ = observer; }
  void set_steps(std::vector<StepObserver*> steps) { steps_ = std::move(steps); }
  void set_sampler(Sampler* sampler) { sampler_ = sampler; }

  // For those who stop the machine and let it go on. What is computed does not depend on
  // where, or how often.
  // RunGuestOnce() returns when so many instructions have retired in all, before anything
  // that is due then.
  void set_stop_at(u64 retired) { stop_at_ = retired; }
  void set_passage_observer(PassageObserver* observer) { passage_observer_ = observer; }
  // Passages begun so far.
  u64 count() const { return count_; }

  SwitcherPages& Pages() override { return pages_; }
  Mpa HostRoot() const override { return host_.root(); }
  void RunGuestOnce(const GuestEntry& entry) override;
  bool Inside() const override { return place_ != Place::kOutside; }
  bool TookHostInterrupt() const override { return host_.LastInterrupt(n_) != 0; }
  u64 Retired() const override { return cpu_.retired(); }
  u32 Cr2() const override { return cpu_.state.cr2; }
  void SetTs(bool on) override;
  bool HasSysenter() const override { return has_sysenter_; }
  void SetSysenterCs(u32 selector) override { cpu_.state.sysenter_cs = selector; }

  const SwitcherText& text() const { return map_.text(); }

  // Why the Host cannot go on; empty while it can. Only a state that LoadState() took
  // over leads there, for example one from a damaged file: then RunGuestOnce() returns,
  // and Inside() stays true.
  const std::string& failure() const { return failure_; }

  // How far the passage is, as bytes.
  void SaveState(ByteWriter* out) const;
  void LoadState(ByteReader* in);

 private:
  // How far the passage is.
  enum class Place : u8 { kOutside, kInside, kAtEnd };

  void Begin(const GuestEntry& entry);
  bool RunToEnd();
  bool GiveUp(std::string why);
  StopReason RunUntil(u64 until);
  StopReason Step(u64 until);
  // `next`: what NextEvent() says, if it matters.
  void RaiseDueEvents(bool requested, u64 next);
  u64 Deadline(u64 next) const;

  Cpu& cpu_;
  HostEnv& host_;
  const SwitcherMap& map_;
  const u32 n_;
  SwitcherPages pages_;
  const u32 entry_eip_;
  const u32 end_eip_;
  const bool had_pge_;
  const bool has_sysenter_;
  EventSource* events_ = nullptr;
  StageObserver* observer_ = nullptr;
  std::vector<StepObserver*> steps_;
  Sampler* sampler_ = nullptr;
  bool in_stub_ = false;  // the observer has seen it
  PassageObserver* passage_observer_ = nullptr;
  Place place_ = Place::kOutside;
  bool requested_ = false;  // somebody asked for an interrupt with Cpu::RequestStop()
  bool raised_ = false;     // an interrupt was raised that ends this crossing,
  u64 raised_at_ = 0;       // when so many instructions had retired
  u64 stop_at_ = EventSource::kNever;
  u64 count_ = 0;
  bool loaded_ = false;  // LoadState() was called
  std::string failure_;
};

}  // namespace lgx

#endif  // LGX_SWITCHER_CROSSING_H_
