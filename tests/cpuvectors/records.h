// Vectors and their world as JSON: the format `cpuvectors-u-1` (docs/vectors.md).
#ifndef LGX_TESTS_CPUVECTORS_RECORDS_H_
#define LGX_TESTS_CPUVECTORS_RECORDS_H_

#include <string>
#include <vector>

#include "tests/cpuvectors/template.h"

namespace lgx {

// The memory all vectors start from; the same for every seed.
std::vector<u8> WorldImage();
std::string WorldJson(const std::vector<u8>& image);

// One line, numbered `n`.
std::string VectorJson(u32 n, const Vector& v, const VectorOut& out);

}  // namespace lgx

#endif  // LGX_TESTS_CPUVECTORS_RECORDS_H_
