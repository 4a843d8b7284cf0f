#include "ingest/decode/json_decoder.h"

#include <simdjson.h>

#include <cstring>
#include <limits>

namespace freshet::ingest {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kNoSource = std::numeric_limits<size_t>::max();
constexpr size_t kShownBytes = 60;

/// A fault of one document, for the reason of its rejection.
struct Fault {
  std::string text;
};

void check(simdjson::error_code error) {
  if (error != simdjson::SUCCESS) throw Fault{simdjson::error_message(error)};
}

template <typename T>
T take(simdjson::simdjson_result<T> result) {
  T value;
  check(std::move(result).get(value));
  return value;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

/// Turns documents into rows of cells with simdjson's on-demand parser, whose values are read once and in order.
struct JsonDecoder::Parser {
  ondemand::parser parser;
  std::vector<std::string> names;       ///< of the sources
  std::vector<bool> is_text;            ///< sources that fill a text column
  std::vector<size_t> expected_source;  ///< by position of a field in the last row

  explicit Parser(const BlockAssembler& assembler) {
    for (const SourceColumn& source : assembler.mapping().sources) {
      names.push_back(source.name);
      is_text.push_back(source.use == SourceColumn::Use::kColumn &&
                        assembler.schema().columns[source.column].type.is_bytes());
    }
  }

  size_t find_source(std::string_view key) const {
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == key) return i;
    }
    for (size_t i = 0; i < names.size(); ++i) {
      if (same_name(names[i], key)) return i;
    }
    return kNoSource;
  }

  /// The source of the field; most rows have their fields in the order of the row before.
  size_t source_of(ondemand::field& field, size_t position) {
    if (position < expected_source.size()) {
      const size_t expected = expected_source[position];
      if (expected != kNoSource && field.key().unsafe_is_equal(names[expected])) return expected;
    } else {
      expected_source.resize(position + 1, kNoSource);
    }
    return expected_source[position] = find_source(take(field.unescaped_key()));
  }

  void fill_cell(ondemand::value value, size_t source, Cell& cell, TextArena& texts) const {
    cell.kind = Cell::Kind::kText;
    std::string_view text;
    switch (take(value.type())) {
      case ondemand::json_type::string: {
        const std::string_view content = take(value.get_string());
        char* copy = texts.allocate(content.size());
        std::memcpy(copy, content.data(), content.size());
        text = {copy, content.size()};
        break;
      }
      case ondemand::json_type::number: {
        text = trimmed(value.raw_json_token());
        // Checks the number's form; numbers beyond 64 bits are right as well.
        const auto error = value.get_double().error();
        if (error != simdjson::SUCCESS && error != simdjson::NUMBER_ERROR) check(error);
        break;
      }
      case ondemand::json_type::boolean: {
        const bool is_true = take(value.get_bool());
        text = is_text[source] ? (is_true ? "true" : "false") : (is_true ? "1" : "0");
        break;
      }
      case ondemand::json_type::null:
        if (!value.is_null()) throw Fault{"a value is neither null nor anything else"};
        cell.kind = Cell::Kind::kNull;
        break;
      case ondemand::json_type::object: text = trimmed(take(take(value.get_object()).raw_json())); break;
      case ondemand::json_type::array: text = trimmed(take(take(value.get_array()).raw_json())); break;
    }
    cell.data = text.data();
    cell.size = static_cast<uint32_t>(text.size());
  }

  void fill_by_name(ondemand::object object, Cell* row, TextArena& texts) {
    size_t position = 0;
    for (auto result : object) {
      ondemand::field field = take(std::move(result));
      const size_t source = source_of(field, position++);
      if (source != kNoSource) fill_cell(field.value(), source, row[source], texts);
    }
  }

  /// The value at `path` below `value`; false when there is none.
  static bool follow(ondemand::value& value, const JsonPath& path) {
    for (const JsonPath::Step& step : path.steps) {
      simdjson::simdjson_result<ondemand::value> next =
          step.is_index ? take(value.get_array()).at(step.index) : take(value.get_object()).find_field_unordered(step.key);
      if (next.error() == simdjson::NO_SUCH_FIELD || next.error() == simdjson::INDEX_OUT_OF_BOUNDS) return false;
      value = take(std::move(next));
    }
    return true;
  }

  void fill_by_paths(std::string_view element, const std::vector<JsonPath>& paths, Cell* row, TextArena& texts) {
    // Each path begins at the front again: values are read once.
    ondemand::parser& path_parser = parser;
    const simdjson::padded_string copy(element);
    for (size_t i = 0; i < paths.size() && i < names.size(); ++i) {
      ondemand::document document = take(path_parser.iterate(copy));
      ondemand::value value = take(document.get_value());
      if (!follow(value, paths[i])) continue;
      fill_cell(value, i, row[i], texts);
      if (row[i].kind == Cell::Kind::kText && row[i].data >= copy.data() && row[i].data < copy.data() + copy.size()) {
        char* kept = texts.allocate(row[i].size);
        std::memcpy(kept, row[i].data, row[i].size);
        row[i].data = kept;
      }
    }
  }
};

Result<std::unique_ptr<JsonDecoder>> JsonDecoder::create(const LoadRequest& request, BlockAssembler assembler) {
  JsonPath root;
  if (!request.json_root.empty()) {
    FRESHET_ASSIGN_OR_RETURN(root, JsonPath::parse(request.json_root));
  }
  std::vector<JsonPath> paths;
  for (const std::string& text : request.jsonpaths) {
    FRESHET_ASSIGN_OR_RETURN(JsonPath path, JsonPath::parse(text));
    paths.push_back(std::move(path));
  }
  return std::unique_ptr<JsonDecoder>(new JsonDecoder(request, std::move(assembler), std::move(root), std::move(paths)));
}

JsonDecoder::JsonDecoder(const LoadRequest& request, BlockAssembler assembler, JsonPath root, std::vector<JsonPath> paths)
    : assembler_(std::move(assembler)),
      batch_(assembler_.mapping().sources.size()),
      mode_(!request.strip_outer_array || request.read_json_by_line ? Mode::kLines
            : root.steps.empty()                                    ? Mode::kArray
                                                                    : Mode::kWhole),
      strip_outer_array_(request.strip_outer_array),
      root_(std::move(root)),
      paths_(std::move(paths)),
      parser_(std::make_unique<Parser>(assembler_)) {}

JsonDecoder::~JsonDecoder() = default;

Status JsonDecoder::convert_batch() {
  if (!batch_.has_work()) return Status::OK();
  FRESHET_RETURN_IF_ERROR(assembler_.add(batch_, true));
  texts_.clear();
  return Status::OK();
}

Status JsonDecoder::add_document(std::string_view text) {
  const auto fill_row = [&](ondemand::value value) {
    if (take(value.type()) != ondemand::json_type::object) throw Fault{"a row must be a JSON object"};
    if (batch_.is_full()) {
      sink_status_ = convert_batch();
      if (!sink_status_.ok()) throw Fault{sink_status_.message()};
    }
    Cell* row = batch_.next_row();
    std::fill_n(row, batch_.width(), Cell());
    parser_->fill_by_name(take(value.get_object()), row, texts_);
  };
  const auto add_by_paths = [&](std::string_view element) {
    Cell* row = batch_.next_row();
    std::fill_n(row, batch_.width(), Cell());
    parser_->fill_by_paths(element, paths_, row, texts_);
    batch_.add_row(text);
  };
  try {
    if (batch_.is_full()) FRESHET_RETURN_IF_ERROR(convert_batch());
    const simdjson::padded_string_view padded(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING);
    ondemand::document document = take(parser_->parser.iterate(padded));
    ondemand::value value = take(document.get_value());
    if (!Parser::follow(value, root_)) throw Fault{"there is nothing at json_root"};
    const bool is_array = strip_outer_array_ && take(value.type()) == ondemand::json_type::array;
    if (!paths_.empty()) {
      std::vector<std::string> elements;
      if (is_array) {
        for (auto element : take(value.get_array()))
          elements.emplace_back(trimmed(take(take(take(std::move(element)).get_object()).raw_json())));
      } else {
        elements.emplace_back(trimmed(take(take(value.get_object()).raw_json())));
      }
      for (const std::string& element : elements) {
        if (batch_.is_full()) FRESHET_RETURN_IF_ERROR(convert_batch());
        add_by_paths(element);
      }
    } else if (is_array) {
      for (auto element : take(value.get_array())) {
        fill_row(take(std::move(element)));
        batch_.add_row(text);
      }
    } else {
      fill_row(value);
      const bool is_at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
      if (root_.steps.empty() && !is_at_end) throw Fault{"there is more text after the JSON value"};
      batch_.add_row(text);
    }
  } catch (const Fault& fault) {
    if (!sink_status_.ok()) return sink_status_;
    return Status::InvalidArgument("broken JSON: {}", fault.text);
  } catch (const simdjson::simdjson_error& error) {
    return Status::InvalidArgument("broken JSON: {}", error.what());
  }
  return Status::OK();
}

Status JsonDecoder::add_or_reject(std::string_view text) {
  if (text.size() > assembler_.max_row_bytes()) {
    batch_.reject_row(
        text, fmt::format("the row has {} bytes, but at most {} are taken", text.size(), assembler_.max_row_bytes()));
  } else {
    const Status status = add_document(text);
    FRESHET_RETURN_IF_ERROR(Status(sink_status_));
    if (!status.ok()) batch_.reject_row(text, status.message());
  }
  return batch_.is_full() ? convert_batch() : Status::OK();
}

Status JsonDecoder::feed(std::string_view bytes) {
  buffer_.append(bytes);
  buffer_.reserve(buffer_.size() + simdjson::SIMDJSON_PADDING);
  switch (mode_) {
    case Mode::kLines: return feed_lines();
    case Mode::kArray: return feed_array();
    case Mode::kWhole: break;
  }
  if (buffer_.size() <= kWholeBodyBytes) return Status::OK();
  return Status::InvalidArgument("a body with json_root and strip_outer_array may have {} bytes; send one object a line",
                                 kWholeBodyBytes);
}

Status JsonDecoder::feed_lines() {
  size_t begin = 0;
  while (true) {
    const size_t end = buffer_.find('\n', begin);
    if (std::min(end, buffer_.size()) - begin > assembler_.max_row_bytes()) {
      return Status::InvalidArgument("a line is longer than {} bytes; is it an array (strip_outer_array)?",
                                     assembler_.max_row_bytes());
    }
    if (end == std::string::npos) break;
    const std::string_view line = trimmed(std::string_view(buffer_).substr(begin, end - begin));
    if (!line.empty()) FRESHET_RETURN_IF_ERROR(add_or_reject(line));
    begin = end + 1;
  }
  FRESHET_RETURN_IF_ERROR(convert_batch());
  buffer_.erase(0, begin);
  decoded_ += begin;
  return Status::OK();
}

Status JsonDecoder::feed_array() {
  const auto fault_at = [&](size_t place, std::string_view what) {
    return Status::InvalidArgument("{}, at byte {} of the body: '{}'", what, decoded_ + place,
                                   std::string_view(buffer_).substr(place, kShownBytes));
  };
  const auto too_long_at = [&](size_t place) {
    return fault_at(place, fmt::format("an element is longer than {} bytes", assembler_.max_row_bytes()));
  };
  while (const auto element = array_.next(buffer_)) {
    if (array_.consumed() - element->begin > assembler_.max_row_bytes()) return too_long_at(element->begin);
    const std::string_view text = std::string_view(buffer_).substr(element->begin, element->end - element->begin);
    const Status status = add_document(text);
    if (!status.ok()) return fault_at(element->begin, status.message());
    if (batch_.is_full()) FRESHET_RETURN_IF_ERROR(convert_batch());
  }
  FRESHET_RETURN_IF_ERROR(convert_batch());
  if (!array_.fault().empty()) return fault_at(array_.consumed(), array_.fault());
  decoded_ += array_.consumed();
  buffer_.erase(0, array_.consumed());
  array_.dropped();
  return buffer_.size() <= assembler_.max_row_bytes() ? Status::OK() : too_long_at(0);
}

Status JsonDecoder::feed_record(std::string_view record) {
  buffer_.assign(record);
  buffer_.reserve(buffer_.size() + simdjson::SIMDJSON_PADDING);
  const std::string_view text = trimmed(buffer_);
  if (!text.empty()) FRESHET_RETURN_IF_ERROR(add_or_reject(text));
  FRESHET_RETURN_IF_ERROR(convert_batch());
  buffer_.clear();
  return Status::OK();
}

Status JsonDecoder::finish() {
  const std::string_view rest = trimmed(buffer_);
  if (mode_ == Mode::kArray) {
    const bool is_empty_body = !array_.is_started() && rest.empty();
    if (!array_.is_ended() && !is_empty_body) {
      return Status::InvalidArgument("the array of the body is not closed before its end, at byte {}",
                                     decoded_ + buffer_.size());
    }
  } else if (!rest.empty()) {
    FRESHET_RETURN_IF_ERROR(mode_ == Mode::kWhole ? add_document(rest) : add_or_reject(rest));
  }
  FRESHET_RETURN_IF_ERROR(convert_batch());
  return flush();
}

}  // namespace freshet::ingest
