// A tiny guest of each generation before the reference, on a whole Machine: it shakes
// hands, loads its GDT the way its time had, takes a stack, prints, notifies a ring, and
// powers off.
#include <gtest/gtest.h>

#include "hypercalls/abi.h"
#include "machine/machine.h"
#include "switcher/assembler.h"
#include "tests/machine/kernel_builder.h"
#include "tests/machine/tiny_guest.h"

namespace lgx::test {
namespace {

constexpr u32 kTables = kTinyTables;        // the Guest's own GDT
constexpr u32 kHello = kTinyTexts + 0x100;  // what it prints
constexpr u32 kMemory = 16 << 20;           // the device page is there
constexpr u32 kOutputRing = kMemory + 0x4000;
constexpr u32 kKernel = 0xc0000000;

struct Way {
  Generation generation;
  bool by_vmcall;
  bool whole_gdt;
  u32 ring_in_descriptor;  // where the page of the console's output ring is said
};

class Early : public ::testing::TestWithParam<Way> {
 protected:
  const Abi& abi() const { return *FindAbi(InfoOf(GetParam().generation).letter[0]); }

  void Hypercall(u32 number, u32 arg1 = 0, u32 arg2 = 0, u32 arg3 = 0) {
    const Reg registers[] = {kEax, kEbx, kEcx, kEdx};
    const u32 args[] = {arg1, arg2, arg3};
    code_.Mov(kEax, Imm{number});
    for (u32 i = 0; i < 3; ++i) code_.Mov(registers[abi().registers[i]], Imm{args[i]});
    if (GetParam().by_vmcall) {
      code_.Raw({0x0f, 0x01, 0xc1});
    } else {
      code_.Int(kLguestTrapEntry);
    }
  }

  void WriteCode() {
    Hypercall(1, kTinyData);
    code_.Mov(kEsp, Imm{kTinyStackEnd});
    if (GetParam().whole_gdt) {
      Hypercall(3, kTables, 32);
    } else {
      Hypercall(18, 14, 0x0000ffff, 0x00cffb00);
    }
    Hypercall(7, kGuestKernelDs, kTinyStackEnd, 1);
    Hypercall(17, kHello);
    Hypercall(17, kOutputRing);
    Hypercall(2, kTinyTexts, 1);
  }

  ByteVector MakeKernel() const {
    ByteVector image(kTinyEnd - kTinyText);
    std::copy(code_.bytes().begin(), code_.bytes().end(), image.begin());
    PokeText(&image, kTinyTexts - kTinyText, "Power down");
    PokeText(&image, kHello - kTinyText, "hello");
    for (const u32 entry : {12u, 14u}) {
      Poke<u32>(&image, kTables - kTinyText + 8 * entry, 0x0000ffff);
      Poke<u32>(&image, kTables - kTinyText + 8 * entry + 4, 0x00cf9a00);
    }
    Poke<u32>(&image, kTables - kTinyText + 8 * 13, 0x0000ffff);
    Poke<u32>(&image, kTables - kTinyText + 8 * 13 + 4, 0x00cf9200);
    const u32 data = kTinyData - kTinyText;
    for (u32 i = 0; i < kRingSize; ++i) {
      Poke<u8>(&image, data + abi().data.hcall_status + i, 0xff);
    }
    Poke<u32>(&image, data + abi().data.kernel_address, kKernel);
    Poke<u32>(&image, data + abi().data.syscall_vec, kSyscallVector);
    return BuildElf({{kKernel + kTinyText, kTinyText, image}}, kTinyText);
  }

  Assembler code_;
};

TEST_P(Early, BootsPrintsAndPowersOff) {
  WriteCode();
  const ByteVector file = MakeKernel();
  const StatusOr<KernelImage> kernel = InspectKernel(file, "tiny");
  ASSERT_TRUE(kernel.ok()) << MessageOf(kernel.status());
  MachineConfig config;
  config.memory = kMemory;
  config.limits.instructions = 1'000'000;
  BufferBackend console;
  console.EndInput();
  const BootRequest request{
      config, *kernel, file, {}, GetParam().generation, PagingMode::kTwoLevel};
  const StatusOr<std::unique_ptr<Machine>> machine =
      Machine::Create(request, console, nullptr);
  ASSERT_TRUE(machine.ok()) << MessageOf(machine.status());
  const Ending ending = (*machine)->Run();
  EXPECT_STREQ(NameOf(ending.kind), "power-off") << ending.reason << ending.detail;
  EXPECT_EQ(console.output(), "hello");
  const Guest& guest = (*machine)->guest();
  EXPECT_EQ(guest.cpu.gdt[14].b & kDescriptorDplMask,
            GetParam().whole_gdt ? u32{kGuestPl} << kDescriptorDplShift : 0x00006000u);
  EXPECT_EQ(guest.stats.hypercalls, 6u);
  u32 ring = 0;
  ASSERT_TRUE(
      guest.memory.LoadValue(Gpa(kMemory + GetParam().ring_in_descriptor), &ring));
  EXPECT_EQ(ring, kOutputRing >> kPageShift);
}

INSTANTIATE_TEST_SUITE_P(
    Generations, Early,
    ::testing::Values(Way{Generation::kB, false, true, 3 + 10 + 2 + 4},
                      Way{Generation::kC, false, true, 5 + 8 + 4},
                      Way{Generation::kD, true, false, 5 + 8 + 4}),
    [](const auto& way) { return std::string(InfoOf(way.param.generation).letter); });

}  // namespace
}  // namespace lgx::test
