#include "replay/player.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "replay/lone_machine.h"

namespace lgx {

StatusOr<std::unique_ptr<Player>> Player::Create(InputLog log) {
  auto player = std::unique_ptr<Player>(new Player(std::move(log)));
  LGX_RETURN_IF_ERROR(player->Prepare());
  return player;
}

Player::Player(InputLog log)
    : log_(std::move(log)),
      reads_(log_.header.disks.size()),
      blocks_(log_.header.disks.size()) {}

// Every record is taken apart once, so that none can surprise a running machine.
Status Player::Prepare() {
  const auto known_disk = [this](const LogRecord& record, u32 disk) {
    if (disk < reads_.size()) return absl::OkStatus();
    return Errorf(kDataLoss, "%s: offset 0x%x: there is no disk %d", log_.path,
                  record.offset, disk);
  };
  bool may_come = true;
  for (LogRecord& record : log_.records) {
    Status status;
    switch (record.kind) {
      case LogKind::kDiskRead: {
        const StatusOr<DiskRead> read = DecodeDiskRead(record, log_.path);
        if (!read.ok()) return read.status();
        LGX_RETURN_IF_ERROR(known_disk(record, read->disk));
        reads_[read->disk].push_back(*read);
        continue;
      }
      case LogKind::kDiskBlock: {
        const StatusOr<DiskBlock> block = DecodeDiskBlock(record, log_.path);
        if (!block.ok()) return block.status();
        LGX_RETURN_IF_ERROR(known_disk(record, block->disk));
        blocks_[block->disk].push_back(*block);
        continue;
      }
      case LogKind::kFull:
        log_.cut = true;
        continue;
      case LogKind::kBoot:
        status = DecodeBoot(record, log_.path).status();
        break;
      case LogKind::kFrame:
        status = DecodeFrame(record, log_.path).status();
        break;
      case LogKind::kEvent:
        status = DecodeEvent(record, log_.path).status();
        break;
      case LogKind::kEnd:
        status = DecodeEnd(record, log_.path).status();
        break;
      case LogKind::kConsole:
        break;
      default:
        status = DecodeNumber(record, log_.path).status();
        break;
    }
    LGX_RETURN_IF_ERROR(status);
    may_come_.push_back(may_come);
    if (record.kind == LogKind::kMayCome) may_come = !record.body.empty();
    answers_.push_back(record);
  }
  may_come_.push_back(may_come);
  for (const LogHeader::Card& card : log_.header.cards) {
    cables_.push_back(MakeAbsentNet(card));
  }
  return absl::OkStatus();
}

Player::Verdict Player::verdict() const {
  return {files_, difference_, whole_, log_ended_, hashes_};
}

Player::Position Player::position() const {
  Position position{question_, next_, boots_, {}};
  for (const ReplayDisk* disk : disks_) position.disks.push_back(disk->changes());
  return position;
}

void Player::set_position(const Position& position) {
  question_ = position.question;
  next_ = position.next;
  boots_ = position.boots;
  for (std::size_t i = 0; i < disks_.size() && i < position.disks.size(); ++i) {
    disks_[i]->set_changes(position.disks[i]);
  }
  if (machine_ != nullptr) machine_->set_watch(this, NextHash());
}

// ---- differences

std::string Player::Here() const {
  if (machine_ == nullptr) return "before the first instruction";
  return absl::StrFormat("at instruction %d (%.6f s, question %d)",
                         machine_->instructions(),
                         static_cast<double>(machine_->virtual_ns()) / 1e9, question_);
}

// The first one counts; what follows from it says nothing.
void Player::Differ(std::string what) {
  if (difference_.empty()) difference_ = Here() + ": " + std::move(what);
  if (machine_ != nullptr) {
    machine_->End({Ending::Kind::kReached, "the repetition differs", "", 0});
  }
}

void Player::StopIfLogEnded() {
  if (!log_.cut || next_ < answers_.size() || machine_ == nullptr) return;
  log_ended_ = true;
  machine_->End({Ending::Kind::kReached, "the log of the recorded run ends here", "", 0});
}

// ---- the run

Status Player::OnFiles(const BootFiles& files) {
  machine_ = nullptr;
  ++boots_;
  if (next_ >= answers_.size() || answers_[next_].kind != LogKind::kBoot) {
    Differ("the Guest is booted again, and was not in the recorded run");
    return Errorf(kDataLoss, "%s", difference_);
  }
  const BootMark was = DecodeBoot(answers_[next_++], log_.path).value();
  const auto check = [](const FileMark& before, std::span<const u8> bytes,
                        const std::string& path, const char* what) {
    const FileMark now = MarkOf(bytes);
    if (now == before) return absl::OkStatus();
    return Errorf(kDataLoss,
                  "%s: the %s has changed since the run was recorded: it had %d bytes "
                  "and the checksum %s, and has %d bytes and %s. Replay needs the old "
                  "one.",
                  path.empty() ? "(built-in guest)" : path, what, before.size,
                  HashText(before.hash), now.size, HashText(now.hash));
  };
  const MachineConfig::Kernel& kernel = log_.header.config.kernel;
  files_.Update(check(was.kernel, files.kernel_file, kernel.path, "kernel"));
  files_.Update(check(was.initrd, files.initrd, kernel.initrd, "initrd"));
  return files_;
}

StatusOr<std::unique_ptr<DiskFile>> Player::OpenDisk(const MachineConfig::Block& block,
                                                     u32 index) {
  StatusOr<std::unique_ptr<DiskFile>> file = OpenForReplay(block);
  if (!file.ok()) return file.status();
  const LogHeader::Disk& disk = log_.header.disks[index];
  auto replay = std::make_unique<ReplayDisk>(*std::move(file), disk.size, disk.read_only);
  for (const DiskBlock& old : blocks_[index]) replay->AddOld(old);
  for (const DiskRead& read : reads_[index]) replay->AddRead(read);
  disks_.push_back(replay.get());
  return std::unique_ptr<DiskFile>(std::move(replay));
}

std::optional<std::vector<NetBackend*>> Player::Cables() {
  std::vector<NetBackend*> cables;
  for (const auto& cable : cables_) cables.push_back(cable.get());
  return cables;
}

Status Player::OnMachine(Machine& machine) {
  machine_ = &machine;
  machine.set_input_source(this);
  machine.set_watch(this, NextHash());
  return absl::OkStatus();
}

void Player::OnEnding(const Machine& machine, const Ending& ending, u64 now) {
  for (const ReplayDisk* disk : disks_) files_.Update(disk->status());
  if (!difference_.empty() || log_ended_ || next_ >= answers_.size()) return;
  if (answers_[next_].kind != LogKind::kFullHash ||
      answers_[next_].instructions != machine.instructions()) {
    // A point of --until ends it before its end.
    if (ending.kind == Ending::Kind::kReached) return;
    return Differ(absl::StrFormat("the run ends (%s), and went on in the recorded run",
                                  ending.reason));
  }
  const u64 hash = DecodeNumber(answers_[next_], log_.path).value();
  ++hashes_;
  ++next_;
  if (hash != now) {
    return Differ(absl::StrFormat("the last state has the hash %s, and had %s",
                                  HashText(now), HashText(hash)));
  }
  if (next_ >= answers_.size() || answers_[next_].kind != LogKind::kEnd) return;
  const LoggedEnd end = DecodeEnd(answers_[next_], log_.path).value();
  whole_ = end.kind == ending.kind && end.reason == ending.reason;
  if (!whole_) {
    Differ(absl::StrFormat("the run ends with \"%s\", and ended with \"%s\"",
                           ending.reason, end.reason));
  }
}

// ---- answers

// The record that answers the question asked now, or null for "nothing".
const LogRecord* Player::Take(LogKind kind) {
  ++question_;
  if (!difference_.empty()) {
    Differ(difference_);
    return nullptr;
  }
  StopIfLogEnded();
  if (next_ >= answers_.size()) return nullptr;
  const LogRecord& record = answers_[next_];
  const bool is_hash = record.kind == LogKind::kHash || record.kind == LogKind::kFullHash;
  if (record.question > question_ || (is_hash && record.question == question_) ||
      record.kind == LogKind::kEnd) {
    return nullptr;
  }
  if (record.question == question_ && record.kind == kind &&
      record.instructions == machine_->instructions()) {
    ++next_;
    return &record;
  }
  Differ(
      absl::StrFormat("the recorded run had a %s at instruction %d, question %d; this "
                      "one asks for a %s",
                      std::string(NameOf(record.kind)), record.instructions,
                      record.question, std::string(NameOf(kind))));
  return nullptr;
}

std::size_t Player::ReadConsole(std::span<u8> to) {
  const LogRecord* record = Take(LogKind::kConsole);
  if (record == nullptr) return 0;
  if (record->body.size() > to.size()) {
    Differ("the Guest has no room for the input that it took in the recorded run");
    return 0;
  }
  std::copy(record->body.begin(), record->body.end(), to.begin());
  return record->body.size();
}

bool Player::ReceiveFrame(u32 card, NetFrame* frame) {
  const LogRecord* record = Take(LogKind::kFrame);
  if (record == nullptr) return false;
  LoggedFrame logged = DecodeFrame(*record, log_.path).value();
  if (logged.card != card) {
    Differ(absl::StrFormat("card %d asks for the frame of card %d", card, logged.card));
    return false;
  }
  *frame = std::move(logged.frame);
  return true;
}

bool Player::MayCome() {
  const LogRecord* record = Take(LogKind::kMayCome);
  return record != nullptr ? !record->body.empty() : may_come_[next_];
}

u64 Player::Wait(u64 timeout_ns, const InputWish&) {
  const LogRecord* record = Take(LogKind::kWait);
  if (record == nullptr) return timeout_ns;
  return std::min(timeout_ns, DecodeNumber(*record, log_.path).value());
}

std::optional<ConsoleEvent> Player::NextEvent() {
  const LogRecord* record = Take(LogKind::kEvent);
  if (record == nullptr) return std::nullopt;
  return DecodeEvent(*record, log_.path).value();
}

// ---- hashes

// Where the next hash of this boot was noted.
u64 Player::NextHash() const {
  for (std::size_t i = next_; i < answers_.size(); ++i) {
    if (answers_[i].kind == LogKind::kHash) return answers_[i].instructions;
    if (answers_[i].kind == LogKind::kBoot) break;
  }
  return kNever;
}

void Player::CheckHash(Machine& machine) {
  const LogRecord& record = answers_[next_];
  const bool quick = record.kind == LogKind::kHash;
  const u64 was = DecodeNumber(record, log_.path).value();
  const u64 now = quick ? machine.QuickHash() : machine.Hash();
  ++next_;
  ++hashes_;
  if (was == now) return;
  Differ(absl::StrFormat("the %s has the hash %s, and had %s in the recorded run",
                         quick ? "state without memory" : "state", HashText(now),
                         HashText(was)));
}

u64 Player::AtInput(Machine& machine) {
  if (!difference_.empty()) return kNever;
  if (next_ >= answers_.size() || answers_[next_].kind != LogKind::kHash ||
      answers_[next_].question != question_ ||
      answers_[next_].instructions != machine.instructions()) {
    Differ(absl::StrFormat("the recorded run noted a hash at instruction %d",
                           next_ < answers_.size() ? answers_[next_].instructions : 0));
    return kNever;
  }
  CheckHash(machine);
  // A whole hash at the same place; the one of the ending comes behind it.
  if (next_ < answers_.size() && answers_[next_].kind == LogKind::kFullHash &&
      answers_[next_].question == question_ &&
      answers_[next_].instructions == machine.instructions()) {
    CheckHash(machine);
  }
  StopIfLogEnded();
  return NextHash();
}

}  // namespace lgx
