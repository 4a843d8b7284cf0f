#include "storage/encoding/fsst.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "storage/encoding/fsst_plan.h"
#include "support/guarded_bytes.h"
#include "support/seed.h"

namespace freshet::storage {
namespace {

std::vector<std::string> random_texts(std::mt19937_64& random, size_t rows, int kind) {
  const std::vector<std::string> words = {"https://", "www.", "example",           ".com/",
                                          "product",  "?id=", "\xC3\xA9t\xC3\xA9", "/"};
  std::vector<std::string> texts(rows);
  for (std::string& text : texts) {
    const size_t parts = random() % 9;
    for (size_t part = 0; part < parts; ++part) {
      switch (kind) {
        case 0: text += words[random() % words.size()]; break;
        case 1: text += std::to_string(random() % 100000); break;
        case 2: text.push_back(static_cast<char>(random())); break;
        default:
          text += random() % 3 == 0 ? std::string(1, static_cast<char>(random())) : words[random() % words.size()];
          break;
      }
    }
  }
  return texts;
}

std::string encode(const std::vector<std::string_view>& values) {
  const SymbolTable table = SymbolTable::learn(values, 1);
  std::string body;
  encode_fsst(table, values, body);
  return body;
}

TEST(Fsst, AnyTextsReadBackFromAnyRow) {
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 60; ++round) {
    const size_t rows = round < 8 ? 1 + static_cast<size_t>(round) * 21 : 1 + random() % 3000;
    const std::vector<std::string> texts = random_texts(random, rows, round % 4);
    const std::vector<std::string_view> values(texts.begin(), texts.end());
    test::GuardedBytes body(encode(values));
    ASSERT_TRUE(FsstView::is_valid(body.view(), rows));
    const FsstView view(body.view(), rows);
    std::vector<std::string_view> read(rows);
    DecodedBytes decoded;
    for (size_t first = 0; first < rows;) {
      const size_t count = std::min<size_t>(rows - first, 1 + random() % 200);
      view.read(first, count, read.data() + first, decoded);
      first += count;
    }
    for (size_t row = 0; row < rows; ++row) {
      ASSERT_EQ(read[row], values[row]) << "row " << row;
      if (row % 7 == 0) {
        ASSERT_EQ(view.at(row, decoded), values[row]) << "row " << row;
      }
    }
  }
}

TEST(Fsst, MalformedBodiesAreRefusedOrReadInside) {
  std::mt19937_64 random(test::test_seed());
  for (int round = 0; round < 12; ++round) {
    const size_t rows = 1 + random() % 300;
    const std::vector<std::string> texts = random_texts(random, rows, round % 4);
    const std::vector<std::string_view> values(texts.begin(), texts.end());
    const std::string body = encode(values);
    std::vector<std::string_view> read(rows);
    const auto read_all = [&](std::string_view spoiled) {
      if (!FsstView::is_valid(spoiled, rows)) return;
      const FsstView view(spoiled, rows);
      DecodedBytes decoded;
      view.read(0, rows, read.data(), decoded);
      size_t sum = 0;
      for (const std::string_view value : read) {
        for (const char letter : value) sum += static_cast<unsigned char>(letter);
      }
      sum += view.at(rows - 1, decoded).size();
      EXPECT_NE(sum, SIZE_MAX);
    };
    for (int spoiled = 0; spoiled < 500; ++spoiled) {
      test::GuardedBytes guarded(body);
      for (size_t changes = 1 + random() % 3; changes > 0; --changes)
        guarded.begin()[random() % body.size()] = static_cast<char>(random());
      read_all(guarded.view());
    }
    for (size_t size = 0; size < body.size(); size += 1 + size / 30) {
      test::GuardedBytes guarded(std::string_view(body).substr(0, size));
      ASSERT_FALSE(FsstView::is_valid(guarded.view(), rows)) << size << " of " << body.size() << " bytes";
    }
  }
}

TEST(Fsst, CodesThatWouldWriteBehindTheirRoomAreRefused) {
  const std::vector<std::string_view> values(200, "abcdefgh-abcdefgh");
  std::string body = encode(values);
  ASSERT_TRUE(FsstView::is_valid(body, values.size()));
  std::string longer = body;
  ASSERT_GT(load_fixed<uint32_t>(body.data()), 0u);
  const size_t lengths = kFsstHeaderBytes + load_fixed<uint32_t>(body.data()) * kMaxSymbolBytes;
  for (uint32_t i = 0; i < load_fixed<uint32_t>(body.data()); ++i) {
    std::string shorter = body;
    shorter[lengths + i] = static_cast<char>(shorter[lengths + i] == 1 ? 2 : 1);
    // A symbol that some row uses.
    if (body.find(static_cast<char>(i), lengths + load_fixed<uint32_t>(body.data())) == std::string::npos) continue;
    longer = shorter;
  }
  EXPECT_FALSE(FsstView::is_valid(longer, values.size()));
  body.back() = static_cast<char>(kFsstEscape);
  EXPECT_FALSE(FsstView::is_valid(body, values.size())) << "an escape without its byte";
}

TEST(SymbolTable, LearnsWhatRepeats) {
  std::mt19937_64 random(test::test_seed());
  const std::vector<std::string> texts = random_texts(random, 2000, 0);
  const std::vector<std::string_view> values(texts.begin(), texts.end());
  const SymbolTable table = SymbolTable::learn(values, 1);
  EXPECT_LE(table.symbols().size(), kMaxSymbols);
  size_t bytes = 0;
  for (const auto value : values) bytes += value.size();
  EXPECT_LT(table.encoded_bytes(values), bytes / 3);
  std::string codes;
  for (const auto value : values) table.encode(value, codes);
  EXPECT_EQ(codes.size(), table.encoded_bytes(values));
}

TEST(FsstPlan, TakesTextsThatLz4HardlyShrinks) {
  std::mt19937_64 random(test::test_seed());
  std::vector<std::string> paths(4000), noise(4000);
  for (std::string& path : paths)
    path = "/account/orders/" + std::to_string(random() % 10'000'000) + "?session=" + std::to_string(random());
  for (std::string& text : noise) {
    for (int i = 0; i < 30; ++i) text.push_back(static_cast<char>(random()));
  }
  const std::vector<std::string> same(4000, std::string(60, 'x') + "the very same line of a log, over and over again");
  FsstPlan plan;
  const auto pays = [&](const std::vector<std::string>& texts, PageCompression compression) {
    const std::vector<std::string_view> values(texts.begin(), texts.end());
    return plan.measure(values, compression) != nullptr;
  };
  EXPECT_TRUE(pays(paths, PageCompression::kLz4));
  EXPECT_TRUE(pays(paths, PageCompression::kNone));
  EXPECT_FALSE(pays(noise, PageCompression::kNone));
  EXPECT_FALSE(pays(same, PageCompression::kLz4));
  EXPECT_FALSE(pays(same, PageCompression::kZstd));
  EXPECT_TRUE(pays(same, PageCompression::kNone));
  EXPECT_FALSE(pays({"short", "page"}, PageCompression::kNone));
  EXPECT_TRUE(pays(paths, PageCompression::kLz4)) << "the symbols of another column are learnt anew";
}

}  // namespace
}  // namespace freshet::storage
