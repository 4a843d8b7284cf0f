#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ingest/decode/decoder.h"
#include "unit/ingest/fake_storage.h"

namespace freshet::ingest {

/// What a decoder made of a body.
struct Decoded {
  Status status;
  std::vector<std::string> rows;
  uint64_t rejected = 0;
  uint64_t unselected = 0;
  std::string first_error;
  std::string error_text;
};

/// Decodes `pieces` one after another.
inline Decoded decode_pieces(const storage::TableSnapshotPtr& table, const LoadRequest& request,
                             const std::vector<std::string>& pieces, uint64_t max_row_bytes = 16 << 20) {
  FakeStorage storage(table);
  RowErrors errors(100);
  Decoded decoded;
  DecodeTarget target{storage,
                      table,
                      errors,
                      [&](const Block& block) {
                        for (std::string& row : rows_of(block)) decoded.rows.push_back(std::move(row));
                        return Status::OK();
                      },
                      max_row_bytes,
                      nullptr,
                      &decoded.unselected};
  auto decoder = make_decoder(request, std::move(target));
  decoded.status = decoder.status();
  for (const std::string& piece : pieces) {
    if (decoded.status.ok()) decoded.status = decoder.value()->feed(piece);
  }
  if (decoded.status.ok()) decoded.status = decoder.value()->finish();
  decoded.rejected = errors.count();
  decoded.first_error = errors.first();
  decoded.error_text = errors.text();
  return decoded;
}

inline Decoded decode(const storage::TableSnapshotPtr& table, const LoadRequest& request, const std::string& body) {
  return decode_pieces(table, request, {body});
}

/// Decodes the body whole, byte by byte, and cut at every place, and expects the same each time.
inline Decoded decode_any_split(const storage::TableSnapshotPtr& table, const LoadRequest& request,
                                const std::string& body) {
  const Decoded whole = decode(table, request, body);
  const auto expect_same = [&](const Decoded& other, const std::string& how) {
    EXPECT_EQ(other.status.to_string(), whole.status.to_string()) << how;
    EXPECT_EQ(other.rows, whole.rows) << how;
    EXPECT_EQ(other.error_text, whole.error_text) << how;
  };
  std::vector<std::string> bytes;
  for (char c : body) bytes.emplace_back(1, c);
  expect_same(decode_pieces(table, request, bytes), "byte by byte");
  for (size_t cut = 1; cut < body.size(); ++cut) {
    expect_same(decode_pieces(table, request, {body.substr(0, cut), body.substr(cut)}), "cut at " + std::to_string(cut));
  }
  return whole;
}

using Rows = std::vector<std::string>;

}  // namespace freshet::ingest
