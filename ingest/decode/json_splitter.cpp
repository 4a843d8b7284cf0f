#include "ingest/decode/json_splitter.h"

namespace freshet::ingest {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

/// Whether an element that is in no string and no bracket ends before `c`.
bool JsonSplitter::is_end_at(char c) const {
  if (form_ == Form::kArray) return c == ',' || c == ']';
  return c == '\n' || ((c == '{' || c == '[') && at_ != begin_);
}

/// Moves to the byte after the element; false when it is not there yet.
bool JsonSplitter::scan_element(std::string_view text) {
  for (; at_ < text.size(); ++at_) {
    const char c = text[at_];
    if (in_string_) {
      if (after_backslash_) {
        after_backslash_ = false;
      } else if (c == '\\') {
        after_backslash_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
    } else if (c == '"') {
      in_string_ = true;
    } else if (depth_ == 0 && is_end_at(c)) {
      return true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if ((c == '}' || c == ']') && depth_ != 0 && --depth_ == 0 && form_ == Form::kDocuments) {
      ++at_;
      return true;
    }
  }
  return false;
}

std::optional<JsonSplitter::Found> JsonSplitter::next(std::string_view text) {
  while (fault_.empty()) {
    if (state_ == State::kInElement) {
      if (!scan_element(text)) return std::nullopt;
      Found found{begin_, at_};
      while (found.end > found.begin && is_blank(text[found.end - 1])) --found.end;
      begin_ = at_;
      state_ = form_ == Form::kArray ? State::kAfterElement : State::kBeforeDocument;
      return found;
    }
    while (at_ < text.size() && is_blank(text[at_])) ++at_;
    begin_ = at_;
    if (at_ == text.size()) return std::nullopt;
    const char c = text[at_];
    switch (state_) {
      case State::kBeforeArray:
        if (c != '[') {
          fault_ = "the body is no JSON array, as strip_outer_array says";
        } else {
          state_ = State::kBeforeFirst;
          ++at_;
        }
        break;
      case State::kBeforeFirst:
      case State::kBeforeElement:
        if (c == ']' && state_ == State::kBeforeFirst) {
          state_ = State::kEnded;
          ++at_;
        } else if (c == ',' || c == ']') {
          fault_ = "an element of the array is missing";
        } else {
          state_ = State::kInElement;
          depth_ = 0;
        }
        break;
      case State::kBeforeDocument:
        state_ = State::kInElement;
        depth_ = 0;
        break;
      case State::kAfterElement:
        state_ = c == ',' ? State::kBeforeElement : State::kEnded;
        ++at_;
        break;
      case State::kEnded: fault_ = "there is more text after the end of the array"; break;
      case State::kInElement: break;
    }
    begin_ = at_;
  }
  return std::nullopt;
}

}  // namespace freshet::ingest
