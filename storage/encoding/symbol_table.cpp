#include "storage/encoding/symbol_table.h"

#include <algorithm>
#include <cstring>

#include "storage/base/assert.h"

namespace freshet::storage {
namespace {

constexpr int kRounds = 5;
/// Bytes of the page that a symbol takes.
constexpr double kSymbolCost = 9;
/// While symbols are learnt, units are symbols by number and, from here on, single bytes that no symbol covers.
constexpr uint32_t kFirstByteUnit = 256;
constexpr uint32_t kUnits = 512;

uint64_t mask_of(uint32_t length) { return length == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * length)) - 1; }

struct Candidate {
  Symbol symbol;
  uint64_t gain = 0;
};

/// How often each unit, and each pair of neighbours, occurs in a sample.
class UnitCounts {
 public:
  UnitCounts() : units_(kUnits), pairs_(kUnits * kUnits) {}

  void count(const SymbolTable& table, std::span<const std::string_view> sample) {
    for (const std::string_view text : sample) {
      uint32_t previous = kUnits;
      for (size_t at = 0; at < text.size();) {
        const uint64_t word = SymbolTable::load_word(text.data() + at, text.size() - at);
        const uint16_t number = table.match(word, text.size() - at);
        const uint32_t unit = number == SymbolTable::kNone ? kFirstByteUnit + static_cast<uint32_t>(word & 0xFF) : number;
        at += number == SymbolTable::kNone ? 1 : table.length(number);
        ++units_[unit];
        if (previous != kUnits) {
          const uint32_t pair = previous * kUnits + unit;
          if (pairs_[pair]++ == 0) seen_pairs_.push_back(pair);
        }
        previous = unit;
      }
    }
  }

  std::vector<Candidate> candidates(const SymbolTable& table) const {
    std::vector<Candidate> found;
    const auto symbol_of = [&](uint32_t unit) {
      return unit < kFirstByteUnit ? table.symbols()[unit] : Symbol{unit - kFirstByteUnit, 1};
    };
    for (uint32_t unit = 0; unit < kUnits; ++unit) {
      if (units_[unit] == 0) continue;
      const Symbol symbol = symbol_of(unit);
      // A byte that has no code costs two: to give it one gains as much as two bytes.
      found.push_back({symbol, units_[unit] * (symbol.length == 1 ? 2 : symbol.length)});
    }
    for (const uint32_t pair : seen_pairs_) {
      if (pairs_[pair] < 2) continue;
      const Symbol a = symbol_of(pair / kUnits), b = symbol_of(pair % kUnits);
      if (a.length + b.length > kMaxSymbolBytes) continue;
      found.push_back({{a.bytes | b.bytes << (8 * a.length), a.length + b.length}, pairs_[pair] * (a.length + b.length)});
    }
    return found;
  }

  void clear() {
    std::fill(units_.begin(), units_.end(), 0);
    for (const uint32_t pair : seen_pairs_) pairs_[pair] = 0;
    seen_pairs_.clear();
  }

 private:
  std::vector<uint64_t> units_;
  std::vector<uint32_t> pairs_;
  std::vector<uint32_t> seen_pairs_;
};

/// The same text may have been found as several pairs: their gains add up.
void merge_equal(std::vector<Candidate>& candidates) {
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.symbol.bytes != b.symbol.bytes ? a.symbol.bytes < b.symbol.bytes : a.symbol.length < b.symbol.length;
  });
  size_t kept = 0;
  for (const Candidate& candidate : candidates) {
    if (kept > 0 && candidates[kept - 1].symbol == candidate.symbol) {
      candidates[kept - 1].gain += candidate.gain;
    } else {
      candidates[kept++] = candidate;
    }
  }
  candidates.resize(kept);
}

}  // namespace

SymbolTable::SymbolTable() : long_symbols_(kSlots), short_symbols_(65536, kEscapeEntry) { bytes_.fill(kEscapeEntry); }

SymbolTable::SymbolTable(std::span<const Symbol> symbols) : SymbolTable() {
  for (const Symbol& symbol : symbols) add(symbol);
  complete_short_symbols();
}

void SymbolTable::complete_short_symbols() {
  for (size_t pair = 0; pair < short_symbols_.size(); ++pair) {
    if (length_of(short_symbols_[pair]) < 2) short_symbols_[pair] = bytes_[pair % bytes_.size()];
  }
}

bool SymbolTable::add(const Symbol& symbol) {
  FRESHET_DCHECK(symbol.length > 0 && symbol.length <= kMaxSymbolBytes);
  if (symbols_.size() == kMaxSymbols) return false;
  const Entry entry = entry_of(static_cast<uint8_t>(symbols_.size()), symbol.length);
  if (symbol.length == 1) {
    bytes_[symbol.bytes] = entry;
  } else if (symbol.length == 2) {
    short_symbols_[symbol.bytes] = entry;
  } else {
    LongSymbol& slot = long_symbols_[slot_of(symbol.bytes & kFrontMask)];
    if (slot.mask != 0) return false;
    slot = {symbol.bytes, mask_of(symbol.length), entry};
  }
  symbols_.push_back(symbol);
  return true;
}

uint64_t SymbolTable::load_word(const char* text, size_t left) {
  uint64_t word = 0;
  std::memcpy(&word, text, std::min<size_t>(left, sizeof(word)));
  return word;
}

SymbolTable SymbolTable::learn(std::span<const std::string_view> sample, double scale) {
  SymbolTable table;
  UnitCounts counts;
  for (int round = 0; round < kRounds; ++round) {
    counts.clear();
    counts.count(table, sample);
    std::vector<Candidate> candidates = counts.candidates(table);
    merge_equal(candidates);
    // A symbol of n bytes saves n - 1 of the n that it covers; in the page it has to earn its place.
    std::erase_if(candidates, [&](const Candidate& candidate) {
      const double length = std::max<double>(candidate.symbol.length, 2);
      return static_cast<double>(candidate.gain) * scale * (length - 1) / length < kSymbolCost;
    });
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return a.gain != b.gain ? a.gain > b.gain : a.symbol.bytes < b.symbol.bytes;
    });
    table = SymbolTable();
    for (const Candidate& candidate : candidates) table.add(candidate.symbol);
  }
  table.complete_short_symbols();
  return table;
}

void SymbolTable::encode(std::string_view value, std::string& out) const {
  const size_t start = out.size();
  out.resize(start + value.size() * 2);
  char* codes = out.data() + start;
  const char* at = value.data();
  const char* const end = at + value.size();
  // Each turn waits for the length that the one before has found: no more than one look at each table, and no branch. The
  // byte behind a code is that of an escape, or is written over.
  while (end - at >= static_cast<ptrdiff_t>(kMaxSymbolBytes)) {
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    const LongSymbol& candidate = long_symbols_[slot_of(word & kFrontMask)];
    const Entry shorter = short_symbols_[word & 0xFFFF];
    const Entry entry = (word & candidate.mask) == candidate.bytes ? candidate.entry : shorter;
    codes[0] = static_cast<char>(code_of(entry));
    codes[1] = *at;
    codes += entry == kEscapeEntry ? 2 : 1;
    at += length_of(entry);
  }
  for (auto left = static_cast<size_t>(end - at); left > 0;) {
    const uint64_t word = load_word(at, left);
    const uint16_t number = match(word, left);
    size_t length = 1;
    if (number == kNone) {
      *codes++ = static_cast<char>(kFsstEscape);
      *codes++ = *at;
    } else {
      *codes++ = static_cast<char>(number);
      length = symbols_[number].length;
    }
    at += length;
    left -= length;
  }
  out.resize(static_cast<size_t>(codes - out.data()));
}

size_t SymbolTable::encoded_bytes(std::span<const std::string_view> values) const {
  size_t bytes = 0;
  for (const std::string_view value : values) {
    for (size_t at = 0; at < value.size();) {
      const uint16_t number = match(load_word(value.data() + at, value.size() - at), value.size() - at);
      bytes += number == kNone ? 2 : 1;
      at += number == kNone ? 1 : symbols_[number].length;
    }
  }
  return bytes;
}

}  // namespace freshet::storage
