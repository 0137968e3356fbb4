#include "machine/kernel_image.h"

#include "hypercalls/abi.h"
#include "machine/payload.h"

namespace lgx {
namespace {

constexpr u64 kLargestUnpacked = 128 * kMiB;

void InspectElf(const ElfImage& elf, Bytes file, const std::string& path,
                KernelImage* kernel) {
  kernel->page_offset = elf.page_offset;
  kernel->load_start = elf.load_start;
  kernel->load_end = elf.load_end;
  // A damaged symbol table costs names, not the boot.
  StatusOr<SymbolTable> symbols = ReadElfSymbols(file, path);
  if (symbols.ok()) kernel->symbols = *std::move(symbols);
  kernel->recognition = RecogniseElf(elf, file, kernel->symbols);
}

// Unpacks the kernel inside a bzImage and looks at it as at a vmlinux.
Status InspectPayload(Bytes file, KernelImage* kernel) {
  const BzImage& image = kernel->bzimage;
  if (image.payload_size == 0) {
    kernel->recognition = RecogniseVersion(
        image.version, "the header does not say where the packed kernel is");
    return absl::OkStatus();
  }
  const Bytes packed = Part(file, image.payload_offset, image.payload_size);
  if (PackingOf(packed) == Packing::kNone) {
    kernel->recognition = RecogniseVersion(
        image.version,
        "the kernel is packed in an unknown way; give the vmlinux instead");
    return absl::OkStatus();
  }
  const StatusOr<std::vector<u8>> unpacked = Unpack(packed, kLargestUnpacked);
  if (!unpacked.ok()) {
    return Errorf(
        unpacked.status().code(),
        "%s: packed kernel at offset 0x%x, 0x%x bytes: %s. Copy or build the file "
        "again, or give the vmlinux",
        kernel->path, image.payload_offset, image.payload_size,
        MessageOf(unpacked.status()));
  }
  if (!LooksLikeElf(*unpacked)) {
    kernel->recognition =
        RecogniseVersion(image.version, "the packed kernel is not an ELF file");
    return absl::OkStatus();
  }
  const std::string inner = kernel->path + " (the kernel packed inside)";
  const StatusOr<ElfImage> elf = ParseElf(*unpacked, inner);
  if (!elf.ok()) return elf.status();
  InspectElf(*elf, *unpacked, inner, kernel);
  return absl::OkStatus();
}

std::string SupportedNames() {
  std::string names;
  for (const GenerationInfo& info : kGenerations) {
    if (!IsSupported(info.generation)) continue;
    if (!names.empty()) names += ", ";
    names += absl::StrFormat("%s (%s)", info.letter, info.kernels);
  }
  return names;
}

std::string VersionForMessage(const Recognition& recognition) {
  if (recognition.version.empty()) return "of unknown version";
  return "Linux " + recognition.version.substr(0, recognition.version.find(' '));
}

Status NotYet(const KernelImage& kernel, Generation generation) {
  const Recognition& r = kernel.recognition;
  return Errorf(kUnimplemented,
                "%s: this kernel (%s) speaks generation %s of the lguest interface: %s. "
                "Found by: %s. This version boots %s. Give such a kernel%s",
                kernel.path, VersionForMessage(r), NameOf(generation),
                InfoOf(generation).marks, r.evidence, SupportedNames(),
                generation == Generation::kA
                    ? "; generation A never became a stable interface and is not planned"
                    : ", or name the generation with --abi if this is a mistake");
}

}  // namespace

const char* NameOf(KernelImage::Format format) {
  return format == KernelImage::Format::kElf ? "vmlinux" : "bzImage";
}

StatusOr<KernelImage> InspectKernel(Bytes file, const std::string& path) {
  KernelImage kernel;
  kernel.path = path;
  if (file.empty()) {
    return Errorf(
        kInvalidArgument,
        "%s: the file is empty (0 bytes), expected a vmlinux or a bzImage. Copy or "
        "build the kernel again",
        path);
  }
  if (LooksLikeElf(file)) {
    StatusOr<ElfImage> elf = ParseElf(file, path);
    if (!elf.ok()) return elf.status();
    kernel.format = KernelImage::Format::kElf;
    kernel.entry = elf->entry;
    InspectElf(*elf, file, path, &kernel);
    kernel.elf = *std::move(elf);
    return kernel;
  }
  StatusOr<BzImage> bzimage = ParseBzImage(file, path);
  if (!bzimage.ok()) return bzimage.status();
  kernel.format = KernelImage::Format::kBzImage;
  kernel.entry = bzimage->entry;
  kernel.bzimage = *std::move(bzimage);
  LGX_RETURN_IF_ERROR(InspectPayload(file, &kernel));
  if (kernel.recognition.version.empty())
    kernel.recognition.version = kernel.bzimage.version;
  return kernel;
}

StatusOr<Generation> CheckBootable(const KernelImage& kernel,
                                   std::optional<Generation> chosen) {
  const Recognition& r = kernel.recognition;
  if (r.lguest == LguestSupport::kNo) {
    return Errorf(kInvalidArgument,
                  "%s: this kernel (%s) has no lguest guest support: %s. Build it with "
                  "CONFIG_LGUEST_GUEST=y, or give another kernel",
                  kernel.path, VersionForMessage(r), r.evidence);
  }
  const std::optional<Generation> generation = chosen ? chosen : r.generation;
  if (!generation) {
    return Errorf(
        kInvalidArgument,
        "%s: cannot tell which generation of lguest this kernel (%s) needs: %s. "
        "Give the vmlinux, or name the generation with --abi",
        kernel.path, VersionForMessage(r), r.evidence);
  }
  if (!IsSupported(*generation)) return NotYet(kernel, *generation);
  return *generation;
}

Status CheckModeFor(const KernelImage& kernel, Generation generation, PagingMode mode) {
  const Abi* abi = FindAbi(InfoOf(generation).letter[0]);
  if (mode != PagingMode::kPae || abi == nullptr || abi->knows_pae) {
    return absl::OkStatus();
  }
  return Errorf(StatusCode::kFailedPrecondition,
                "%s: kernels of generation %s have no PAE page tables under lguest; that "
                "began with 2.6.31. Leave --pae on out, or name another generation with "
                "--abi",
                kernel.path, NameOf(generation));
}

Status CheckMemoryFor(const KernelImage& kernel, Generation generation, u64 memory) {
  constexpr u64 kReachableTables = 1020 * kMiB;
  constexpr u64 kLowMemory = 896 * kMiB;
  const bool early_tables = generation == Generation::kC ||
                            generation == Generation::kD ||
                            generation == Generation::kR || generation == Generation::kE;
  if (early_tables && memory > kReachableTables) {
    return Errorf(
        StatusCode::kOutOfRange,
        "%s: a kernel of generation %s reaches its boot page tables in the first "
        "1020 MiB only, but the guest has %d MiB; give it less, for example -m 512M",
        kernel.path, NameOf(generation), memory / kMiB);
  }
  if (kernel.recognition.highmem == false && memory > kLowMemory) {
    return Errorf(
        StatusCode::kOutOfRange,
        "%s: this kernel was built without highmem and finds no devices behind more "
        "than 896 MiB, but the guest has %d MiB; give it less, for example -m 512M",
        kernel.path, memory / kMiB);
  }
  return absl::OkStatus();
}

Status CheckKernelFits(const KernelImage& kernel, Bytes file, const BootLayout& layout) {
  if (kernel.format == KernelImage::Format::kElf) {
    return CheckElfFits(kernel.elf, kernel.path, layout);
  }
  return CheckBzImageFits(kernel.bzimage, file.size(), kernel.path, layout);
}

Status LoadKernel(const KernelImage& kernel, Bytes file, const BootLayout& layout,
                  GuestView& guest) {
  if (kernel.format == KernelImage::Format::kElf) {
    return LoadElf(kernel.elf, file, kernel.path, layout, guest);
  }
  return LoadBzImage(kernel.bzimage, file, kernel.path, layout, guest);
}

}  // namespace lgx
