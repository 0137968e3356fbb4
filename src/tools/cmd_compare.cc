// lgx divergence and lgx bisect: questions about recorded runs.
#include <cstdio>
#include <memory>

#include "absl/strings/str_format.h"
#include "devices/backend_buffer.h"
#include "guests/builtin_kernel.h"
#include "replay/divergence.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"
#include "tools/run_store.h"

namespace lgx {
namespace {

class Nobody final : public LaunchObserver {
 public:
  void OnBoot(const BootFiles&, u32) override {}
  void OnWarning(const std::string&) override {}
  void OnConsoleEvent(const ConsoleEvent&) override {}
  void OnStats(const Stats&) override {}
};

// A session and what it needs.
struct Opened {
  BufferBackend console;
  Nobody nobody;
  std::unique_ptr<ReplaySession> session;
};

StatusOr<std::unique_ptr<Opened>> OpenLog(const std::string& name,
                                          const std::vector<std::string>& changes) {
  const StatusOr<std::string> path = FindRunLog(name);
  if (!path.ok()) return path.status();
  StatusOr<InputLog> log = ReadInputLog(*path);
  if (!log.ok()) return log.status();
  for (const std::string& change : changes) {
    const std::size_t equals = change.find('=');
    LGX_RETURN_IF_ERROR(SetConfigValue(change.substr(0, equals),
                                       equals == std::string::npos
                                           ? std::string_view()
                                           : std::string_view(change).substr(equals + 1),
                                       &log->header.config));
  }
  auto opened = std::make_unique<Opened>();
  const BuiltinKernel builtin = BuiltinGuest();
  StatusOr<std::unique_ptr<ReplaySession>> session =
      ReplaySession::Open(*std::move(log), builtin, opened->console, opened->nobody);
  if (!session.ok()) return session.status();
  opened->session = *std::move(session);
  return opened;
}

std::string PlaceOf(Machine& machine) {
  return absl::StrFormat("%.6f s, EIP 0x%08x, CPL %d",
                         static_cast<double>(machine.virtual_ns()) / 1e9,
                         machine.cpu().state.eip, machine.cpu().state.cpl);
}

}  // namespace

int CmdDivergence(const CompareOptions& options) {
  StatusOr<std::unique_ptr<Opened>> a = OpenLog(options.files[0], {});
  if (!a.ok()) return ReportError(a.status());
  StatusOr<std::unique_ptr<Opened>> b = OpenLog(options.files.back(), options.with);
  if (!b.ok()) return ReportError(b.status());
  ReplaySession& first = *(*a)->session;
  const StatusOr<std::optional<Divergence>> found = FindDivergence(first, *(*b)->session);
  if (!found.ok()) return ReportError(found.status());
  if (!found->has_value()) {
    std::printf("the same to the end: %llu instructions, hash %s\n",
                static_cast<unsigned long long>(first.machine().instructions()),
                HashText(first.machine().Hash()).c_str());
    return kExitOk;
  }
  std::printf("the same after %llu instructions, and not after one more (%s)\n",
              static_cast<unsigned long long>((*found)->same),
              PlaceOf(first.machine()).c_str());
  for (const std::string& line : (*found)->lines) std::printf("  %s\n", line.c_str());
  return kExitDiverged;
}

int CmdBisect(const CompareOptions& options) {
  const StatusOr<Predicate> predicate = ParsePredicate(options.files[1]);
  if (!predicate.ok()) return ReportError(predicate.status());
  StatusOr<std::unique_ptr<Opened>> opened = OpenLog(options.files[0], {});
  if (!opened.ok()) return ReportError(opened.status());
  ReplaySession& session = *(*opened)->session;
  const StatusOr<std::optional<u64>> found = FindFirst(session, *predicate);
  if (!found.ok()) return ReportError(found.status());
  if (!found->has_value()) {
    std::printf("%s: does not hold up to the end, instruction %llu\n",
                options.files[1].c_str(),
                static_cast<unsigned long long>(session.machine().instructions()));
    return kExitExpectation;
  }
  std::printf("%s: holds after instruction %llu (%s)\n", options.files[1].c_str(),
              static_cast<unsigned long long>(**found),
              PlaceOf(session.machine()).c_str());
  return kExitOk;
}

}  // namespace lgx
