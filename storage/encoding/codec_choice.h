#pragma once

#include <cstdint>

#include "storage/encoding/page_encoding.h"

namespace freshet::storage {

/// A dictionary has at most this many values, so that its table of views is cheap to make for each scan of a page.
inline constexpr uint32_t kMaxDictionaryValues = 4096;
/// A dictionary pays when each of its values stands for at least this many rows.
inline constexpr uint32_t kMinRowsPerDictionaryValue = 4;

/// What the choice of an encoding looks at: the values of one page that are not NULL.
struct PageStatistics {
  uint32_t row_count = 0;
  bool single_value = false;  ///< all values are equal, or there is none
  bool is_bytes = false;
  bool is_integer = false;
  uint32_t width_bits = 0;    ///< fixed width: bits of a value
  uint32_t delta_bits = 0;    ///< integers: bits of the packed difference of the largest and the smallest value
  bool few_distinct = false;  ///< bytes: at most dictionary_limit(row_count) distinct values
};

/// Most distinct values for which a page of `row_count` rows gets a dictionary.
constexpr uint32_t dictionary_limit(uint32_t row_count) {
  const uint32_t limit = row_count / kMinRowsPerDictionaryValue;
  return limit < kMaxDictionaryValues ? limit : kMaxDictionaryValues;
}

/// The encoding of a page: the one that scans fastest among those that do not waste space.
constexpr PageEncoding choose_encoding(const PageStatistics& page) {
  if (page.single_value) return PageEncoding::kConstant;
  if (page.is_integer && page.delta_bits < page.width_bits) return PageEncoding::kFrameOfReference;
  if (page.is_bytes && page.few_distinct) return PageEncoding::kDictionary;
  return PageEncoding::kPlain;
}

}  // namespace freshet::storage
