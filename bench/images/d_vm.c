/* A bytecode interpreter: a call through a table and a return for every bytecode, as in
   interpreters of languages and in drivers. The program counts the steps of Collatz
   sequences with a subroutine. */
#include "image.h"

const char image_name[] = "d_vm";

enum { kLimit = 30000 };

struct Insn {
  u8 operation;
  u8 operand;
};

struct Vm {
  const struct Insn* pc;
  u32* sp;
  u32 local[4];
  u32 steps; /* bytecodes executed */
  int stopped;
};

enum Operation {
  kPush,
  kPushLimit,
  kLoad,
  kStore,
  kAdd,
  kTriplePlusOne,
  kHalf,
  kIfOdd, /* looks at the top; the others take what they test */
  kIfNotOne,
  kIfBelow,
  kJump,
  kCall, /* with one argument */
  kReturn,
  kStop,
};

enum Local { kNumber, kTotal, kValue, kCount };
enum Label { kNext = 2, kCountSteps = 16, kStep = 19, kOdd = 23, kStepped = 24 };

static const struct Insn program[] = {
    {kPush, 1},
    {kStore, kNumber},
    [kNext] = {kLoad, kNumber},
    {kCall, kCountSteps},
    {kLoad, kTotal},
    {kAdd, 0},
    {kStore, kTotal},
    {kLoad, kNumber},
    {kPush, 1},
    {kAdd, 0},
    {kStore, kNumber},
    {kLoad, kNumber},
    {kPushLimit, 0},
    {kIfBelow, kNext},
    {kStop, 0},

    [kCountSteps] = {kStore, kValue},
    {kPush, 0},
    {kStore, kCount},
    [kStep] = {kLoad, kValue},
    {kIfOdd, kOdd},
    {kHalf, 0},
    {kJump, kStepped},
    [kOdd] = {kTriplePlusOne, 0},
    [kStepped] = {kStore, kValue},
    {kLoad, kCount},
    {kPush, 1},
    {kAdd, 0},
    {kStore, kCount},
    {kLoad, kValue},
    {kIfNotOne, kStep},
    {kLoad, kCount},
    {kReturn, 0},
};

enum { kProgramLength = sizeof(program) / sizeof(program[0]) };

static struct Insn code[kProgramLength];
static u32 stack[64];

static void DoPush(struct Vm* vm, u32 value) { *vm->sp++ = value; }
static void DoPushLimit(struct Vm* vm, u32 unused) {
  (void)unused;
  *vm->sp++ = kLimit;
}
static void DoLoad(struct Vm* vm, u32 local) { *vm->sp++ = vm->local[local]; }
static void DoStore(struct Vm* vm, u32 local) { vm->local[local] = *--vm->sp; }
static void DoAdd(struct Vm* vm, u32 unused) {
  (void)unused;
  --vm->sp;
  vm->sp[-1] += vm->sp[0];
}
static void DoTriplePlusOne(struct Vm* vm, u32 unused) {
  (void)unused;
  vm->sp[-1] = vm->sp[-1] * 3 + 1;
}
static void DoHalf(struct Vm* vm, u32 unused) {
  (void)unused;
  vm->sp[-1] >>= 1;
}
static void DoIfOdd(struct Vm* vm, u32 label) {
  if ((vm->sp[-1] & 1) != 0) vm->pc = code + label;
}
static void DoIfNotOne(struct Vm* vm, u32 label) {
  if (*--vm->sp != 1) vm->pc = code + label;
}
static void DoIfBelow(struct Vm* vm, u32 label) {
  vm->sp -= 2;
  if (vm->sp[0] < vm->sp[1]) vm->pc = code + label;
}
static void DoJump(struct Vm* vm, u32 label) { vm->pc = code + label; }
/* The place to return to goes under the argument. */
static void DoCall(struct Vm* vm, u32 label) {
  const u32 argument = vm->sp[-1];
  vm->sp[-1] = (u32)(vm->pc - code);
  *vm->sp++ = argument;
  vm->pc = code + label;
}
static void DoReturn(struct Vm* vm, u32 unused) {
  (void)unused;
  const u32 result = *--vm->sp;
  vm->pc = code + vm->sp[-1];
  vm->sp[-1] = result;
}
static void DoStop(struct Vm* vm, u32 unused) {
  (void)unused;
  vm->stopped = 1;
}

/* Writable, so that no compiler takes the calls for direct ones. */
static void (*volatile operations[])(struct Vm* vm, u32 operand) = {
    [kPush] = DoPush,         [kPushLimit] = DoPushLimit,
    [kLoad] = DoLoad,         [kStore] = DoStore,
    [kAdd] = DoAdd,           [kTriplePlusOne] = DoTriplePlusOne,
    [kHalf] = DoHalf,         [kIfOdd] = DoIfOdd,
    [kIfNotOne] = DoIfNotOne, [kIfBelow] = DoIfBelow,
    [kJump] = DoJump,         [kCall] = DoCall,
    [kReturn] = DoReturn,     [kStop] = DoStop,
};

struct Result BenchMain(void) {
  for (u32 i = 0; i < kProgramLength; ++i) code[i] = program[i];
  struct Vm vm = {code, stack, {0, 0, 0, 0}, 0, 0};
  while (!vm.stopped) {
    const struct Insn* const insn = vm.pc++;
    ++vm.steps;
    operations[insn->operation](&vm, insn->operand);
  }
  return (struct Result){vm.local[kTotal] ^ RotateLeft(vm.steps, 11), vm.steps};
}
