#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace freshet::storage {

/// One block of prefix-compressed keys, read in place (FORMAT.md, "Key blocks of byte keys"): offsets of the restart points
/// (4 bytes each, from the first entry on), then entries: shared bytes (varint), own bytes (varint), own bytes.
class PrefixBlock {
 public:
  /// REQUIRES: is_valid(bytes, key_count).
  PrefixBlock(std::string_view bytes, uint32_t key_count);
  static bool is_valid(std::string_view bytes, uint32_t key_count);

  uint32_t key_count() const { return key_count_; }
  /// Position of the first key not below `key`, and whether it is `key`. Searches in place.
  struct Position {
    uint32_t index;
    bool is_equal;
  };
  Position lower_bound(std::string_view key) const;

  /// Walks the keys in order.
  class Cursor {
   public:
    explicit Cursor(const PrefixBlock& block);
    bool at_end() const { return index_ == key_count_; }
    uint32_t index() const { return index_; }
    /// REQUIRES: !at_end(). Valid until the next call.
    std::string_view key() const { return key_; }
    void next();

   private:
    void read_entry();

    const char* next_entry_;
    uint32_t index_ = 0;
    uint32_t key_count_;
    std::string key_;
  };

 private:
  std::string_view restart_key(uint32_t restart) const;

  const char* restarts_;
  const char* entries_;
  uint32_t key_count_;
  uint32_t restart_count_;
};

/// Appends one entry of a block.
void put_prefix_entry(std::string& out, size_t shared, std::string_view own);
/// Bytes that two keys have in common at their front.
size_t common_prefix(std::string_view a, std::string_view b);

}  // namespace freshet::storage
