#include "cpu/block_cache.h"

#include <gtest/gtest.h>

#include "tests/cpu/cpu_machine.h"

namespace lgx {
namespace {

// -- the cache by itself ----------------------------------------------------------------

class BlockCacheTest : public ::testing::Test {
 protected:
  Block* Make(u32 frame, u32 offset, u32 bytes, u32 second = 0) {
    bool cleared = false;
    Block* const block = cache_.Allocate(&cleared);
    EXPECT_FALSE(cleared);
    block->frame = Mfn(frame);
    block->second_frame = Mfn(second != 0 ? second : frame);
    block->offset = static_cast<u16>(offset);
    block->bytes = static_cast<u16>(bytes);
    block->slots = 2;
    block->ops()[0].handler = block->ops()[1].handler = &live_;
    cache_.Commit(block);
    return block;
  }
  bool Marked(u32 frame) const { return (memory_->marks(Mfn(frame)) & kHoldsCode) != 0; }

  std::unique_ptr<PhysMemory> memory_ = std::move(PhysMemory::Create(1 << 20)).value();
  int live_ = 0, stale_ = 0;
  BlockCache cache_{*memory_, &stale_};
};

TEST_F(BlockCacheTest, FindsByFrameOffsetAndMode) {
  Block* const block = Make(3, 0x40, 8);
  EXPECT_EQ(cache_.Find(Mfn(3), 0x40, 0), block);
  EXPECT_EQ(cache_.Find(Mfn(3), 0x41, 0), nullptr);
  EXPECT_EQ(cache_.Find(Mfn(4), 0x40, 0), nullptr);
  EXPECT_EQ(cache_.Find(Mfn(3), 0x40, kModeUser), nullptr);
}

TEST_F(BlockCacheTest, AStoreDropsExactlyTheBlocksItTouches) {
  Block* const before = Make(3, 0x40, 8);   // 40 ... 47
  Block* const hit = Make(3, 0x48, 8);      // 48 ... 4f
  Block* const behind = Make(3, 0x50, 16);  // 50 ... 5f
  Block* const elsewhere = Make(4, 0x48, 8);
  cache_.WillStore(Mpa(0x3048), 1);
  EXPECT_TRUE(before->alive && behind->alive && elsewhere->alive);
  EXPECT_FALSE(hit->alive);
  EXPECT_EQ(hit->ops()[0].handler, &stale_);
  EXPECT_EQ(hit->ops()[1].handler, &stale_);
  EXPECT_EQ(cache_.Find(Mfn(3), 0x48, 0), nullptr);
  EXPECT_EQ(before->ops()[0].handler, &live_);
  cache_.WillStore(Mpa(0x304f), 2);  // the last byte of the gap and the first behind it
  EXPECT_TRUE(before->alive);
  EXPECT_FALSE(behind->alive);
  EXPECT_EQ(cache_.dropped(), 2u);
}

// An instruction at the last byte of the addresses, where nothing answers, goes on in
// RAM.
TEST_F(BlockCacheTest, ABlockThatBeginsOutsideOfRamIsDroppedByItsSecondPage) {
  Block* const block = Make(0xfffff, 0xfff, 2, 5);
  cache_.WillStore(Mpa(0x5001), 1);
  EXPECT_TRUE(block->alive);
  cache_.WillStore(Mpa(0x5000), 1);
  EXPECT_FALSE(block->alive);
}

TEST_F(BlockCacheTest, AStoreOfSeveralChunksReachesAllOfThem) {
  Block* const first = Make(3, 0x3f, 1);
  Block* const second = Make(3, 0x100, 64);
  cache_.WillStore(Mpa(0x3040), 0xc0);  // between the two
  EXPECT_TRUE(first->alive && second->alive);
  cache_.WillStore(Mpa(0x3000), 0x1000);
  EXPECT_FALSE(first->alive || second->alive);
}

TEST_F(BlockCacheTest, TheMarkOfAFrameGoesWithItsLastBlock) {
  Make(3, 0, 8);
  Make(3, 0x800, 8);
  EXPECT_TRUE(Marked(3));
  cache_.WillStore(Mpa(0x3000), 1);
  EXPECT_TRUE(Marked(3));
  cache_.WillStore(Mpa(0x3800), 1);
  EXPECT_FALSE(Marked(3));
}

TEST_F(BlockCacheTest, ABlockAcrossPagesIsDroppedFromEither) {
  Block* const first = Make(3, 0xffe, 4, 7);
  EXPECT_TRUE(Marked(3) && Marked(7));
  cache_.WillStore(Mpa(0x7002), 1);
  EXPECT_TRUE(first->alive) << "behind its last byte";
  cache_.WillStore(Mpa(0x7001), 1);
  EXPECT_FALSE(first->alive);
  EXPECT_FALSE(Marked(7));
  Block* const second = Make(3, 0xffe, 4, 7);
  cache_.WillStore(Mpa(0x3fff), 1);
  EXPECT_FALSE(second->alive);
  cache_.WillStore(Mpa(0x7000), 4);  // meets the dead one in the other page's list
  EXPECT_FALSE(Marked(7));
}

TEST_F(BlockCacheTest, ABlockAcrossTwoMappingsOfOneFrameIsDroppedFromItsEndToo) {
  Block* const block = Make(3, 0xffe, 4, 3);
  cache_.WillStore(Mpa(0x3800), 8);
  EXPECT_TRUE(block->alive);
  cache_.WillStore(Mpa(0x3001), 1);
  EXPECT_FALSE(block->alive);
}

TEST_F(BlockCacheTest, ClearForgetsAllMarksAndBlocks) {
  Make(3, 0, 8);
  Make(4, 0xffe, 4, 5);
  cache_.Clear();
  EXPECT_FALSE(Marked(3) || Marked(4) || Marked(5));
  EXPECT_EQ(cache_.Find(Mfn(3), 0, 0), nullptr);
}

TEST_F(BlockCacheTest, AFullArenaIsClearedToMakeRoom) {
  bool cleared = false;
  u32 made = 0;
  while (!cleared && made < 1'000'000) {
    Block* const block = cache_.Allocate(&cleared);
    block->frame = block->second_frame = Mfn(made % 200 + 1);
    block->offset = static_cast<u16>(made / 200 % kPageSize);
    block->bytes = 1;
    block->slots = Block::kMaxSlots;
    cache_.Commit(block);
    ++made;
  }
  EXPECT_TRUE(cleared);
  EXPECT_EQ(cache_.Find(Mfn(1), 0, 0), nullptr);
}

// -- programs that change themselves ----------------------------------------------------

class SelfModifying : public CpuTest {};
LGX_FOR_ALL_BINDINGS(SelfModifying);

constexpr u32 kCode = CpuMachine::kCode;
constexpr u32 kData = CpuMachine::kData;

TEST_P(SelfModifying, TheNextInstructionOfTheRunningBlockIsTheNewOne) {
  Code code(kCode);
  code.StoreByte(kCode + 7, 0x40 + kEbx);  // turns the INC ECX behind it into INC EBX
  code.Inc(kEcx).Hlt();
  m.Start(code);
  EXPECT_EQ(m.Run(10), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 0u);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 1u);
  EXPECT_EQ(m.cpu.retired(), 3u);
}

TEST_P(SelfModifying, ALoopSeesEveryChangeOfItsBody) {
  // Each round adds one to the immediate of the MOV at `patched`.
  Code code(kCode);
  code.MovImm(kEcx, 5);
  const u32 loop = code.Here();
  const u32 patched = code.Here() + 1;
  code.MovImm(kEax, 0);
  code.Bytes({0x01, 0xc3});                // ADD EBX, EAX
  code.Bytes({0xff, 0x05}).Long(patched);  // INC dword [patched]
  code.Dec(kEcx).Jnz(loop).Hlt();
  m.Start(code);
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 0u + 1 + 2 + 3 + 4);
  EXPECT_EQ(m.cpu.retired(), 1u + 5 * 5 + 1);
}

TEST_P(SelfModifying, LinkedBlocksAndReturnsLeadToNewCode) {
  // main calls f twice; between the calls f is changed by data stores.
  const u32 f = kCode + 0x200;
  Code function(f);
  function.MovImm(kEax, 1).Ret();
  m.Put(function);
  Code code(kCode);
  code.MovImm(kEcx, 3);
  const u32 loop = code.Here();
  code.Call(f).Bytes({0x01, 0xc3});  // ADD EBX, EAX
  code.StoreLong(f + 1, 100);
  code.Dec(kEcx).Jnz(loop).Hlt();
  m.Start(code);
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 201u);
}

TEST_P(SelfModifying, AnInstructionAcrossPagesFollowsChangesOfItsSecondPage) {
  // MOV EAX, imm32 with the opcode in the last byte of a page.
  const u32 at = kCode + 0xfff;
  Code mov(at);
  mov.MovImm(kEax, 7).Ret();
  m.Put(mov);
  Code code(kCode);
  code.Call(at)
      .Bytes({0x01, 0xc3})
      .StoreByte(at + 1, 9)
      .Call(at)
      .Bytes({0x01, 0xc3})
      .Hlt();
  m.Start(code);
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 16u);
}

TEST_P(SelfModifying, StoresByTheHostAreSeenToo) {
  Code code(kCode);
  code.Inc(kEax).Jmp(kCode);
  m.Start(code);
  m.Run(10);
  EXPECT_EQ(m.eax(), 5u);
  m.memory->Store<u8>(Mpa(kCode), 0x48 + kEax);  // DEC EAX
  m.Run(10);
  EXPECT_EQ(m.eax(), 0u);
}

TEST_P(SelfModifying, BytesThatWereNoInstructionBecomeOne) {
  // 0F 04 is undefined; its second byte alone changes, to 0F 06 (CLTS).
  m.cpu.state.cr0 |= kCr0Ts;
  m.Start(Code(kCode).Bytes({0x0f, 0x04}).Hlt());
  EXPECT_EQ(m.Run(10), StopReason::kHalt);
  EXPECT_EQ(m.eip(), CpuMachine::kHandlers + 16 * kVectorUd + 1);
  m.EnterRing(0);
  m.cpu.state.halted = false;
  m.memory->Store<u8>(Mpa(kCode + 1), 0x06);
  EXPECT_EQ(m.Run(10), StopReason::kHalt);
  EXPECT_EQ(m.eip(), kCode + 3);
  EXPECT_EQ(m.cpu.state.cr0 & kCr0Ts, 0u);
}

TEST_P(SelfModifying, ARepMayWriteTheInstructionsBehindIt) {
  Code code(kCode);
  code.MovImm(kEdi, kCode + 17).MovImm(kEcx, 3).MovImm(kEax, 0x40);
  code.Bytes({0xf3, 0xaa}).Nop(3).Hlt();
  m.Start(code);
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.eax(), 0x43u);
  EXPECT_EQ(m.cpu.retired(), 3u + 3 + 3 + 1);
}

TEST_P(SelfModifying, ARepThatOverwritesItselfGoesOnWithWhatStandsThere) {
  // REP STOSB reaches its own first byte with the second element: INC EAX; STOSB from
  // then on.
  Code code(kCode);
  code.MovImm(kEdi, kCode + 14).MovImm(kEcx, 10).MovImm(kEax, 0x40);
  code.Bytes({0xf3, 0xaa}).Hlt();
  m.Start(code);
  EXPECT_EQ(m.Run(100), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEcx), 8u);
  EXPECT_EQ(m.eax(), 0x41u);
  EXPECT_EQ(m.Byte(kCode + 16), 0x41);
  EXPECT_EQ(m.cpu.retired(), 3u + 2 + 1 + 1 + 1);
}

TEST_P(SelfModifying, DataNextToCodeKeepsTheCode) {
  Code code(kCode);
  code.MovImm(kEcx, 50);
  const u32 loop = code.Here();
  code.StoreByte(kCode + 0x800, 1).Dec(kEcx).Jnz(loop).Hlt();
  m.Start(code);
  EXPECT_EQ(m.Run(1000), StopReason::kHalt);
  EXPECT_LT(m.cpu.stats().blocks_made, 6u);
}

TEST_P(SelfModifying, RemappingTheRunningPageTakesEffectAtTheNextInstruction) {
  // The same linear page, first in one frame, then in another whose code differs.
  m.EnablePaging(false);
  const u32 other = kCode + 0x5000;
  Code first(kCode);
  first.StoreLong(static_cast<u32>(m.PteOf(kCode).value), other | 7);
  first.MovImm(kEbx, 1).Hlt();
  Code second(other);
  second.Nop(10).MovImm(kEbx, 2).Hlt();
  m.Put(first);
  m.Put(second);
  EXPECT_EQ(m.Run(10), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 2u);
}

TEST_P(SelfModifying, RemappingTheSecondPageOfAnInstructionTakesEffect) {
  m.EnablePaging(false);
  const u32 at = kCode + 0xffe;
  m.Put(Code(at).Bytes({0xb3, 0x01}));              // MOV BL, 1: ends the page
  m.Put(Code(at + 1).Bytes({0x05, 0x90, 0xf4}));    // with B3 05: MOV BL, 5; NOP; HLT
  m.Put(Code(kCode + 0x3000).Bytes({0x77, 0xf4}));  // another second page
  m.memory->Store<u8>(Mpa(at), 0x90);
  m.memory->Store<u8>(Mpa(at + 1), 0xb3);  // B3 | first byte of the second page
  m.memory->Store<u8>(Mpa(at + 2), 0x11);
  m.memory->Store<u8>(Mpa(at + 3), 0xf4);
  m.eip() = at;
  EXPECT_EQ(m.Run(10), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 0x11u);
  m.SetPte(kCode + 0x1000, (kCode + 0x3000) | 7);
  m.cpu.state.halted = false;
  m.eip() = at;
  EXPECT_EQ(m.Run(10), StopReason::kHalt);
  EXPECT_EQ(m.cpu.Gpr(kEbx), 0x77u);
}

TEST_P(SelfModifying, TurningTheCacheOffAndOnChangesNothing) {
  Code code(kCode);
  code.MovImm(kEcx, 40);
  const u32 loop = code.Here();
  code.Inc(kEax).StoreEax(kData).Dec(kEcx).Jnz(loop).Hlt();
  m.Start(code);
  for (int i = 0; m.Run(7) != StopReason::kHalt; ++i) m.cpu.set_uncached(i % 2 == 0);
  EXPECT_EQ(m.eax(), 40u);
  EXPECT_EQ(m.Long(kData), 40u);
  EXPECT_EQ(m.cpu.retired(), 1u + 4 * 40 + 1);
}

}  // namespace
}  // namespace lgx
