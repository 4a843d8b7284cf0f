#pragma once

#include <functional>
#include <span>

#include "storage/segment/page_frame.h"
#include "storage/segment/segment_footer.h"

namespace freshet::storage {

/// Told of each piece of rows, in bytes, before it is compressed; an error ends the work.
using ChargeBytes = std::function<Status(uint64_t bytes)>;

/// Writes the row store of a segment behind its columns, which were all written to `sink` and are read from there again: so
/// whoever writes columns need not hold whole rows, and the rows are what the columns are.
///
/// `columns`: those that rows hold, in the table's order. A page is closed with the row with which it reaches `page_bytes`.
/// `charge` may be empty. Memory: one page of each column, and a few rows. ResourceExhausted: a row is too long for a page.
Result<RowStoreFooter> write_row_store(PageSink& sink, std::span<const ColumnFooter* const> columns, uint32_t row_count,
                                       uint32_t page_bytes, PageCompression compression, const ChargeBytes& charge);

}  // namespace freshet::storage
