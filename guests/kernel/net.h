// The network card: whole Ethernet frames, in and out. What is in them is the business of
// the program that asks (user/programs/net.c).
#ifndef GUEST_KERNEL_NET_H_
#define GUEST_KERNEL_NET_H_

#include "common/types.h"

void InitNet(void);

// The card's address. False if there is no card.
bool GetNetAddress(u8 mac[6]);

// Sends a frame. False if there is no card, or if it is too short or too long.
bool SendFrame(const void* frame, u32 size);

// Waits for a frame until the clock shows `time` (in microseconds since boot). Its size,
// cut off at that of the buffer; 0 if none came, or the process was killed.
u32 ReceiveFrame(void* buffer, u32 size, u64 time);

#endif  // GUEST_KERNEL_NET_H_
