#include <cstddef>
#include <cstdint>

#include "fuzz/targets.h"

/// libFuzzer's entry; FRESHET_FUZZ_TARGET is the target's function.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  freshet::fuzz::FRESHET_FUZZ_TARGET({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
