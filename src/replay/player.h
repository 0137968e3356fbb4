// Repeats a recorded run: answers the machine's questions from a log, and checks at each
// that the run is still the recorded one.
//
//   StatusOr<InputLog> log = ReadInputLog(path);
//   StatusOr<std::unique_ptr<Player>> player = Player::Create(*std::move(log));
//   Launch((*player)->config(), builtin, console, observer, player->get());
//   (*player)->verdict();
#ifndef LGX_REPLAY_PLAYER_H_
#define LGX_REPLAY_PLAYER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "machine/launcher.h"
#include "replay/answers.h"
#include "replay/input_log.h"
#include "replay/replay_disk.h"

namespace lgx {

class Player final : public RunHooks, public InputSource, public RunWatch {
 public:
  // Where it is in the log. Part of a snapshot of a repeated run.
  struct Position {
    u64 question = 0;
    std::size_t next = 0;
    u32 boots = 0;
    std::vector<ReplayDisk::Changes> disks;
  };

  // Reads all of the log; an error names the record.
  [[nodiscard]] static StatusOr<std::unique_ptr<Player>> Create(InputLog log);

  const InputLog& log() const { return log_; }
  // The recorded machine. Its limits may be changed before the run.
  MachineConfig& config() { return log_.header.config; }

  // How the repetition went. A disk that has changed, then a run that went another way.
  struct Verdict {
    Status files;            // kDataLoss: a file is not what it was
    std::string difference;  // empty: none was found
    bool whole = false;      // the end of the run was reached and is the recorded one
    bool log_ended = false;  // the log of a killed run ended first
    u64 hashes = 0;          // that were compared
  };
  Verdict verdict() const;

  // The disks of the run, from its first boot on.
  const std::vector<ReplayDisk*>& disks() const { return disks_; }

  Position position() const;
  void set_position(const Position& position);
  // Told by whoever runs the machine by itself, without Launch().
  void Attach(Machine& machine) { (void)OnMachine(machine); }

  // RunHooks
  Status OnFiles(const BootFiles& files) override;
  StatusOr<std::unique_ptr<DiskFile>> OpenDisk(const MachineConfig::Block& block,
                                               u32 index) override;
  std::optional<std::vector<NetBackend*>> Cables() override;
  Status OnMachine(Machine& machine) override;
  void OnEnding(const Machine& machine, const Ending& ending, u64 hash) override;

  // InputSource
  std::size_t ReadConsole(std::span<u8> to) override;
  bool ReceiveFrame(u32 card, NetFrame* frame) override;
  bool MayCome() override;
  u64 Wait(u64 timeout_ns, const InputWish& wish) override;
  std::optional<ConsoleEvent> NextEvent() override;

  // RunWatch
  u64 AtInput(Machine& machine) override;

 private:
  explicit Player(InputLog log);
  Status Prepare();
  const LogRecord* Take(LogKind kind);
  u64 NextHash() const;
  void CheckHash(Machine& machine);
  void Differ(std::string what);
  std::string Here() const;
  void StopIfLogEnded();

  InputLog log_;
  std::vector<LogRecord> answers_;  // without what concerns disks
  std::vector<bool> may_come_;      // before each answer, and at the end
  std::vector<std::vector<DiskRead>> reads_;
  std::vector<std::vector<DiskBlock>> blocks_;
  std::vector<std::unique_ptr<NetBackend>> cables_;
  std::vector<ReplayDisk*> disks_;
  Machine* machine_ = nullptr;
  u64 question_ = 0;
  std::size_t next_ = 0;
  u32 boots_ = 0;
  Status files_;
  std::string difference_;
  bool whole_ = false;
  bool log_ended_ = false;
  u64 hashes_ = 0;
};

}  // namespace lgx

#endif  // LGX_REPLAY_PLAYER_H_
