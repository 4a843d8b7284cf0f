#include "storage/segment/fixed_key_index.h"

#include <algorithm>
#include <array>

#include "storage/encoding/bit_packing.h"

namespace freshet::storage {
namespace {

constexpr uint32_t kKeysPerPage = kFixedKeysPerBlock * kFixedBlocksPerPage;
/// From this many candidates on, a block is decoded and merged instead of searched for each of them.
constexpr size_t kMinCandidatesToMerge = 12;
/// Directory entry of a block: first key (8 bytes), offset of its packed differences (4), their width in bits (4).
constexpr size_t kEntryBytes = 16;

uint32_t block_count_of(uint32_t keys) { return (keys + kFixedKeysPerBlock - 1) / kFixedKeysPerBlock; }

struct Block {
  uint64_t first_key;
  const char* packed;
  uint32_t bits;
  uint32_t count;

  uint64_t key(size_t index) const { return first_key + unpack_one(packed, index, bits); }
  void decode(size_t first, size_t keys, uint64_t* out) const { unpack_deltas(packed, bits, first, keys, first_key, out); }
  /// Position of the first key not below `key`.
  uint32_t lower_bound(uint64_t key) const {
    if (key <= first_key) return 0;
    const uint64_t delta = key - first_key;
    uint32_t begin = 0;
    for (uint32_t left = count; left > 0;) {
      const uint32_t half = left / 2;
      const bool is_below = unpack_one(packed, begin + half, bits) < delta;
      begin = is_below ? begin + half + 1 : begin;
      left = is_below ? left - half - 1 : half;
    }
    return begin;
  }
  std::optional<uint32_t> find(uint64_t wanted) const {
    const uint32_t position = lower_bound(wanted);
    if (position == count || key(position) != wanted) return std::nullopt;
    return position;
  }
};

/// Block `index` of a page that was checked.
Block block_at(std::string_view page, uint32_t index) {
  const char* payload = page_payload(page).data();
  const char* entry = payload + index * kEntryBytes;
  const uint32_t page_keys = page_header(page).row_count;
  return {load_fixed<uint64_t>(entry), payload + load_fixed<uint32_t>(entry + 8), load_fixed<uint32_t>(entry + 12),
          std::min(kFixedKeysPerBlock, page_keys - index * kFixedKeysPerBlock)};
}

/// Adds the matches between a block and the candidates [begin, end) that fall into its range.
void merge_block(const Block& block, uint32_t first_row, std::span<const uint64_t> keys,
                 std::span<const uint32_t> candidates, std::vector<KeyMatch>& out) {
  std::array<uint64_t, kFixedKeysPerBlock> decoded;
  block.decode(0, block.count, decoded.data());
  uint32_t position = 0;
  for (uint32_t candidate : candidates) {
    const uint64_t key = keys[candidate];
    while (position < block.count && decoded[position] < key) ++position;
    if (position == block.count) return;
    if (decoded[position] == key) out.push_back({candidate, first_row + position});
  }
}

void search_block(const Block& block, uint32_t first_row, std::span<const uint64_t> keys,
                  std::span<const uint32_t> candidates, std::vector<KeyMatch>& out) {
  for (uint32_t candidate : candidates) {
    if (const auto position = block.find(keys[candidate])) out.push_back({candidate, first_row + *position});
  }
}

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
  std::unique_ptr<FixedKeyIndex> index(new FixedKeyIndex(source, row_count));
  ByteReader reader(page_payload(page));
  for (uint32_t i = 0; i < pages; ++i) {
    const auto offset = reader.fixed<uint64_t>();
    index->pages_.push_back({offset, reader.fixed<uint32_t>()});
  }
  for (uint32_t i = 0; i < blocks; ++i) index->first_keys_.push_back(reader.fixed<uint64_t>());
  if (!std::is_sorted(index->first_keys_.begin(), index->first_keys_.end())) {
    return source.bad_page(top, "the key index is out of order");
  }
  return std::unique_ptr<PrimaryKeyIndex>(std::move(index));
}

std::string_view FixedKeyIndex::find_page_fault(std::string_view bytes, size_t page) const {
  const PageHeader header = page_header(bytes);
  const std::string_view payload = page_payload(bytes);
  const auto first_row = static_cast<uint32_t>(page * kKeysPerPage);
  const uint32_t keys = std::min(kKeysPerPage, row_count_ - first_row);
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
  return source_.get(pages_[page], [&](std::string_view bytes) { return find_page_fault(bytes, page); });
}

size_t FixedKeyIndex::block_of(uint64_t key, size_t from) const {
  size_t step = 1;
  while (from + step < first_keys_.size() && first_keys_[from + step] <= key) {
    from += step;
    step *= 2;
  }
  const auto begin = first_keys_.begin() + static_cast<ptrdiff_t>(from);
  const auto end = first_keys_.begin() + static_cast<ptrdiff_t>(std::min(from + step, first_keys_.size()));
  return from + static_cast<size_t>(std::upper_bound(begin, end, key) - begin) - 1;
}

Status FixedKeyIndex::find_sorted(const KeyRun& run, std::span<const uint32_t> candidates,
                                  std::vector<KeyMatch>& out) const {
  const std::span<const uint64_t> keys = run.fixed();
  size_t begin = 0;
  while (begin < candidates.size() && keys[candidates[begin]] < first_keys_.front()) ++begin;
  PageCache::PagePtr page;
  size_t loaded_page = pages_.size();
  for (size_t block = 0; begin < candidates.size();) {
    block = block_of(keys[candidates[begin]], block);
    size_t end = begin + 1;
    const bool is_last = block + 1 == first_keys_.size();
    while (end < candidates.size() && (is_last || keys[candidates[end]] < first_keys_[block + 1])) ++end;
    if (block / kFixedBlocksPerPage != loaded_page) {
      loaded_page = block / kFixedBlocksPerPage;
      FRESHET_ASSIGN_OR_RETURN(page, this->page(loaded_page));
    }
    const Block view = block_at(*page, block % kFixedBlocksPerPage);
    const auto first_row = static_cast<uint32_t>(block * kFixedKeysPerBlock);
    const auto group = candidates.subspan(begin, end - begin);
    group.size() >= kMinCandidatesToMerge ? merge_block(view, first_row, keys, group, out)
                                          : search_block(view, first_row, keys, group, out);
    begin = end;
  }
  return Status::OK();
}

Result<std::optional<RowOrdinal>> FixedKeyIndex::find(const KeyRun& keys, size_t key) const {
  const uint64_t wanted = keys.fixed_at(key);
  const auto above = std::upper_bound(first_keys_.begin(), first_keys_.end(), wanted);
  if (above == first_keys_.begin()) return std::optional<RowOrdinal>();
  const auto block = static_cast<uint32_t>(above - first_keys_.begin() - 1);
  FRESHET_ASSIGN_OR_RETURN(const PageCache::PagePtr page, this->page(block / kFixedBlocksPerPage));
  const auto position = block_at(*page, block % kFixedBlocksPerPage).find(wanted);
  if (!position) return std::optional<RowOrdinal>();
  return std::optional<RowOrdinal>(block * kFixedKeysPerBlock + *position);
}

Result<RowOrdinal> FixedKeyIndex::lower_bound(std::string_view encoded) const {
  std::array<char, 8> padded{};
  encoded.copy(padded.data(), padded.size());
  uint64_t wanted = load_big_endian64(padded.data());
  // Longer than a key: keys that are its prefix are below it.
  if (encoded.size() > padded.size() && ++wanted == 0) return row_count_;
  const auto above = std::upper_bound(first_keys_.begin(), first_keys_.end(), wanted);
  if (above == first_keys_.begin()) return RowOrdinal{0};
  const auto block = static_cast<uint32_t>(above - first_keys_.begin() - 1);
  FRESHET_ASSIGN_OR_RETURN(const PageCache::PagePtr page, this->page(block / kFixedBlocksPerPage));
  return block * kFixedKeysPerBlock + block_at(*page, block % kFixedBlocksPerPage).lower_bound(wanted);
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
    const Block block = block_at(*page, first % kKeysPerPage / kFixedKeysPerBlock);
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
    const auto bytes = source_.read(pages_[page], [&](std::string_view read) { return find_page_fault(read, page); });
    if (!bytes.ok()) problems.push_back("key index: " + bytes.status().message());
  }
}

uint64_t FixedKeyIndex::resident_bytes() const {
  return sizeof(*this) + first_keys_.capacity() * sizeof(uint64_t) + pages_.capacity() * sizeof(PageLocation);
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
