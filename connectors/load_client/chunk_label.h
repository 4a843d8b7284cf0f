#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "connectors/load_client/inputs.h"

namespace freshet::connectors::load_client {

/// The labels of an input's chunks. They are the same in every run that would send the same chunks to the same table: the
/// server takes each only once, so that a chunk may be sent again at any time.
///
/// They come from the file's path, size and time of change, the table, the headers and the chunk size; with --label from
/// that name and the input's place among all inputs, instead of from the file. A stream without --label has labels that no
/// other run has.
class ChunkLabels {
 public:
  ChunkLabels(const LoadOptions& options, const Input& input, size_t input_number);
  std::string label(uint64_t chunk_number) const;

 private:
  std::string beginning_;
};

}  // namespace freshet::connectors::load_client
