#include "tools/output_guard.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

namespace lgx {
namespace {

// What a file is that nobody wants to lose by mistake; null: nothing of that kind.
const char* KindOfImage(const std::string& path, MayReplace may_replace) {
  if (may_replace == MayReplace::kImage) return nullptr;
  constexpr std::string_view kElf =
      "\x7f"
      "ELF";
  constexpr std::size_t kElfType = 0x10;
  constexpr char kElfCore = 4;
  constexpr std::string_view kBoot = "\x55\xaa";
  constexpr std::string_view kSetup = "HdrS";
  constexpr std::size_t kBootAt = 0x1fe;
  constexpr std::size_t kSetupAt = 0x202;
  std::array<char, kSetupAt + kSetup.size()> head = {};
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), head.size());
  const std::string_view bytes(head.data(), head.size());
  if (bytes.starts_with(kElf)) {
    const bool core = bytes[kElfType] == kElfCore;
    if (core) return may_replace == MayReplace::kCore ? nullptr : "an ELF core";
    return "an ELF image";
  }
  if (bytes.substr(kBootAt, kBoot.size()) == kBoot &&
      bytes.substr(kSetupAt, kSetup.size()) == kSetup) {
    return "a bzImage";
  }
  return nullptr;
}

void AddInputs(const MachineConfig& config, std::vector<InputFile>* inputs) {
  inputs->push_back({"the kernel", config.kernel.path});
  inputs->push_back({"the initial RAM disk", config.kernel.initrd});
  inputs->push_back({"the file with the symbols", config.kernel.symbols});
  for (const MachineConfig::Block& block : config.block) {
    inputs->push_back({"a disk", block.path});
    inputs->push_back({"an overlay", block.overlay});
  }
}

void AddInputs(const CommandLine& line, std::vector<InputFile>* inputs) {
  AddInputs(line.config, inputs);
  inputs->push_back({"the config file", line.config_file});
  inputs->push_back({"the snapshot it begins with", line.from});
  inputs->push_back({"the log", line.replay_log});
  inputs->push_back({"the program", line.bare.image});
  inputs->push_back({"the ROM", line.bare.rom});
  inputs->push_back({"the world", line.vectors.world});
  inputs->push_back({"the file with the vectors", line.vectors.file});
  inputs->push_back({"the initial RAM disk", line.bench.initrd});
  for (const std::string& path : line.bench.kernels) {
    inputs->push_back({"a kernel", path});
  }
  inputs->push_back({"the trace", line.trace.file});
  for (const std::string& path : line.report.files) {
    inputs->push_back({"a file of the run", path});
  }
}

void AddOutputs(const MachineConfig& config, std::vector<OutputFile>* outputs) {
  outputs->push_back({"--stats", config.outputs.stats});
  outputs->push_back({"--json-result", config.outputs.json_result});
  outputs->push_back({"--trace", config.outputs.trace});
  outputs->push_back({"--report", config.outputs.report});
  outputs->push_back({"--profile", config.outputs.profile});
  outputs->push_back(
      {"--dump-on-crash", config.outputs.dump_on_crash, MayReplace::kCore});
  if (config.console.backend == MachineConfig::Console::Backend::kFile) {
    outputs->push_back({"--console", config.console.file});
  }
  for (const MachineConfig::Net& net : config.net) {
    outputs->push_back({"--net", net.capture});
  }
}

void AddOutputs(const CommandLine& line, std::vector<OutputFile>* outputs) {
  AddOutputs(line.config, outputs);
  for (const TraceRequest& request : line.traces) {
    outputs->push_back({"--trace", request.path});
  }
  for (const auto& [point, path] : line.snapshot_at) {
    outputs->push_back({"--snapshot-at", path});
  }
  if (line.record != "last" && line.record != "off") {
    outputs->push_back({"--record", line.record});
  }
  outputs->push_back({"--write-kernel", line.write_kernel, MayReplace::kImage});
  outputs->push_back({"--log", line.log_file});
  outputs->push_back({"--debugcon", line.bare.debugcon});
  outputs->push_back({"--serial", line.bare.serial});
  outputs->push_back({"--dump-on-halt", line.bare.dump_on_halt});
  outputs->push_back({"--stats", line.bare.stats});
  outputs->push_back({"--dump", line.vectors.dump});
  outputs->push_back({"--json", line.bench.json});
  outputs->push_back({"--html", line.bench.html});
  outputs->push_back({"--output", line.trace.output});
  outputs->push_back({"--output", line.report.output});
}

}  // namespace

Status GuardOutput(const OutputFile& output, std::span<const InputFile> inputs) {
  std::error_code ignored;
  if (output.path.empty() || !std::filesystem::is_regular_file(output.path, ignored)) {
    return absl::OkStatus();
  }
  for (const InputFile& input : inputs) {
    if (input.path.empty() ||
        !std::filesystem::equivalent(input.path, output.path, ignored)) {
      continue;
    }
    return Errorf(StatusCode::kFailedPrecondition,
                  "%s: '%s' is %s, which this command reads, and would be overwritten; "
                  "name another file",
                  output.option, output.path, input.what);
  }
  const char* const kind = KindOfImage(output.path, output.may_replace);
  if (kind == nullptr) return absl::OkStatus();
  return Errorf(StatusCode::kFailedPrecondition,
                "%s: '%s' is %s and would be overwritten; name another file, or remove "
                "this one if nobody needs it",
                output.option, output.path, kind);
}

Status GuardOutputs(const CommandLine& line) {
  std::vector<InputFile> inputs;
  std::vector<OutputFile> outputs;
  AddInputs(line, &inputs);
  AddOutputs(line, &outputs);
  for (const CommandLine& more : line.more) {
    AddInputs(more, &inputs);
    AddOutputs(more, &outputs);
  }
  for (const OutputFile& output : outputs) {
    LGX_RETURN_IF_ERROR(GuardOutput(output, inputs));
  }
  return absl::OkStatus();
}

}  // namespace lgx
