// The program's exit codes, for the commands.
#ifndef LGX_TOOLS_EXIT_CODES_H_
#define LGX_TOOLS_EXIT_CODES_H_

#include "machine/exit_codes.h"

#endif  // LGX_TOOLS_EXIT_CODES_H_
