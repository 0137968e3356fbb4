// Random code gives the same machine under every binding, with and without the block
// cache, and in pieces of any size.
#include <gtest/gtest.h>

#include <random>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

constexpr u32 kCode = CpuMachine::kCode;
constexpr u32 kData = CpuMachine::kData;

class RandomCode {
 public:
  explicit RandomCode(u32 seed) : random_(seed) {}
  u32 Below(u32 n) { return static_cast<u32>(random_() % n); }
  u32 Next() { return static_cast<u32>(random_()); }

  // A page of instructions that mostly go on: plain opcodes with operands near the data,
  // now and then any byte at all.
  std::vector<u8> Page() {
    std::vector<u8> bytes;
    while (bytes.size() < kPageSize - 16) Append(&bytes);
    bytes.resize(kPageSize, 0x90);
    return bytes;
  }

 private:
  void Put(std::vector<u8>* out, std::initializer_list<u32> bytes) {
    for (const u32 b : bytes) out->push_back(static_cast<u8>(b));
  }
  void PutLong(std::vector<u8>* out, u32 v) { Put(out, {v, v >> 8, v >> 16, v >> 24}); }

  // A ModRM byte with register `reg`: another register, [disp32], [reg+disp8] or SIB.
  void Operand(std::vector<u8>* out, u32 reg) {
    switch (Below(4)) {
      case 0:
      case 1:
        Put(out, {0xc0 | reg << 3 | Below(8)});
        break;
      case 2:
        Put(out, {0x05 | reg << 3});
        PutLong(out, kData + Below(0x2000));
        break;
      default:
        Put(out, {0x84 | reg << 3, Below(256)});
        PutLong(out, kData + Below(0x800));
        break;
    }
  }

  void Append(std::vector<u8>* out) {
    if (Below(12) == 0) Put(out, {0x66});
    const u32 reg = Below(8);
    switch (Below(24)) {
      case 0:
      case 1:
      case 2:
        Put(out, {Below(8) * 8 + Below(4)}), Operand(out, reg);
        break;
      case 3:
        Put(out, {0x83}), Operand(out, reg), Put(out, {Below(256)});
        break;
      case 4:
        Put(out, {0x88 + Below(4)}), Operand(out, reg);
        break;
      case 5:
        Put(out, {0xb8 + reg}), PutLong(out, Below(2) != 0 ? Next() : Below(64));
        break;
      case 6:
        Put(out, {0x40 + Below(16)});
        break;
      case 7:
        Put(out, {0x50 + Below(16)});
        break;
      case 8:
        Put(out, {0x70 + Below(16), Below(24)});
        break;
      case 9:
        Put(out, {0x0f, 0x40 + Below(16)}), Operand(out, reg);
        break;
      case 10:
        Put(out, {0x0f, 0x90 + Below(16)}), Operand(out, 0);
        break;
      case 11:
        Put(out, {0xc1}), Operand(out, reg), Put(out, {Below(40)});
        break;
      case 12:
        Put(out, {0xd3}), Operand(out, reg);
        break;
      case 13:
        Put(out, {0x0f, 0xb6 + Below(2) + 8 * Below(2)}), Operand(out, reg);
        break;
      case 14:
        Put(out, {0x0f, 0xaf}), Operand(out, reg);
        break;
      case 15:
        Put(out, {0xf6 + Below(2)}), Operand(out, 2 + Below(6));
        break;
      case 16:
        Put(out, {0xe2 - Below(3), 0x100 - Below(40)});
        break;  // loops, backwards
      case 17:
        Put(out, {0xf2 + Below(2), 0xa4 + Below(4)});
        break;
      case 18:
        Put(out, {0xe8}), PutLong(out, Below(64));
        break;
      case 19:
        Put(out, {Below(3) == 0 ? 0xc3u : 0x9cu + Below(2)});
        break;
      case 20:
        Put(out, {0x8d, 0x84 | reg << 3, Below(256)}), PutLong(out, Next());
        break;
      case 21:
        Put(out, {0x0f, 0xa3 + 8 * Below(4)}), Operand(out, reg);
        break;
      case 22:
        Put(out, {0x27 + 8 * Below(4)});
        break;
      default:
        Put(out, {Below(256)});
        break;
    }
  }

  std::mt19937 random_;
};

// Every exception and INT n skips one byte of the program, so that it goes on somewhere.
void SkipFaults(CpuMachine* m) {
  for (u32 vector = 0; vector < 256; ++vector) {
    const bool has_error = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
    Code handler(CpuMachine::kHandlers + 16 * vector);
    if (has_error) handler.Bytes({0x83, 0xc4, 0x04});  // ADD ESP, 4
    handler.Bytes({0xff, 0x04, 0x24}).Iret();          // INC dword [ESP]
    m->Put(handler);
  }
}

void Prepare(CpuMachine* m, u32 seed) {
  RandomCode random(seed);
  SkipFaults(m);
  const bool paging = seed % 3 != 0;
  if (paging) {
    m->EnablePaging(seed % 3 == 1);
    // Descriptor tables, handlers and page tables are the kernel's.
    for (u32 lin = 0; lin < kCode; lin += kPageSize) m->SetPte(lin, lin | 3);
    for (u32 lin = 0x80000; lin < 0x90000; lin += kPageSize) m->SetPte(lin, lin | 3);
    m->SetPte(CpuMachine::kStack3 - kPageSize, (CpuMachine::kStack3 - kPageSize) | 7);
    m->SetPte(kData + 0x1000, (kData + 0x1000) | 5);  // read-only
    m->EnterRing(3);
  }
  for (u32 page = 0; page < 4; ++page) {
    const std::vector<u8> bytes = random.Page();
    m->memory->Write(Mpa(kCode + page * kPageSize), bytes.data(), bytes.size());
  }
  for (u32 at = kData; at < kData + 0x2000; at += 4) m->PutLong(at, random.Next());
  for (u32 r = 0; r < 8; ++r) {
    if (r != kEsp)
      m->cpu.Gpr(r) = random.Below(2) != 0 ? random.Below(64) : random.Next();
  }
  m->cpu.Gpr(kEsi) = kData + random.Below(0x1800);
  m->cpu.Gpr(kEdi) = kData + random.Below(0x1800);
  m->cpu.Gpr(kEsp) -= 0x100;
  if (seed % 5 == 0)
    m->cpu.SetEflags(m->cpu.Eflags() | kEflagsAc), m->cpu.state.cr0 |= kCr0Am;
  m->cpu.StateChanged();
}

struct Way {
  Binding binding;
  bool uncached;
  u64 piece;  // instructions for each Run()
  const char* name;
};

std::vector<Way> Ways() {
  std::vector<Way> ways = {{Binding::kLoop, false, 1, "loop, by single instructions"},
                           {Binding::kLoop, true, 100'000, "loop, uncached"},
                           {Binding::kLoop, false, 100'000, "loop, at once"},
                           {Binding::kLoop, false, 7, "loop, by sevens"}};
  if (BindingExists(Binding::kTail)) {
    ways.push_back({Binding::kTail, false, 100'000, "tail, at once"});
    ways.push_back({Binding::kTail, true, 100'000, "tail, uncached"});
    ways.push_back({Binding::kTail, false, 13, "tail, by thirteens"});
  }
  return ways;
}

// What the program ends with after `count` instructions.
std::string Outcome(const Way& way, u32 seed, u64 count, u64* executed) {
  CpuMachine m(way.binding);
  Prepare(&m, seed);
  m.cpu.set_uncached(way.uncached);
  StopReason why = StopReason::kDeadline;
  while (why == StopReason::kDeadline && m.cpu.retired() < count) {
    why = m.cpu.Run(std::min(count, m.cpu.retired() + way.piece));
  }
  *executed = m.cpu.retired();
  return Describe(m.cpu) + " stop " + std::to_string(static_cast<int>(why)) + " memory " +
         std::to_string(HashMemory(*m.memory));
}

TEST(BindingComparison, RandomCodeEndsInTheSameStateEveryWay) {
  const std::vector<Way> ways = Ways();
  constexpr u32 kPrograms = 60;
  constexpr u64 kCount = 3000;
  u64 executed = 0, all = 0;
  for (u32 seed = 1; seed <= kPrograms; ++seed) {
    const std::string wanted = Outcome(ways[0], seed, kCount, &executed);
    all += executed;
    for (std::size_t i = 1; i < ways.size(); ++i) {
      ASSERT_EQ(Outcome(ways[i], seed, kCount, &executed), wanted)
          << ways[i].name << " against " << ways[0].name << ", seed " << seed;
    }
  }
  // Most programs must live long enough to mean something.
  EXPECT_GT(all, kPrograms * kCount / 2);
}

// Two machines side by side: the same state after every instruction.
TEST(BindingComparison, StatesAreTheSameAfterEveryInstruction) {
  for (u32 seed = 101; seed <= 120; ++seed) {
    std::vector<std::unique_ptr<CpuMachine>> machines;
    for (const Binding binding : AllBindings()) {
      for (const bool uncached : {false, true}) {
        machines.push_back(std::make_unique<CpuMachine>(binding));
        Prepare(machines.back().get(), seed);
        machines.back()->cpu.set_uncached(uncached);
      }
    }
    for (u64 n = 1; n <= 1500; ++n) {
      const StopReason why = machines[0]->cpu.Run(n);
      const std::string wanted = Describe(machines[0]->cpu);
      for (auto& other : machines) {
        if (other == machines[0]) continue;
        ASSERT_EQ(other->cpu.Run(n), why) << "seed " << seed << ", instruction " << n;
        ASSERT_EQ(Describe(other->cpu), wanted)
            << "seed " << seed << ", instruction " << n;
      }
      if (why != StopReason::kDeadline) break;
    }
    for (auto& other : machines) {
      ASSERT_EQ(HashMemory(*other->memory), HashMemory(*machines[0]->memory)) << seed;
    }
  }
}

}  // namespace
}  // namespace lgx
