#include "replay/recorder.h"

#include <algorithm>
#include <utility>

#include "base/version.h"
#include "replay/answers.h"
#include "replay/recorded_disk.h"
#include "replay/stored_config.h"

namespace lgx {

Recorder::Recorder(std::string path, const MachineConfig& config)
    : path_(std::move(path)), config_(config) {}

Recorder::~Recorder() { Finish(); }

// ---- writing

void Recorder::Append(std::span<const u8> bytes) {
  if (!status_.ok() || full_) return;
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
}

void Recorder::Note(LogKind kind, std::vector<u8> body) {
  if (!status_.ok() || full_) return;
  LogRecord record;
  record.kind = kind;
  record.question = question_;
  record.instructions = machine_ == nullptr ? 0 : machine_->instructions();
  record.body = std::move(body);
  if (written_ + pending_.size() > kLogLimit) {
    record.kind = LogKind::kFull;
    record.body.clear();
    Append(encoder_.Encode(record));
    Flush();
    full_ = true;
    status_ = Errorf(kResourceExhausted,
                     "%s: the log has reached %d MiB; what came later is not recorded",
                     path_, kLogLimit >> 20);
    return;
  }
  Append(encoder_.Encode(record));
}

void Recorder::Flush() {
  if (pending_.empty() || !status_.ok() || !file_) return;
  const Status status = file_->WriteAt(written_, pending_);
  if (!status.ok()) status_ = status;
  written_ += pending_.size();
  pending_.clear();
}

// ---- the run

StatusOr<std::unique_ptr<DiskFile>> Recorder::OpenDisk(const MachineConfig::Block& block,
                                                       u32 index) {
  StatusOr<std::unique_ptr<DiskFile>> disk = lgx::OpenDisk(block);
  if (!disk.ok()) return disk.status();
  const auto note = [this](LogKind kind, std::vector<u8> body) {
    Note(kind, std::move(body));
    // The old content has to be in the log before the disk has the new one.
    if (kind == LogKind::kDiskBlock) Flush();
  };
  // The base of an overlay that is thrown away stays as it is.
  const bool keeps = block.snapshot;
  return std::unique_ptr<DiskFile>(
      std::make_unique<RecordedDisk>(*std::move(disk), index, !keeps, note));
}

Status Recorder::OnOpen(Disks& disks, std::span<NetBackend* const> cards) {
  LogHeader header;
  header.program = ProgramVersion();
  header.config = StoredConfig(config_);
  for (std::size_t i = 0; i < disks.size(); ++i) {
    header.disks.push_back({disks[i].size(), disks[i].read_only()});
  }
  for (const NetBackend* card : cards) {
    header.cards.push_back({card->name(), card->TakesUnfinished()});
  }
  const std::vector<u8> bytes = EncodeLogHeader(header);
  StatusOr<File> file = File::Create(path_);
  if (!file.ok()) {
    status_ = file.status();
    return absl::OkStatus();
  }
  file_.emplace(*std::move(file));
  pending_.insert(pending_.begin(), bytes.begin(), bytes.end());
  Flush();
  return absl::OkStatus();
}

Status Recorder::OnFiles(const BootFiles& files) {
  machine_ = nullptr;
  BootMark boot;
  boot.boot = boots_++;
  boot.pae = files.mode == PagingMode::kPae;
  boot.kernel = MarkOf(files.kernel_file);
  boot.initrd = MarkOf(files.initrd);
  Note(LogKind::kBoot, EncodeBoot(boot));
  Flush();
  return absl::OkStatus();
}

Status Recorder::OnMachine(Machine& machine) {
  machine_ = &machine;
  live_ = &machine.inputs();
  machine.set_input_source(this);
  machine.set_watch(this, kHashEvery);
  next_full_hash_ = kFullHashEvery;
  return absl::OkStatus();
}

void Recorder::OnEnding(const Machine& machine, const Ending& ending, u64 hash) {
  LoggedEnd end;
  end.kind = ending.kind;
  end.value = ending.value;
  end.virtual_ns = machine.virtual_ns();
  end.hash = hash;
  end.reason = ending.reason;
  end_ = EncodeEnd(end);
  end_instructions_ = machine.instructions();
  Note(LogKind::kFullHash, EncodeNumber(end.hash));
  Flush();
}

void Recorder::Finish() {
  if (end_.empty()) return;
  LogRecord record;
  record.kind = LogKind::kEnd;
  record.question = question_;
  record.instructions = end_instructions_;
  record.body = std::exchange(end_, {});
  Append(encoder_.Encode(record));
  Flush();
}

void Recorder::NoteFullHash(const Machine& machine) {
  Note(LogKind::kFullHash, EncodeNumber(machine.Hash()));
}

// ---- answers

std::size_t Recorder::ReadConsole(std::span<u8> to) {
  const std::size_t count = live_->ReadConsole(to);
  ++question_;
  if (count != 0) {
    const std::span<u8> taken = to.first(count);
    Note(LogKind::kConsole, {taken.begin(), taken.end()});
  }
  return count;
}

bool Recorder::ReceiveFrame(u32 card, NetFrame* frame) {
  const bool there = live_->ReceiveFrame(card, frame);
  ++question_;
  if (there) Note(LogKind::kFrame, EncodeFrame(card, *frame));
  return there;
}

bool Recorder::MayCome() {
  const bool may_come = live_->MayCome();
  ++question_;
  if (std::exchange(may_come_, may_come) != may_come) {
    Note(LogKind::kMayCome, EncodeNumber(may_come ? 1 : 0));
  }
  return may_come;
}

u64 Recorder::Wait(u64 timeout_ns, const InputWish& wish) {
  Flush();
  const u64 waited = std::min(timeout_ns, live_->Wait(timeout_ns, wish));
  ++question_;
  if (waited != timeout_ns) Note(LogKind::kWait, EncodeNumber(waited));
  return waited;
}

// Only events that end the run are part of it; the others concern the person.
std::optional<ConsoleEvent> Recorder::NextEvent() {
  std::optional<ConsoleEvent> event = live_->NextEvent();
  if (event && !EndingFor(*event)) return event;
  ++question_;
  if (event) Note(LogKind::kEvent, EncodeEvent(*event));
  if (!pending_.empty()) Flush();
  return event;
}

u64 Recorder::AtInput(Machine& machine) {
  Note(LogKind::kHash, EncodeNumber(machine.QuickHash()));
  if (machine.instructions() >= next_full_hash_) {
    NoteFullHash(machine);
    next_full_hash_ = (machine.instructions() / kFullHashEvery + 1) * kFullHashEvery;
  }
  Flush();
  return (machine.instructions() / kHashEvery + 1) * kHashEvery;
}

}  // namespace lgx
