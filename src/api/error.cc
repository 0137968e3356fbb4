#include "api/error.h"

#include <charconv>
#include <string_view>

#include "machine/exit_codes.h"

namespace lgx {
namespace {

// The structure that people see, and what its pointers point to.
struct OwnedError : lgx_error {
  std::string file_text;
  std::string all_text;
};

// Takes "12:" off the front. False: that is not there.
bool TakeNumber(std::string_view* text, uint32_t* number) {
  const char* const begin = text->data();
  const auto [end, error] = std::from_chars(begin, begin + text->size(), *number);
  const auto length = static_cast<size_t>(end - begin);
  if (error != std::errc() || length >= text->size() || *end != ':') return false;
  text->remove_prefix(length + 1);
  return true;
}

ErrorPtr Finish(std::unique_ptr<OwnedError> error) {
  error->file = error->file_text.empty() ? nullptr : error->file_text.c_str();
  error->text = error->all_text.c_str();
  return ErrorPtr(error.release());
}

}  // namespace

ErrorPtr MakeError(const Status& status, const std::string& config) {
  auto error = std::make_unique<OwnedError>();
  error->code = ExitCodeFor(status.code());
  error->line = error->column = 0;
  error->all_text = MessageOf(status);
  std::string_view rest = error->all_text;
  if (!config.empty() && rest.starts_with(config + ":")) {
    rest.remove_prefix(config.size() + 1);
    if (TakeNumber(&rest, &error->line)) {
      error->file_text = config;
      if (!TakeNumber(&rest, &error->column)) error->column = 0;
    } else {
      error->line = 0;
    }
  }
  return Finish(std::move(error));
}

ErrorPtr CopyError(const lgx_error* error) {
  if (error == nullptr) return nullptr;
  return Finish(std::make_unique<OwnedError>(*static_cast<const OwnedError*>(error)));
}

}  // namespace lgx

void lgx_error_free(lgx_error* error) { delete static_cast<lgx::OwnedError*>(error); }
