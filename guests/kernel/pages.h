// The page allocator. Pages are named by their physical address. Each has a reference
// count, so that processes can share one (copy-on-write, program text).
#ifndef GUEST_KERNEL_PAGES_H_
#define GUEST_KERNEL_PAGES_H_

#include "common/types.h"

// `memory_size` is what the boot parameters say. Kernel image and boot parameters stay
// allocated.
void InitPages(u32 memory_size);

// A page with one reference, or 0 if none is left. The content is whatever it was.
u32 AllocatePage(void);
u32 AllocateZeroedPage(void);

void SharePage(u32 phys);    // one more reference
void ReleasePage(u32 phys);  // one less; without references the page is free
u32 PageReferences(u32 phys);

// End of the memory that the allocator manages.
u32 MemoryEnd(void);

#endif  // GUEST_KERNEL_PAGES_H_
