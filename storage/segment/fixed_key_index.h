#pragma once

#include "storage/base/limits.h"
#include "storage/segment/primary_key_index.h"

namespace freshet::storage {

inline constexpr uint32_t kFixedKeysPerBlock = 256;
inline constexpr uint32_t kFixedBlocksPerPage = 32;

/// Index of 64-bit keys: blocks of bit-packed differences to the block's first key, 8 resident bytes a block.
class FixedKeyIndex final : public PrimaryKeyIndex {
 public:
  static Result<std::unique_ptr<PrimaryKeyIndex>> open(const PageSource& source, PageLocation top, uint32_t row_count);

  Status find_sorted(const KeyRun& keys, std::span<const uint32_t> candidates, std::vector<KeyMatch>& out) const override;
  Result<std::optional<RowOrdinal>> find(const KeyRun& keys, size_t key, const KeyFilter& filter) const override;
  Result<RowOrdinal> lower_bound(std::string_view encoded) const override;
  Status read(RowOrdinal first, uint32_t count, KeyRun& out) const override;
  void verify_pages(std::vector<std::string>& problems) const override;
  std::span<const PageLocation> pages() const override { return pages_.locations(); }
  size_t block_count() const override { return first_keys_.size(); }
  uint64_t resident_bytes() const override;

 private:
  FixedKeyIndex(std::vector<uint64_t> first_keys, CachedPages pages, uint32_t row_count)
      : row_count_(row_count), first_keys_(std::move(first_keys)), pages_(std::move(pages)) {}
  Result<PageCache::PagePtr> page(size_t page) const;
  std::string_view find_page_fault(std::string_view bytes, size_t page) const;
  /// The block that `key` is in if it is anywhere, at or after `from`. REQUIRES: first_keys_[from] <= key.
  size_t block_of(uint64_t key, size_t from) const;
  /// How many blocks begin with a key that is not above `key`: the last of them has `key` if any has.
  uint32_t blocks_not_above(uint64_t key) const;
  uint32_t keys_of(size_t block) const;
  uint32_t keys_of_page(size_t page) const;
  /// Where the next block begins; the largest key there is behind the last block.
  uint64_t first_key_behind(size_t block) const;

  uint32_t row_count_;
  std::vector<uint64_t> first_keys_;  ///< of each block
  CachedPages pages_;
};

class FixedKeyIndexBuilder final : public PrimaryKeyIndexBuilder {
 public:
  Status add(const KeyRun& keys, PageSink& sink) override;
  Result<PageLocation> finish(PageSink& sink) override;

 private:
  Status write_page(PageSink& sink);

  std::vector<uint64_t> pending_;  ///< keys of the page being filled
  uint32_t rows_written_ = 0;
  std::vector<uint64_t> first_keys_;
  std::vector<PageLocation> pages_;
};

}  // namespace freshet::storage
