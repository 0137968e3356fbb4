// lgx bare: runs a program on the emulated machine without lguest.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/file.h"
#include "machine/bare.h"
#include "report/stats_json.h"
#include "tools/bare_dump.h"
#include "tools/commands.h"
#include "tools/exit_codes.h"

namespace lgx {
namespace {

constexpr int kExitTripleFault =
    9;  // of `bare` alone; even codes are never a debug exit's

// Text that appears line by line, in a file or on standard output.
class TextFile final : public ByteSink {
 public:
  static StatusOr<std::unique_ptr<TextFile>> Open(const std::string& path) {
    std::FILE* file = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
    if (file == nullptr) {
      return Errorf(kUnavailable, "cannot write '%s': %s", path, std::strerror(errno));
    }
    return std::unique_ptr<TextFile>(new TextFile(path, file));
  }
  ~TextFile() override {
    if (file_ != stdout) std::fclose(file_);
  }

  void Put(u8 byte) override {
    std::putc(byte, file_);
    if (byte == '\n') std::fflush(file_);
  }
  Status Finish() {
    if (std::fflush(file_) == 0 && std::ferror(file_) == 0) return absl::OkStatus();
    return Errorf(kUnavailable, "the host did not take all text for '%s': %s", path_,
                  std::strerror(errno));
  }

 private:
  TextFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}

  std::string path_;
  std::FILE* file_;
};

// The diagnostic port's bytes, one line each.
class PostCodes final : public ByteSink {
 public:
  void Put(u8 byte) override { std::fprintf(stderr, "post: 0x%02x\n", byte); }
};

Status Load(BareMachine& machine, const BareOptions& options) {
  const std::string& path = options.rom.empty() ? options.image : options.rom;
  const StatusOr<std::vector<u8>> file = ReadFile(path);
  if (!file.ok()) return file.status();
  if (!options.rom.empty()) return machine.LoadRom(*file, path);
  const StatusOr<BareImage> image =
      ParseBareImage(*file, path, options.load, options.entry);
  if (!image.ok()) return image.status();
  return machine.LoadProgram(*image, path);
}

BareOutcome OutcomeOf(const BareMachine& machine, BareEnd end) {
  switch (end) {
    case BareEnd::kHalted:
      return {"halt", kExitOk};
    case BareEnd::kAsleep:
      return {"halt with interrupts on", kExitLimit};
    case BareEnd::kDebugExit:
      return {"debug exit", machine.debug_exit_status()};
    case BareEnd::kTripleFault:
      return {"triple fault", kExitTripleFault};
    case BareEnd::kLimit:
      return {"instruction limit", kExitLimit};
  }
  return {"", kExitOurBug};
}

// Says why, where the program did not choose its end itself.
void Explain(BareMachine& machine, BareEnd end) {
  const u32 eip = machine.cpu().state.eip;
  const auto retired = static_cast<unsigned long long>(machine.cpu().retired());
  switch (end) {
    case BareEnd::kHalted:
    case BareEnd::kDebugExit:
      return;
    case BareEnd::kAsleep:
      std::fprintf(
          stderr,
          "lgx: the program waits for an interrupt (HLT with interrupts on, next "
          "EIP 0x%08x), but the bare machine has none to give. To end the run "
          "well, execute HLT with interrupts off\n",
          eip);
      return;
    case BareEnd::kTripleFault:
      std::fprintf(
          stderr,
          "lgx: triple fault at EIP 0x%08x after %llu instructions, the last fault "
          "on the way was vector %d with error code 0x%x (CR2 0x%08x)\n",
          eip, retired, machine.cpu().fault().vector, machine.cpu().fault().error,
          machine.cpu().state.cr2);
      return;
    case BareEnd::kLimit:
      std::fprintf(stderr, "lgx: stopped after %llu instructions at EIP 0x%08x\n",
                   retired, eip);
      return;
  }
}

Status WriteText(const std::string& path, const std::string& text) {
  return WriteFile(path, std::span(reinterpret_cast<const u8*>(text.data()), text.size()),
                   Overwrite::kReplace);
}

Status WriteResults(BareMachine& machine, const BareOptions& options,
                    const BareOutcome& outcome) {
  if (!options.dump_on_halt.empty()) {
    LGX_RETURN_IF_ERROR(
        WriteText(options.dump_on_halt, BareDump(machine, options, outcome)));
  }
  if (!options.stats.empty()) {
    Stats stats;
    machine.VisitStats(stats);
    LGX_RETURN_IF_ERROR(WriteText(options.stats, StatsToJson(stats)));
  }
  return absl::OkStatus();
}

}  // namespace

int CmdBare(const BareOptions& options) {
  StatusOr<std::unique_ptr<TextFile>> debugcon = TextFile::Open(options.debugcon);
  if (!debugcon.ok()) return ReportError(debugcon.status());
  StatusOr<std::unique_ptr<TextFile>> serial = TextFile::Open(options.serial);
  if (!serial.ok()) return ReportError(serial.status());
  PostCodes post_codes;
  BareSetup setup;
  setup.memory = options.memory;
  setup.model = options.model;
  setup.debug_exit = options.debug_exit;
  setup.post = options.post;
  setup.debugcon = debugcon->get();
  setup.serial = serial->get();
  setup.post_codes = &post_codes;
  StatusOr<std::unique_ptr<BareMachine>> created = BareMachine::Create(setup);
  if (!created.ok()) return ReportError(created.status());
  BareMachine& machine = **created;
  if (const Status status = Load(machine, options); !status.ok())
    return ReportError(status);

  const BareEnd end = machine.Run(options.max_instructions);
  const BareOutcome outcome = OutcomeOf(machine, end);
  for (TextFile* text : {debugcon->get(), serial->get()}) {
    if (const Status status = text->Finish(); !status.ok()) return ReportError(status);
  }
  Explain(machine, end);
  if (const Status status = WriteResults(machine, options, outcome); !status.ok()) {
    return ReportError(status);
  }
  return outcome.code;
}

}  // namespace lgx
