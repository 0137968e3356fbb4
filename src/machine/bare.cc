#include "machine/bare.h"

#include <algorithm>
#include <utility>

#include "machine/cpu_stats.h"
#include "machine/multiboot.h"

namespace lgx {
namespace {

// More than any run can retire, and still a positive signed number for the CPU's
// countdown.
constexpr u64 kNoLimit = u64{1} << 62;

// Below 1 MiB: RAM, the page for what the loader tells the program, then what a PC has
// there.
constexpr u32 kLowMemoryEnd = 0xa0000;
constexpr u32 kHighMemory = 0x100000;
constexpr u32 kInfoPage = kLowMemoryEnd - kPageSize;

// The descriptors, first thing in the information page.
constexpr u16 kCodeSelector = 0x08;
constexpr u16 kDataSelector = 0x10;
constexpr u64 kDescriptors[] = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff};
constexpr u32 kGdtSize = sizeof(kDescriptors);

constexpr u16 kFlatCode = 0xc09b;  // present, read, execute, accessed, 32-bit, pages
constexpr u16 kFlatData = 0xc093;  // present, write, accessed, 32-bit, pages

// After a reset (Intel SDM volume 3, table "Processor states following power-up").
constexpr u32 kResetCsBase = 0xffff0000;
constexpr u32 kResetEip = 0xfff0;
constexpr u16 kResetSegment = 0x93;
constexpr u32 kRomShadow = 0x20000;  // bytes below 1 MiB
constexpr u64 kLargestRom = u64{16} << 20;

bool Overlaps(const BareImage::Piece& piece, u32 start, u32 size) {
  return u64{piece.address} + piece.size > start && piece.address < u64{start} + size;
}

std::vector<MemoryRegion> MemoryMap(u32 info, u64 memory) {
  std::vector<MemoryRegion> map;
  const u64 low_end = info == kInfoPage ? kInfoPage : kLowMemoryEnd;
  map.push_back({0, low_end, true});
  map.push_back({low_end, kHighMemory, false});
  const u64 high_end = info == kInfoPage ? memory : info;
  if (high_end > kHighMemory) map.push_back({kHighMemory, high_end, true});
  if (memory > high_end) map.push_back({high_end, memory, false});
  return map;
}

}  // namespace

StatusOr<std::unique_ptr<BareMachine>> BareMachine::Create(const BareSetup& setup) {
  if (setup.memory < kHighMemory) {
    return Errorf(StatusCode::kOutOfRange,
                  "the bare machine has at least 1 MiB of memory, not %d bytes",
                  setup.memory);
  }
  StatusOr<std::unique_ptr<PhysMemory>> memory = PhysMemory::Create(setup.memory);
  if (!memory.ok()) return memory.status();
  return std::unique_ptr<BareMachine>(new BareMachine(setup, *std::move(memory)));
}

BareMachine::BareMachine(const BareSetup& setup, std::unique_ptr<PhysMemory> memory)
    : memory_(std::move(memory)),
      cpu_(std::make_unique<Cpu>(*memory_)),
      debugcon_(setup.debugcon),
      serial_(setup.serial),
      post_(setup.post_codes) {
  // What the user places goes before what has a fixed place.
  ports_.Add(setup.debug_exit, DebugExit::kPorts, PortWidth::kWhole, &exit_);
  if (setup.post) ports_.Add(*setup.post, 1, PortWidth::kByte, &post_);
  ports_.Add(kDebugConsolePort, 1, PortWidth::kByte, &debugcon_);
  ports_.Add(SerialPort::kFirst, SerialPort::kPorts, PortWidth::kByte, &serial_);
  cpu_->set_model(*setup.model);
  cpu_->set_ports(this);
}

BareMachine::~BareMachine() = default;

// The page for information and descriptors: below 640 KiB, or the last one of memory if
// the program wants that place itself.
StatusOr<u32> BareMachine::PlaceInfo(const BareImage& image,
                                     const std::string& path) const {
  const u32 last = static_cast<u32>(memory_->size()) - kPageSize;
  for (const u32 page : {kInfoPage, last}) {
    const bool taken = std::any_of(image.pieces.begin(), image.pieces.end(),
                                   [page](const BareImage::Piece& piece) {
                                     return Overlaps(piece, page, kPageSize);
                                   });
    if (!taken) return page;
  }
  return Errorf(
      StatusCode::kOutOfRange,
      "%s: the program leaves no page for the multiboot information, neither at "
      "0x%08x nor at 0x%08x. Give the machine more memory with -m",
      path, kInfoPage, last);
}

Status BareMachine::LoadProgram(const BareImage& image, const std::string& path) {
  for (const BareImage::Piece& piece : image.pieces) {
    const u64 end = u64{piece.address} + piece.size;
    if (end > memory_->size()) {
      return Errorf(StatusCode::kOutOfRange,
                    "%s: 0x%x bytes at 0x%08x end at 0x%08x, past the end of memory "
                    "(0x%08x). Give the machine more memory with -m",
                    path, piece.size, piece.address, end, memory_->size());
    }
  }
  const StatusOr<u32> gdt = PlaceInfo(image, path);
  if (!gdt.ok()) return gdt.status();
  for (const BareImage::Piece& piece : image.pieces) {
    memory_->Write(Mpa(piece.address), piece.content.data(), piece.content.size());
  }
  for (u32 i = 0; i < std::size(kDescriptors); ++i) {
    memory_->Store<u64>(Mpa(*gdt + 8 * i), kDescriptors[i]);
  }
  const u32 info = *gdt + kGdtSize;
  // A path of any length must not push the map out of the page.
  const std::vector<u8> bytes =
      MultibootInfo(info, MemoryMap(*gdt, memory_->size()), path.substr(0, 1024));
  memory_->Write(Mpa(info), bytes.data(), bytes.size());
  StartProgram(image.entry, info, *gdt);
  return absl::OkStatus();
}

void BareMachine::StartProgram(u32 entry, u32 info, u32 gdt) {
  CpuState& state = cpu_->state;
  for (u32 n = 0; n < kSegments; ++n) {
    const bool code = n == static_cast<u32>(Seg::kCs);
    state.seg[n].Set(code ? kCodeSelector : kDataSelector, 0, 0xffffffff,
                     code ? kFlatCode : kFlatData);
  }
  state.gdtr = {gdt, static_cast<u16>(kGdtSize - 1)};
  state.idtr = {0, 0};
  state.ldtr.Set(0, 0, 0xffff, kAttrPresent | kTypeLdt);
  state.tr.Set(0, 0, 0xffff, kAttrPresent | kTypeTss32Busy);
  state.cr0 = kCr0Pe | kCr0Et;
  state.cpl = 0;
  state.regs[kEax] = kMultibootLoaderMagic;
  state.regs[kEbx] = info;
  state.eip = entry;
  cpu_->StateChanged();
  cpu_->SetEflags(0);
}

Status BareMachine::LoadRom(Bytes rom, const std::string& path) {
  if (rom.empty() || rom.size() > kLargestRom) {
    return Errorf(
        kInvalidArgument,
        "%s: a ROM has 1 byte to 16 MiB, this file has %d bytes. Give the image "
        "that ends with the reset vector",
        path, rom.size());
  }
  // Its end is what counts, so a part of a page is filled up at the front.
  const u64 size = (rom.size() + kPageMask) & ~u64{kPageMask};
  std::vector<u8> bytes(size, 0xff);
  std::copy(rom.begin(), rom.end(),
            bytes.end() - static_cast<std::ptrdiff_t>(rom.size()));
  const u64 shadow = std::min<u64>(size, kRomShadow);
  memory_->Write(Mpa(kHighMemory - shadow), bytes.data() + size - shadow, shadow);
  LGX_RETURN_IF_ERROR(memory_->AddRom(Mpa((u64{1} << 32) - size), std::move(bytes)));

  CpuState& state = cpu_->state;
  for (u32 n = 0; n < kSegments; ++n) state.seg[n].Set(0, 0, 0xffff, kResetSegment);
  state.seg[static_cast<u8>(Seg::kCs)].Set(0xf000, kResetCsBase, 0xffff, kResetSegment);
  state.ldtr.Set(0, 0, 0xffff, kAttrPresent | kTypeLdt);
  state.tr.Set(0, 0, 0xffff, kAttrPresent | kTypeTss32Busy);
  state.gdtr = state.idtr = {0, 0xffff};
  state.cr0 = kCr0Cd | kCr0Nw | kCr0Et;
  state.cpl = 0;
  state.regs[kEdx] = cpu_->model().Signature();
  state.eip = kResetEip;
  cpu_->StateChanged();
  cpu_->SetEflags(0);
  return absl::OkStatus();
}

BareEnd BareMachine::Run(std::optional<u64> limit) {
  const u64 until = std::min(limit.value_or(kNoLimit), kNoLimit);
  while (true) {
    switch (cpu_->Run(until)) {
      case StopReason::kHalt:
        return (cpu_->state.eflags_rest & kEflagsIf) != 0 ? BareEnd::kAsleep
                                                          : BareEnd::kHalted;
      case StopReason::kShutdown:
        return BareEnd::kTripleFault;
      case StopReason::kDeadline:
        return BareEnd::kLimit;
      default:
        if (exit_.value()) return BareEnd::kDebugExit;
    }
  }
}

int BareMachine::debug_exit_status() const {
  // A process has eight bits to say it.
  return static_cast<int>((exit_.value().value_or(0) << 1 | 1) & 0xff);
}

u32 BareMachine::In(u16 port, u32 bytes) { return ports_.In(port, bytes); }

void BareMachine::Out(u16 port, u32 bytes, u32 value) {
  ports_.Out(port, bytes, value);
  if (exit_.value()) cpu_->RequestStop();
}

void BareMachine::VisitStats(StatsVisitor& out) const { VisitCpuStats(*cpu_, out); }

}  // namespace lgx
