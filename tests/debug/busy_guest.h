// A Guest that does a little of everything, for those who stop it anywhere: a program in
// ring 3 that loads, stores, copies and calls the system, a kernel with a clock, page
// faults and hypercalls; off after a few ticks.
#ifndef LGX_TESTS_DEBUG_BUSY_GUEST_H_
#define LGX_TESTS_DEBUG_BUSY_GUEST_H_

#include "tests/machine/tiny_guest.h"

namespace lgx::test {

struct BusyGuest : TinyGuest {
  static constexpr u32 kTicks = ResultAt(0);     // counted by the clock's handler
  static constexpr u32 kRounds = ResultAt(1);    // by the program, once in each round
  static constexpr u32 kCalls = ResultAt(2);     // by the handler of int 0x80
  static constexpr u32 kConstant = ResultAt(3);  // read once in each round
  static constexpr u32 kCopy = ResultAt(0x100);  // 64 bytes of code, copied by REP
  static constexpr u32 kHello = kTinyTexts + 0x200;

  u32 program_loop = 0;  // linear addresses
  u32 clock_handler = 0;
  u32 call_handler = 0;

  explicit BusyGuest(PagingMode mode = PagingMode::kTwoLevel, u32 ticks = 4)
      : TinyGuest(mode) {
    config.limits.instructions = 10'000'000;
    clock_handler = handler.address();
    handler.Raw({0x60});  // pusha
    handler.Count(kTicks);
    const Assembler::Label done = handler.NewLabel();
    handler.JumpWhenReached(kTicks, ticks, done);
    handler.SetClock(20'000);
    handler.Put(kIrqEnabledAt, 0x200u);
    handler.Raw({0x61});  // popa
    handler.Iret();
    handler.Bind(done);
    Say(&handler);
    handler.PowerOff();
    call_handler = handler.address();
    handler.Count(kCalls);
    handler.Iret();

    text.Init();
    text.LoadGate(32, clock_handler, Gate::kInterrupt);
    text.LoadGate(kSyscallVector, call_handler, Gate::kTrap, 3);
    text.Put(kIrqEnabledAt, 0x200u);
    text.SetClock(20'000);
    text.ToRing3(kTinyProgram);

    program.UseUserData();
    program.Raw({0x8e, 0xc0});  // mov es, ax
    const Assembler::Label loop = program.NewLabel();
    program.Bind(loop);
    program_loop = program.address();
    program.Count(kRounds);
    program.Mov(kEax, DwordAt(kConstant));
    program.Push(kEax);
    program.Pop(kEax);
    program.Mov(kEsi, Imm{kTinyText});
    program.Mov(kEdi, Imm{kCopy});
    program.Mov(kEcx, Imm{64});
    program.Raw({0xf3, 0xa4});  // rep movsb
    program.Int(kSyscallVector);
    program.Jmp(loop);
  }

  // "hi\n", by the console of the first messages.
  void Say(TinyCode* code) {
    code->Put(kHello, 0x000a6968u);
    code->Hypercall(17, kHello);
  }
};

}  // namespace lgx::test

#endif  // LGX_TESTS_DEBUG_BUSY_GUEST_H_
