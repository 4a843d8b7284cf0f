#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/encoding/compression.h"
#include "storage/encoding/symbol_table.h"

namespace freshet::storage {

/// Whether the texts of a page pay as codes of symbols, and which symbols. Pages of one column come one after another and
/// are alike, so the symbols of the page before are kept as long as they serve and pay. Not thread-safe.
class FsstPlan {
 public:
  /// The symbols to code `values` with, when that takes clearly less than the plain values compressed with `compression`,
  /// judged by samples; else null. Valid until the next call.
  const SymbolTable* measure(std::span<const std::string_view> values, PageCompression compression);

 private:
  /// Bytes of codes for each byte of `sample`, with symbols that serve it.
  double learn(std::span<const std::string_view> sample, size_t sample_bytes, size_t bytes);

  std::optional<SymbolTable> table_;
  double table_ratio_ = 0;  ///< bytes of codes for each byte of the sample that table_ was learnt from
};

}  // namespace freshet::storage
