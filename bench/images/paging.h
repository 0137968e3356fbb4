/* Page tables, in the two-level format or, with BENCH_PAE, in the PAE one. */
#ifndef BENCH_PAGING_H_
#define BENCH_PAGING_H_

#include "image.h"

#ifdef BENCH_PAE
typedef u64 Entry;
#define FORMAT_NAME "pae"
#else
typedef u32 Entry;
#define FORMAT_NAME "nopae"
#endif

enum {
  kPage = 4096,
  kPresent = 1,
  kWritable = 2,
  kUser = 4,
  kIdentityEnd = 16 * 1024 * 1024, /* mapped as it is in every address space */
};

/* An address space: what goes into CR3. */
u32 NewSpace(void);
/* The entry that maps `linear`; its table is made if it is missing. */
Entry* EntryOf(u32 space, u32 linear);
/* A zeroed frame inside the identity mapping. */
u32 NewFrame(void);
/* Maps `linear` to a fresh frame whose first word is `word`, and returns the frame. */
u32 MapWithWord(u32 space, u32 linear, u32 word);

void StartPaging(u32 space);

static inline void LoadSpace(u32 space) {
  __asm__ volatile("movl %0, %%cr3" : : "r"(space) : "memory");
}

static inline void InvalidatePage(u32 linear) {
  __asm__ volatile("invlpg (%0)" : : "r"(linear) : "memory");
}

/* One instruction's access to memory that the compiler must not think about. */
static inline u32 Touch(u32 linear) { return *(volatile u32*)linear; }

#endif
