#include "switcher/assembler.h"

#include <gtest/gtest.h>

namespace lgx {
namespace {

using Bytes = std::vector<u8>;

// The manual's encodings.
TEST(Assembler, InstructionsOfTheSwitcherHaveTheirEncodings) {
  Assembler a;
  a.Push(Seg::kEs);
  a.Push(Seg::kGs);
  a.Pop(Seg::kFs);
  a.Push(kEbp);
  a.Push(Imm{0x1f});
  a.Push(Imm{0xef});
  a.Mov(Dword(kEax, 0x1010), kEsp);
  a.Lgdt(Pair(kEax, 0x101a));
  a.Lidt(Pair(kEax, 0x1014));
  a.Ltr(kEdx);
  a.MovToCr3(kEbx);
  a.And(Byte(kEdx, 0x85), Imm{~2u});
  a.Mov(Seg::kDs, Low16(kEax));
  a.Mov(Low16(kEcx), Word(kEdx, 0));
  a.Lea(kEdx, Indexed(kEdx, kEbx, 8));
  a.Jmp(kEcx);
  a.CallFar(PairAt(0xc0020180));
  a.Pushf();
  a.Iret();
  a.Hlt();
  EXPECT_EQ(a.bytes(), (Bytes{0x06,                                      //
                              0x0f, 0xa8,                                //
                              0x0f, 0xa1,                                //
                              0x55,                                      //
                              0x6a, 0x1f,                                //
                              0x68, 0xef, 0x00, 0x00, 0x00,              //
                              0x89, 0xa0, 0x10, 0x10, 0x00, 0x00,        //
                              0x0f, 0x01, 0x90, 0x1a, 0x10, 0x00, 0x00,  //
                              0x0f, 0x01, 0x98, 0x14, 0x10, 0x00, 0x00,  //
                              0x0f, 0x00, 0xda,                          //
                              0x0f, 0x22, 0xdb,                          //
                              0x80, 0xa2, 0x85, 0x00, 0x00, 0x00, 0xfd,  //
                              0x8e, 0xd8,                                //
                              0x66, 0x8b, 0x0a,                          //
                              0x8d, 0x14, 0xda,                          //
                              0xff, 0xe1,                                //
                              0xff, 0x1d, 0x80, 0x01, 0x02, 0xc0,        //
                              0x9c,                                      //
                              0xcf,                                      //
                              0xf4}));
}

TEST(Assembler, JumpsFindLabelsBeforeAndBehindThem) {
  Assembler a;
  const Assembler::Label before = a.NewLabel(), behind = a.NewLabel();
  a.Bind(before);
  a.Jmp(behind);
  a.Jmp(before);
  a.Bind(behind);
  EXPECT_EQ(a.bytes(), (Bytes{0xe9, 5, 0, 0, 0, 0xe9, 0xf6, 0xff, 0xff, 0xff}));
}

}  // namespace
}  // namespace lgx
