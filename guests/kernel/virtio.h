// The devices of an lguest machine: descriptors on the page above the memory, and rings.
#ifndef GUEST_KERNEL_VIRTIO_H_
#define GUEST_KERNEL_VIRTIO_H_

#include "common/types.h"

enum DeviceType { kDeviceConsole = 3 };
enum { kMaxQueues = 2 };

// One ring. The drivers here have one buffer on its way at a time, so only the first
// descriptor of the table is ever used.
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
  struct Queue queues[kMaxQueues];
};

// Looks for a device and prepares it. False if there is none.
bool FindDevice(enum DeviceType type, struct Device* device);
// Tells the Launcher that the driver works.
void StartDevice(struct Device* device);

// Gives a buffer (in the linear mapping) to the device: to read from, or to fill.
void OfferBuffer(struct Queue* queue, const void* buffer, u32 size, bool fill);
// True if the device is done with it; `size` (may be NULL) is then how many bytes it
// filled.
bool TakeBuffer(struct Queue* queue, u32* size);
// Asks the device not to interrupt when it is done.
void SuppressInterrupts(struct Queue* queue);

#endif  // GUEST_KERNEL_VIRTIO_H_
