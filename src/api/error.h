// Errors as the library's user gets them.
#ifndef LGX_API_ERROR_H_
#define LGX_API_ERROR_H_

#include <memory>
#include <string>

#include "base/status.h"
#include "lgx/lgx.h"

namespace lgx {

struct ErrorDeleter {
  void operator()(lgx_error* error) const { lgx_error_free(error); }
};
using ErrorPtr = std::unique_ptr<lgx_error, ErrorDeleter>;

// `config` is the name of the configuration file: a text that begins with it and with
// line and column tells where. Empty: there is none.
ErrorPtr MakeError(const Status& status, const std::string& config = "");
// Null for null.
ErrorPtr CopyError(const lgx_error* error);

}  // namespace lgx

#endif  // LGX_API_ERROR_H_
