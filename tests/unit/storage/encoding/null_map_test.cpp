#include "storage/encoding/null_map.h"

#include <gtest/gtest.h>

#include <vector>

#include "storage/encoding/compression.h"
#include "support/seed.h"

namespace freshet::storage {
namespace {

TEST(NullMap, BitsReadBackFromEveryStart) {
  std::mt19937_64 random(test::test_seed());
  for (size_t rows : {1, 63, 64, 65, 200, 2048}) {
    std::vector<uint8_t> nulls(rows);
    size_t valid = 0;
    for (uint8_t& flag : nulls) valid += (flag = random() % 3 == 0) == 0;
    std::string map;
    append_null_map(nulls, map);
    ASSERT_EQ(map.size(), null_map_bytes(rows));
    ASSERT_EQ(count_valid(map.data(), rows), valid);
    for (size_t first = 0; first < rows; first += 1 + random() % 9) {
      const size_t count = rows - first;
      std::vector<uint64_t> words((count + 63) / 64);
      read_null_map(map.data(), rows, first, count, words.data());
      for (size_t i = 0; i < count; ++i) {
        ASSERT_EQ((words[i / 64] >> (i % 64)) & 1, nulls[first + i] == 0 ? 1u : 0u) << rows << " rows, row " << first + i;
        ASSERT_EQ(null_map_is_valid(map.data(), first + i), nulls[first + i] == 0);
      }
    }
  }
}

TEST(Compression, ZstdGivesBackExactlyWhatItTook) {
  const std::string text(4096, 'x');
  std::string stored;
  ASSERT_TRUE(compress(PageCompression::kZstd, text, stored));
  EXPECT_LT(stored.size(), 100u);
  std::string back(text.size(), '\0');
  EXPECT_TRUE(decompress_zstd(stored, back.data(), static_cast<uint32_t>(back.size())));
  EXPECT_EQ(back, text);
  EXPECT_FALSE(decompress_zstd(stored, back.data(), static_cast<uint32_t>(back.size() - 1)));
  EXPECT_FALSE(decompress_zstd("no zstd frame", back.data(), static_cast<uint32_t>(back.size())));
  EXPECT_FALSE(compress(PageCompression::kNone, text, stored));
}

TEST(Compression, NamesAreThoseOfDoris) {
  EXPECT_EQ(parse_compression("no_compression").value(), PageCompression::kNone);
  EXPECT_EQ(parse_compression("LZ4F").value(), PageCompression::kLz4);
  EXPECT_EQ(parse_compression("Zstd").value(), PageCompression::kZstd);
  EXPECT_EQ(parse_compression("SNAPPY").status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(parse_compression("").status().code(), StatusCode::kInvalidArgument);
}

TEST(Compression, IsKeptOnlyWhenItSavesAnEighth) {
  std::mt19937_64 random(test::test_seed());
  std::string noise(4096, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  std::string out = "before";
  EXPECT_FALSE(compress_lz4(noise, out));
  EXPECT_EQ(out, "before");

  const std::string text(4096, 'x');
  ASSERT_TRUE(compress_lz4(text, out));
  EXPECT_LT(out.size(), 100u);
  std::string back(text.size(), '\0');
  const std::string_view stored = std::string_view(out).substr(6);
  ASSERT_TRUE(decompress_lz4(stored, back.data(), static_cast<uint32_t>(back.size())));
  EXPECT_EQ(back, text);
  EXPECT_FALSE(decompress_lz4(stored, back.data(), static_cast<uint32_t>(back.size() - 1)));
  EXPECT_FALSE(decompress_lz4(stored.substr(0, stored.size() - 1), back.data(), static_cast<uint32_t>(back.size())));
}

}  // namespace
}  // namespace freshet::storage
