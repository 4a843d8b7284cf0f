#include "storage/types/bitmap_value.h"

#include <bit>
#include <charconv>
#include <map>
#include <roaring/roaring.hh>

#include "storage/base/coding.h"

namespace freshet {
namespace {

// Roaring's portable format of 32-bit sets: a cookie, with run containers a bit for each container that is one, a key and a
// count for each container, their offsets (not with few containers and runs), the containers.
constexpr uint32_t kCookieWithoutRuns = 12346;
constexpr uint32_t kCookieWithRuns = 12347;
constexpr uint32_t kContainersWithoutOffsets = 4;
constexpr uint32_t kMostContainers = 1u << 16;
constexpr uint32_t kMostArrayValues = 4096;
constexpr uint32_t kBitsetWords = 1024;

uint16_t u16_at(std::string_view bytes, size_t index) { return load_fixed<uint16_t>(bytes.data() + index * 2); }

bool check_array(ByteReader& in, uint32_t count) {
  const std::string_view values = in.bytes(count * size_t{2});
  if (!in.ok()) return false;
  for (uint32_t i = 1; i < count; ++i) {
    if (u16_at(values, i) <= u16_at(values, i - 1)) return false;
  }
  return true;
}

bool check_bitset(ByteReader& in, uint32_t count) {
  const std::string_view words = in.bytes(kBitsetWords * sizeof(uint64_t));
  if (!in.ok()) return false;
  uint32_t found = 0;
  for (uint32_t i = 0; i < kBitsetWords; ++i) {
    found += static_cast<uint32_t>(std::popcount(load_fixed<uint64_t>(words.data() + i * sizeof(uint64_t))));
  }
  return found == count;
}

bool check_runs(ByteReader& in, uint32_t count) {
  const uint16_t runs = in.fixed<uint16_t>();
  const std::string_view bounds = in.bytes(runs * size_t{4});
  if (!in.ok()) return false;
  uint32_t found = 0, next = 0;  // the first number that a run may begin with
  for (uint32_t run = 0; run < runs; ++run) {
    const uint32_t first = u16_at(bounds, run * size_t{2}), last = first + u16_at(bounds, run * size_t{2} + 1);
    if (first < next || last >= kMostContainers) return false;
    found += last - first + 1;
    next = last + 1;
  }
  return found == count;
}

/// Passes over one 32-bit set; false when the library could stumble over it.
bool check_set(ByteReader& in) {
  const uint32_t cookie = in.fixed<uint32_t>();
  const bool has_runs = (cookie & 0xFFFF) == kCookieWithRuns;
  if (!has_runs && cookie != kCookieWithoutRuns) return false;
  const uint32_t containers = has_runs ? (cookie >> 16) + 1 : in.fixed<uint32_t>();
  if (!in.ok() || containers > kMostContainers) return false;
  const std::string_view run_flags = has_runs ? in.bytes((containers + 7) / 8) : std::string_view();
  const std::string_view headers = in.bytes(containers * size_t{4});
  if (!has_runs || containers >= kContainersWithoutOffsets) in.bytes(containers * size_t{4});
  if (!in.ok()) return false;
  for (uint32_t i = 0; i < containers; ++i) {
    if (i > 0 && u16_at(headers, i * size_t{2}) <= u16_at(headers, i * size_t{2} - 2)) return false;
    const uint32_t count = u16_at(headers, i * size_t{2} + 1) + 1u;
    const bool is_run = has_runs && (static_cast<uint8_t>(run_flags[i / 8]) >> (i % 8) & 1) != 0;
    const bool is_right = is_run                      ? check_runs(in, count)
                          : count <= kMostArrayValues ? check_array(in, count)
                                                      : check_bitset(in, count);
    if (!is_right) return false;
  }
  return true;
}

uint32_t upper(uint64_t number) { return static_cast<uint32_t>(number >> 32); }
uint32_t lower(uint64_t number) { return static_cast<uint32_t>(number); }
uint64_t join(uint32_t high, uint32_t low) { return uint64_t{high} << 32 | low; }

/// The 32-bit sets by upper half, every one of them checked; nothing when `bytes` are no set.
std::optional<std::map<uint32_t, std::string_view>> find_sets(std::string_view bytes) {
  ByteReader in(bytes);
  const uint64_t count = in.fixed<uint64_t>();
  std::map<uint32_t, std::string_view> found;
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    const uint32_t high = in.fixed<uint32_t>();
    const size_t begin = bytes.size() - in.remaining();
    if (!in.ok() || !check_set(in) || (!found.empty() && found.rbegin()->first >= high)) return std::nullopt;
    found[high] = bytes.substr(begin, bytes.size() - in.remaining() - begin);
  }
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return found;
}

Status not_a_bitmap(std::string_view bytes) {
  return Status::InvalidArgument("{} bytes are no BITMAP: make one by to_bitmap(), bitmap_hash() or bitmap_from_string()",
                                 bytes.size());
}

/// The bytes of a set of one number are always the same but for the number.
constexpr size_t kSingleBytes = 8 + 4 + 4 + 4 + 4 + 4 + 2;
constexpr uint32_t kSingleOffset = 16;

std::optional<uint64_t> single_of(std::string_view bytes) {
  if (bytes.size() != kSingleBytes) return std::nullopt;
  const char* at = bytes.data();
  const bool is_single = load_fixed<uint64_t>(at) == 1 && load_fixed<uint32_t>(at + 12) == kCookieWithoutRuns &&
                         load_fixed<uint32_t>(at + 16) == 1 && load_fixed<uint16_t>(at + 22) == 0;
  if (!is_single) return std::nullopt;
  return join(load_fixed<uint32_t>(at + 8), uint32_t{load_fixed<uint16_t>(at + 20)} << 16 | load_fixed<uint16_t>(at + 28));
}

}  // namespace

/// By upper half; none of them is empty.
struct BitmapValue::Parts {
  std::map<uint32_t, Roaring> sets;

  void drop_empty() {
    std::erase_if(sets, [](const auto& part) { return part.second.isEmpty(); });
  }
};

BitmapValue::BitmapValue() : parts_(std::make_unique<Parts>()) {}
BitmapValue::~BitmapValue() = default;
BitmapValue::BitmapValue(BitmapValue&&) noexcept = default;
BitmapValue& BitmapValue::operator=(BitmapValue&&) noexcept = default;

Status BitmapValue::unite(std::string_view bytes) {
  if (bytes.empty()) return Status::OK();
  if (const std::optional<uint64_t> single = single_of(bytes)) {
    add(*single);
    return Status::OK();
  }
  const auto found = find_sets(bytes);
  if (!found) return not_a_bitmap(bytes);
  for (const auto& [high, set] : *found) {
    Roaring read = Roaring::readSafe(set.data(), set.size());
    if (!read.isEmpty()) parts_->sets[high] |= read;
  }
  return Status::OK();
}

void BitmapValue::add(uint64_t number) { parts_->sets[upper(number)].add(lower(number)); }

bool BitmapValue::unite_text(std::string_view text) {
  const auto skip_blanks = [&] {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  };
  BitmapValue read;
  skip_blanks();
  while (!text.empty()) {
    uint64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc()) return false;
    read.add(number);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    skip_blanks();
    if (text.empty()) break;
    if (text.front() != ',') return false;
    text.remove_prefix(1);
    skip_blanks();
    if (text.empty()) return false;
  }
  unite(read);
  return true;
}

void BitmapValue::unite(const BitmapValue& other) {
  for (const auto& [high, set] : other.parts_->sets) parts_->sets[high] |= set;
}

void BitmapValue::intersect(const BitmapValue& other) {
  for (auto& [high, set] : parts_->sets) {
    const auto same = other.parts_->sets.find(high);
    if (same == other.parts_->sets.end()) {
      set = Roaring();
    } else {
      set &= same->second;
    }
  }
  parts_->drop_empty();
}

void BitmapValue::subtract(const BitmapValue& other) {
  for (auto& [high, set] : parts_->sets) {
    const auto same = other.parts_->sets.find(high);
    if (same != other.parts_->sets.end()) set -= same->second;
  }
  parts_->drop_empty();
}

void BitmapValue::keep_difference(const BitmapValue& other) {
  for (const auto& [high, set] : other.parts_->sets) parts_->sets[high] ^= set;
  parts_->drop_empty();
}

uint64_t BitmapValue::count() const {
  uint64_t count = 0;
  for (const auto& [high, set] : parts_->sets) count += set.cardinality();
  return count;
}

bool BitmapValue::contains(uint64_t number) const {
  const auto set = parts_->sets.find(upper(number));
  return set != parts_->sets.end() && set->second.contains(lower(number));
}

std::optional<uint64_t> BitmapValue::smallest() const {
  if (parts_->sets.empty()) return std::nullopt;
  return join(parts_->sets.begin()->first, parts_->sets.begin()->second.minimum());
}

std::optional<uint64_t> BitmapValue::largest() const {
  if (parts_->sets.empty()) return std::nullopt;
  return join(parts_->sets.rbegin()->first, parts_->sets.rbegin()->second.maximum());
}

std::optional<std::string> BitmapValue::to_text(size_t most_bytes) const {
  struct Writer {
    std::string text;
    uint32_t high;
    size_t most_bytes;
  } writer{{}, 0, most_bytes};
  for (const auto& [high, set] : parts_->sets) {
    writer.high = high;
    set.iterate(
        [](uint32_t low, void* target) {
          auto& out = *static_cast<Writer*>(target);
          if (!out.text.empty()) out.text += ',';
          out.text += std::to_string(join(out.high, low));
          return out.text.size() <= out.most_bytes;
        },
        &writer);
    if (writer.text.size() > most_bytes) return std::nullopt;
  }
  return std::move(writer.text);
}

std::string BitmapValue::serialize() const {
  std::string bytes;
  put_fixed<uint64_t>(bytes, parts_->sets.size());
  for (auto& [high, set] : parts_->sets) {
    set.runOptimize();
    put_fixed<uint32_t>(bytes, high);
    const size_t begin = bytes.size();
    bytes.resize(begin + set.getSizeInBytes());
    set.write(bytes.data() + begin);
  }
  return bytes;
}

bool is_bitmap_value(std::string_view bytes) {
  return bytes.empty() || single_of(bytes).has_value() || find_sets(bytes).has_value();
}

std::string serialize_single(uint64_t number) {
  std::string bytes;
  bytes.reserve(kSingleBytes);
  put_fixed<uint64_t>(bytes, 1);
  put_fixed<uint32_t>(bytes, upper(number));
  put_fixed<uint32_t>(bytes, kCookieWithoutRuns);
  put_fixed<uint32_t>(bytes, 1);
  put_fixed<uint16_t>(bytes, static_cast<uint16_t>(lower(number) >> 16));
  put_fixed<uint16_t>(bytes, 0);
  put_fixed<uint32_t>(bytes, kSingleOffset);
  put_fixed<uint16_t>(bytes, static_cast<uint16_t>(number));
  return bytes;
}

}  // namespace freshet
