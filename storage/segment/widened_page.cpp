#include "storage/segment/widened_page.h"

#include <algorithm>
#include <array>

#include "storage/base/assert.h"
#include "storage/base/limits.h"
#include "storage/types/widening.h"

namespace freshet::storage {
namespace {

class WidenedPage final : public ColumnPage {
 public:
  WidenedPage(std::shared_ptr<const ColumnPage> page, PhysicalType from, PhysicalType to)
      : page_(std::move(page)), from_(from), to_(to), width_(DataType::width_of(to)) {}

  PageEncoding encoding() const override {
    return page_->encoding() == PageEncoding::kConstant ? PageEncoding::kConstant : PageEncoding::kPlain;
  }
  uint32_t row_count() const override { return page_->row_count(); }
  uint32_t null_count() const override { return page_->null_count(); }
  void read_validity(uint32_t first, uint32_t count, uint64_t* words) const override {
    page_->read_validity(first, count, words);
  }
  bool is_null(uint32_t row) const override { return page_->is_null(row); }

  void read_fixed(uint32_t first, uint32_t count, void* out) const override {
    convert(count, out, [&](uint32_t done, uint32_t step, void* narrow) { page_->read_fixed(first + done, step, narrow); });
  }
  void gather_fixed(std::span<const uint32_t> rows, void* out) const override {
    convert(static_cast<uint32_t>(rows.size()), out,
            [&](uint32_t done, uint32_t step, void* narrow) { page_->gather_fixed(rows.subspan(done, step), narrow); });
  }

 private:
  /// `read(done, step, narrow)` puts the next `step` narrow values, from the `done`-th on, to `narrow`.
  template <typename Read>
  void convert(uint32_t count, void* out, const Read& read) const {
    // No narrow type has more than eight bytes.
    alignas(16) std::array<char, size_t{kVectorRows} * sizeof(int64_t)> narrow;
    for (uint32_t done = 0; done < count;) {
      const uint32_t step = std::min(count - done, kVectorRows);
      read(done, step, narrow.data());
      widen_values(from_, to_, narrow.data(), step, static_cast<char*>(out) + size_t{done} * width_);
      done += step;
    }
  }

  const std::shared_ptr<const ColumnPage> page_;
  const PhysicalType from_;
  const PhysicalType to_;
  const size_t width_;
};

}  // namespace

std::shared_ptr<const ColumnPage> widen_page(std::shared_ptr<const ColumnPage> page, const DataType& from,
                                             const DataType& to) {
  if (from.physical() == to.physical()) return page;
  FRESHET_ASSERT(can_widen(from.physical(), to.physical()));
  return std::make_shared<WidenedPage>(std::move(page), from.physical(), to.physical());
}

}  // namespace freshet::storage
