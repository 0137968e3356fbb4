#include "base/version.h"

namespace lgx {

std::string_view ProgramVersion() { return LGX_VERSION; }

}  // namespace lgx
