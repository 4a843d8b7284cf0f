#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "corruption_fixture.h"
#include "support/seed.h"

namespace freshet::storage {
namespace {

constexpr int kRows = 400;
constexpr size_t kSectorBytes = 512;

/// One segment that holds a page of every encoding, damaged in every place.
class CorruptionSweep : public CorruptionFixture {
 protected:
  SchemaPtr wide_schema() {
    auto schema = std::make_shared<TableSchema>(*make_schema(TableModel::kUnique, 1,
                                                             {{TypeKind::kBigInt},
                                                              {TypeKind::kInt},
                                                              {TypeKind::kInt},
                                                              {TypeKind::kBigInt},
                                                              {TypeKind::kBigInt},
                                                              {TypeKind::kBigInt},
                                                              {TypeKind::kInt},
                                                              {TypeKind::kDouble},
                                                              {TypeKind::kString},
                                                              {TypeKind::kString},
                                                              {TypeKind::kString},
                                                              {TypeKind::kString}}));
    // LZ4 on top would be smaller than FSST for so few rows.
    schema->properties = {{std::string(kCompressionProperty), "NO_COMPRESSION"}};
    return schema;
  }

  Block rows_of_every_kind() {
    Block block = Block::for_schema(*schema_);
    for (int64_t row = 0; row < kRows; ++row) {
      block.columns[0].append(row * 3);
      block.columns[1].append(int32_t{7});
      block.columns[2].append(static_cast<int32_t>(random_() % 1000));
      block.columns[3].append(static_cast<int64_t>(random_()));
      block.columns[4].append(static_cast<int64_t>(random_() % 1'000'000) * 1'000'000);
      block.columns[5].append(1'700'000'000 + row * 60 + static_cast<int64_t>(random_() % 3));
      row % 50 == 49 ? block.columns[6].append_null() : block.columns[6].append(static_cast<int32_t>(row / 100 * 12345));
      block.columns[7].append(std::round(static_cast<double>(random_() % 100'000)) / 10);
      block.columns[8].append_bytes(std::string("state ") + static_cast<char>('a' + random_() % 4));
      block.columns[9].append_bytes("https://shop.example.org/customers/" + std::to_string(random_() % 100'000) +
                                    "/orders/latest?page=" + std::to_string(random_() % 1000) +
                                    "&sort=created&currency=EUR");
      block.columns[10].append_bytes(random_text(12));
      block.columns[11].append_bytes("same for all");
    }
    return block;
  }

  std::string random_text(size_t size) {
    std::string text(size, '\0');
    for (char& byte : text) byte = static_cast<char>(random_());
    return text;
  }

  std::set<PageEncoding> encodings() {
    std::set<PageEncoding> found;
    const auto reader = open(written_.meta, *schema_);
    for (const ColumnSchema& column : schema_->columns) {
      const ColumnReader& pages = *reader->column(column.id);
      for (uint32_t page = 0; page < pages.page_count(); ++page) found.insert(pages.page(page).value()->encoding());
    }
    return found;
  }

  void expect_found(const std::string& what) {
    const Status status = read_everything(written_.meta, *schema_, written_.keys);
    ASSERT_EQ(status.code(), StatusCode::kCorruption) << what << ": " << status.to_string();
    ASSERT_NE(status.message().find(segment_file_name(written_.meta.id)), std::string::npos)
        << what << ": " << status.message();
  }

  std::mt19937_64 random_{test::test_seed()};
  const SchemaPtr schema_ = wide_schema();
  const WrittenSegment written_ = write(schema_, rows_of_every_kind());
  const std::string original_ = read_file(written_.meta.id);
};

TEST_F(CorruptionSweep, TheSegmentHasEveryEncodingThatThereIs) {
  std::set<PageEncoding> all;
  for (int number = 0; number <= UINT8_MAX; ++number) {
    // The compiler warns when one is missing here.
    switch (const auto encoding = static_cast<PageEncoding>(number); encoding) {
      case PageEncoding::kConstant:
      case PageEncoding::kPlain:
      case PageEncoding::kDictionary:
      case PageEncoding::kFrameOfReference:
      case PageEncoding::kScaledFrame:
      case PageEncoding::kDelta:
      case PageEncoding::kRunLength:
      case PageEncoding::kAlp:
      case PageEncoding::kFsst: all.insert(encoding);
    }
  }
  EXPECT_EQ(encodings(), all);
}

TEST_F(CorruptionSweep, EveryByteInSeveralPatterns) {
  ASSERT_TRUE(read_everything(written_.meta, *schema_, written_.keys).ok());
  for (size_t at = 0; at < original_.size() && !HasFatalFailure(); ++at) {
    const auto byte = static_cast<uint8_t>(original_[at]);
    const std::set<uint8_t> patterns = {static_cast<uint8_t>(byte ^ (1 << (at % 8))), static_cast<uint8_t>(~byte), 0x00};
    for (const uint8_t pattern : patterns) {
      if (pattern == byte || HasFatalFailure()) continue;
      write_byte(written_.meta.id, at, static_cast<char>(pattern));
      expect_found("byte " + std::to_string(at) + " is " + std::to_string(pattern));
    }
    write_byte(written_.meta.id, at, original_[at]);
  }
}

TEST_F(CorruptionSweep, EveryLength) {
  for (size_t size = 0; size < original_.size() && !HasFatalFailure(); ++size) {
    std::filesystem::resize_file(path(written_.meta.id), original_.size() - size - 1);
    expect_found(std::to_string(size + 1) + " bytes are missing");
    // A record that agrees with the cut file does not hide it.
    SegmentMeta meta = written_.meta;
    meta.file_bytes = original_.size() - size - 1;
    ASSERT_EQ(read_everything(meta, *schema_, written_.keys).code(), StatusCode::kCorruption) << meta.file_bytes << " bytes";
  }
}

TEST_F(CorruptionSweep, OneByteTooMany) {
  write_file(written_.meta.id, original_ + '\0');
  expect_found("one byte more");
}

TEST_F(CorruptionSweep, SectorsOfZerosAndSectorsInEachOthersPlace) {
  const size_t sectors = original_.size() / kSectorBytes;
  ASSERT_GT(sectors, 10u);
  const auto sector = [](std::string& bytes, size_t number) {
    return bytes.begin() + static_cast<ptrdiff_t>(number * kSectorBytes);
  };
  for (size_t first = 0; first < sectors && !HasFatalFailure(); ++first) {
    std::string bytes = original_;
    std::fill_n(sector(bytes, first), kSectorBytes, '\0');
    if (bytes != original_) {
      write_file(written_.meta.id, bytes);
      expect_found("sector " + std::to_string(first) + " is zero");
    }
    for (size_t second = first + 1; second < sectors && !HasFatalFailure(); ++second) {
      bytes = original_;
      std::swap_ranges(sector(bytes, first), sector(bytes, first) + kSectorBytes, sector(bytes, second));
      if (bytes == original_) continue;
      write_file(written_.meta.id, bytes);
      expect_found("sectors " + std::to_string(first) + " and " + std::to_string(second) + " are swapped");
    }
  }
}

}  // namespace
}  // namespace freshet::storage
