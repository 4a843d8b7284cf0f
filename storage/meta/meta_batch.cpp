#include <iterator>

#include "storage/meta/meta_store.h"

namespace freshet::storage {

void MetaBatch::append(MetaBatch&& other) {
  operations_.insert(operations_.end(), std::make_move_iterator(other.operations_.begin()),
                     std::make_move_iterator(other.operations_.end()));
  preconditions_.insert(preconditions_.end(), std::make_move_iterator(other.preconditions_.begin()),
                        std::make_move_iterator(other.preconditions_.end()));
  other.operations_.clear();
  other.preconditions_.clear();
}

size_t MetaBatch::byte_size() const {
  size_t size = 0;
  for (const Operation& operation : operations_) size += operation.key.size() + operation.value.size();
  return size;
}

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace freshet::storage
