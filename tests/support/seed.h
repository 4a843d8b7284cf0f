#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace freshet::test {

/// The seed of a random test: FRESHET_TEST_SEED of the environment, or a random one. Printed, so that a failure can be
/// run again.
inline uint64_t test_seed() {
  const char* given = std::getenv("FRESHET_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::printf("run again with FRESHET_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace freshet::test
