#pragma once

#include <memory>
#include <string_view>

#include "storage/segment/column_reader.h"
#include "storage/segment/page_cache.h"
#include "storage/segment/page_frame.h"

namespace freshet::storage {

/// What is wrong with the content of a column page, or an empty text. After an empty answer every access of a ColumnPage
/// over it stays inside. O(rows) for byte columns.
std::string_view find_column_page_fault(std::string_view page, PhysicalType type);

/// A view of a loaded page that passed find_column_page_fault(); keeps the page alive. O(1).
std::shared_ptr<const ColumnPage> make_column_page(PageCache::PagePtr page);

}  // namespace freshet::storage
