#pragma once

#include "storage/segment/primary_key_index.h"

namespace freshet::storage {

inline constexpr uint32_t kPrefixKeysPerBlock = 128;
/// A key is written whole every so many keys of a block; the others without what they share with the key before.
inline constexpr uint32_t kRestartInterval = 16;
inline constexpr size_t kPrefixPageBytes = 32 * 1024;

/// Index of byte keys: prefix-compressed blocks with restart points. Resident is, for each block, the shortest prefix of its
/// first key that is above the last key of the block before.
class PrefixKeyIndex final : public PrimaryKeyIndex {
 public:
  static Result<std::unique_ptr<PrimaryKeyIndex>> open(const PageSource& source, PageLocation top, uint32_t row_count);

  Status find_sorted(const KeyRun& keys, std::span<const uint32_t> candidates, std::vector<KeyMatch>& out) const override;
  Result<std::optional<RowOrdinal>> find(const KeyRun& keys, size_t key, const KeyFilter& filter) const override;
  Result<RowOrdinal> lower_bound(std::string_view encoded) const override;
  Status read(RowOrdinal first, uint32_t count, KeyRun& out) const override;
  void verify_pages(std::vector<std::string>& problems) const override;
  std::span<const PageLocation> pages() const override { return pages_.locations(); }
  size_t block_count() const override { return separators_.size(); }
  uint64_t resident_bytes() const override;

 private:
  PrefixKeyIndex(KeyRun separators, CachedPages pages, std::vector<uint32_t> page_first_blocks, uint32_t row_count)
      : row_count_(row_count),
        separators_(std::move(separators)),
        pages_(std::move(pages)),
        page_first_blocks_(std::move(page_first_blocks)) {}
  Result<PageCache::PagePtr> page(size_t page) const;
  std::string_view find_page_fault(std::string_view bytes, size_t page) const;
  size_t page_of(size_t block) const;
  /// Blocks whose separator is not above `key`, counted from `from` on and added to it.
  size_t blocks_not_above(std::string_view key, size_t from) const;

  uint32_t row_count_;
  KeyRun separators_;  ///< one for each block
  CachedPages pages_;
  std::vector<uint32_t> page_first_blocks_;
};

class PrefixKeyIndexBuilder final : public PrimaryKeyIndexBuilder {
 public:
  Status add(const KeyRun& keys, PageSink& sink) override;
  Result<PageLocation> finish(PageSink& sink) override;

 private:
  void add_key(std::string_view key);
  void close_block();
  Status write_page(PageSink& sink);

  std::string last_key_;
  uint32_t block_keys_ = 0;
  std::string entries_;                  ///< of the block being filled
  std::vector<uint32_t> restarts_;       ///< their offsets in entries_
  std::string blocks_;                   ///< finished blocks of the page being filled
  std::vector<uint32_t> block_offsets_;  ///< in blocks_
  uint32_t page_keys_ = 0;
  uint32_t rows_written_ = 0;
  KeyRun separators_{false};
  std::vector<PageLocation> pages_;
  std::vector<uint32_t> page_first_blocks_;
};

}  // namespace freshet::storage
