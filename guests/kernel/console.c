#include "kernel/console.h"

#include "kernel/layout.h"
#include "kernel/lguest.h"
#include "kernel/line_editor.h"
#include "kernel/panic.h"
#include "kernel/print.h"
#include "kernel/process.h"
#include "kernel/scheduler.h"
#include "kernel/traps.h"
#include "kernel/virtio.h"

enum { kInputQueue = 0, kOutputQueue = 1 };

static struct Device device;
static bool device_works;
static char input[kPageSize] __attribute__((aligned(4096)));
static char output[kPageSize] __attribute__((aligned(4096)));

// The Launcher serves an output ring inside the NOTIFY, so the loop hardly ever turns.
static void SendToDevice(u32 length) {
  OfferBuffer(&device.queues[kOutputQueue], output, length, false);
  while (!TakeBuffer(&device.queues[kOutputQueue], NULL)) {
  }
}

// The address of a text is a valid NOTIFY, too: it goes to the Launcher's standard
// output. This is how a kernel can speak before it has found its devices, and the last
// that works when it dies.
static void SendAsText(u32 length) {
  output[length] = '\0';
  Hypercall(kHcNotify, PhysOf(output), 0, 0, 0);
}

// A terminal needs both a carriage return and a line feed.
void WriteConsole(const char* text, u32 length) {
  while (length > 0) {
    u32 filled = 0;
    for (; length > 0 && filled < sizeof(output) - 2; --length, ++text) {
      if (*text == '\n') output[filled++] = '\r';
      output[filled++] = *text;
    }
    if (device_works)
      SendToDevice(filled);
    else
      SendAsText(filled);
  }
}

static void HandleInput(void) {
  u32 size;
  if (!TakeBuffer(&device.queues[kInputQueue], &size)) return;
  for (u32 i = 0; i < size && i < sizeof(input); ++i) {
    if (EditLine(input[i]) != kInterruptKey) continue;
    // Without anything to end, it is the shell that was meant: it gets an empty line.
    if (KillForeground())
      WriteConsole("\n", 1);
    else
      EditLine('\n');
  }
  OfferBuffer(&device.queues[kInputQueue], input, sizeof(input), true);
  WakeUp(input);
}

int ReadConsole(char* buffer, u32 size) {
  int count;
  while ((count = TakeLine(buffer, size)) < 0) {
    if (current->killed) return 0;
    WaitOn(input);
  }
  return count;
}

void InitConsole(void) {
  if (!FindDevice(kDeviceConsole, &device) || device.queue_count != 2) {
    Print("console: no device, output only\n");
    return;
  }
  const struct Queue* in = &device.queues[kInputQueue];
  const struct Queue* out = &device.queues[kOutputQueue];
  Print("console: rings at 0x%08x and 0x%08x, interrupts %u and %u\n", in->ring,
        out->ring, in->irq, out->irq);
  SuppressInterrupts(&device.queues[kOutputQueue]);
  SetInterruptHandler(device.queues[kInputQueue].irq, HandleInput);
  OfferBuffer(&device.queues[kInputQueue], input, sizeof(input), true);
  StartDevice(&device);
  device_works = true;
}
