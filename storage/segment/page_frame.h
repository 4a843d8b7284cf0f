#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "storage/base/ids.h"
#include "storage/base/result.h"
#include "storage/encoding/compression.h"
#include "storage/encoding/page_encoding.h"
#include "storage/io/file_store.h"
#include "storage/segment/page_cache.h"
#include "storage/types/data_type.h"

namespace freshet::storage {

/// What a page of a segment file holds. The numbers are stored: append only.
enum class PageKind : uint8_t {
  kColumn = 1,
  kKeyBlocks = 2,  ///< keys of consecutive rows, of the primary-key index
  kKeyTop = 3,     ///< top level of the primary-key index
  kKeyFilter = 4,
  kShortKeys = 5,
  kRows = 6,  ///< whole rows, of the row store
};

struct PageLocation {
  uint64_t offset = 0;
  uint32_t bytes = 0;  ///< header included
};

/// The front of every page (FORMAT.md, "Pages").
struct PageHeader {
  PageKind kind = PageKind::kColumn;
  PageEncoding encoding = PageEncoding::kPlain;
  PageCompression compression = PageCompression::kNone;
  PhysicalType physical = PhysicalType::kBytes;
  uint32_t row_count = 0;
  uint32_t null_count = 0;
  uint32_t first_row = 0;
  uint32_t column = 0;     ///< id of the column; 0 in other kinds of pages
  uint32_t raw_bytes = 0;  ///< of the payload, uncompressed
  uint32_t stored_bytes = 0;
};
inline constexpr size_t kPageHeaderBytes = 32;
/// Largest payload; a page that would be larger is refused when it is written.
inline constexpr uint32_t kMaxPagePayloadBytes = 0x7E000000;

/// A page in memory: its header, then its payload uncompressed. The payload is 16-byte aligned in an allocated string.
PageHeader page_header(std::string_view page);
inline std::string_view page_payload(std::string_view page) { return page.substr(kPageHeaderBytes); }

/// Checksum of bytes of a segment file. Seeded with file and offset, so that bytes of another place never pass.
uint32_t segment_checksum(RowsetId file, uint64_t offset, std::string_view bytes);

class PageSource;

/// Writes pages to one file, back to back. One owner; not thread-safe.
class PageSink {
 public:
  PageSink(std::unique_ptr<WritableFile> file, RowsetId id) : file_(std::move(file)), id_(id) {}

  /// Writes one page; `header` says all but the sizes. Compresses when asked and when it pays.
  Result<PageLocation> write(PageHeader header, std::string_view payload, PageCompression compression);
  Status append_raw(std::string_view bytes) { return file_->append(bytes); }
  uint64_t size() const { return file_->size(); }
  Status finish() { return file_->finish(); }
  RowsetId id() const { return id_; }
  /// What was written so far, to be read again; not from the cache. Valid as long as this is.
  PageSource written();

 private:
  std::unique_ptr<WritableFile> file_;
  RowsetId id_;
  std::string frame_;
};

/// The pages of one segment file. Any thread. The page cache must outlive it.
class PageSource {
 public:
  /// Without a cache there is read() alone.
  PageSource(std::shared_ptr<const ReadableFile> file, PageCache* cache, RowsetId id)
      : file_(std::move(file)), cache_(cache), id_(id) {}

  /// The page at `location`, from the cache or from the file. `check(page)` answers what is wrong with the content of a
  /// page that was read from the file, or an empty text.
  template <typename Check>
  Result<PageCache::PagePtr> get(PageLocation location, const Check& check) const {
    const auto load = [&]() -> Result<std::string> { return read(location, check); };
    return cache_->get(id_, location.offset, std::ref(load));
  }
  template <typename Check>
  Result<std::string> read(PageLocation location, const Check& check) const {
    FRESHET_ASSIGN_OR_RETURN(std::string page, read_frame(location));
    if (const std::string_view wrong = check(std::string_view(page)); !wrong.empty()) return bad_page(location, wrong);
    return page;
  }
  /// A read of a page that was in memory and did not ask the cache.
  void count_hit() const { cache_->count_hit(); }
  /// Memory beside the pages, taken from that of the cache.
  PageCache::Reservation reserve(uint64_t bytes) const { return cache_->reserve(bytes); }
  /// Corruption that names file, page offset and what is wrong.
  Status bad_page(PageLocation location, std::string_view wrong) const;
  const ReadableFile& file() const { return *file_; }
  RowsetId id() const { return id_; }

 private:
  Result<std::string> read_frame(PageLocation location) const;

  std::shared_ptr<const ReadableFile> file_;
  PageCache* cache_;
  RowsetId id_;
};

}  // namespace freshet::storage
