// Writes the log of a run while it runs (input_log.h): asks the real world in place of
// the machine, and notes what it answered.
//
// Writing the log never changes what the Guest computes, and never ends a run: a log that
// cannot be written any more is given up, and status() says so.
#ifndef LGX_REPLAY_RECORDER_H_
#define LGX_REPLAY_RECORDER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "machine/launcher.h"
#include "replay/input_log.h"

namespace lgx {

class Recorder final : public RunHooks, public InputSource, public RunWatch {
 public:
  // A quick hash is noted each kHashEvery instructions, and a whole one at the end and
  // each kFullHashEvery: hashing all of memory takes as long as ten million instructions.
  static constexpr u64 kHashEvery = 10'000'000;
  static constexpr u64 kFullHashEvery = 2'000'000'000;

  // `config` as it will run. The file is made at the first record.
  Recorder(std::string path, const MachineConfig& config);
  ~Recorder() override;

  // Fine, or why there is no log, or not all of one.
  const Status& status() const { return status_; }
  u64 bytes() const { return written_; }

  // RunHooks
  Status OnFiles(const BootFiles& files) override;
  StatusOr<std::unique_ptr<DiskFile>> OpenDisk(const MachineConfig::Block& block,
                                               u32 index) override;
  Status OnOpen(Disks& disks, std::span<NetBackend* const> cards) override;
  Status OnMachine(Machine& machine) override;
  void OnEnding(const Machine& machine, const Ending& ending, u64 hash) override;
  // The run is over, with this ending of the last machine. Nothing may follow.
  void Finish();

  // InputSource
  std::size_t ReadConsole(std::span<u8> to) override;
  bool ReceiveFrame(u32 card, NetFrame* frame) override;
  bool MayCome() override;
  u64 Wait(u64 timeout_ns, const InputWish& wish) override;
  std::optional<ConsoleEvent> NextEvent() override;

  // RunWatch
  u64 AtInput(Machine& machine) override;

 private:
  class Disk;

  void Note(LogKind kind, std::vector<u8> body);
  void Append(std::span<const u8> bytes);
  void Flush();
  void NoteFullHash(const Machine& machine);

  std::string path_;
  MachineConfig config_;
  LogEncoder encoder_;
  std::optional<File> file_;
  std::vector<u8> pending_;
  u64 written_ = 0;
  bool full_ = false;
  Status status_;
  Machine* machine_ = nullptr;
  InputSource* live_ = nullptr;
  u64 question_ = 0;
  bool may_come_ = true;
  u32 boots_ = 0;
  u64 next_full_hash_ = 0;
  std::vector<u8> end_;  // the body of kEnd
  u64 end_instructions_ = 0;
};

}  // namespace lgx

#endif  // LGX_REPLAY_RECORDER_H_
