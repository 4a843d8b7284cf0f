#include "storage/segment/column_page.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <type_traits>
#include <vector>

#include "storage/base/assert.h"
#include "storage/base/limits.h"
#include "storage/encoding/alp.h"
#include "storage/encoding/constant.h"
#include "storage/encoding/delta.h"
#include "storage/encoding/dictionary.h"
#include "storage/encoding/frame_of_reference.h"
#include "storage/encoding/fsst.h"
#include "storage/encoding/null_map.h"
#include "storage/encoding/plain.h"
#include "storage/encoding/run_length.h"
#include "storage/encoding/scaled_frame.h"

namespace freshet::storage {
namespace {

bool has_null_map(const PageHeader& header) { return header.null_count != 0 && header.null_count != header.row_count; }
size_t null_map_size(const PageHeader& header) { return has_null_map(header) ? null_map_bytes(header.row_count) : 0; }

/// What all pages share: the pinned bytes, the counts and the null map.
class PinnedPage : public ColumnPage {
 public:
  PinnedPage(PageCache::PagePtr page, const PageHeader& header)
      : page_(std::move(page)), encoding_(header.encoding), row_count_(header.row_count), null_count_(header.null_count) {
    const std::string_view payload = page_payload(*page_);
    if (has_null_map(header)) null_map_ = payload.data();
    body_ = payload.substr(null_map_size(header));
  }

  PageEncoding encoding() const override { return encoding_; }
  uint32_t row_count() const override { return row_count_; }
  uint32_t null_count() const override { return null_count_; }

  void read_validity(uint32_t first, uint32_t count, uint64_t* words) const override {
    FRESHET_DCHECK(first + count <= row_count_);
    if (null_map_ != nullptr) return read_null_map(null_map_, row_count_, first, count, words);
    std::fill_n(words, (count + 63) / 64, null_count_ == 0 ? ~uint64_t{0} : 0);
  }
  bool is_null(uint32_t row) const override {
    return null_map_ != nullptr ? !null_map_is_valid(null_map_, row) : null_count_ != 0;
  }

 protected:
  std::string_view body() const { return body_; }

 private:
  PageCache::PagePtr page_;
  std::string_view body_;
  const char* null_map_ = nullptr;  ///< null when all rows or no rows are NULL
  PageEncoding encoding_;
  uint32_t row_count_;
  uint32_t null_count_;
};

template <typename View>
class FixedPage final : public PinnedPage {
 public:
  FixedPage(PageCache::PagePtr page, const PageHeader& header)
      : PinnedPage(std::move(page), header), view_(body(), header.row_count) {}

  void read_fixed(uint32_t first, uint32_t count, void* out) const override {
    FRESHET_DCHECK(first + count <= row_count());
    view_.read(first, count, static_cast<typename View::Value*>(out));
  }
  void gather_fixed(std::span<const uint32_t> rows, void* out) const override {
    view_.gather(rows, static_cast<typename View::Value*>(out));
  }
  uint32_t read_runs(uint32_t first, uint32_t count, uint32_t max_runs, uint32_t* ends, void* values) const override {
    FRESHET_DCHECK(first + count <= row_count());
    if constexpr (requires { view_.read_runs(first, count, max_runs, ends, nullptr); }) {
      return view_.read_runs(first, count, max_runs, ends, static_cast<typename View::Value*>(values));
    }
    return PinnedPage::read_runs(first, count, max_runs, ends, values);
  }

 private:
  View view_;
};

class PlainBytesPage final : public PinnedPage {
 public:
  PlainBytesPage(PageCache::PagePtr page, const PageHeader& header)
      : PinnedPage(std::move(page), header), view_(body().data(), header.row_count) {}

  void read_bytes(uint32_t first, uint32_t count, std::string_view* out, DecodedBytes&) const override {
    for (uint32_t i = 0; i < count; ++i) out[i] = view_.at(first + i);
  }
  std::string_view bytes_at(uint32_t row, DecodedBytes&) const override { return view_.at(row); }

 private:
  BytesView view_;
};

class FsstBytesPage final : public PinnedPage {
 public:
  FsstBytesPage(PageCache::PagePtr page, const PageHeader& header)
      : PinnedPage(std::move(page), header), view_(body(), header.row_count) {}

  void read_bytes(uint32_t first, uint32_t count, std::string_view* out, DecodedBytes& decoded) const override {
    view_.read(first, count, out, decoded);
  }
  std::string_view bytes_at(uint32_t row, DecodedBytes& decoded) const override { return view_.at(row, decoded); }

 private:
  FsstView view_;
};

class ConstantBytesPage final : public PinnedPage {
 public:
  ConstantBytesPage(PageCache::PagePtr page, const PageHeader& header)
      : PinnedPage(std::move(page), header), value_{body()} {}

  void read_bytes(uint32_t, uint32_t count, std::string_view* out, DecodedBytes&) const override {
    std::fill_n(out, count, value_[0]);
  }
  std::string_view bytes_at(uint32_t, DecodedBytes&) const override { return value_[0]; }
  std::span<const std::string_view> dictionary() const override { return value_; }
  void read_codes(uint32_t, uint32_t count, uint32_t* out) const override { std::fill_n(out, count, 0u); }

 private:
  std::array<std::string_view, 1> value_;
};

class DictionaryBytesPage final : public PinnedPage {
 public:
  DictionaryBytesPage(PageCache::PagePtr page, const PageHeader& header)
      : PinnedPage(std::move(page), header), view_(body(), header.row_count) {}

  void read_bytes(uint32_t first, uint32_t count, std::string_view* out, DecodedBytes&) const override {
    std::array<uint32_t, kVectorRows> codes;
    const std::span<const std::string_view> values = dictionary();
    for (uint32_t done = 0; done < count;) {
      const uint32_t step = std::min(count - done, kVectorRows);
      view_.read_codes(first + done, step, codes.data());
      for (uint32_t i = 0; i < step; ++i) out[done + i] = values[codes[i]];
      done += step;
    }
  }
  std::string_view bytes_at(uint32_t row, DecodedBytes&) const override { return view_.value(view_.code_at(row)); }
  std::span<const std::string_view> dictionary() const override {
    std::call_once(values_made_, [this] {
      values_.resize(view_.count());
      for (uint32_t code = 0; code < view_.count(); ++code) values_[code] = view_.value(code);
    });
    return values_;
  }
  void read_codes(uint32_t first, uint32_t count, uint32_t* out) const override { view_.read_codes(first, count, out); }

 private:
  DictionaryView view_;
  mutable std::once_flag values_made_;
  mutable std::vector<std::string_view> values_;
};

template <typename View>
std::type_identity<View> use() {
  return {};
}

/// Calls `visit` with the type of the view of fixed-width values of `header`'s encoding, as a std::type_identity.
/// `otherwise` is the answer for an encoding that such values do not have.
template <typename T, typename Visit, typename Answer>
Answer visit_fixed_view(const PageHeader& header, Answer otherwise, const Visit& visit) {
  switch (header.encoding) {
    case PageEncoding::kConstant: return visit(use<ConstantView<T>>());
    case PageEncoding::kPlain: return visit(use<PlainView<T>>());
    case PageEncoding::kFrameOfReference: return visit(use<FrameOfReferenceView<T>>());
    case PageEncoding::kScaledFrame: return visit(use<ScaledFrameView<T>>());
    case PageEncoding::kDelta: return visit(use<DeltaView<T>>());
    case PageEncoding::kRunLength: return visit(use<RunLengthView<T>>());
    case PageEncoding::kAlp:
      if (header.physical == PhysicalType::kFloat) return visit(use<AlpView<float>>());
      if (header.physical == PhysicalType::kDouble) return visit(use<AlpView<double>>());
      return otherwise;
    case PageEncoding::kDictionary:
    case PageEncoding::kFsst: return otherwise;
  }
  return otherwise;
}

template <typename T>
bool is_valid_fixed_body(const PageHeader& header, std::string_view body) {
  return visit_fixed_view<T>(
      header, false, [&]<typename View>(std::type_identity<View>) { return View::is_valid(body, header.row_count); });
}

bool is_valid_bytes_body(PageEncoding encoding, std::string_view body, size_t row_count) {
  switch (encoding) {
    case PageEncoding::kConstant: return true;
    case PageEncoding::kPlain: return !body.empty() && BytesView::valid_size(body, row_count) == body.size();
    case PageEncoding::kDictionary: return DictionaryView::is_valid(body, row_count);
    case PageEncoding::kFsst: return FsstView::is_valid(body, row_count);
    default: return false;
  }
}

bool is_valid_body(const PageHeader& header, std::string_view body) {
  switch (DataType::width_of(header.physical)) {
    case 0: return is_valid_bytes_body(header.encoding, body, header.row_count);
    case 1: return is_valid_fixed_body<uint8_t>(header, body);
    case 2: return is_valid_fixed_body<uint16_t>(header, body);
    case 4: return is_valid_fixed_body<uint32_t>(header, body);
    case 8: return is_valid_fixed_body<uint64_t>(header, body);
    default: return is_valid_fixed_body<UInt128>(header, body);
  }
}

template <typename T>
std::shared_ptr<const ColumnPage> make_fixed_page(PageCache::PagePtr page, const PageHeader& header) {
  using PagePtr = std::shared_ptr<const ColumnPage>;
  return visit_fixed_view<T>(header, PagePtr(), [&]<typename View>(std::type_identity<View>) -> PagePtr {
    return std::make_shared<FixedPage<View>>(std::move(page), header);
  });
}

std::shared_ptr<const ColumnPage> make_bytes_page(PageCache::PagePtr page, const PageHeader& header) {
  switch (header.encoding) {
    case PageEncoding::kConstant: return std::make_shared<ConstantBytesPage>(std::move(page), header);
    case PageEncoding::kDictionary: return std::make_shared<DictionaryBytesPage>(std::move(page), header);
    case PageEncoding::kFsst: return std::make_shared<FsstBytesPage>(std::move(page), header);
    default: return std::make_shared<PlainBytesPage>(std::move(page), header);
  }
}

}  // namespace

std::string_view find_column_page_fault(std::string_view page, PhysicalType type) {
  const PageHeader header = page_header(page);
  const std::string_view payload = page_payload(page);
  if (header.kind != PageKind::kColumn) return "not a page of a column";
  if (header.physical != type) return "values of another type";
  if (header.row_count == 0 || header.null_count > header.row_count) return "impossible row counts";
  const size_t map_bytes = null_map_size(header);
  if (payload.size() < map_bytes) return "the null map is cut off";
  if (map_bytes != 0 && count_valid(payload.data(), header.row_count) != header.row_count - header.null_count) {
    return "the null map does not have as many NULLs as the header";
  }
  return is_valid_body(header, payload.substr(map_bytes)) ? "" : "the encoded values are not as long as their rows need";
}

std::shared_ptr<const ColumnPage> make_column_page(PageCache::PagePtr page) {
  const PageHeader header = page_header(*page);
  switch (DataType::width_of(header.physical)) {
    case 0: return make_bytes_page(std::move(page), header);
    case 1: return make_fixed_page<uint8_t>(std::move(page), header);
    case 2: return make_fixed_page<uint16_t>(std::move(page), header);
    case 4: return make_fixed_page<uint32_t>(std::move(page), header);
    case 8: return make_fixed_page<uint64_t>(std::move(page), header);
    default: return make_fixed_page<UInt128>(std::move(page), header);
  }
}

}  // namespace freshet::storage
