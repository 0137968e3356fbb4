// lgx snapshot: states of machines as files.
#include <cstdio>
#include <memory>

#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/hash.h"
#include "replay/lone_machine.h"
#include "replay/snapshot_file.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"
#include "tools/replay_run.h"
#include "tools/run_store.h"

namespace lgx {
namespace {

void Print(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::printf("%s\n", line.c_str());
}

int Info(const std::string& path) {
  const StatusOr<SnapshotFile> file = ReadSnapshot(path);
  if (!file.ok()) return ReportError(file.status());
  const StatusOr<std::vector<std::string>> lines = DescribeSnapshot(*file);
  if (!lines.ok()) return ReportError(lines.status());
  Print(*lines);
  return kExitOk;
}

// Makes the machine and hashes it: whatever is wrong shows.
int Verify(const std::string& path) {
  const StatusOr<SnapshotFile> file = ReadSnapshot(path);
  if (!file.ok()) return ReportError(file.status());
  StatusOr<std::unique_ptr<LoneMachine>> lone = LoneMachine::Make(*file);
  if (!lone.ok()) return ReportError(lone.status());
  const u64 hash = (*lone)->machine().Hash();
  if (hash != file->hash) {
    return ReportError(
        Errorf(kDataLoss,
               "%s: the state has the hash %s, and the file says %s. It was "
               "written by lgx %s",
               path, HashText(hash), HashText(file->hash), file->program));
  }
  std::printf("%s: good, hash %s\n", path.c_str(), HashText(hash).c_str());
  return kExitOk;
}

int Diff(const std::string& a, const std::string& b) {
  const StatusOr<SnapshotFile> first = ReadSnapshot(a);
  if (!first.ok()) return ReportError(first.status());
  const StatusOr<SnapshotFile> second = ReadSnapshot(b);
  if (!second.ok()) return ReportError(second.status());
  const StatusOr<std::vector<std::string>> lines = CompareSnapshots(*first, *second);
  if (!lines.ok()) return ReportError(lines.status());
  Print(*lines);
  return lines->empty() ? kExitOk : kExitHostRefused;
}

// Repeats a recorded run up to the point, and writes the state there.
int Save(const CommandLine& line) {
  const StatusOr<std::string> path = FindRunLog(line.snapshot.files[0]);
  if (!path.ok()) return ReportError(path.status());
  SnapshotRequests requests;
  requests.at = {{GoalOf(line.until), line.snapshot.files[1]}};
  requests.overwrite = line.snapshot.force ? Overwrite::kReplace : Overwrite::kRefuse;
  requests.end_there = true;
  return ReplayLog(line, *path, &requests);
}

}  // namespace

int CmdSnapshot(const CommandLine& line) {
  const SnapshotOptions& options = line.snapshot;
  if (options.action == "save") return Save(line);
  if (options.action == "info") return Info(options.files[0]);
  if (options.action == "verify") return Verify(options.files[0]);
  return Diff(options.files[0], options.files[1]);
}

}  // namespace lgx
