#include "devices/chain.h"

#include <gtest/gtest.h>

#include "tests/devices/ring_harness.h"

namespace lgx {
namespace {

TEST(Chain, ReaderIgnoresBordersAndEmptySegments) {
  TestMemory memory(4);
  memory.Put(0x100, "abc");
  memory.Put(0xffe, "defg");  // crosses a page
  Chain chain;
  chain.out = {{Gpa(0x100), 3}, {Gpa(0x50), 0}, {Gpa(0xffe), 4}, {Gpa(0), 0}};
  chain.out_bytes = 7;
  ChainReader reader(memory.view, chain);
  u8 bytes[5];
  EXPECT_EQ(reader.Read(bytes), 5u);
  EXPECT_EQ(std::string(bytes, bytes + 5), "abcde");
  EXPECT_EQ(reader.remaining(), 2u);
  EXPECT_EQ(reader.Read(bytes), 2u);
  EXPECT_EQ(std::string(bytes, bytes + 2), "fg");
  EXPECT_EQ(reader.Read(bytes), 0u);
}

TEST(Chain, TheRestIsAppendedWhateverItsBorders) {
  TestMemory memory(4);
  memory.Put(0x100, "abc");
  memory.Put(0xffe, "defg");  // crosses a page
  Chain chain;
  chain.out = {{Gpa(0x100), 3}, {Gpa(0x50), 0}, {Gpa(0xffe), 4}, {Gpa(0), 0}};
  chain.out_bytes = 7;
  ChainReader reader(memory.view, chain);
  u8 bytes[2];
  EXPECT_EQ(reader.Read(bytes), 2u);
  std::vector<u8> rest = {'-'};
  reader.ReadRest(&rest);
  EXPECT_EQ(std::string(rest.begin(), rest.end()), "-cdefg");
  EXPECT_EQ(reader.remaining(), 0u);
  reader.ReadRest(&rest);
  EXPECT_EQ(rest.size(), 6u);
}

TEST(Chain, WriterFillsFromFrontToBackAndStopsAtTheEnd) {
  TestMemory memory(4);
  Chain chain;
  chain.in = {{Gpa(0x100), 3}, {Gpa(0x3ffe), 2}};
  chain.in_bytes = 5;
  ChainWriter writer(memory.view, chain);
  const u8 bytes[] = {'a', 'b', 'c', 'd', 'e', 'f', 'g'};
  EXPECT_EQ(writer.Write(std::span(bytes).first(2)), 2u);
  EXPECT_EQ(writer.remaining(), 3u);
  EXPECT_EQ(writer.Write(std::span(bytes).subspan(2)), 3u);
  EXPECT_EQ(writer.written(), 5u);
  EXPECT_EQ(writer.Write(bytes), 0u);
  EXPECT_EQ(memory.Get(0x100, 4), std::string("abc\0", 4));
  EXPECT_EQ(memory.Get(0x3ffe, 2), "de");
}

TEST(Chain, EmptyChainHasNothingToReadOrWrite) {
  TestMemory memory(1);
  const Chain chain;
  u8 byte = 0;
  EXPECT_EQ(ChainReader(memory.view, chain).Read(std::span(&byte, 1)), 0u);
  EXPECT_EQ(ChainWriter(memory.view, chain).Write(std::span(&byte, 1)), 0u);
}

}  // namespace
}  // namespace lgx
