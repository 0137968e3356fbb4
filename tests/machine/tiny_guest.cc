#include "tests/machine/tiny_guest.h"

#include "base/check.h"
#include "mmu/boot_tables.h"
#include "tests/machine/kernel_builder.h"

namespace lgx::test {
namespace {

constexpr u32 kPowerDownText = kTinyTexts;
constexpr u32 kCrashText = kTinyTexts + 0x80;
constexpr u32 kKernelOffset = 0xc0000000;

u8 ByteOf(u32 value, u32 n) { return static_cast<u8>(value >> (8 * n)); }

}  // namespace

// ---- code

void TinyCode::Hypercall(u32 number, u32 arg1, u32 arg2, u32 arg3, u32 arg4) {
  Mov(kEax, Imm{number});
  Mov(kEbx, Imm{arg1});
  Mov(kEcx, Imm{arg2});
  Mov(kEdx, Imm{arg3});
  Mov(kEsi, Imm{arg4});
  Int(kLguestTrapEntry);
}

void TinyCode::Init() {
  Mov(kEsp, Imm{kTinyStackEnd});
  Hypercall(1, kTinyData);
  LoadGdt(14, 0x0000ffff, 0x00cffb00);
  LoadGdt(15, 0x0000ffff, 0x00cff300);
  Hypercall(7, kGuestKernelDs, kTinyStackEnd, 1);
}

void TinyCode::PowerOff() { Hypercall(2, kPowerDownText, 1); }
void TinyCode::Crash() { Hypercall(2, kCrashText, 1); }
void TinyCode::Restart() { Hypercall(2, kPowerDownText, 2); }

void TinyCode::LoadGate(u32 vector, u32 handler, Gate type, u32 dpl) {
  Hypercall(6, vector, kGuestKernelCs << 16 | (handler & 0xffff),
            (handler & 0xffff0000) | 0x8000 | dpl << 13 | static_cast<u32>(type) << 8);
}

void TinyCode::PopResults(u32 first, u32 words) {
  for (u32 i = 0; i < words; ++i) {
    Pop(kEax);
    Put(ResultAt(first + i), kEax);
  }
}

void TinyCode::UseKernelData() {
  Mov(kEax, Imm{kGuestKernelDs});
  Mov(Seg::kDs, Low16(kEax));
}

void TinyCode::UseUserData() {
  Mov(kEax, Imm{kGuestUserDs});
  Mov(Seg::kDs, Low16(kEax));
}

void TinyCode::ToRing3(u32 eip) {
  Push(Imm{kGuestUserDs});
  Push(Imm{kTinyUserStackEnd});
  Push(Imm{0x202});
  Push(Imm{kGuestUserCs});
  Push(Imm{eip});
  Iret();
}

void TinyCode::SpinWhileZero(u32 at) {
  Raw({0x83, 0x3d, ByteOf(at, 0), ByteOf(at, 1), ByteOf(at, 2), ByteOf(at, 3),
       0x00});        // cmp dword [at], 0
  Raw({0x74, 0xf7});  // je to it
}

void TinyCode::PutTime(u32 at) {
  Raw({0x0f, 0x31});  // rdtsc
  Put(at, kEax);
}

void TinyCode::JumpWhenReached(u32 at, u32 value, Label to) {
  Raw({0x81, 0x3d, ByteOf(at, 0), ByteOf(at, 1), ByteOf(at, 2), ByteOf(at, 3),
       ByteOf(value, 0), ByteOf(value, 1), ByteOf(value, 2),
       ByteOf(value, 3)});  // cmp dword [at], value
  Raw({0x72, 0x05});        // jb over the jump
  Jmp(to);
}

// ---- the Guest

TinyGuest::TinyGuest(PagingMode mode, Generation generation)
    : mode_(mode), generation_(generation) {
  config.memory = 16 * kMiB;
  config.guest.abi = generation;
  config.cpu.pae = mode == PagingMode::kPae;
  console.EndInput();
}

void TinyGuest::SetNoirqRange(u32 start, u32 end) {
  noirq_start_ = start;
  noirq_end_ = end;
}

std::vector<u8> TinyGuest::MakeKernel() const {
  ByteVector image(kTinyEnd - kTinyText);
  for (const TinyCode* code : {&text, &program, &handler}) {
    CHECK(code->here() <= 0x10000) << "the code runs into its neighbour";
    std::copy(code->bytes().begin(), code->bytes().end(),
              image.begin() + (code->at() - kTinyText));
  }
  PokeText(&image, kPowerDownText - kTinyText, "Power down");
  PokeText(&image, kCrashText - kTinyText, "tiny but broken");
  const u32 data = kTinyData - kTinyText;
  const LguestDataLayout& layout = FindAbi(InfoOf(generation_).letter[0])->data;
  for (u32 i = 0; i < kRingSize; ++i) {
    Poke<u8>(&image, data + layout.hcall_status + i, 0xff);
  }
  if (layout.noirq_start != kAbsentField) {
    Poke<u32>(&image, data + layout.noirq_start, noirq_start_);
    Poke<u32>(&image, data + layout.noirq_end, noirq_end_);
  }
  Poke<u32>(&image, data + layout.kernel_address, kKernelOffset);
  Poke<u32>(&image, data + layout.syscall_vec, kSyscallVector);
  return BuildElf({{kKernelOffset + kTinyText, kTinyText, image}}, kTinyText);
}

std::vector<u8> TinyGuest::MakeVmlinux() const {
  constexpr std::size_t kHeaders = 52 + 32;
  const ByteVector marks = BuildVmlinux({.load_at = 0x400000});
  const ByteVector tiny = MakeKernel();
  return BuildElf({{0xc0100000, kTinyText, {tiny.begin() + kHeaders, tiny.end()}},
                   {0xc0400000, 0x00400000, {marks.begin() + kHeaders, marks.end()}}},
                  kTinyText);
}

Ending TinyGuest::Run() { return Boot().Run(); }

Machine& TinyGuest::Boot() {
  const std::vector<u8> file = MakeKernel();
  const StatusOr<KernelImage> kernel = InspectKernel(file, "tiny");
  CHECK(kernel.ok()) << MessageOf(kernel.status());
  BootRequest request{config, *kernel, file, {}, generation_, mode_};
  request.real_time = real_time;
  StatusOr<std::unique_ptr<Machine>> machine = Machine::Create(request, console, nullptr);
  CHECK(machine.ok()) << MessageOf(machine.status());
  machine_ = std::move(*machine);
  return *machine_;
}

Stats TinyGuest::stats() const {
  Stats stats;
  machine_->VisitStats(stats);
  return stats;
}

u32 TinyGuest::Word(u32 at) const {
  u32 value = 0;
  CHECK(machine_->guest().memory.LoadValue(Gpa(at), &value));
  return value;
}

}  // namespace lgx::test
