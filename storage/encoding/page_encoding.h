#pragma once

#include <cstdint>

namespace freshet::storage {

/// How the values of a page are written. The numbers are stored: append only.
enum class PageEncoding : uint8_t {
  kConstant = 1,
  kPlain = 2,
  kDictionary = 3,
  kFrameOfReference = 4,
  kScaledFrame = 5,
  kDelta = 6,
  kRunLength = 7,
  kAlp = 8,
  kFsst = 9,
};

}  // namespace freshet::storage
