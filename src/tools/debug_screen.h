// lgx debug --tui: the full screen on a terminal.
#ifndef LGX_TOOLS_DEBUG_SCREEN_H_
#define LGX_TOOLS_DEBUG_SCREEN_H_

#include <functional>
#include <string_view>

#include "debug/full_screen.h"
#include "tools/debug_session.h"

namespace lgx {

// Draws and obeys keys until the person quits or the input ends; puts the terminal back.
// The exit code.
int RunFullScreen(DebugSession& session, FullScreen& screen);

}  // namespace lgx

#endif  // LGX_TOOLS_DEBUG_SCREEN_H_
