// The program's version, "0.1.0", as the build declares it.
#ifndef LGX_BASE_VERSION_H_
#define LGX_BASE_VERSION_H_

#include <string_view>

namespace lgx {

std::string_view ProgramVersion();

}  // namespace lgx

#endif  // LGX_BASE_VERSION_H_
