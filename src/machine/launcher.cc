#include "machine/launcher.h"

#include <utility>

#include "base/file.h"
#include "machine/boot_params.h"
#include "machine/loader_elf.h"
#include "machine/post_mortem.h"

namespace lgx {
namespace {

// The format of the page tables: what the user says, what the kernel tells, or a guess.
void ChooseMode(const MachineConfig& config, BootFiles* files) {
  const std::optional<bool> told = files->kernel.recognition.pae;
  files->mode_is_guess = !config.cpu.pae && !told;
  const bool pae = config.cpu.pae.value_or(told.value_or(false));
  files->mode = pae ? PagingMode::kPae : PagingMode::kTwoLevel;
}

// A processor without PAE cannot run the Host of a PAE guest.
Status CheckModel(const MachineConfig& config, const BootFiles& files) {
  if (files.mode != PagingMode::kPae || config.cpu.model->Has(kFeaturePae)) {
    return absl::OkStatus();
  }
  return Errorf(StatusCode::kInvalidArgument,
                "'%s' uses PAE page tables, and the processor '%s' has none. Choose "
                "another one with --cpu, or a kernel without PAE",
                files.kernel.path, std::string(config.cpu.model->name));
}

Status ReadKernel(const MachineConfig& config, const BuiltinKernel& builtin,
                  BootFiles* files) {
  std::string path = config.kernel.path;
  if (path.empty()) {
    path = "(built-in guest)";
    files->kernel_file = config.cpu.pae.value_or(false) ? builtin.pae : builtin.two_level;
  } else {
    StatusOr<std::vector<u8>> bytes = ReadFile(path);
    if (!bytes.ok()) return bytes.status();
    files->kernel_bytes = std::move(*bytes);
    files->kernel_file = files->kernel_bytes;
  }
  StatusOr<KernelImage> kernel = InspectKernel(files->kernel_file, path);
  if (!kernel.ok()) return kernel.status();
  files->kernel = std::move(*kernel);
  StatusOr<Generation> generation = CheckBootable(files->kernel, config.guest.abi);
  if (!generation.ok()) return generation.status();
  files->generation = *generation;
  return absl::OkStatus();
}

Status ReadSymbols(const MachineConfig& config, BootFiles* files) {
  files->symbols = files->kernel.symbols;
  if (config.kernel.symbols.empty()) return absl::OkStatus();
  StatusOr<std::vector<u8>> text = ReadFile(config.kernel.symbols);
  if (!text.ok()) return text.status();
  const bool elf = LooksLikeElf(*text);
  StatusOr<SymbolTable> symbols =
      elf ? ReadElfSymbols(*text, config.kernel.symbols)
          : ReadSystemMap(AsText(*text), config.kernel.symbols);
  if (!symbols.ok()) return symbols.status();
  if (symbols->empty()) {
    return Errorf(
        kDataLoss,
        "%s: there is not a single symbol in it; --symbols takes a vmlinux that "
        "has them, or a System.map",
        config.kernel.symbols);
  }
  files->symbols = std::move(*symbols);
  return absl::OkStatus();
}

// A kernel of unknown format that died before it told us one: the other format may be it.
bool LooksLikeWrongMode(const BootFiles& files, const Machine& machine,
                        const Ending& ending) {
  if (!files.mode_is_guess || ending.kind != Ending::Kind::kKilled) return false;
  Stats stats;
  machine.VisitStats(stats);
  return stats.Get("hypercall.SET_PTE.count") == 0;
}

// A bzImage unpacks itself before it says anything to the Host. What goes wrong there
// ends in a `hlt` loop or in wild jumps (guest-01 section 2.2).
bool DiedUnpacking(const Machine& machine, const BootFiles& files, const Ending& ending) {
  return ending.kind == Ending::Kind::kKilled && !machine.guest().lguest_data &&
         files.kernel.format == KernelImage::Format::kBzImage;
}

bool Died(const Ending& ending) {
  return ending.kind == Ending::Kind::kKilled || ending.kind == Ending::Kind::kCrash;
}

void Describe(const Machine& machine, const BootFiles& files, u64 hash,
              LaunchResult* result) {
  result->instructions = machine.instructions();
  result->virtual_ns = machine.virtual_ns();
  result->hash = hash;
  result->stats = Stats();
  machine.VisitStats(result->stats);
  if (DiedUnpacking(machine, files, result->ending)) {
    result->ending.detail =
        "guest decompressor failed: the bzImage died before its first hypercall. Give "
        "the guest more memory (-m), or give its vmlinux";
  }
  if (Died(result->ending)) {
    result->post_mortem = DescribeDeath(machine, files.symbols);
  }
}

bool StartsAgain(const MachineConfig& config, const Ending& ending) {
  if (ending.kind == Ending::Kind::kRestart) {
    return config.on_restart == MachineConfig::OnEnd::kReboot;
  }
  return ending.kind == Ending::Kind::kCrash &&
         config.on_panic == MachineConfig::OnEnd::kReboot;
}

}  // namespace

StatusOr<BootFiles> ReadBootFiles(const MachineConfig& config,
                                  const BuiltinKernel& builtin) {
  BootFiles files;
  LGX_RETURN_IF_ERROR(CheckConfig(config));
  LGX_RETURN_IF_ERROR(CheckMemorySize(config.memory));
  LGX_RETURN_IF_ERROR(CheckCommandLine(config.kernel.cmdline));
  LGX_RETURN_IF_ERROR(ReadKernel(config, builtin, &files));
  LGX_RETURN_IF_ERROR(CheckMemoryFor(files.kernel, files.generation, config.memory));
  LGX_RETURN_IF_ERROR(ReadSymbols(config, &files));
  ChooseMode(config, &files);
  LGX_RETURN_IF_ERROR(CheckModeFor(files.kernel, files.generation, files.mode));
  LGX_RETURN_IF_ERROR(CheckModel(config, files));
  if (!config.kernel.initrd.empty()) {
    StatusOr<std::vector<u8>> initrd = ReadFile(config.kernel.initrd);
    if (!initrd.ok()) return initrd.status();
    files.initrd = std::move(*initrd);
  }
  StatusOr<BootLayout> layout =
      PlanMemory(config.memory, files.mode, files.initrd.size(), config.kernel.initrd,
                 files.kernel.initrd_addr_max());
  if (!layout.ok()) return layout.status();
  LGX_RETURN_IF_ERROR(CheckKernelFits(files.kernel, files.kernel_file, *layout));
  files.warnings = CommandLineWarnings(config.kernel.cmdline);
  return files;
}

StatusOr<std::unique_ptr<DiskFile>> RunHooks::OpenDisk(const MachineConfig::Block& block,
                                                       u32) {
  return lgx::OpenDisk(block);
}

GuestRun::GuestRun(const MachineConfig& config, const BuiltinKernel& builtin,
                   ConsoleBackend& console, LaunchObserver& observer, RunHooks* hooks)
    : config_(config),
      builtin_(builtin),
      console_(console),
      observer_(observer),
      hooks_(hooks) {}

Status GuestRun::Boot(Networks& networks) {
  std::optional<std::vector<NetBackend*>> cables;
  if (hooks_ != nullptr) cables = hooks_->Cables();
  if (!cables) {
    LGX_RETURN_IF_ERROR(cables_.Open(config_.net, networks));
    cables = cables_.backends();
  }
  nets_ = *std::move(cables);
  const auto open = [this](const MachineConfig::Block& block, u32 index) {
    return hooks_ != nullptr ? hooks_->OpenDisk(block, index) : OpenDisk(block);
  };
  StatusOr<Disks> disks = Disks::Open(config_, open);
  if (!disks.ok()) return disks.status();
  disks_ = *std::move(disks);
  if (hooks_ != nullptr) LGX_RETURN_IF_ERROR(hooks_->OnOpen(disks_, nets_));
  return MakeMachine();
}

void GuestRun::TellEnd() {
  if (told_) observer_.OnMachineEnd(*machine_);
  told_ = false;
}

// By its files, or as the hooks have it.
StatusOr<std::unique_ptr<Machine>> GuestRun::NewMachine() {
  if (hooks_ != nullptr && result_.boots == 0) {
    StatusOr<std::unique_ptr<Machine>> first =
        hooks_->MakeFirst(console_, &observer_, disks_, nets_, &files_);
    if (!first.ok() || *first != nullptr) return first;
  }
  StatusOr<BootFiles> files = ReadBootFiles(config_, builtin_);
  if (!files.ok()) return files.status();
  files_ = *std::move(files);
  if (second_try_) {
    files_.mode = *second_try_;
    files_.mode_is_guess = false;
  }
  if (hooks_ != nullptr) LGX_RETURN_IF_ERROR(hooks_->OnFiles(files_));
  const BootRequest request{config_,
                            files_.kernel,
                            files_.kernel_file,
                            files_.initrd,
                            files_.generation,
                            files_.mode,
                            &disks_,
                            nets_,
                            cables_.captures()};
  return Machine::Create(request, console_, &observer_);
}

Status GuestRun::MakeMachine() {
  TellEnd();
  machine_.reset();
  StatusOr<std::unique_ptr<Machine>> machine = NewMachine();
  if (!machine.ok()) return machine.status();
  machine_ = *std::move(machine);
  told_ = true;
  observer_.OnMachine(*machine_);
  if (hooks_ != nullptr) LGX_RETURN_IF_ERROR(hooks_->OnMachine(*machine_));
  observer_.OnBoot(files_, result_.boots++);
  return absl::OkStatus();
}

// A kernel that does not tell the format of its page tables gets a second chance.
bool GuestRun::TriesOtherMode() {
  if (!config_.cpu.model->Has(kFeaturePae) ||
      !LooksLikeWrongMode(files_, *machine_, result_.ending)) {
    return false;
  }
  observer_.OnWarning(
      "the kernel does not tell the format of its page tables and died without PAE "
      "(" +
      result_.ending.reason + "); trying once with PAE. --pae says it for good.");
  second_try_ = PagingMode::kPae;
  return true;
}

StatusOr<bool> GuestRun::GoOn() {
  TellEnd();
  if (const std::string& failure = machine_->crossing().failure(); !failure.empty()) {
    return Errorf(kDataLoss,
                  "%s: no machine comes into the state that is in there (%s). The "
                  "snapshot is damaged.",
                  hooks_ != nullptr ? hooks_->Source() : "", failure);
  }
  result_.ending = machine_->ending();
  // Of all memory, so it is asked for once.
  const u64 hash = machine_->Hash();
  if (hooks_ != nullptr) hooks_->OnEnding(*machine_, result_.ending, hash);
  if (!TriesOtherMode()) {
    Describe(*machine_, files_, hash, &result_);
    if (Died(result_.ending)) observer_.OnCrash(*machine_);
    if (const Status synced = disks_.Sync(); !synced.ok()) {
      result_.ending = {Ending::Kind::kHostRefused, MessageOf(synced), "", 0};
    }
    if (!StartsAgain(config_, result_.ending)) return false;
  }
  LGX_RETURN_IF_ERROR(MakeMachine());
  return true;
}

StatusOr<LaunchResult> Launch(const MachineConfig& config, const BuiltinKernel& builtin,
                              ConsoleBackend& console, LaunchObserver& observer,
                              RunHooks* hooks, const MachineRunner& runner) {
  Networks networks;
  GuestRun run(config, builtin, console, observer, hooks);
  LGX_RETURN_IF_ERROR(run.Boot(networks));
  while (true) {
    Machine& machine = run.machine();
    bool over = false;  // the runner has ended it, where it stands
    if (runner != nullptr) {
      LGX_RETURN_IF_ERROR(runner(machine, run.files()));
      over = machine.ended();
    }
    while (!over && hooks != nullptr &&
           machine.RunTo(hooks->NextPause(machine)) != Machine::Stop::kEnded) {
      LGX_RETURN_IF_ERROR(hooks->OnPause(machine));
    }
    if (!over) machine.Run();
    const StatusOr<bool> again = run.GoOn();
    if (!again.ok()) return again.status();
    if (!*again) return run.TakeResult();
  }
}

}  // namespace lgx
