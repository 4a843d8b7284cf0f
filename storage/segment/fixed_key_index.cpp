#include "storage/segment/fixed_key_index.h"

#include <algorithm>
#include <array>

#include "storage/encoding/bit_packing.h"

namespace freshet::storage {
namespace {

constexpr uint32_t kKeysPerPage = kFixedKeysPerBlock * kFixedBlocksPerPage;
/// From this many candidates on, a block is decoded and merged instead of searched for each of them.
constexpr size_t kMinCandidatesToMerge = 32;
/// From so many candidates a key on, each key of a block is looked up among the candidates.
constexpr size_t kManyCandidatesPerKey = 8;
/// Directory entry of a block: first key (8 bytes), offset of its packed differences (4), their width in bits (4).
constexpr size_t kEntryBytes = 16;

uint32_t block_count_of(uint32_t keys) { return (keys + kFixedKeysPerBlock - 1) / kFixedKeysPerBlock; }

/// The first position from `from` on, below `size`, at which `is_before` does not hold, or `size`: searched in growing
/// steps, as it is likely near. `is_before` holds up to some position and not behind it.
template <typename IsBefore>
size_t gallop(size_t from, size_t size, const IsBefore& is_before) {
  size_t step = 1;
  while (from + step <= size && is_before(from + step - 1)) {
    from += step;
    step *= 2;
  }
  size_t end = std::min(from + step - 1, size);
  while (from < end) {
    const size_t middle = from + (end - from) / 2;
    is_before(middle) ? from = middle + 1 : end = middle;
  }
  return from;
}

/// Where `key` lies in a block of `count` keys when they are spread evenly up to `next_key`, where the next block begins.
uint32_t guess_position(uint64_t key, uint64_t first_key, uint64_t next_key, uint32_t count) {
  if (key <= first_key) return 0;
  const auto part = static_cast<double>(key - first_key) / static_cast<double>(next_key - first_key);
  return std::min(count - 1, static_cast<uint32_t>(part * count));
}

struct Block {
  uint64_t first_key;
  const char* packed;
  uint32_t bits;
  uint32_t count;

  uint64_t key(size_t index) const { return first_key + unpack_one(packed, index, bits); }
  void decode(size_t first, size_t keys, uint64_t* out) const { unpack_deltas(packed, bits, first, keys, first_key, out); }
  const char* address_of(uint32_t index) const { return packed + size_t{index} * bits / 8; }
  /// Position of the first key not below `key`: searched from `start` on in growing steps, so a good guess costs little.
  uint32_t lower_bound(uint64_t key, uint32_t start) const {
    if (key <= first_key) return 0;
    const uint64_t delta = key - first_key;
    const auto is_below = [&](uint32_t index) { return unpack_one(packed, index, bits) < delta; };
    uint32_t begin = start, end = start, step = 1;
    if (is_below(start)) {
      for (++begin; (end = begin + step - 1) < count && is_below(end); step *= 2) begin = end + 1;
      end = std::min(end, count);
    } else {
      for (; (begin = end > step ? end - step : 0) > 0 && !is_below(begin); step *= 2) end = begin;
    }
    while (begin < end) {
      const uint32_t middle = begin + (end - begin) / 2;
      is_below(middle) ? begin = middle + 1 : end = middle;
    }
    return begin;
  }
  std::optional<uint32_t> find(uint64_t wanted, uint32_t start) const {
    const uint32_t position = lower_bound(wanted, start);
    if (position == count || key(position) != wanted) return std::nullopt;
    return position;
  }
};

const char* entry_of(std::string_view page, size_t index) { return page_payload(page).data() + index * kEntryBytes; }

/// Block `index` of a page that was checked; it has `count` keys.
Block block_at(std::string_view page, size_t index, uint32_t count) {
  const char* entry = entry_of(page, index);
  return {load_fixed<uint64_t>(entry), page_payload(page).data() + load_fixed<uint32_t>(entry + 8),
          load_fixed<uint32_t>(entry + 12), count};
}

/// Has the memory on its way that likely holds key `index` of a page of `keys`, while block_at() waits for the directory:
/// the blocks of a page are mostly of one width.
void prefetch_key(std::string_view page, size_t index, uint32_t keys) {
  const std::string_view payload = page_payload(page);
  const size_t directory_bytes = block_count_of(keys) * kEntryBytes;
  __builtin_prefetch(payload.data() + directory_bytes + (payload.size() - directory_bytes) * index / keys);
}

/// Adds the matches between a block and the candidates that fall into its range.
void merge_block(const Block& block, uint32_t first_row, std::span<const uint64_t> keys,
                 std::span<const uint32_t> candidates, std::vector<KeyMatch>& out) {
  std::array<uint64_t, kFixedKeysPerBlock> decoded;
  block.decode(0, block.count, decoded.data());
  if (candidates.size() > size_t{block.count} * kManyCandidatesPerKey) {
    size_t next = 0;
    for (uint32_t position = 0; position < block.count; ++position) {
      const uint64_t key = decoded[position];
      next = gallop(next, candidates.size(), [&](size_t i) { return keys[candidates[i]] < key; });
      if (next == candidates.size()) return;
      if (keys[candidates[next]] == key) out.push_back({candidates[next], first_row + position});
    }
    return;
  }
  uint32_t position = 0;
  for (uint32_t candidate : candidates) {
    const uint64_t key = keys[candidate];
    while (position < block.count && decoded[position] < key) ++position;
    if (position == block.count) return;
    if (decoded[position] == key) out.push_back({candidate, first_row + position});
  }
}

/// Candidates that are alone or nearly alone in their blocks. They are searched together, one step for all after the other,
/// so that the memory of each step is on its way before it is needed.
class SearchWindow {
 public:
  static constexpr size_t kSize = 32;

  bool is_full() const { return size_ == kSize; }
  /// Keeps `page` until the window was searched.
  void hold(PageCache::PagePtr page) { pages_.push_back(std::move(page)); }
  void add(uint32_t candidate, std::string_view page, size_t block, uint32_t count, uint32_t first_row, uint64_t next_key) {
    items_[size_++] = {candidate, count, first_row, 0, block, next_key, page, {}};
    __builtin_prefetch(entry_of(page, block));
  }
  void search(std::span<const uint64_t> keys, std::vector<KeyMatch>& out) {
    const std::span items(items_.data(), size_);
    for (Item& item : items) {
      item.view = block_at(item.page, item.block, item.count);
      item.start = guess_position(keys[item.candidate], item.view.first_key, item.next_key, item.count);
      __builtin_prefetch(item.view.address_of(item.start));
    }
    for (const Item& item : items) {
      const std::optional<uint32_t> position = item.view.find(keys[item.candidate], item.start);
      if (position) out.push_back({item.candidate, item.first_row + *position});
    }
    size_ = 0;
    if (pages_.size() > 1) pages_.erase(pages_.begin(), pages_.end() - 1);
  }

 private:
  struct Item {
    uint32_t candidate;
    uint32_t count;
    uint32_t first_row;
    uint32_t start;
    size_t block;
    uint64_t next_key;
    std::string_view page;
    Block view;
  };
  std::array<Item, kSize> items_;
  size_t size_ = 0;
  std::vector<PageCache::PagePtr> pages_;
};

}  // namespace

Result<std::unique_ptr<PrimaryKeyIndex>> FixedKeyIndex::open(const PageSource& source, PageLocation top,
                                                             uint32_t row_count) {
  const uint32_t blocks = block_count_of(row_count);
  const uint32_t pages = (row_count + kKeysPerPage - 1) / kKeysPerPage;
  const auto check = [&](std::string_view page) -> std::string_view {
    const size_t wanted = pages * size_t{12} + blocks * size_t{8};
    return page_header(page).kind == PageKind::kKeyTop && page_payload(page).size() == wanted ? "" : "not a key index";
  };
  FRESHET_ASSIGN_OR_RETURN(const std::string page, source.read(top, check));
  std::vector<PageLocation> locations;
  std::vector<uint64_t> first_keys;
  ByteReader reader(page_payload(page));
  for (uint32_t i = 0; i < pages; ++i) {
    const auto offset = reader.fixed<uint64_t>();
    locations.push_back({offset, reader.fixed<uint32_t>()});
  }
  for (uint32_t i = 0; i < blocks; ++i) first_keys.push_back(reader.fixed<uint64_t>());
  if (!std::is_sorted(first_keys.begin(), first_keys.end())) {
    return source.bad_page(top, "the key index is out of order");
  }
  return std::unique_ptr<PrimaryKeyIndex>(
      new FixedKeyIndex(std::move(first_keys), CachedPages(source, std::move(locations)), row_count));
}

std::string_view FixedKeyIndex::find_page_fault(std::string_view bytes, size_t page) const {
  const PageHeader header = page_header(bytes);
  const std::string_view payload = page_payload(bytes);
  const auto first_row = static_cast<uint32_t>(page * kKeysPerPage);
  const uint32_t keys = keys_of_page(page);
  if (header.kind != PageKind::kKeyBlocks || header.first_row != first_row || header.row_count != keys) {
    return "not this page of the key index";
  }
  const uint32_t blocks = block_count_of(keys);
  if (payload.size() < blocks * kEntryBytes) return "the directory of key blocks is cut off";
  for (uint32_t i = 0; i < blocks; ++i) {
    const char* entry = payload.data() + i * kEntryBytes;
    const uint32_t offset = load_fixed<uint32_t>(entry + 8);
    const uint32_t bits = load_fixed<uint32_t>(entry + 12);
    const uint32_t count = std::min(kFixedKeysPerBlock, keys - i * kFixedKeysPerBlock);
    if (!is_packed_width(bits) || offset > payload.size() || payload.size() - offset < packed_bytes(count, bits)) {
      return "a key block is outside its page";
    }
    if (load_fixed<uint64_t>(entry) != first_keys_[page * kFixedBlocksPerPage + i]) return "a key block begins elsewhere";
  }
  return "";
}

Result<PageCache::PagePtr> FixedKeyIndex::page(size_t page) const {
  return pages_.get(page, [&](std::string_view bytes) { return find_page_fault(bytes, page); });
}

size_t FixedKeyIndex::block_of(uint64_t key, size_t from) const {
  return gallop(from + 1, first_keys_.size(), [&](size_t block) { return first_keys_[block] <= key; }) - 1;
}

uint32_t FixedKeyIndex::blocks_not_above(uint64_t key) const {
  const auto above = std::upper_bound(first_keys_.begin(), first_keys_.end(), key);
  return static_cast<uint32_t>(above - first_keys_.begin());
}

uint32_t FixedKeyIndex::keys_of(size_t block) const {
  return std::min(kFixedKeysPerBlock, row_count_ - static_cast<uint32_t>(block * kFixedKeysPerBlock));
}

uint32_t FixedKeyIndex::keys_of_page(size_t page) const {
  return std::min(kKeysPerPage, row_count_ - static_cast<uint32_t>(page * kKeysPerPage));
}

uint64_t FixedKeyIndex::first_key_behind(size_t block) const {
  return block + 1 < first_keys_.size() ? first_keys_[block + 1] : UINT64_MAX;
}

Status FixedKeyIndex::find_sorted(const KeyRun& run, std::span<const uint32_t> candidates,
                                  std::vector<KeyMatch>& out) const {
  const std::span<const uint64_t> keys = run.fixed();
  size_t begin = 0;
  while (begin < candidates.size() && keys[candidates[begin]] < first_keys_.front()) ++begin;
  SearchWindow window;
  PageCache::PagePtr page;
  size_t loaded_page = pages_.size();
  for (size_t block = 0; begin < candidates.size();) {
    block = block_of(keys[candidates[begin]], block);
    const uint64_t next_key = first_key_behind(block);
    const bool is_last = block + 1 == first_keys_.size();
    const size_t end = is_last
                           ? candidates.size()
                           : gallop(begin + 1, candidates.size(), [&](size_t i) { return keys[candidates[i]] < next_key; });
    if (block / kFixedBlocksPerPage != loaded_page) {
      loaded_page = block / kFixedBlocksPerPage;
      FRESHET_ASSIGN_OR_RETURN(page, this->page(loaded_page));
      window.hold(page);
    }
    const auto first_row = static_cast<uint32_t>(block * kFixedKeysPerBlock);
    const auto group = candidates.subspan(begin, end - begin);
    begin = end;
    if (group.size() >= kMinCandidatesToMerge) {
      window.search(keys, out);
      merge_block(block_at(*page, block % kFixedBlocksPerPage, keys_of(block)), first_row, keys, group, out);
      continue;
    }
    for (uint32_t candidate : group) {
      window.add(candidate, *page, block % kFixedBlocksPerPage, keys_of(block), first_row, next_key);
      if (window.is_full()) window.search(keys, out);
    }
  }
  window.search(keys, out);
  return Status::OK();
}

Result<std::optional<RowOrdinal>> FixedKeyIndex::find(const KeyRun& keys, size_t key, const KeyFilter& filter) const {
  const uint64_t wanted = keys.fixed_at(key);
  const uint64_t hash = keys.hash_at(key);
  filter.prefetch(hash);
  const uint32_t blocks = blocks_not_above(wanted);
  if (blocks == 0 || !filter.may_contain(hash)) return std::optional<RowOrdinal>();
  const uint32_t block = blocks - 1;
  FRESHET_ASSIGN_OR_RETURN(const PageCache::PagePtr page, this->page(block / kFixedBlocksPerPage));
  const uint32_t guess = guess_position(wanted, first_keys_[block], first_key_behind(block), keys_of(block));
  prefetch_key(*page, (block % kFixedBlocksPerPage) * kFixedKeysPerBlock + guess, keys_of_page(block / kFixedBlocksPerPage));
  const Block view = block_at(*page, block % kFixedBlocksPerPage, keys_of(block));
  const auto position = view.find(wanted, guess);
  if (!position) return std::optional<RowOrdinal>();
  return std::optional<RowOrdinal>(block * kFixedKeysPerBlock + *position);
}

Result<RowOrdinal> FixedKeyIndex::lower_bound(std::string_view encoded) const {
  std::array<char, 8> padded{};
  encoded.copy(padded.data(), padded.size());
  uint64_t wanted = load_big_endian64(padded.data());
  // Longer than a key: keys that are its prefix are below it.
  if (encoded.size() > padded.size() && ++wanted == 0) return row_count_;
  const uint32_t blocks = blocks_not_above(wanted);
  if (blocks == 0) return RowOrdinal{0};
  const uint32_t block = blocks - 1;
  FRESHET_ASSIGN_OR_RETURN(const PageCache::PagePtr page, this->page(block / kFixedBlocksPerPage));
  const Block view = block_at(*page, block % kFixedBlocksPerPage, keys_of(block));
  const uint32_t guess = guess_position(wanted, view.first_key, first_key_behind(block), view.count);
  return block * kFixedKeysPerBlock + view.lower_bound(wanted, guess);
}

Status FixedKeyIndex::read(RowOrdinal first, uint32_t count, KeyRun& out) const {
  std::array<uint64_t, kFixedKeysPerBlock> decoded;
  const RowOrdinal end = first + count;
  PageCache::PagePtr page;
  size_t loaded_page = pages_.size();
  while (first < end) {
    if (first / kKeysPerPage != loaded_page) {
      loaded_page = first / kKeysPerPage;
      FRESHET_ASSIGN_OR_RETURN(page, this->page(loaded_page));
    }
    const size_t index = first / kFixedKeysPerBlock;
    const Block block = block_at(*page, index % kFixedBlocksPerPage, keys_of(index));
    const uint32_t position = first % kFixedKeysPerBlock;
    const uint32_t step = std::min(end - first, block.count - position);
    block.decode(position, step, decoded.data());
    for (uint32_t i = 0; i < step; ++i) out.append_fixed(decoded[i]);
    first += step;
  }
  return Status::OK();
}

void FixedKeyIndex::verify_pages(std::vector<std::string>& problems) const {
  for (size_t page = 0; page < pages_.size(); ++page) {
    const auto bytes = pages_.read(page, [&](std::string_view read) { return find_page_fault(read, page); });
    if (!bytes.ok()) problems.push_back("key index: " + bytes.status().message());
  }
}

uint64_t FixedKeyIndex::resident_bytes() const {
  return sizeof(*this) + first_keys_.capacity() * sizeof(uint64_t) + pages_.resident_bytes();
}

Status FixedKeyIndexBuilder::add(const KeyRun& keys, PageSink& sink) {
  for (std::span<const uint64_t> rest = keys.fixed(); !rest.empty();) {
    const size_t step = std::min(rest.size(), kKeysPerPage - pending_.size());
    pending_.insert(pending_.end(), rest.begin(), rest.begin() + static_cast<ptrdiff_t>(step));
    rest = rest.subspan(step);
    if (pending_.size() == kKeysPerPage) FRESHET_RETURN_IF_ERROR(write_page(sink));
  }
  return Status::OK();
}

Status FixedKeyIndexBuilder::write_page(PageSink& sink) {
  const auto keys = static_cast<uint32_t>(pending_.size());
  std::string directory, packed;
  for (uint32_t begin = 0; begin < keys; begin += kFixedKeysPerBlock) {
    const uint32_t count = std::min(kFixedKeysPerBlock, keys - begin);
    const uint64_t first_key = pending_[begin];
    const unsigned bits = packed_bits_for(pending_[begin + count - 1] - first_key);
    put_fixed(directory, first_key);
    put_fixed(directory, static_cast<uint32_t>(block_count_of(keys) * kEntryBytes + packed.size()));
    put_fixed<uint32_t>(directory, bits);
    pack_deltas(pending_.data() + begin, count, first_key, bits, packed);
    first_keys_.push_back(first_key);
  }
  PageHeader header;
  header.kind = PageKind::kKeyBlocks;
  header.encoding = PageEncoding::kFrameOfReference;
  header.physical = PhysicalType::kInt64;
  header.row_count = keys;
  header.first_row = rows_written_;
  FRESHET_ASSIGN_OR_RETURN(const PageLocation location, sink.write(header, directory + packed, PageCompression::kNone));
  pages_.push_back(location);
  rows_written_ += keys;
  pending_.clear();
  return Status::OK();
}

Result<PageLocation> FixedKeyIndexBuilder::finish(PageSink& sink) {
  if (!pending_.empty()) FRESHET_RETURN_IF_ERROR(write_page(sink));
  std::string top;
  for (const PageLocation& page : pages_) {
    put_fixed(top, page.offset);
    put_fixed(top, page.bytes);
  }
  for (uint64_t key : first_keys_) put_fixed(top, key);
  PageHeader header;
  header.kind = PageKind::kKeyTop;
  header.physical = PhysicalType::kInt64;
  header.row_count = rows_written_;
  return sink.write(header, top, PageCompression::kNone);
}

}  // namespace freshet::storage
