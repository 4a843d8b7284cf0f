#include "connectors/load_client/chunk_cutter.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ingest/decode/byte_order_mark.h"

namespace freshet::connectors::load_client {

namespace {

constexpr size_t kReadBytes = 1 << 20;
constexpr int kLookMillis = 200;

}  // namespace

Result<std::unique_ptr<ChunkCutter>> ChunkCutter::open(const LoadOptions& options, const Input& input, size_t input_number,
                                                       const std::atomic<bool>& is_cancelled) {
  ingest::LoadRequest request;
  FRESHET_RETURN_IF_ERROR(ingest::apply_load_properties(input.headers, request).with_context(input.path));
  std::unique_ptr<ChunkCutter> cutter(new ChunkCutter(options, input, input_number, std::move(request), is_cancelled));
  FRESHET_RETURN_IF_ERROR(cutter->begin());
  return cutter;
}

ChunkCutter::ChunkCutter(const LoadOptions& options, const Input& input, size_t input_number, ingest::LoadRequest request,
                         const std::atomic<bool>& is_cancelled)
    : input_(input),
      input_number_(input_number),
      chunk_bytes_(options.chunk_bytes),
      request_(std::move(request)),
      cutting_(cutting_of(request_)),
      frame_(frame_of(request_)),
      labels_(options, input, input_number),
      is_cancelled_(is_cancelled) {}

ChunkCutter::~ChunkCutter() {
  if (stream_ > STDIN_FILENO) close(stream_);
}

Status ChunkCutter::begin() {
  if (cutting_ != Cutting::kWhole) finder_ = make_row_finder(request_);
  if (!input_.is_stream) {
    FRESHET_ASSIGN_OR_RETURN(file_, OpenFile::open(input_));
  } else {
    stream_ = input_.path == "-" ? STDIN_FILENO : ::open(input_.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (stream_ < 0) return Status::IoError("cannot read {}: {}", input_.path, std::strerror(errno));
  }
  if (finder_ == nullptr) return Status::OK();
  if (cutting_ == Cutting::kFromFront) FRESHET_RETURN_IF_ERROR(skip_byte_order_mark());
  return read_header();
}

/// Before it, no field and no array would begin where the finder looks for one.
Status ChunkCutter::skip_byte_order_mark() {
  std::optional<size_t> mark = ingest::byte_order_mark(buffer_);
  while (!mark && !is_read_) {
    FRESHET_RETURN_IF_ERROR(read_more(0));
    mark = ingest::byte_order_mark(buffer_);
  }
  at_ = mark.value_or(0);
  return Status::OK();
}

/// Rows of names go before every chunk, so that each is a body of its own.
Status ChunkCutter::read_header() {
  const uint64_t begin = at_;
  for (uint64_t rows = header_rows(request_); rows != 0; --rows) {
    FRESHET_ASSIGN_OR_RETURN(const auto row, next_row(0));
    if (!row) break;
  }
  header_ = buffer_.substr(begin, at_ - begin);
  return Status::OK();
}

Result<std::optional<Chunk>> ChunkCutter::next() {
  if (is_done_) return std::optional<Chunk>();
  if (cutting_ == Cutting::kWhole) return cut_whole();
  return cutting_ == Cutting::kAnywhere && !input_.is_stream ? cut_anywhere() : cut_from_front();
}

Chunk ChunkCutter::make_chunk(uint64_t begin, uint64_t end) {
  Chunk chunk;
  chunk.input = input_number_;
  chunk.number = chunks_;
  chunk.begin = begin;
  chunk.end = end;
  chunk.label = labels_.label(chunks_++);
  chunk.before = header_ + frame_.before;
  chunk.behind = frame_.behind;
  chunk.file = file_;
  if (input_.is_stream) {
    chunk.stream = std::make_shared<const std::string>(buffer_.substr(begin - buffer_begin_, end - begin));
  }
  return chunk;
}

Result<std::optional<Chunk>> ChunkCutter::cut_whole() {
  is_done_ = true;
  uint64_t end = input_.bytes;
  if (input_.is_stream) {
    while (!is_read_) {
      FRESHET_RETURN_IF_ERROR(read_more(0));
      if (buffer_.size() <= kWholeStreamBytesMax) continue;
      return Status::InvalidArgument("{} cannot be cut at rows and is longer than {} bytes: load it from a file",
                                     input_.path, kWholeStreamBytesMax);
    }
    end = buffer_.size();
  }
  if (end == 0) return std::optional<Chunk>();
  return std::optional<Chunk>(make_chunk(0, end));
}

Result<std::optional<Chunk>> ChunkCutter::cut_anywhere() {
  const uint64_t begin = at_;
  if (begin >= input_.bytes) return std::optional<Chunk>();
  const char delimiter = request_.format == ingest::LoadFormat::kJson ? '\n' : request_.line_delimiter[0];
  uint64_t end = input_.bytes;
  buffer_.resize(kReadBytes);
  for (uint64_t from = begin + chunk_bytes_ - 1; from < input_.bytes; from += buffer_.size()) {
    FRESHET_ASSIGN_OR_RETURN(const size_t count, file_->read(from, buffer_.data(), buffer_.size()));
    const size_t found = std::string_view(buffer_).substr(0, count).find(delimiter);
    if (found == std::string_view::npos) continue;
    end = from + found + 1;
    break;
  }
  at_ = end;
  return std::optional<Chunk>(make_chunk(begin, end));
}

Result<std::optional<Chunk>> ChunkCutter::cut_from_front() {
  std::optional<uint64_t> begin;
  uint64_t end = 0;
  while (!begin || end - *begin < chunk_bytes_) {
    const uint64_t kept_from = begin && input_.is_stream ? *begin : at_;
    const uint64_t text_begin = at_;
    FRESHET_ASSIGN_OR_RETURN(const auto row, next_row(kept_from));
    if (!row) {
      is_done_ = true;
      break;
    }
    if (!begin) begin = text_begin + row->begin;
    end = text_begin + row->end;
  }
  if (!begin) return std::optional<Chunk>();
  return std::optional<Chunk>(make_chunk(*begin, end));
}

Result<std::optional<RowFinder::Row>> ChunkCutter::next_row(uint64_t kept_from) {
  for (;;) {
    const std::string_view text = std::string_view(buffer_).substr(at_ - buffer_begin_);
    if (const auto row = finder_->next(text)) {
      at_ += row->end;
      return row;
    }
    if (is_read_) {
      Result<bool> is_row = finder_->end(text);
      if (!is_row.ok()) {
        return is_row.status().with_context(fmt::format("{}, behind byte {}", input_.path, at_));
      }
      if (!*is_row) return std::optional<RowFinder::Row>();
      at_ += text.size();
      return std::optional<RowFinder::Row>({0, text.size()});
    }
    if (text.size() > kRowBytesMax) {
      return Status::InvalidArgument(
          "{}: the row at byte {} does not end within {} bytes; are line_delimiter and enclose right?", input_.path, at_,
          kRowBytesMax);
    }
    FRESHET_RETURN_IF_ERROR(read_more(kept_from));
  }
}

Status ChunkCutter::read_more(uint64_t kept_from) {
  buffer_.erase(0, kept_from - buffer_begin_);
  buffer_begin_ = kept_from;
  const size_t old_size = buffer_.size();
  buffer_.resize(old_size + kReadBytes);
  size_t count = 0;
  if (file_ != nullptr) {
    FRESHET_ASSIGN_OR_RETURN(count, file_->read(buffer_begin_ + old_size, buffer_.data() + old_size, kReadBytes));
  } else {
    FRESHET_ASSIGN_OR_RETURN(count, read_stream(buffer_.data() + old_size));
  }
  buffer_.resize(old_size + count);
  is_read_ = count == 0;
  return Status::OK();
}

Result<size_t> ChunkCutter::read_stream(char* buffer) {
  pollfd ready{stream_, POLLIN, 0};
  while (poll(&ready, 1, kLookMillis) <= 0) {
    if (is_cancelled_) return Status::Cancelled("interrupted");
  }
  ssize_t count;
  do {
    count = read(stream_, buffer, kReadBytes);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return Status::IoError("cannot read {}: {}", input_.path, std::strerror(errno));
  return static_cast<size_t>(count);
}

}  // namespace freshet::connectors::load_client
