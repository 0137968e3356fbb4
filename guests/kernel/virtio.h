// The devices of an lguest machine: descriptors on the page above the memory, and rings.
#ifndef GUEST_KERNEL_VIRTIO_H_
#define GUEST_KERNEL_VIRTIO_H_

#include "common/types.h"

enum DeviceType { kDeviceNet = 1, kDeviceBlock = 2, kDeviceConsole = 3 };
enum { kMaxQueues = 2 };

// One ring. The drivers here have one request on its way at a time, so it is always made
// from the first descriptors of the table.
struct Queue {
  u32 ring;  // physical address, which is also what NOTIFY wants to hear
  u32 irq;
  u16 size;
  u16 taken;  // answers taken from the used ring so far
  struct Descriptor* descriptors;
  struct Available* available;
  struct Used* used;
};

struct Device {
  u8* status;
  u32 address;  // physical, of the descriptor
  u32 queue_count;
  const u8* offered;  // features: bit n is bit n % 8 of byte n / 8 ...
  u8* accepted;       // ... and which of them we use
  u32 feature_length;
  const u8* config;  // what else the device tells; the fields depend on its type
  struct Queue queues[kMaxQueues];
};

// A piece of a request: to be read by the device, or to be filled.
struct Piece {
  u32 address;  // physical
  u32 size;
  bool fill;
};

// Looks for a device and prepares it. False if there is none.
bool FindDevice(enum DeviceType type, struct Device* device);
// Accepts a feature, between the two others. False if the device does not have it.
bool AcceptFeature(struct Device* device, u32 bit);
// Tells the Launcher that the driver works.
void StartDevice(struct Device* device);

// Gives a buffer (in the linear mapping) to the device: to read from, or to fill.
void OfferBuffer(struct Queue* queue, const void* buffer, u32 size, bool fill);
// Gives a request of several pieces, those to be filled last.
void OfferRequest(struct Queue* queue, const struct Piece* pieces, u32 count);
// True if the device is done with it; `size` (may be NULL) is then how many bytes it
// filled.
bool TakeBuffer(struct Queue* queue, u32* size);
// Asks the device not to interrupt when it is done.
void SuppressInterrupts(struct Queue* queue);

#endif  // GUEST_KERNEL_VIRTIO_H_
