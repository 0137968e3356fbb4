// Where things are in memory. The numbers are macros because entry.S needs them too.
//
//   linear address
//   0x08048000   program: text, data, heap (brk)
//   0x40000000   program: pages asked for with kSysMap
//   0xbff00000   program: stack, grows down from 0xc0000000
//   0xc0000000   all physical memory, one to one ("linear mapping")
//   0xf8000000   device page and rings
//   0xff......   Switcher; the Host says how much (lguest_data.reserve_mem)
#ifndef GUEST_KERNEL_LAYOUT_H_
#define GUEST_KERNEL_LAYOUT_H_

#define KERNEL_BASE     0xc0000000
#define KERNEL_LOAD     0x00100000
#define USER_BASE       0x08048000
#define USER_MAP_BASE   0x40000000
#define USER_STACK_BASE 0xbff00000
#define USER_STACK_TOP  0xc0000000
#define DEVICE_BASE     0xf8000000

// Selectors. The Host gives us kernel code and data; the other two are ours to set.
#define KERNEL_CS 0x61
#define KERNEL_DS 0x69
#define USER_CS   0x73
#define USER_DS   0x7b

#ifndef __ASSEMBLER__
#include "common/types.h"

// Set by the linker script.
extern char kernel_start[], kernel_readonly_end[], kernel_end[];

static inline void* PtrOf(u32 phys) { return (void*)(phys + KERNEL_BASE); }
static inline u32 PhysOf(const void* ptr) { return (u32)ptr - KERNEL_BASE; }
static inline u32 PageRoundUp(u32 size) { return (size + kPageMask) & ~(u32)kPageMask; }
#endif

#endif  // GUEST_KERNEL_LAYOUT_H_
