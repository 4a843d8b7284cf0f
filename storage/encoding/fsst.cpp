#include "storage/encoding/fsst.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

namespace freshet::storage {
namespace {

constexpr size_t kSymbolEntryBytes = kMaxSymbolBytes + 1;
constexpr size_t kBlockEntryBytes = 8;

size_t block_count(size_t row_count) { return (row_count + kFsstBlockRows - 1) / kFsstBlockRows; }

}  // namespace

void encode_fsst(const SymbolTable& table, std::span<const std::string_view> values, std::string& out) {
  std::string codes, blocks;
  std::vector<uint32_t> lengths(values.size());
  uint32_t decoded = 0, longest = 0;
  for (size_t row = 0; row < values.size(); ++row) {
    if (row % kFsstBlockRows == 0) {
      put_fixed(blocks, static_cast<uint32_t>(codes.size()));
      put_fixed(blocks, decoded);
    }
    const size_t before = codes.size();
    table.encode(values[row], codes);
    lengths[row] = static_cast<uint32_t>(codes.size() - before);
    longest = std::max(longest, lengths[row]);
    decoded += static_cast<uint32_t>(values[row].size());
  }
  put_fixed(blocks, static_cast<uint32_t>(codes.size()));
  put_fixed(blocks, decoded);

  const std::span<const Symbol> symbols = table.symbols();
  const unsigned bits = packed_bits_for(longest);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(symbols.size()));
  put_fixed<uint32_t>(out, bits);
  put_fixed<uint32_t>(out, static_cast<uint32_t>(codes.size()));
  put_fixed<uint32_t>(out, 0);
  for (const Symbol& symbol : symbols) put_fixed(out, symbol.bytes);
  for (const Symbol& symbol : symbols) put_fixed<uint8_t>(out, static_cast<uint8_t>(symbol.length));
  out += blocks;
  pack_deltas<uint32_t>(lengths.data(), lengths.size(), 0, bits, out);
  out += codes;
}

FsstView::FsstView(std::string_view body, size_t row_count)
    : symbol_count_(load_fixed<uint32_t>(body.data())),
      length_bits_(load_fixed<uint32_t>(body.data() + 4)),
      symbols_(body.data() + kFsstHeaderBytes),
      symbol_lengths_(reinterpret_cast<const uint8_t*>(symbols_ + symbol_count_ * kMaxSymbolBytes)),
      blocks_(symbols_ + symbol_count_ * kSymbolEntryBytes),
      lengths_(blocks_ + (block_count(row_count) + 1) * kBlockEntryBytes),
      codes_(lengths_ + packed_bytes(row_count, length_bits_)) {}

bool FsstView::is_valid(std::string_view body, size_t row_count) {
  if (body.size() < kFsstHeaderBytes) return false;
  const uint32_t symbols = load_fixed<uint32_t>(body.data());
  const uint32_t bits = load_fixed<uint32_t>(body.data() + 4);
  const size_t code_bytes = load_fixed<uint32_t>(body.data() + 8);
  if (symbols > kMaxSymbols || bits > 32 || !is_packed_width(bits)) return false;
  const size_t blocks = block_count(row_count);
  if (body.size() != kFsstHeaderBytes + symbols * kSymbolEntryBytes + (blocks + 1) * kBlockEntryBytes +
                         packed_bytes(row_count, bits) + code_bytes) {
    return false;
  }
  const FsstView view(body, row_count);
  for (uint32_t i = 0; i < symbols; ++i) {
    if (view.symbol_lengths_[i] == 0 || view.symbol_lengths_[i] > kMaxSymbolBytes) return false;
  }
  if (view.block(0).codes != 0 || view.block(0).decoded != 0 || view.block(blocks).codes != code_bytes) return false;
  for (size_t i = 0; i < blocks; ++i) {
    if (view.block(i).codes > view.block(i + 1).codes) return false;
  }
  for (size_t i = 0; i < blocks; ++i) {
    if (!view.is_valid_block(i, std::min(kFsstBlockRows, row_count - i * kFsstBlockRows))) return false;
  }
  return true;
}

bool FsstView::is_valid_block(size_t index, size_t rows) const {
  std::array<uint32_t, kFsstBlockRows> lengths;
  unpack_deltas<uint32_t>(lengths_, length_bits_, index * kFsstBlockRows, rows, 0, lengths.data());
  const Block begin = block(index), end = block(index + 1);
  const uint64_t code_count = std::accumulate(lengths.begin(), lengths.begin() + static_cast<ptrdiff_t>(rows), uint64_t{0});
  if (code_count != end.codes - begin.codes) return false;
  const auto* code = reinterpret_cast<const uint8_t*>(codes_ + begin.codes);
  uint64_t decoded = begin.decoded;
  for (size_t row = 0; row < rows; ++row) {
    const uint8_t* row_end = code + lengths[row];
    while (code < row_end) {
      if (*code == kFsstEscape) {
        if (row_end - code < 2) return false;
        code += 2;
        ++decoded;
      } else {
        if (*code >= symbol_count_) return false;
        decoded += symbol_lengths_[*code++];
      }
    }
  }
  return decoded == end.decoded;
}

char* FsstView::decode(const char* codes, size_t count, char* out) const {
  const char* end = codes + count;
  while (codes < end) {
    const auto code = static_cast<uint8_t>(*codes++);
    if (code == kFsstEscape) [[unlikely]] {
      *out++ = *codes++;
      continue;
    }
    std::memcpy(out, symbols_ + code * kMaxSymbolBytes, kMaxSymbolBytes);
    out += symbol_lengths_[code];
  }
  return out;
}

void FsstView::read(size_t first, size_t count, std::string_view* out, DecodedBytes& decoded) const {
  std::array<uint32_t, kFsstBlockRows> lengths;
  const size_t end_row = first + count;
  size_t index = first / kFsstBlockRows;
  const size_t last = (end_row + kFsstBlockRows - 1) / kFsstBlockRows;
  char* begin = decoded.reserve(block(last).decoded - block(index).decoded + kFsstSlackBytes);
  char* at = begin;
  for (; index < last; ++index) {
    const size_t block_row = index * kFsstBlockRows;
    const size_t rows = std::min(kFsstBlockRows, end_row - block_row);
    unpack_deltas<uint32_t>(lengths_, length_bits_, block_row, rows, 0, lengths.data());
    const char* codes = codes_ + block(index).codes;
    for (size_t i = 0; i < rows; ++i) {
      if (block_row + i >= first) {
        char* value = at;
        at = decode(codes, lengths[i], at);
        *out++ = {value, static_cast<size_t>(at - value)};
      }
      codes += lengths[i];
    }
  }
  decoded.keep(static_cast<size_t>(at - begin));
}

std::string_view FsstView::at(size_t row, DecodedBytes& decoded) const {
  std::array<uint32_t, kFsstBlockRows> lengths;
  const size_t index = row / kFsstBlockRows, within = row % kFsstBlockRows;
  unpack_deltas<uint32_t>(lengths_, length_bits_, row - within, within + 1, 0, lengths.data());
  const auto skipped = std::accumulate(lengths.begin(), lengths.begin() + static_cast<ptrdiff_t>(within), size_t{0});
  const size_t most = std::min<size_t>(lengths[within] * kMaxSymbolBytes, block(index + 1).decoded - block(index).decoded);
  char* begin = decoded.reserve(most + kFsstSlackBytes);
  const char* end = decode(codes_ + block(index).codes + skipped, lengths[within], begin);
  decoded.keep(static_cast<size_t>(end - begin));
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace freshet::storage
