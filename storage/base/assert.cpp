#include "storage/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace freshet {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, expression);
  std::abort();
}

}  // namespace freshet
