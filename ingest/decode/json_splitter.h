#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace freshet::ingest {

/// Finds the elements of one top-level JSON array, or objects that follow each other, in text that comes in pieces. Knows
/// strings, escapes and nesting, nothing else: the elements are parsed by the caller. One thread.
class JsonSplitter {
 public:
  enum class Form {
    kArray,
    kDocuments  ///< each ends with the bracket that closes it; what has none ends with its line
  };
  explicit JsonSplitter(Form form)
      : form_(form), state_(form == Form::kArray ? State::kBeforeArray : State::kBeforeDocument) {}

  struct Found {
    size_t begin = 0;
    size_t end = 0;  ///< of the element, without blanks around it
  };
  /// The next element that is complete in `text`; nothing when more text is needed, at the end of an array, and on a fault.
  /// The caller drops text up to consumed() between calls, if it likes, and tells by dropped().
  std::optional<Found> next(std::string_view text);

  /// Text before this is done.
  size_t consumed() const { return begin_; }
  void dropped() {
    at_ -= begin_;
    begin_ = 0;
  }
  bool is_ended() const { return state_ == State::kEnded; }
  bool is_started() const { return state_ != State::kBeforeArray; }
  /// What is wrong at consumed(); empty when nothing is.
  std::string_view fault() const { return fault_; }

 private:
  enum class State { kBeforeArray, kBeforeFirst, kBeforeElement, kBeforeDocument, kInElement, kAfterElement, kEnded };

  bool scan_element(std::string_view text);
  bool is_end_at(char c) const;

  const Form form_;
  State state_;
  size_t begin_ = 0;  ///< of the element, or of what is not read yet
  size_t at_ = 0;     ///< next byte to look at
  size_t depth_ = 0;
  bool in_string_ = false;
  bool after_backslash_ = false;
  std::string_view fault_;
};

}  // namespace freshet::ingest
