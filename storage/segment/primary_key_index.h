#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/segment/cached_pages.h"
#include "storage/segment/key_filter.h"
#include "storage/segment/segment_reader.h"
#include "storage/types/key_run.h"

namespace freshet::storage {

/// Key -> row of one kUnique segment: the sorted keys in blocks, blocks in pages. The top level (where each block begins) is
/// resident; pages come through the page cache. Immutable; any thread. Two forms, as keys have: FixedKeyIndex,
/// PrefixKeyIndex.
class PrimaryKeyIndex {
 public:
  virtual ~PrimaryKeyIndex() = default;

  /// Rows of the keys `candidates` (ascending positions) of `keys` (ascending) that are here, appended to `out`. Goes block
  /// by block: blocks with many candidates are decoded and merged, those with few are searched in place.
  virtual Status find_sorted(const KeyRun& keys, std::span<const uint32_t> candidates, std::vector<KeyMatch>& out) const = 0;
  /// Row of key `key` of `keys`, searched in place: no allocation when the page is resident. `filter` of the same keys is
  /// asked before a page is.
  virtual Result<std::optional<RowOrdinal>> find(const KeyRun& keys, size_t key, const KeyFilter& filter) const = 0;
  /// First row whose encoded key is not below `encoded`.
  virtual Result<RowOrdinal> lower_bound(std::string_view encoded) const = 0;
  /// Appends the keys of rows [first, first + count). REQUIRES: they are in the segment.
  virtual Status read(RowOrdinal first, uint32_t count, KeyRun& out) const = 0;
  /// Reads every page from the file and checks it.
  virtual void verify_pages(std::vector<std::string>& problems) const = 0;

  virtual std::span<const PageLocation> pages() const = 0;
  virtual size_t block_count() const = 0;
  virtual uint64_t resident_bytes() const = 0;
};

/// Opens the index whose top level is at `top`. `source` must outlive it.
Result<std::unique_ptr<PrimaryKeyIndex>> open_primary_key_index(const PageSource& source, PageLocation top, bool is_fixed,
                                                                uint32_t row_count);

/// Writes the index of one segment. One owner; not thread-safe.
class PrimaryKeyIndexBuilder {
 public:
  virtual ~PrimaryKeyIndexBuilder() = default;
  /// Takes the next keys: strictly increasing, over all calls.
  virtual Status add(const KeyRun& keys, PageSink& sink) = 0;
  /// Writes what is left and the top level; answers where that is.
  virtual Result<PageLocation> finish(PageSink& sink) = 0;
};

std::unique_ptr<PrimaryKeyIndexBuilder> make_primary_key_index_builder(bool is_fixed);

}  // namespace freshet::storage
