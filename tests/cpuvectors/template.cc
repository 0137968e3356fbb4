#include "tests/cpuvectors/template.h"

#include <sstream>

namespace lgx {
namespace {

constexpr Template kTemplates[] = {
#include "tests/cpuvectors/templates.inc"
};

}  // namespace

std::span<const Template> Templates() { return kTemplates; }

Form::Form(const char* words) {
  std::istringstream in(words);
  for (std::string word; in >> word;) words_.insert(word);
}

int Form::Group() const {
  for (const std::string& word : words_) {
    if (word[0] == '/') return word[1] - '0';
  }
  return -1;
}

}  // namespace lgx
