#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "support/guarded_bytes.h"

namespace freshet::test {

/// Reads every row of an encoded run in pieces, gathers some, and compares both with `values`, bit by bit.
template <typename View, typename T>
void expect_view_reads(std::string_view body, std::span<const T> values, std::mt19937_64& random) {
  static_assert(sizeof(T) == sizeof(typename View::Value));
  GuardedBytes guarded(body);
  ASSERT_TRUE(View::is_valid(guarded.view(), values.size()));
  const View view(guarded.view(), values.size());
  std::vector<typename View::Value> read(values.size());
  for (size_t first = 0; first < values.size();) {
    const size_t count = std::min<size_t>(values.size() - first, 1 + random() % 700);
    view.read(first, count, read.data() + first);
    first += count;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(std::memcmp(&read[i], &values[i], sizeof(T)), 0) << "row " << i << " of " << values.size();
  }
  const size_t distance = 1 + random() % 300;
  std::vector<uint32_t> rows;
  for (size_t row = random() % distance; row < values.size(); row += 1 + random() % distance) {
    rows.push_back(static_cast<uint32_t>(row));
  }
  read.assign(rows.size(), {});
  view.gather(rows, read.data());
  for (size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(std::memcmp(&read[i], &values[rows[i]], sizeof(T)), 0) << "row " << rows[i] << " of " << values.size();
  }
}

/// Spoils an encoded run of `row_count` rows in many ways. What is_valid() lets pass must be read without leaving the body;
/// what the values are then does not matter.
template <typename View>
void expect_malformed_bodies_stay_inside(std::string_view body, size_t row_count, std::mt19937_64& random) {
  const std::vector<uint32_t> rows = {0, static_cast<uint32_t>(row_count / 2), static_cast<uint32_t>(row_count - 1)};
  std::vector<typename View::Value> out(std::max(row_count, rows.size()));
  const auto read_all = [&](std::string_view spoiled) {
    if (!View::is_valid(spoiled, row_count)) return;
    const View view(spoiled, row_count);
    view.read(0, row_count, out.data());
    view.gather(rows, out.data());
  };
  for (int round = 0; round < 300; ++round) {
    GuardedBytes guarded(body);
    // The front holds widths, counts and offsets; it gets most of the damage.
    for (size_t changes = 1 + random() % 3; changes > 0; --changes) {
      const size_t at = random() % 4 == 0 ? random() % body.size() : random() % std::min<size_t>(body.size(), 80);
      guarded.begin()[at] = static_cast<char>(random());
    }
    read_all(guarded.view());
  }
  for (size_t size = 0; size < body.size(); size += 1 + size / 20) {
    GuardedBytes guarded(body.substr(0, size));
    read_all(guarded.view());
  }
}

}  // namespace freshet::test
