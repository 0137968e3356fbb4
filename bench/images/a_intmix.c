/* Integer code: what most of a kernel and of its programs is made of. */
#include "intmix.h"

const char image_name[] = "a_intmix";

static u32 table[kMixWords];

struct Result BenchMain(void) { return (struct Result){IntegerMix(table), 0}; }
