#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/encoding/bit_packing.h"
#include "storage/encoding/decoded_bytes.h"
#include "storage/encoding/symbol_table.h"

namespace freshet::storage {

/// Byte values as codes of a symbol table of the page (Boncz, Neumann and Leis, "FSST: Fast Random Access String
/// Compression", VLDB 2020). Any row is decoded without the others.
///
/// A code below the number of symbols stands for its symbol; kFsstEscape is followed by a byte as it is.
/// Layout: number of symbols, width of a length in bits, bytes of all codes, zero (4 bytes each); the symbols, 8 bytes each,
/// padded with zeros; the length of each (1 byte); for each block of 64 rows, and for the end, where its codes begin and
/// where its decoded values would (4 bytes each); the number of codes of each row, packed; the codes.
inline constexpr size_t kFsstHeaderBytes = 16;
inline constexpr size_t kFsstBlockRows = 64;
/// The decoder writes symbols whole: this many bytes behind the values are written over.
inline constexpr size_t kFsstSlackBytes = kMaxSymbolBytes;

/// Appends `values` coded with `table`.
void encode_fsst(const SymbolTable& table, std::span<const std::string_view> values, std::string& out);

/// An encoded run, read in place.
class FsstView {
 public:
  /// REQUIRES: is_valid(body, row_count).
  FsstView(std::string_view body, size_t row_count);

  /// Whether every access to rows below `row_count` stays inside `body`, and what it decodes inside what is reserved for it:
  /// O(bytes), done once when a page is loaded.
  static bool is_valid(std::string_view body, size_t row_count);

  /// The values of rows [first, first + count), in `decoded`.
  void read(size_t first, size_t count, std::string_view* out, DecodedBytes& decoded) const;
  std::string_view at(size_t row, DecodedBytes& decoded) const;

 private:
  struct Block {
    uint32_t codes;    ///< where its codes begin
    uint32_t decoded;  ///< where its values would begin if all were decoded side by side
  };
  Block block(size_t index) const {
    const char* entry = blocks_ + index * sizeof(Block);
    return {load_fixed<uint32_t>(entry), load_fixed<uint32_t>(entry + 4)};
  }
  char* decode(const char* codes, size_t count, char* out) const;
  /// Whether the codes of one block are as many as its rows say, and decode to as many bytes as it says.
  bool is_valid_block(size_t index, size_t rows) const;

  uint32_t symbol_count_;
  uint32_t length_bits_;
  const char* symbols_;
  const uint8_t* symbol_lengths_;
  const char* blocks_;
  const char* lengths_;
  const char* codes_;
};

}  // namespace freshet::storage
