#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace freshet::storage {

inline constexpr size_t kMaxSymbolBytes = 8;
inline constexpr size_t kMaxSymbols = 255;
/// The code before a byte that no symbol covers.
inline constexpr uint8_t kFsstEscape = 255;

/// A short text that often occurs: its bytes from the lowest on, zeros behind them.
struct Symbol {
  uint64_t bytes = 0;
  uint32_t length = 0;
  bool operator==(const Symbol&) const = default;
};

/// Symbols, and the longest one that a text begins with (FSST, see fsst.h). Any number of readers.
class SymbolTable {
 public:
  SymbolTable();
  /// At most kMaxSymbols symbols, of which none occurs twice.
  explicit SymbolTable(std::span<const Symbol> symbols);

  /// Learns symbols from `sample` in a few rounds, each of which codes the sample with the symbols of the one before and
  /// takes those texts, and pairs of neighbours, that cover the most bytes. `scale`: how many times more bytes will be
  /// coded than the sample has; symbols that would not earn their place in the page are left out.
  static SymbolTable learn(std::span<const std::string_view> sample, double scale);

  std::span<const Symbol> symbols() const { return symbols_; }
  /// Appends the codes of `value`.
  void encode(std::string_view value, std::string& out) const;
  /// Bytes that the codes of `values` take.
  size_t encoded_bytes(std::span<const std::string_view> values) const;

  /// The longest symbol at the front of a text of which `word` has the first bytes and `left` > 0 is the length: its
  /// number, or kNone.
  static constexpr uint16_t kNone = 0xFFFF;
  uint16_t match(uint64_t word, size_t left) const {
    const LongSymbol& candidate = long_symbols_[slot_of(word & kFrontMask)];
    if (length_of(candidate.entry) <= left && (word & candidate.mask) == candidate.bytes) return code_of(candidate.entry);
    if (left > 1) {
      const Entry pair = short_symbols_[word & 0xFFFF];
      if (length_of(pair) == 2) return code_of(pair);
    }
    const Entry byte = bytes_[word & 0xFF];
    return byte == kEscapeEntry ? kNone : code_of(byte);
  }
  uint32_t length(uint16_t number) const { return symbols_[number].length; }

  /// The first up to eight bytes of a text, zeros behind them. REQUIRES: left > 0.
  static uint64_t load_word(const char* text, size_t left);

 private:
  /// A code, and above it the bytes of text that it stands for.
  using Entry = uint16_t;
  static constexpr Entry entry_of(uint8_t code, uint32_t length) { return static_cast<Entry>(length << 8 | code); }
  static constexpr uint8_t code_of(Entry entry) { return static_cast<uint8_t>(entry); }
  static constexpr uint32_t length_of(Entry entry) { return entry >> 8; }
  static constexpr Entry kEscapeEntry = 1 << 8 | kFsstEscape;

  /// Of three bytes and more. One for each hash of the first three bytes: of two that meet there the better one stays.
  struct LongSymbol {
    uint64_t bytes = ~uint64_t{0};  ///< Without a symbol nothing is equal to it, since the mask is zero.
    uint64_t mask = 0;
    Entry entry = kEscapeEntry;
  };
  static constexpr uint64_t kFrontMask = 0xFFFFFF;
  static constexpr size_t kSlots = 1024;
  static size_t slot_of(uint64_t front) { return (front * 0x9E3779B97F4A7C15) >> 54; }
  /// Adds a symbol unless its place is taken. REQUIRES: complete_short_symbols() before encode().
  bool add(const Symbol& symbol);
  /// Puts the symbols of one byte where no symbol of two begins with it.
  void complete_short_symbols();

  std::vector<Symbol> symbols_;
  std::vector<LongSymbol> long_symbols_;  ///< kSlots
  std::vector<Entry> short_symbols_;      ///< by the first two bytes: a symbol of two, or else of one byte, or the escape
  std::array<Entry, 256> bytes_;          ///< by the first byte: a symbol of one byte, or the escape
};

}  // namespace freshet::storage
