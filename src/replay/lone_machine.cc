#include "replay/lone_machine.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "replay/state_text.h"

namespace lgx {
namespace {

class AbsentNet final : public NetBackend {
 public:
  explicit AbsentNet(SnapshotCard card) : card_(std::move(card)) {}
  const char* name() const override { return card_.name.c_str(); }
  bool TakesUnfinished() const override { return card_.takes_unfinished; }
  void Send(NetFrame) override {}
  bool Receive(NetFrame*) override { return false; }
  bool MayReceive() override { return false; }
  void PrepareWait(std::vector<WaitFd>*, u64*) override {}

 private:
  SnapshotCard card_;
};

class AbsentDisk final : public DiskFile {
 public:
  AbsentDisk(std::string name, const SnapshotDisk& disk)
      : name_(std::move(name)), size_(disk.size), read_only_(disk.read_only) {}
  const std::string& name() const override { return name_; }
  u64 size() const override { return size_; }
  bool read_only() const override { return read_only_; }
  Status Read(u64, ReadPieces) override { return Absent(); }
  Status Write(u64, WritePieces) override { return Absent(); }
  Status Sync() override { return absl::OkStatus(); }
  Status SetSize(u64) override { return Absent(); }

 private:
  Status Absent() const {
    return Errorf(StatusCode::kUnavailable, "%s: the disk is not there", name_);
  }
  std::string name_;
  u64 size_;
  bool read_only_;
};

}  // namespace

std::unique_ptr<NetBackend> MakeAbsentNet(const SnapshotCard& card) {
  return std::make_unique<AbsentNet>(card);
}

StatusOr<std::unique_ptr<LoneMachine>> LoneMachine::Make(const SnapshotFile& file) {
  auto lone = std::unique_ptr<LoneMachine>(new LoneMachine());
  StatusOr<Disks> disks =
      Disks::Open(file.config, [&file](const MachineConfig::Block& block, u32 index) {
        return StatusOr<std::unique_ptr<DiskFile>>(
            std::make_unique<AbsentDisk>(block.path, file.disks[index]));
      });
  if (!disks.ok()) return disks.status();
  lone->disks_ = *std::move(disks);
  std::vector<NetBackend*> nets;
  for (const SnapshotCard& card : file.cards) {
    lone->nets_.push_back(MakeAbsentNet(card));
    nets.push_back(lone->nets_.back().get());
  }
  StatusOr<std::unique_ptr<Machine>> machine =
      MakeMachineFrom(file, file.config, lone->disks_, nets, lone->console_, nullptr);
  if (!machine.ok()) return machine.status();
  lone->machine_ = *std::move(machine);
  return lone;
}

StatusOr<std::vector<std::string>> CompareSnapshots(const SnapshotFile& a,
                                                    const SnapshotFile& b) {
  StatusOr<std::unique_ptr<LoneMachine>> first = LoneMachine::Make(a);
  if (!first.ok()) return first.status();
  StatusOr<std::unique_ptr<LoneMachine>> second = LoneMachine::Make(b);
  if (!second.ok()) return second.status();
  return CompareMachines((*first)->machine(), (*second)->machine());
}

}  // namespace lgx
