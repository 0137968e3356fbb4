#include "kernel/disk.h"

#include "common/text.h"
#include "kernel/layout.h"
#include "kernel/page_table.h"
#include "kernel/print.h"
#include "kernel/process.h"
#include "kernel/virtio.h"

// A request begins with this, goes on with the data, and ends with one byte for the
// device's answer.
struct RequestHead {
  u32 type;
  u32 priority;  // nobody looks at it
  u64 sector;
};
enum RequestType { kRead = 0, kWrite = 1, kFlush = 4, kGetId = 8 };
enum { kAnswerOk = 0 };

enum { kFeatureReadOnly = 5, kFeatureFlush = 9 };

// Head, answer, and the pages of the longest request, which may begin inside a page.
enum { kMaxPieces = 2 + kMaxDiskRequest / kPageSize + 1 };

static struct Device device;
static bool device_works;
static struct DiskInfo disk;
static struct RequestHead head;
static volatile u8 answer;

// `pieces` has room for the head in front and the answer behind, `count` without them.
// The Launcher serves the request inside the NOTIFY, so the loop hardly ever turns.
static int SendRequest(enum RequestType type, u32 sector, struct Piece* pieces,
                       u32 count) {
  struct Queue* queue = &device.queues[0];
  head = (struct RequestHead){type, 0, sector};
  pieces[0] = (struct Piece){PhysOf(&head), sizeof(head), false};
  pieces[1 + count] = (struct Piece){PhysOf((const void*)&answer), 1, true};
  OfferRequest(queue, pieces, count + 2);
  while (!TakeBuffer(queue, NULL)) {
  }
  return answer == kAnswerOk ? 0 : kErrIo;
}

// The device knows nothing of page tables: what is one range for the program is a list of
// pages for the device. It reads and writes them where they are, nothing is copied.
static int MoveData(enum RequestType type, u32 sector, u32 address, u32 size) {
  struct Piece pieces[kMaxPieces];
  u32 count = 0;
  if (!device_works) return kErrNoDevice;
  if (size > kMaxDiskRequest || size % kSectorSize != 0) return kErrInvalid;
  for (u32 done = 0; done < size;) {
    u32 offset = (address + done) & kPageMask;
    u32 part = kPageSize - offset < size - done ? kPageSize - offset : size - done;
    u32 page = PhysOfEntry(*FindEntry(current->space.root, address + done));
    pieces[1 + count++] = (struct Piece){page + offset, part, type == kRead};
    done += part;
  }
  int error = SendRequest(type, sector, pieces, count);
  return error ? error : (int)size;
}

int ReadDisk(u32 sector, u32 address, u32 size) {
  return MoveData(kRead, sector, address, size);
}

int WriteDisk(u32 sector, u32 address, u32 size) {
  return MoveData(kWrite, sector, address, size);
}

// Without the feature the device has nothing to flush: what is written is safe at once.
int FlushDisk(void) {
  struct Piece pieces[2];
  if (!device_works) return kErrNoDevice;
  return disk.can_flush ? SendRequest(kFlush, 0, pieces, 0) : 0;
}

int DescribeDisk(struct DiskInfo* info) {
  if (!device_works) return kErrNoDevice;
  *info = disk;
  return 0;
}

static void AskForId(void) {
  struct Piece pieces[3];
  pieces[1] = (struct Piece){PhysOf(disk.id), kDiskIdSize, true};
  if (SendRequest(kGetId, 0, pieces, 1) != 0) disk.id[0] = '\0';
}

// A machine without a disk is a whole machine, too.
void InitDisk(void) {
  if (!FindDevice(kDeviceBlock, &device)) return;
  u64 sectors;
  memcpy(&sectors, device.config, sizeof(sectors));
  disk.sectors = sectors < 0xffffffff ? (u32)sectors : 0xffffffff;
  disk.read_only = AcceptFeature(&device, kFeatureReadOnly);
  disk.can_flush = AcceptFeature(&device, kFeatureFlush);
  SuppressInterrupts(&device.queues[0]);
  StartDevice(&device);
  device_works = true;
  AskForId();
  Print("disk: %u sectors, ring at 0x%08x, interrupt %u\n", disk.sectors,
        device.queues[0].ring, device.queues[0].irq);
}
