#include "kernel/net.h"

#include "common/syscalls.h"
#include "common/text.h"
#include "kernel/clock.h"
#include "kernel/print.h"
#include "kernel/process.h"
#include "kernel/scheduler.h"
#include "kernel/traps.h"
#include "kernel/virtio.h"

enum { kReceiveQueue = 0, kTransmitQueue = 1 };
enum { kHasAddress = 5 };  // feature: the configuration begins with the card's address

// In front of each frame, in both directions. All zeros: there is nothing left to do to
// it.
struct __attribute__((packed)) FrameHeader {
  u8 flags, segment_type;
  u16 header_length, segment_size, sum_start, sum_offset;
};

struct __attribute__((packed)) Buffer {
  struct FrameHeader header;
  u8 frame[kMaxFrame];
};

static struct Device device;
static bool device_works;
static u8 address[6];
static struct Buffer incoming __attribute__((aligned(4096)));
static struct Buffer outgoing __attribute__((aligned(4096)));
static u32 incoming_size;  // of the frame that waits in `incoming`; 0: the card has it

static void HandleFrame(void) {
  u32 size;
  if (!TakeBuffer(&device.queues[kReceiveQueue], &size)) return;
  incoming_size =
      size > sizeof(struct FrameHeader) ? size - sizeof(struct FrameHeader) : 0;
  if (incoming_size == 0) {
    OfferBuffer(&device.queues[kReceiveQueue], &incoming, sizeof(incoming), true);
  }
  WakeUp(&incoming);
}

bool GetNetAddress(u8 mac[6]) {
  memcpy(mac, address, sizeof(address));
  return device_works;
}

// The Launcher takes a frame inside the NOTIFY, so the loop hardly ever turns.
bool SendFrame(const void* frame, u32 size) {
  if (!device_works || size < kMinFrame || size > kMaxFrame) return false;
  memcpy(outgoing.frame, frame, size);
  OfferBuffer(&device.queues[kTransmitQueue], &outgoing,
              sizeof(struct FrameHeader) + size, false);
  while (!TakeBuffer(&device.queues[kTransmitQueue], NULL)) {
  }
  return true;
}

// One buffer is enough: while a program looks at a frame, the card keeps those that
// follow.
u32 ReceiveFrame(void* buffer, u32 size, u64 time) {
  if (!device_works) return 0;
  while (incoming_size == 0) {
    if (current->killed || Microseconds() >= time) return 0;
    WaitOnUntil(&incoming, time);
  }
  if (size > incoming_size) size = incoming_size;
  memcpy(buffer, incoming.frame, size);
  incoming_size = 0;
  OfferBuffer(&device.queues[kReceiveQueue], &incoming, sizeof(incoming), true);
  return size;
}

void InitNet(void) {
  if (!FindDevice(kDeviceNet, &device) || device.queue_count != 2) return;
  if (AcceptFeature(&device, kHasAddress)) {
    memcpy(address, device.config, sizeof(address));
  } else {
    address[0] = 2;  // nobody gave us one; this bit says so
  }
  Print("net: address %02x:%02x:%02x:%02x:%02x:%02x, interrupts %u and %u\n", address[0],
        address[1], address[2], address[3], address[4], address[5], device.queues[0].irq,
        device.queues[1].irq);
  SuppressInterrupts(&device.queues[kTransmitQueue]);
  SetInterruptHandler(device.queues[kReceiveQueue].irq, HandleFrame);
  OfferBuffer(&device.queues[kReceiveQueue], &incoming, sizeof(incoming), true);
  StartDevice(&device);
  device_works = true;
}
