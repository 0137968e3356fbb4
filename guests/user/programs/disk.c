// The disk, without a file system.
//
//   disk            what it is
//   disk read KIB   reads from the start, 64 KiB at a time, and looks at nothing
//   disk sum KIB    the same, and adds up what it has read
//   disk soak N     N rounds of writes and a flush; says when a round is safe
//
// `soak` writes so that somebody who finds the disk later, for example after a loss of
// power, can tell what is missing: every sector says in which round it was written, and a
// round that was reported must be there.
#include "user/user.h"

enum { kBlockSize = 4096, kSectorsPerBlock = kBlockSize / kSectorSize };
enum { kMaxRuns = 8, kMaxRun = 4 };  // runs of blocks in a round, blocks in a run

// A sector is full of these.
struct Mark {
  u32 magic, round, block, sector;
};
enum { kMagic = 0x4478676c };  // "lgxD"

static u32 buffer[kMaxDiskRequest / sizeof(u32)];

static u32 random_state = 1;

static u32 RandomBelow(u32 limit) {
  random_state = random_state * 1664525 + 1013904223;
  return (random_state >> 8) % limit;
}

static struct DiskInfo Describe(void) {
  struct DiskInfo info;
  Require(CallKernel(kSysDiskInfo, (u32)&info, 0, 0) == 0,
          "there is no disk; give the machine one");
  return info;
}

static void ReadAll(u32 kibibytes, bool add_up) {
  u32 sectors = kibibytes * (1024 / kSectorSize);
  u32 sum = 0;
  Require(sectors <= Describe().sectors, "the disk is not so large");
  u64 start = ReadTime().uptime_us;
  for (u32 sector = 0; sector < sectors;) {
    u32 size = (sectors - sector) * kSectorSize;
    if (sectors - sector > kMaxDiskRequest / kSectorSize) size = kMaxDiskRequest;
    Require(ReadDisk(sector, buffer, size) == (int)size, "the disk can be read");
    if (add_up) {
      for (u32 i = 0; i < size / sizeof(u32); ++i) sum = sum * 31 + buffer[i];
    }
    sector += size / kSectorSize;
  }
  PrintTiming(kibibytes, "KiB read", ReadTime().uptime_us - start);
  if (add_up) Print("sum 0x%08x\n", sum);
}

static void FillBlock(u32* words, u32 round, u32 block) {
  struct Mark* marks = (struct Mark*)words;
  for (u32 i = 0; i < kBlockSize / sizeof(struct Mark); ++i) {
    marks[i] =
        (struct Mark){kMagic, round, block, i / (kSectorSize / (u32)sizeof(struct Mark))};
  }
}

static void WriteRound(u32 round, u32 blocks) {
  u32 runs = 1 + RandomBelow(kMaxRuns);
  for (u32 run = 0; run < runs; ++run) {
    u32 first = RandomBelow(blocks);
    u32 count = 1 + RandomBelow(kMaxRun);
    if (count > blocks - first) count = blocks - first;
    for (u32 i = 0; i < count; ++i) {
      FillBlock(buffer + i * (kBlockSize / sizeof(u32)), round, first + i);
    }
    int size = (int)(count * kBlockSize);
    Require(WriteDisk(first * kSectorsPerBlock, buffer, (u32)size) == size,
            "the disk can be written");
  }
}

static void Soak(u32 rounds) {
  u32 blocks = Describe().sectors / kSectorsPerBlock;
  Require(blocks > 0, "the disk holds a block");
  for (u32 round = 1; round <= rounds; ++round) {
    WriteRound(round, blocks);
    Require(FlushDisk() == 0, "the disk can be flushed");
    Print("flushed %u\n", round);
  }
}

int main(int argc, char** argv) {
  if (argc == 1) {
    struct DiskInfo info = Describe();
    Print("%u sectors, %s, %s, id \"%s\"\n", info.sectors,
          info.read_only ? "read-only" : "writable",
          info.can_flush ? "flushes" : "does not flush", info.id);
    return 0;
  }
  u32 number = argc > 2 ? ParseNumber(argv[2]) : 64;
  if (StringEqual(argv[1], "read"))
    ReadAll(number, false);
  else if (StringEqual(argv[1], "sum"))
    ReadAll(number, true);
  else if (StringEqual(argv[1], "soak"))
    Soak(number);
  else
    Require(false, "disk takes: nothing, read KIB, sum KIB, soak N");
  return 0;
}
