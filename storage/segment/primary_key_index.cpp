#include "storage/segment/primary_key_index.h"

#include "storage/segment/fixed_key_index.h"
#include "storage/segment/prefix_key_index.h"

namespace freshet::storage {

Result<std::unique_ptr<PrimaryKeyIndex>> open_primary_key_index(const PageSource& source, PageLocation top, bool is_fixed,
                                                                uint32_t row_count) {
  return is_fixed ? FixedKeyIndex::open(source, top, row_count) : PrefixKeyIndex::open(source, top, row_count);
}

std::unique_ptr<PrimaryKeyIndexBuilder> make_primary_key_index_builder(bool is_fixed) {
  if (is_fixed) return std::make_unique<FixedKeyIndexBuilder>();
  return std::make_unique<PrefixKeyIndexBuilder>();
}

}  // namespace freshet::storage
