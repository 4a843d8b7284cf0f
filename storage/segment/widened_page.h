#pragma once

#include <memory>

#include "storage/segment/column_reader.h"

namespace freshet::storage {

/// A page of values of type `from` as a page of type `to`, to which the column was widened after the page was written; the
/// page itself when both lie in memory alike. Values are converted as they are read. REQUIRES: can_widen of the layouts.
std::shared_ptr<const ColumnPage> widen_page(std::shared_ptr<const ColumnPage> page, const DataType& from,
                                             const DataType& to);

}  // namespace freshet::storage
