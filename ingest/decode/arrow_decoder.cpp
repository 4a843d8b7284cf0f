#include "ingest/decode/arrow_decoder.h"

#include <algorithm>
#include <cstring>

namespace freshet::ingest {
namespace {

constexpr uint32_t kContinuation = 0xFFFFFFFF;
constexpr std::string_view kFileMagic = "ARROW1";
constexpr uint32_t kMostHeadBytes = 16u << 20;
/// Rows that are converted together.
constexpr uint64_t kChunkRows = 1024;
/// A batch of so many rows is taken whatever its size; a larger one must have a bit for each row at least.
constexpr uint64_t kFreeRows = 1u << 20;

Status damaged(std::string_view what) { return Status::InvalidArgument("the Arrow stream is damaged: {}", what); }

uint32_t load_u32(std::string_view bytes, size_t at) {
  uint32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

uint64_t bytes_of(const ArrowBody& body) {
  uint64_t bytes = body.bytes.size();
  for (const std::string& buffer : body.unpacked) bytes += buffer.size();
  return bytes;
}

}  // namespace

Result<std::unique_ptr<Decoder>> ArrowDecoder::create(const LoadRequest& request, DecodeTarget target) {
  FRESHET_ASSIGN_OR_RETURN(BlockAssembler assembler, BlockAssembler::create(request, target));
  return std::unique_ptr<Decoder>(new ArrowDecoder(target, std::move(assembler)));
}

Status ArrowDecoder::feed(std::string_view bytes) {
  buffer_.append(bytes);
  size_t begin = 0;
  while (true) {
    FRESHET_ASSIGN_OR_RETURN(const size_t length, message_bytes(std::string_view(buffer_).substr(begin)));
    if (length == 0) break;
    const bool is_end_mark = head_bytes_ == 0;
    if (is_end_mark) {
      is_within_stream_ = false;
    } else {
      FRESHET_RETURN_IF_ERROR(take_message(std::string_view(buffer_).substr(begin, length)));
    }
    begin += length;
  }
  buffer_.erase(0, begin);
  return Status::OK();
}

Result<size_t> ArrowDecoder::message_bytes(std::string_view bytes) {
  if (head_bytes_ == 0) {
    if (!is_within_stream_ && bytes.starts_with(kFileMagic)) {
      return Status::Unsupported("the body is an Arrow file: send it in Arrow's streaming format");
    }
    if (!is_within_stream_ && kFileMagic.starts_with(bytes)) return size_t{0};
    if (bytes.size() < sizeof(uint32_t)) return size_t{0};
    // Streams of Arrow before 0.15 have no mark before the length.
    const bool is_marked = load_u32(bytes, 0) == kContinuation;
    head_begin_ = is_marked ? 8 : 4;
    if (bytes.size() < head_begin_) return size_t{0};
    const uint32_t length = load_u32(bytes, head_begin_ - 4);
    if (length == 0) return head_begin_;
    if (length > kMostHeadBytes) return damaged("the head of a message is too long; is the body an Arrow stream?");
    if (bytes.size() - head_begin_ < length) return size_t{0};
    FRESHET_ASSIGN_OR_RETURN(message_, parse_arrow_message(bytes.substr(head_begin_, length)));
    if (message_.body_bytes > batch_bytes_max_) return too_large(message_.body_bytes);
    head_bytes_ = length;
  }
  const size_t whole = head_begin_ + head_bytes_ + message_.body_bytes;
  return bytes.size() < whole ? size_t{0} : whole;
}

Status ArrowDecoder::too_large(uint64_t bytes) const {
  return Status::ResourceExhausted(
      "a message of the Arrow stream has {} bytes, but at most {} are taken (ingest.max_arrow_batch_bytes); send smaller "
      "ones",
      bytes, batch_bytes_max_);
}

Status ArrowDecoder::take_message(std::string_view bytes) {
  auto body = std::make_shared<ArrowBody>();
  body->bytes = bytes.substr(head_begin_ + head_bytes_);
  head_bytes_ = 0;
  const bool is_schema = message_.kind == ArrowMessage::Kind::kSchema;
  if (!is_schema && !is_within_stream_) return damaged("it does not begin with a schema");
  switch (message_.kind) {
    case ArrowMessage::Kind::kSchema: return take_schema(std::move(message_));
    case ArrowMessage::Kind::kDictionary: return take_dictionary(message_, std::move(body));
    case ArrowMessage::Kind::kBatch: break;
  }
  return take_batch(message_, *body);
}

Status ArrowDecoder::take_schema(ArrowMessage message) {
  is_within_stream_ = true;
  dictionaries_.clear();
  dictionary_bytes_ = 0;
  fields_ = std::move(message.fields);
  std::vector<std::string> names;
  for (const ArrowField& field : fields_) names.push_back(field.name);
  if (names_.empty()) {
    FRESHET_RETURN_IF_ERROR(columns_.match(names));
    names_ = std::move(names);
  } else if (names != names_) {
    return damaged("a later schema has other columns than the first one");
  }
  for (const ColumnUse& use : columns_.uses()) {
    const ArrowField& field = fields_[use.column];
    if (field.type.is_readable()) continue;
    return Status::Unsupported("column '{}' of the body is a {}, which cannot be loaded as {}", field.name,
                               field.type.name(), use.target.to_string());
  }
  return Status::OK();
}

Status ArrowDecoder::take_dictionary(const ArrowMessage& message, std::shared_ptr<ArrowBody> body) {
  const auto field = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const ArrowField& known) { return known.dictionary == message.dictionary; });
  if (field == fields_.end()) return Status::OK();  // of a field inside another, which is not read
  ArrowField values = *field;
  values.dictionary.reset();
  if (!values.type.is_readable()) return Status::OK();
  FRESHET_ASSIGN_OR_RETURN(const auto columns, read_arrow_columns({values}, message.batch, batch_bytes_max_, *body));
  std::shared_ptr<ArrowDictionary>& known = dictionaries_[message.dictionary];
  if (known == nullptr || !message.is_delta) {
    if (known != nullptr) dictionary_bytes_ -= known->bytes;
    known = std::make_shared<ArrowDictionary>();
  }
  const uint64_t bytes = bytes_of(*body);
  dictionary_bytes_ += bytes;
  if (dictionary_bytes_ > batch_bytes_max_) return too_large(dictionary_bytes_);
  known->bytes += bytes;
  if (columns.front().rows == 0) return Status::OK();
  known->pieces.push_back({known->rows, columns.front(), std::move(body)});
  known->rows += columns.front().rows;
  return Status::OK();
}

Status ArrowDecoder::take_batch(const ArrowMessage& message, ArrowBody& body) {
  FRESHET_ASSIGN_OR_RETURN(auto columns, read_arrow_columns(fields_, message.batch, batch_bytes_max_, body));
  const auto rows = static_cast<uint64_t>(message.batch.rows);
  if (rows > kFreeRows && rows / 8 > bytes_of(body)) return damaged("a batch has more rows than bits");
  std::vector<const ArrowColumn*> used;
  for (const ColumnUse& use : columns_.uses()) {
    ArrowColumn& column = columns[use.column];
    if (const auto& dictionary = fields_[use.column].dictionary) {
      const auto found = dictionaries_.find(*dictionary);
      static const auto kEmpty = std::make_shared<const ArrowDictionary>();
      column.dictionary = found == dictionaries_.end() ? kEmpty : found->second;
    }
    used.push_back(&column);
  }
  CellColumns cells(used.size());
  for (uint64_t first = 0; first < rows; first += kChunkRows) {
    const uint64_t count = std::min(kChunkRows, rows - first);
    for (size_t i = 0; i < used.size(); ++i) {
      cells[i].resize(count);
      for (uint64_t row = 0; row < count; ++row) {
        FRESHET_RETURN_IF_ERROR(read_arrow_cell(*used[i], first + row, columns_.uses()[i].target, texts_, cells[i][row]));
      }
    }
    FRESHET_RETURN_IF_ERROR(columns_.add(cells, count));
    texts_.clear();
  }
  return Status::OK();
}

Status ArrowDecoder::feed_record(std::string_view) {
  return Status::Unsupported("format: a message of a stream is no Arrow stream");
}

Status ArrowDecoder::finish() {
  if (names_.empty()) return damaged("it has no schema");
  if (!buffer_.empty()) return damaged("it ends within a message");
  return columns_.flush();
}

}  // namespace freshet::ingest
