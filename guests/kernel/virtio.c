#include "kernel/virtio.h"

#include "kernel/layout.h"
#include "kernel/lguest.h"
#include "kernel/print.h"

// The device page begins where memory ends, and the rings follow. All of it is mapped
// from DEVICE_BASE on (page_table.c).
static u32 DevicePage(void) { return *(u32*)PtrOf(kBootMemorySize); }
static void* MappedDevice(u32 phys) { return (void*)(phys - DevicePage() + DEVICE_BASE); }

// A device: this head, then the queues, two arrays of feature bits, and the
// configuration, all without gaps.
struct __attribute__((packed)) DeviceHead {
  u8 type;  // 0 ends the list
  u8 queue_count;
  u8 feature_length;
  u8 config_length;
  u8 status;
  struct __attribute__((packed)) {
    u16 size;
    u16 irq;
    u32 ring_page;
  } queues[];
};

enum { kAcknowledge = 1, kDriver = 2, kDriverOk = 4 };

// The ring, as virtio had it from the beginning. The Launcher changes `used` while we
// look.
struct Descriptor {
  u64 address;
  u32 length;
  u16 flags;
  u16 next;
};
enum { kNext = 1, kDeviceWrites = 2 };

struct Available {
  u16 flags;
  u16 index;
  u16 ring[];
};
enum { kNoInterrupt = 1 };

struct Used {
  volatile u16 flags;
  volatile u16 index;
  struct {
    volatile u32 id;
    volatile u32 length;
  } ring[];
};

static u32 HeadSize(const struct DeviceHead* head) {
  return sizeof(*head) + head->queue_count * sizeof(head->queues[0]) +
         2u * head->feature_length + head->config_length;
}

// Available and used part each begin on a page of their own when there are 256 entries.
static void SetUpQueue(struct Queue* queue, u32 ring, u32 irq, u16 size) {
  char* mapped = MappedDevice(ring);
  u32 used_offset =
      PageRoundUp(size * sizeof(struct Descriptor) + (2u + size) * sizeof(u16));
  queue->ring = ring;
  queue->irq = irq;
  queue->size = size;
  queue->taken = 0;
  queue->descriptors = (struct Descriptor*)mapped;
  queue->available = (struct Available*)(mapped + size * sizeof(struct Descriptor));
  queue->used = (struct Used*)(mapped + used_offset);
}

// The Launcher looks at the status byte when it hears the address of the descriptor.
static void SetStatus(struct Device* device, u8 status) {
  *device->status = status;
  Hypercall(kHcNotify, device->address, 0, 0, 0);
}

bool FindDevice(enum DeviceType type, struct Device* device) {
  u32 offset = 0;
  while (offset + sizeof(struct DeviceHead) < kPageSize) {
    struct DeviceHead* head = MappedDevice(DevicePage() + offset);
    if (head->type == 0) return false;
    if (head->type != type || head->queue_count > kMaxQueues) {
      offset += HeadSize(head);
      continue;
    }
    u8* features = (u8*)&head->queues[head->queue_count];
    *device = (struct Device){.status = &head->status,
                              .address = DevicePage() + offset,
                              .queue_count = head->queue_count,
                              .offered = features,
                              .accepted = features + head->feature_length,
                              .feature_length = head->feature_length,
                              .config = features + 2u * head->feature_length};
    for (u32 i = 0; i < head->queue_count; ++i) {
      SetUpQueue(&device->queues[i], head->queues[i].ring_page << kPageShift,
                 head->queues[i].irq, head->queues[i].size);
    }
    SetStatus(device, 0);  // reset
    SetStatus(device, kAcknowledge);
    SetStatus(device, kAcknowledge | kDriver);
    // The reset has cleared the bits that would accept a feature.
    return true;
  }
  return false;
}

bool AcceptFeature(struct Device* device, u32 bit) {
  u8 mask = (u8)(1u << bit % 8);
  if (bit / 8 >= device->feature_length || !(device->offered[bit / 8] & mask)) {
    return false;
  }
  device->accepted[bit / 8] |= mask;
  return true;
}

void StartDevice(struct Device* device) {
  SetStatus(device, kAcknowledge | kDriver | kDriverOk);
}

void OfferBuffer(struct Queue* queue, const void* buffer, u32 size, bool fill) {
  struct Piece piece = {PhysOf(buffer), size, fill};
  OfferRequest(queue, &piece, 1);
}

// Each descriptor names the next one; the ring names the first.
void OfferRequest(struct Queue* queue, const struct Piece* pieces, u32 count) {
  struct Available* available = queue->available;
  for (u32 i = 0; i < count; ++i) {
    u16 flags = (u16)((pieces[i].fill ? kDeviceWrites : 0) | (i + 1 < count ? kNext : 0));
    queue->descriptors[i] =
        (struct Descriptor){pieces[i].address, pieces[i].size, flags, (u16)(i + 1)};
  }
  available->ring[available->index % queue->size] = 0;
  ++available->index;
  Hypercall(kHcNotify, queue->ring, 0, 0, 0);  // its asm says that memory is read
}

bool TakeBuffer(struct Queue* queue, u32* size) {
  if (queue->taken == queue->used->index) return false;
  if (size) *size = queue->used->ring[queue->taken % queue->size].length;
  ++queue->taken;
  return true;
}

void SuppressInterrupts(struct Queue* queue) { queue->available->flags = kNoInterrupt; }
