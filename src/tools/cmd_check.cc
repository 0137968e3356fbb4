// lgx check: what would run, or exactly why it cannot. lgx version.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/version.h"
#include "guests/builtin_kernel.h"
#include "machine/launcher.h"
#include "tools/commands.h"
#include "tools/exec_vectors.h"
#include "tools/exit_codes.h"

namespace lgx {
namespace {

void Print(const std::string& text) { std::fputs(text.c_str(), stdout); }

void ListGenerations() {
  for (const GenerationInfo& info : kGenerations) {
    Print(absl::StrFormat("%s  %-16s %s%s\n", info.letter, info.kernels, info.marks,
                          IsSupported(info.generation) ? "" : "  (not bootable yet)"));
  }
}

const char* CompilerName() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "gcc " __VERSION__;
#else
  return "unknown compiler";
#endif
}

const char* BindingName() {
  return DefaultBinding() == Binding::kTail ? "tail calls" : "loop of calls";
}

// In the order the Guest finds them.
void PrintDevices(const MachineConfig& config) {
  using Kind = MachineConfig::DeviceKind;
  for (const MachineConfig::DeviceRef& device : DeviceOrder(config)) {
    if (device.kind == Kind::kRng) {
      Print(absl::StrFormat("device: entropy, seed %d\n", config.rng.seed));
    } else if (device.kind == Kind::kBlock) {
      Print(absl::StrFormat("device: disk %s\n", config.block[device.index].path));
    } else {
      Print(absl::StrFormat("device: network %d\n", device.index));
    }
  }
  if (!config.expect.empty()) {
    Print(absl::StrFormat("script: %d rules\n", config.expect.size()));
  }
}

void PrintConfig(const CommandLine& line) {
  for (const std::string& value : DescribeConfig(line.config)) {
    const auto origin = line.origins.find(value.substr(0, value.find(" = ")));
    Print(absl::StrFormat(
        "%-44s # %s\n", value,
        origin == line.origins.end() ? std::string("default") : origin->second));
  }
}

// One Guest. Says that it can be booted, or returns why it cannot.
Status CheckGuest(const CommandLine& line) {
  const BuiltinKernel builtin = BuiltinGuest();
  const StatusOr<BootFiles> files = ReadBootFiles(line.config, builtin);
  if (!files.ok()) return files.status();
  LGX_RETURN_IF_ERROR(CheckDisks(line.config));
  const KernelImage& kernel = files->kernel;
  const Recognition& r = kernel.recognition;
  Print(absl::StrFormat("%s: %s, entry 0x%08x\n", kernel.path, NameOf(kernel.format),
                        kernel.entry));
  if (!r.version.empty()) Print("version: Linux " + r.version + "\n");
  Print("generation: " + NameOf(files->generation) + " (" +
        (line.config.guest.abi ? "--abi" : r.evidence) + ")\n");
  const bool pae = files->mode == PagingMode::kPae;
  const std::string why = line.config.cpu.pae    ? "--pae"
                          : files->mode_is_guess ? "a guess: nothing in the kernel tells"
                                                 : r.pae_evidence;
  Print(absl::StrFormat("page tables: %s (%s)\n", pae ? "PAE" : "two levels", why));
  Print(absl::StrFormat("processor: %s (%s)\n", line.config.cpu.model->name,
                        line.config.cpu.model->about));
  Print(absl::StrFormat("memory: %d MiB\n", line.config.memory / kMiB));
  PrintDevices(line.config);
  if (!files->initrd.empty()) {
    Print(absl::StrFormat("initrd: %s, %d bytes\n", line.config.kernel.initrd,
                          files->initrd.size()));
  }
  for (u32 i = 0; i < line.config.block.size(); ++i) {
    Print("disk " + std::to_string(i) + ": " + line.config.block[i].path + "\n");
  }
  for (const std::string& warning : files->warnings) Print("warning: " + warning + "\n");
  Print("can be booted\n");
  return absl::OkStatus();
}

}  // namespace

int CmdCheck(const CommandLine& line) {
  if (line.list_abi) {
    ListGenerations();
    return kExitOk;
  }
  std::vector<const CommandLine*> guests = {&line};
  for (const CommandLine& more : line.more) guests.push_back(&more);
  for (const CommandLine* guest : guests) {
    if (guests.size() > 1) {
      Print(absl::StrFormat("-- guest %d\n", guest->config.number + 1));
    }
    if (line.print) PrintConfig(*guest);
    if (const Status status = CheckGuest(*guest); !status.ok())
      return ReportError(status);
  }
  return kExitOk;
}

int CmdVersion(const CommandLine& line) {
  const std::string version(ProgramVersion());
  if (line.json) {
    const nlohmann::json json = {{"version", version},
                                 {"compiler", CompilerName()},
                                 {"binding", BindingName()},
                                 {"state_hash", 1}};
    Print(json.dump(2) + "\n");
  } else {
    Print(absl::StrFormat("lgx %s (%s, %s)\n", version, CompilerName(), BindingName()));
  }
  return kExitOk;
}

int CmdExecVectors(const VectorOptions& options) {
  ExecVectorsOptions run;
  run.world = options.world;
  run.vectors = options.file;
  run.only = options.only;
  run.fail_limit = options.fail_limit.value_or(0);
  run.dump = options.dump;
  return ExecVectors(run);
}

}  // namespace lgx
