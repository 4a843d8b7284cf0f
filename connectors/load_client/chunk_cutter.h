#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "connectors/load_client/chunk.h"
#include "connectors/load_client/chunk_label.h"
#include "connectors/load_client/row_finder.h"

namespace freshet::connectors::load_client {

/// A stream that cannot be cut (it is compressed, say) is held in memory as a whole, up to here.
inline constexpr uint64_t kWholeStreamBytesMax = 1ull << 30;
/// A row whose end is not found within this is no row.
inline constexpr uint64_t kRowBytesMax = 256ull << 20;

/// Cuts one input into chunks at the borders of rows, the same ones in every run. A chunk ends behind the row with which it
/// has `chunk_bytes`. Memory: a piece of a file; of a stream the chunk itself. One thread.
class ChunkCutter {
 public:
  /// InvalidArgument when the input's headers are wrong, as the server would say. Waiting for a stream ends when
  /// `is_cancelled`, which outlives this.
  static Result<std::unique_ptr<ChunkCutter>> open(const LoadOptions& options, const Input& input, size_t input_number,
                                                   const std::atomic<bool>& is_cancelled);
  ~ChunkCutter();

  /// The next chunk, nothing at the end. Errors: the input cannot be read, or no row is found in it.
  Result<std::optional<Chunk>> next();

 private:
  ChunkCutter(const LoadOptions& options, const Input& input, size_t input_number, ingest::LoadRequest request,
              const std::atomic<bool>& is_cancelled);
  Status begin();
  Result<std::optional<Chunk>> cut_whole();
  Result<std::optional<Chunk>> cut_anywhere();
  Result<std::optional<Chunk>> cut_from_front();
  Status skip_byte_order_mark();
  Status read_header();
  /// The next row behind at_, which moves behind it; nothing at the end of the input.
  Result<std::optional<RowFinder::Row>> next_row(uint64_t kept_from);
  Status read_more(uint64_t kept_from);
  Result<size_t> read_stream(char* buffer);
  Chunk make_chunk(uint64_t begin, uint64_t end);

  const Input input_;
  const size_t input_number_;
  const uint64_t chunk_bytes_;
  const ingest::LoadRequest request_;
  const Cutting cutting_;
  const Frame frame_;
  const ChunkLabels labels_;
  const std::atomic<bool>& is_cancelled_;
  std::unique_ptr<RowFinder> finder_;
  std::shared_ptr<const OpenFile> file_;
  int stream_ = -1;
  uint64_t chunks_ = 0;
  std::string header_;

  std::string buffer_;  ///< bytes of the input from buffer_begin_ on
  uint64_t buffer_begin_ = 0;
  uint64_t at_ = 0;       ///< byte of the input behind the last row
  bool is_read_ = false;  ///< the input ends with the buffer
  bool is_done_ = false;
};

}  // namespace freshet::connectors::load_client
