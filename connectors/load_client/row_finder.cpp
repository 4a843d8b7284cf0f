#include "connectors/load_client/row_finder.h"

#include "ingest/decode/csv_splitter.h"
#include "ingest/decode/json_splitter.h"

namespace freshet::connectors::load_client {

namespace {

using ingest::LoadFormat;
using ingest::LoadRequest;

bool is_csv(const LoadRequest& request) {
  return request.format == LoadFormat::kCsv || request.format == LoadFormat::kCsvWithNames ||
         request.format == LoadFormat::kCsvWithNamesAndTypes;
}

/// Lines of JSON may hold arrays.
bool is_json_lines(const LoadRequest& request) {
  return request.format == LoadFormat::kJson && (!request.strip_outer_array || request.read_json_by_line);
}

bool is_json_array(const LoadRequest& request) {
  return request.format == LoadFormat::kJson && !is_json_lines(request) && request.json_root.empty();
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

class JsonElementFinder final : public RowFinder {
 public:
  std::optional<Row> next(std::string_view text) override {
    if (has_found_) array_.dropped();
    const auto element = array_.next(text);
    has_found_ = element.has_value();
    if (!has_found_) return std::nullopt;
    return Row{element->begin, array_.consumed()};
  }
  Result<bool> end(std::string_view rest) const override {
    if (!array_.fault().empty()) {
      return Status::InvalidArgument("{}: '{}'", array_.fault(), rest.substr(array_.consumed(), kShownBytes));
    }
    if (array_.is_ended() || !array_.is_started()) return false;
    return Status::InvalidArgument("its array is not closed before its end");
  }

 private:
  static constexpr size_t kShownBytes = 60;
  ingest::JsonSplitter array_{ingest::JsonSplitter::Form::kArray};
  bool has_found_ = false;  ///< an element, and the next text begins behind it
};

}  // namespace

Cutting cutting_of(const LoadRequest& request) {
  if (request.compression != ingest::Compression::kNone) return Cutting::kWhole;
  if (is_json_lines(request)) return Cutting::kAnywhere;
  if (is_json_array(request)) return Cutting::kFromFront;
  if (!is_csv(request)) return Cutting::kWhole;
  return request.enclose == 0 && request.line_delimiter.size() == 1 ? Cutting::kAnywhere : Cutting::kFromFront;
}

std::unique_ptr<RowFinder> make_row_finder(const LoadRequest& request) {
  if (is_json_array(request)) return std::make_unique<JsonElementFinder>();
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
