/* Gates, and code in outer rings. */
#ifndef BENCH_TRAPS_H_
#define BENCH_TRAPS_H_

#include "image.h"

/* Loads the IDT and the TSS; every vector without a gate of its own ends the run. */
void StartTraps(void);
/* `ring` is the outermost one that may use the gate with INT. */
void SetGate(u8 vector, void (*handler)(void), u32 ring);

/* Runs `function` in ring 1 or 3 on a stack of its own. */
void RunInRing(u32 ring, void (*function)(void));

/* Handlers (trap_entry.S), and what they count. */
void OnSystemCall(void);      /* INT 0x80: counts */
void OnProtectionFault(void); /* #GP: counts, steps over a CLI */
void OnPageFault(void);       /* #PF: calls MapPage */
extern u32 trap_count;

/* An image that uses OnPageFault has its own; the default ends the run. */
void MapPage(u32 linear);

#endif
