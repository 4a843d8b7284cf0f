#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "storage/base/assert.h"

namespace freshet::storage {

/// The smallest of the current keys of several sorted inputs. Equal keys come in the order of their inputs.
/// `Key` is uint64_t or std::string_view. When one input leads for long, a step costs two comparisons.
template <typename Key>
class MergeHeap {
 public:
  struct Entry {
    Key key;
    uint32_t input;
  };

  bool empty() const { return entries_.empty(); }
  const Entry& top() const { return entries_.front(); }
  void push(Key key, uint32_t input) {
    entries_.push_back({key, input});
    std::push_heap(entries_.begin(), entries_.end(), comes_after);
  }
  /// The input of top() went on to `key`.
  void replace_top(Key key) {
    entries_.front().key = key;
    sift_down();
  }
  /// The input of top() is at its end.
  void pop_top() {
    entries_.front() = entries_.back();
    entries_.pop_back();
    if (!entries_.empty()) sift_down();
  }

 private:
  static bool comes_after(const Entry& a, const Entry& b) {
    if (a.key != b.key) return b.key < a.key;
    return b.input < a.input;
  }
  void sift_down() {
    const Entry moved = entries_.front();
    size_t at = 0;
    for (size_t child = 1; child < entries_.size(); child = at * 2 + 1) {
      if (child + 1 < entries_.size() && comes_after(entries_[child], entries_[child + 1])) ++child;
      if (!comes_after(moved, entries_[child])) break;
      entries_[at] = entries_[child];
      at = child;
    }
    entries_[at] = moved;
  }

  std::vector<Entry> entries_;
};

}  // namespace freshet::storage
