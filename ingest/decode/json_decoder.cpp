#include "ingest/decode/json_decoder.h"

#include <algorithm>

#include "ingest/decode/byte_order_mark.h"
#include "ingest/decode/debezium_reader.h"
#include "ingest/decode/json_fields.h"

namespace freshet::ingest {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kShownBytes = 60;
constexpr size_t kMostRowsOfAnEvent = 2;  ///< one that changes a key

/// While it lives, the byte behind `text` in `buffer` is a zero. In a broken document the parser may look at that byte, and
/// what it says of it must not depend on how the body was cut.
class Terminated {
 public:
  Terminated(std::string& buffer, std::string_view text)
      : place_(buffer.data() + (text.data() + text.size() - buffer.data())), byte_(*place_) {
    *place_ = '\0';
  }
  Terminated(const Terminated&) = delete;
  Terminated& operator=(const Terminated&) = delete;
  ~Terminated() { *place_ = byte_; }

 private:
  char* place_;
  char byte_;
};

}  // namespace

/// Turns documents into rows of cells with simdjson's on-demand parser, whose values are read once and in order.
struct JsonDecoder::Parser {
  ondemand::parser parser;
  JsonFields fields;

  explicit Parser(const BlockAssembler& assembler) : fields(assembler.mapping(), assembler.schema()) {}

  void fill_by_name(ondemand::object object, Cell* row, TextArena& texts) {
    size_t position = 0;
    for (auto result : object) {
      check_json(result.error());
      ondemand::field& field = result.value_unsafe();
      const size_t source = fields.source_of(field, position++);
      if (source != JsonFields::kNoSource) fields.fill(field.value(), source, row[source], texts);
    }
  }

  /// The value at `path` below `value`; false when there is none.
  static bool follow(ondemand::value& value, const JsonPath& path) {
    for (const JsonPath::Step& step : path.steps) {
      simdjson::simdjson_result<ondemand::value> next = step.is_index
                                                            ? take_json(value.get_array()).at(step.index)
                                                            : take_json(value.get_object()).find_field_unordered(step.key);
      if (next.error() == simdjson::NO_SUCH_FIELD || next.error() == simdjson::INDEX_OUT_OF_BOUNDS) return false;
      value = take_json(std::move(next));
    }
    return true;
  }

  void fill_by_paths(std::string_view element, const std::vector<JsonPath>& paths, Cell* row, TextArena& texts) {
    // Each path begins at the front again: values are read once.
    ondemand::parser& path_parser = parser;
    const simdjson::padded_string copy(element);
    for (size_t i = 0; i < paths.size() && i < fields.size(); ++i) {
      ondemand::document document = take_json(path_parser.iterate(copy));
      ondemand::value value = take_json(document.get_value());
      if (!follow(value, paths[i])) continue;
      fields.fill(value, i, row[i], texts);
      if (row[i].kind == Cell::Kind::kText && row[i].data >= copy.data() && row[i].data < copy.data() + copy.size()) {
        JsonFields::set_text(row[i].text(), row[i], texts);
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
      mode_(mode_of(request, root)),
      strip_outer_array_(request.strip_outer_array),
      root_(std::move(root)),
      paths_(std::move(paths)),
      parser_(std::make_unique<Parser>(assembler_)),
      splitter_(mode_ == Mode::kDocuments ? JsonSplitter::Form::kDocuments : JsonSplitter::Form::kArray) {
  if (request.format != LoadFormat::kDebeziumJson) return;
  events_ = std::make_unique<DebeziumReader>(assembler_.mapping(), assembler_.schema(), request.flexible_columns);
  event_row_.resize(batch_.width());
}

JsonDecoder::~JsonDecoder() = default;

JsonDecoder::Mode JsonDecoder::mode_of(const LoadRequest& request, const JsonPath& root) {
  if (request.read_json_by_line) return Mode::kLines;
  if (!request.strip_outer_array) return Mode::kDocuments;
  return root.steps.empty() ? Mode::kArray : Mode::kWhole;
}

Status JsonDecoder::convert_batch() {
  if (!batch_.has_work()) return Status::OK();
  FRESHET_RETURN_IF_ERROR(assembler_.add(batch_, true));
  texts_.clear();
  return Status::OK();
}

void JsonDecoder::add_event(std::string_view text) {
  const DebeziumEvent event = events_->read(text);
  switch (event.kind) {
    case DebeziumEvent::Kind::kNothing:
      if (assembler_.target().unselected_rows != nullptr) ++*assembler_.target().unselected_rows;
      return;
    case DebeziumEvent::Kind::kTruncate:
      if (!assembler_.target().on_truncate)
        throw JsonFault{"the event truncates the table: only a routine load can do that"};
      return assembler_.target().on_truncate();
    case DebeziumEvent::Kind::kRow: break;
  }
  Cell* row = batch_.next_row();
  const bool has_before = !event.before.empty();
  if (has_before) events_->fill(event.before, true, row, texts_);
  if (!event.is_delete) {
    Cell* after = event_row_.data();
    events_->fill(event.after, false, after, texts_);
    events_->complete(event, after, has_before ? row : nullptr);
    if (has_before && !events_->same_key(row, after)) {
      batch_.add_row(text);
      row = batch_.next_row();
    }
    std::copy(event_row_.begin(), event_row_.end(), row);
  }
  batch_.add_row(text);
}

/// REQUIRES: `text` is in buffer_.
Status JsonDecoder::add_document(std::string_view text) {
  const Terminated terminated(buffer_, text);
  const auto fill_row = [&](ondemand::value value) {
    const ondemand::json_type type = take_json(value.type());
    if (type == ondemand::json_type::array && !strip_outer_array_) {
      throw JsonFault{"a row must be a JSON object; this is an array, for which `strip_outer_array` must be TRUE"};
    }
    if (type != ondemand::json_type::object) throw JsonFault{"a row must be a JSON object"};
    if (batch_.is_full()) {
      sink_status_ = convert_batch();
      if (!sink_status_.ok()) throw JsonFault{sink_status_.message()};
    }
    Cell* row = batch_.next_row();
    std::fill_n(row, batch_.width(), Cell());
    parser_->fill_by_name(take_json(value.get_object()), row, texts_);
  };
  const auto add_by_paths = [&](std::string_view element) {
    Cell* row = batch_.next_row();
    std::fill_n(row, batch_.width(), Cell());
    parser_->fill_by_paths(element, paths_, row, texts_);
    batch_.add_row(text);
  };
  try {
    if (batch_.is_full() || batch_.room() < kMostRowsOfAnEvent) FRESHET_RETURN_IF_ERROR(convert_batch());
    if (events_ != nullptr) return add_event(text), Status::OK();
    const simdjson::padded_string_view padded(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING);
    ondemand::document document = take_json(parser_->parser.iterate(padded));
    ondemand::value value = take_json(document.get_value());
    if (!Parser::follow(value, root_)) throw JsonFault{"there is nothing at json_root"};
    const bool is_array = strip_outer_array_ && take_json(value.type()) == ondemand::json_type::array;
    if (!paths_.empty()) {
      std::vector<std::string> elements;
      if (is_array) {
        for (auto element : take_json(value.get_array()))
          elements.emplace_back(trim(take_json(take_json(take_json(std::move(element)).get_object()).raw_json())));
      } else {
        elements.emplace_back(trim(take_json(take_json(value.get_object()).raw_json())));
      }
      for (const std::string& element : elements) {
        if (batch_.is_full()) FRESHET_RETURN_IF_ERROR(convert_batch());
        add_by_paths(element);
      }
    } else if (is_array) {
      for (auto element : take_json(value.get_array())) {
        fill_row(take_json(std::move(element)));
        batch_.add_row(text);
      }
    } else {
      fill_row(value);
      const bool is_at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
      if (root_.steps.empty() && !is_at_end) throw JsonFault{"there is more text after the JSON value"};
      batch_.add_row(text);
    }
  } catch (const JsonFault& fault) {
    if (!sink_status_.ok()) return sink_status_;
    return Status::InvalidArgument("{}: {}", events_ != nullptr ? "Debezium event" : "broken JSON", fault.text);
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
  if (!is_started_) {
    const std::optional<size_t> mark = byte_order_mark(buffer_);
    if (!mark) return Status::OK();
    buffer_.erase(0, *mark);
    decoded_ = *mark;
    is_started_ = true;
  }
  switch (mode_) {
    case Mode::kLines: return feed_lines();
    case Mode::kDocuments: return feed_documents();
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
    const std::string_view line = trim(std::string_view(buffer_).substr(begin, end - begin));
    if (!line.empty()) FRESHET_RETURN_IF_ERROR(add_or_reject(line));
    begin = end + 1;
  }
  FRESHET_RETURN_IF_ERROR(convert_batch());
  buffer_.erase(0, begin);
  decoded_ += begin;
  return Status::OK();
}

void JsonDecoder::drop_split() {
  decoded_ += splitter_.consumed();
  buffer_.erase(0, splitter_.consumed());
  splitter_.dropped();
}

Status JsonDecoder::feed_documents() {
  const auto too_long_at = [&](size_t place) {
    return Status::InvalidArgument("an object is longer than {} bytes, at byte {} of the body", assembler_.max_row_bytes(),
                                   decoded_ + place);
  };
  while (const auto object = splitter_.next(buffer_)) {
    if (splitter_.consumed() - object->begin > assembler_.max_row_bytes()) return too_long_at(object->begin);
    FRESHET_RETURN_IF_ERROR(add_or_reject(std::string_view(buffer_).substr(object->begin, object->end - object->begin)));
  }
  FRESHET_RETURN_IF_ERROR(convert_batch());
  drop_split();
  return buffer_.size() <= assembler_.max_row_bytes() ? Status::OK() : too_long_at(0);
}

Status JsonDecoder::feed_array() {
  const auto fault_at = [&](size_t place, std::string_view what) {
    return Status::InvalidArgument("{}, at byte {} of the body: '{}'", what, decoded_ + place,
                                   std::string_view(buffer_).substr(place, kShownBytes));
  };
  const auto too_long_at = [&](size_t place) {
    return fault_at(place, fmt::format("an element is longer than {} bytes", assembler_.max_row_bytes()));
  };
  while (const auto element = splitter_.next(buffer_)) {
    if (splitter_.consumed() - element->begin > assembler_.max_row_bytes()) return too_long_at(element->begin);
    const std::string_view text = std::string_view(buffer_).substr(element->begin, element->end - element->begin);
    const Status status = add_document(text);
    if (!status.ok()) return fault_at(element->begin, status.message());
    if (batch_.is_full()) FRESHET_RETURN_IF_ERROR(convert_batch());
  }
  FRESHET_RETURN_IF_ERROR(convert_batch());
  if (!splitter_.fault().empty()) return fault_at(splitter_.consumed(), splitter_.fault());
  drop_split();
  return buffer_.size() <= assembler_.max_row_bytes() ? Status::OK() : too_long_at(0);
}

Status JsonDecoder::feed_record(std::string_view record) {
  buffer_.assign(record.substr(byte_order_mark(record).value_or(0)));
  buffer_.reserve(buffer_.size() + simdjson::SIMDJSON_PADDING);
  const std::string_view text = trim(buffer_);
  if (!text.empty()) FRESHET_RETURN_IF_ERROR(add_or_reject(text));
  FRESHET_RETURN_IF_ERROR(convert_batch());
  buffer_.clear();
  return Status::OK();
}

Status JsonDecoder::finish() {
  const std::string_view rest = trim(buffer_);
  if (mode_ == Mode::kArray) {
    const bool is_empty_body = !splitter_.is_started() && rest.empty();
    if (!splitter_.is_ended() && !is_empty_body) {
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
