#include "storage/segment/page_frame.h"

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/segment/segment_meta.h"

namespace freshet::storage {
namespace {

constexpr size_t kChecksumAt = kPageHeaderBytes - sizeof(uint32_t);
/// LZ4 never expands a byte to more than this many.
constexpr uint64_t kMaxLz4Ratio = 255;

void put_header(std::string& out, const PageHeader& header) {
  put_fixed(out, header.kind);
  put_fixed(out, header.encoding);
  put_fixed(out, header.compression);
  put_fixed(out, header.physical);
  put_fixed(out, header.row_count);
  put_fixed(out, header.null_count);
  put_fixed(out, header.first_row);
  put_fixed(out, header.column);
  put_fixed(out, header.raw_bytes);
  put_fixed(out, header.stored_bytes);
  put_fixed<uint32_t>(out, 0);
}

/// Of the header before its checksum and of the stored payload.
uint32_t frame_checksum(RowsetId file, uint64_t offset, std::string_view frame) {
  return crc32c(frame.substr(kPageHeaderBytes), segment_checksum(file, offset, frame.substr(0, kChecksumAt)));
}

std::string_view wrong_sizes(const PageHeader& header, PageLocation location) {
  if (header.stored_bytes != location.bytes - kPageHeaderBytes) return "its size is not the footer's";
  switch (header.compression) {
    case PageCompression::kNone: return header.raw_bytes == header.stored_bytes ? "" : "two sizes of an uncompressed page";
    case PageCompression::kLz4:
      return header.raw_bytes <= header.stored_bytes * kMaxLz4Ratio ? "" : "impossible uncompressed size";
    case PageCompression::kZstd: return header.raw_bytes <= kMaxPagePayloadBytes ? "" : "impossible uncompressed size";
  }
  return "unknown compression";
}

/// A file that is being written, seen by a reader.
class UnfinishedFile final : public ReadableFile {
 public:
  UnfinishedFile(WritableFile& file, std::string name) : file_(file), name_(std::move(name)) {}
  uint64_t size() const override { return file_.size(); }
  Status read(uint64_t offset, std::span<char> out) const override { return file_.read(offset, out); }
  const std::string& name() const override { return name_; }

 private:
  WritableFile& file_;
  const std::string name_;
};

}  // namespace

PageHeader page_header(std::string_view page) {
  ByteReader reader(page.substr(0, kPageHeaderBytes));
  PageHeader header;
  header.kind = reader.fixed<PageKind>();
  header.encoding = reader.fixed<PageEncoding>();
  header.compression = reader.fixed<PageCompression>();
  header.physical = reader.fixed<PhysicalType>();
  header.row_count = reader.fixed<uint32_t>();
  header.null_count = reader.fixed<uint32_t>();
  header.first_row = reader.fixed<uint32_t>();
  header.column = reader.fixed<uint32_t>();
  header.raw_bytes = reader.fixed<uint32_t>();
  header.stored_bytes = reader.fixed<uint32_t>();
  return header;
}

uint32_t segment_checksum(RowsetId file, uint64_t offset, std::string_view bytes) {
  const uint64_t place[2] = {file.value, offset};
  return crc32c(bytes, crc32c({reinterpret_cast<const char*>(place), sizeof(place)}));
}

Result<PageLocation> PageSink::write(PageHeader header, std::string_view payload, PageCompression compression) {
  if (payload.size() > kMaxPagePayloadBytes) {
    return Status::ResourceExhausted("a page of {} rows takes {} bytes; the most is {}: store such values outside",
                                     header.row_count, payload.size(), kMaxPagePayloadBytes);
  }
  frame_.assign(kPageHeaderBytes, '\0');
  const bool compressed = compress(compression, payload, frame_);
  if (!compressed) frame_.append(payload);
  header.compression = compressed ? compression : PageCompression::kNone;
  header.raw_bytes = static_cast<uint32_t>(payload.size());
  header.stored_bytes = static_cast<uint32_t>(frame_.size() - kPageHeaderBytes);

  std::string front;
  put_header(front, header);
  frame_.replace(0, kPageHeaderBytes, front);
  const PageLocation location{file_->size(), static_cast<uint32_t>(frame_.size())};
  const uint32_t checksum = frame_checksum(id_, location.offset, frame_);
  frame_.replace(kChecksumAt, sizeof(checksum), reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  FRESHET_RETURN_IF_ERROR(file_->append(frame_));
  return location;
}

PageSource PageSink::written() {
  return {std::make_shared<const UnfinishedFile>(*file_, segment_file_name(id_)), nullptr, id_};
}

Status PageSource::bad_page(PageLocation location, std::string_view wrong) const {
  return Status::Corruption("segment file {}: page at offset {}: {}", file_->name(), location.offset, wrong);
}

Result<std::string> PageSource::read_frame(PageLocation location) const {
  if (location.bytes < kPageHeaderBytes) return bad_page(location, "shorter than a page header");
  if (location.offset > file_->size() || location.bytes > file_->size() - location.offset) {
    return bad_page(location, "beyond the end of the file");
  }
  std::string frame(location.bytes, '\0');
  FRESHET_RETURN_IF_ERROR(file_->read(location.offset, frame));
  const auto stored = load_fixed<uint32_t>(frame.data() + kChecksumAt);
  if (stored != frame_checksum(id_, location.offset, frame)) return bad_page(location, "wrong checksum");
  const PageHeader header = page_header(frame);
  if (const std::string_view wrong = wrong_sizes(header, location); !wrong.empty()) return bad_page(location, wrong);
  if (header.compression == PageCompression::kNone) return frame;

  std::string page(kPageHeaderBytes + size_t{header.raw_bytes}, '\0');
  frame.copy(page.data(), kPageHeaderBytes);
  const auto decompress = header.compression == PageCompression::kLz4 ? decompress_lz4 : decompress_zstd;
  if (!decompress(page_payload(frame), page.data() + kPageHeaderBytes, header.raw_bytes)) {
    return bad_page(location, "the stored bytes do not decompress");
  }
  return page;
}

}  // namespace freshet::storage
