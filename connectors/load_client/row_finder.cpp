#include "connectors/load_client/row_finder.h"

#include "ingest/decode/csv_splitter.h"
#include "ingest/decode/json_splitter.h"
#include "ingest/trim.h"

namespace freshet::connectors::load_client {

namespace {

using ingest::JsonSplitter;
using ingest::LoadFormat;
using ingest::LoadRequest;

bool is_csv(const LoadRequest& request) {
  return request.format == LoadFormat::kCsv || request.format == LoadFormat::kCsvWithNames ||
         request.format == LoadFormat::kCsvWithNamesAndTypes;
}

/// Lines of JSON may hold arrays.
bool is_json_lines(const LoadRequest& request) { return request.format == LoadFormat::kJson && request.read_json_by_line; }

/// Objects over as many lines as they like, one after another.
bool is_json_documents(const LoadRequest& request) {
  return request.format == LoadFormat::kJson && !request.read_json_by_line && !request.strip_outer_array;
}

bool is_json_array(const LoadRequest& request) {
  const bool is_array = request.strip_outer_array && !request.read_json_by_line;
  return request.format == LoadFormat::kJson && is_array && request.json_root.empty();
}

class CsvRowFinder final : public RowFinder {
 public:
  explicit CsvRowFinder(ingest::CsvDialect dialect) : splitter_(std::move(dialect), 1) {}

  std::optional<Row> next(std::string_view text) override {
    const size_t length = splitter_.row_length(text);
    if (length == 0) return std::nullopt;
    return Row{0, length};
  }
  Result<bool> end(std::string_view rest) const override { return !rest.empty(); }

 private:
  ingest::CsvSplitter splitter_;
};

/// Elements of an array, or objects that follow each other.
class JsonElementFinder final : public RowFinder {
 public:
  explicit JsonElementFinder(JsonSplitter::Form form) : form_(form), splitter_(form) {}

  std::optional<Row> next(std::string_view text) override {
    if (has_found_) splitter_.dropped();
    const auto element = splitter_.next(text);
    has_found_ = element.has_value();
    if (!has_found_) return std::nullopt;
    return Row{element->begin, splitter_.consumed()};
  }
  Result<bool> end(std::string_view rest) const override {
    if (form_ == JsonSplitter::Form::kDocuments) return !ingest::trim(rest).empty();
    if (!splitter_.fault().empty()) {
      return Status::InvalidArgument("{}: '{}'", splitter_.fault(), rest.substr(splitter_.consumed(), kShownBytes));
    }
    if (splitter_.is_ended() || !splitter_.is_started()) return false;
    return Status::InvalidArgument("its array is not closed before its end");
  }

 private:
  static constexpr size_t kShownBytes = 60;
  const JsonSplitter::Form form_;
  JsonSplitter splitter_;
  bool has_found_ = false;  ///< an element, and the next text begins behind it
};

}  // namespace

Cutting cutting_of(const LoadRequest& request) {
  if (request.compression != ingest::Compression::kNone) return Cutting::kWhole;
  if (is_json_lines(request)) return Cutting::kAnywhere;
  if (is_json_array(request) || is_json_documents(request)) return Cutting::kFromFront;
  if (!is_csv(request)) return Cutting::kWhole;
  return request.enclose == 0 && request.line_delimiter.size() == 1 ? Cutting::kAnywhere : Cutting::kFromFront;
}

std::unique_ptr<RowFinder> make_row_finder(const LoadRequest& request) {
  if (is_json_array(request)) return std::make_unique<JsonElementFinder>(JsonSplitter::Form::kArray);
  if (is_json_documents(request)) return std::make_unique<JsonElementFinder>(JsonSplitter::Form::kDocuments);
  if (is_csv(request)) return std::make_unique<CsvRowFinder>(ingest::CsvDialect::of(request));
  return std::make_unique<CsvRowFinder>(ingest::CsvDialect());
}

uint64_t header_rows(const LoadRequest& request) {
  if (request.format == LoadFormat::kCsvWithNames) return 1;
  if (request.format == LoadFormat::kCsvWithNamesAndTypes) return 2;
  return is_csv(request) ? request.skip_lines : 0;
}

Frame frame_of(const LoadRequest& request) {
  if (cutting_of(request) == Cutting::kWhole || !is_json_array(request)) return {};
  return {"[", "]"};
}

}  // namespace freshet::connectors::load_client
