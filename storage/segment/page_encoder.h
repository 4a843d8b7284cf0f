#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "storage/encoding/alp.h"
#include "storage/encoding/dictionary.h"
#include "storage/encoding/fsst_plan.h"
#include "storage/encoding/integer_plan.h"
#include "storage/segment/column_reader.h"
#include "storage/segment/page_frame.h"

namespace freshet::storage {

/// Turns runs of column values into page payloads and their zone maps. Reusable; not thread-safe.
class PageEncoder {
 public:
  /// `compression` is what compressible pages will get.
  explicit PageEncoder(PageCompression compression) : compression_(compression) {}

  /// Encodes rows [first, first + count) of `values`; payload() is valid until the next call. The header lacks first_row,
  /// column and sizes. REQUIRES: count > 0.
  PageHeader encode(const Column& values, size_t first, size_t count, ZoneMap& zone);
  std::string_view payload() const { return payload_; }
  /// Whether the encoding of the last page leaves something for general compression to find.
  bool is_compressible() const { return is_compressible_; }

 private:
  template <typename T>
  PageEncoding encode_fixed(const Column& values, size_t first, size_t count, ZoneMap& zone);
  PageEncoding encode_bytes(const Column& values, size_t first, size_t count, ZoneMap& zone);

  std::string payload_;
  std::string without_nulls_;  ///< fixed width: the values with NULLs replaced by a value of the page
  std::vector<std::string_view> views_;
  const PageCompression compression_;
  DictionaryBuilder dictionary_;
  FsstPlan fsst_;
  IntegerPlan integers_;
  std::tuple<AlpPlan<float>, AlpPlan<double>> alp_;
  bool is_compressible_ = false;
};

}  // namespace freshet::storage
