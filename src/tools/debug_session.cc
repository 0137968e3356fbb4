#include "tools/debug_session.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "guests/builtin_kernel.h"

namespace lgx {

void GuestText::Flush() {
  if (line_.empty()) return;
  say_("| " + line_ + "\n");
  line_.clear();
}

void GuestText::Write(std::span<const u8> bytes) {
  constexpr size_t kLongest = 200;
  for (const u8 byte : bytes) {
    if (byte == '\n' || line_.size() >= kLongest) {
      say_("| " + line_ + "\n");
      line_.clear();
    }
    if (byte == '\n' || byte == '\r') continue;
    if (byte >= ' ' && byte <= '~') {
      line_ += static_cast<char>(byte);
    } else {
      line_ += absl::StrFormat("\\x%02x", byte);
    }
  }
}

std::size_t GuestText::Read(std::span<u8> to) {
  const std::size_t count = std::min(to.size(), typed_.size());
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = static_cast<u8>(typed_.front());
    typed_.pop_front();
  }
  return count;
}

DebugSession::DebugSession(std::unique_ptr<DebugSource> source,
                           std::function<void(std::string_view)> say)
    : source_(std::move(source)),
      say_(std::move(say)),
      builtin_(BuiltinGuest()),
      text_(say_),
      run_(source_->config(), builtin_, text_, *this, source_->hooks()) {}

StatusOr<std::unique_ptr<DebugSession>> DebugSession::Create(
    const CommandLine& line, std::function<void(std::string_view)> say) {
  StatusOr<std::unique_ptr<DebugSource>> source = DebugSource::Open(line);
  if (!source.ok()) return source.status();
  std::unique_ptr<DebugSession> session(
      new DebugSession(*std::move(source), std::move(say)));
  LGX_RETURN_IF_ERROR(session->Boot());
  return session;
}

Status DebugSession::Boot() {
  LGX_RETURN_IF_ERROR(run_.Boot(networks_));
  Machine& machine = run_.machine();
  symbols_ = Symbols(kernel_symbols_, &machine.crossing().text());
  control_ = std::make_unique<RunControl>(machine);
  control_->set_symbols(&symbols_.kernel());
  events_ = std::make_unique<EventLog>(machine, symbols_);
  DebugConsole::Parts parts{*control_, symbols_, events_.get()};
  if (const Status back = source_->CanGoBack(); back.ok()) {
    time_ = std::make_unique<TimeTravel>(*control_, events_.get(), source_->disks());
    parts.reverse = time_.get();
  } else {
    parts.why_not_back = MessageOf(back);
  }
  // A recorded run was typed at already.
  if (!source_->is_recorded()) {
    parts.type = [this](std::string_view text) { text_.Type(text); };
  }
  console_ = std::make_unique<DebugConsole>(parts, say_);
  return absl::OkStatus();
}

void DebugSession::OnBoot(const BootFiles& files, u32) {
  kernel_symbols_ = files.symbols;
  for (const std::string& warning : files.warnings) OnWarning(warning);
  if (!kernel_symbols_.empty()) return;
  // A snapshot does not have them; perhaps its kernel is still there.
  if (StatusOr<BootFiles> read = ReadBootFiles(source_->config(), builtin_); read.ok()) {
    kernel_symbols_ = std::move(read->symbols);
  }
}

void DebugSession::OnWarning(const std::string& text) { say_("warning: " + text + "\n"); }

}  // namespace lgx
