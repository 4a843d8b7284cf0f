#include "storage/encoding/dictionary.h"

#include <gtest/gtest.h>

#include "storage/encoding/codec_choice.h"
#include "support/seed.h"

namespace freshet::storage {
namespace {

TEST(Dictionary, ValuesAndCodesReadBack) {
  std::mt19937_64 random(test::test_seed());
  std::vector<std::string> words;
  for (int i = 0; i < 300; ++i) words.push_back(std::string(random() % 20, 'a') + std::to_string(i));
  std::vector<std::string_view> values;
  for (int i = 0; i < 5000; ++i) values.push_back(words[random() % words.size()]);

  DictionaryBuilder builder;
  ASSERT_TRUE(builder.build(values, 300));
  std::string body;
  encode_dictionary(builder.distinct(), builder.codes(), body);
  ASSERT_TRUE(DictionaryView::is_valid(body, values.size()));
  const DictionaryView view(body, values.size());
  std::vector<uint32_t> codes(values.size() - 7);
  view.read_codes(7, codes.size(), codes.data());
  for (size_t row = 0; row < values.size(); ++row) {
    ASSERT_EQ(view.value(view.code_at(row)), values[row]);
    if (row >= 7) {
      ASSERT_EQ(codes[row - 7], view.code_at(row));
    }
  }
}

TEST(Dictionary, GivesUpBeyondTheLimit) {
  const std::vector<std::string_view> values = {"a", "b", "a", "c"};
  DictionaryBuilder builder;
  EXPECT_FALSE(builder.build(values, 2));
  EXPECT_TRUE(builder.build(values, 3));
  EXPECT_EQ(builder.distinct().size(), 3u);
}

TEST(Dictionary, GivesUpEarlyWhenValuesHardlyRepeat) {
  std::vector<std::string> words;
  for (int i = 0; i < 2000; ++i) words.push_back(std::to_string(i));
  const std::vector<std::string_view> values(words.begin(), words.end());
  DictionaryBuilder builder;
  EXPECT_FALSE(builder.build(values, 2000));
}

TEST(Dictionary, RefusesCodesBeyondItsValues) {
  const std::vector<std::string_view> values = {"a", "b", "c", "a"};
  DictionaryBuilder builder;
  ASSERT_TRUE(builder.build(values, 3));
  std::string body;
  encode_dictionary(builder.distinct(), builder.codes(), body);
  ASSERT_TRUE(DictionaryView::is_valid(body, values.size()));
  body[body.size() - packed_bytes(4, 2)] = '\xff';
  EXPECT_FALSE(DictionaryView::is_valid(body, values.size()));
}

TEST(CodecChoice, TakesTheSmallestAndAsksMoreOfSlowDecoders) {
  EXPECT_EQ(choose_fixed_encoding({.plain = 800}), PageEncoding::kPlain);
  EXPECT_EQ(choose_fixed_encoding({.plain = 800, .frame = 700}), PageEncoding::kFrameOfReference);
  EXPECT_EQ(choose_fixed_encoding({.plain = 800, .frame = 800}), PageEncoding::kPlain);
  EXPECT_EQ(choose_fixed_encoding({.plain = 800, .frame = 700, .scaled_frame = 690}), PageEncoding::kFrameOfReference);
  EXPECT_EQ(choose_fixed_encoding({.plain = 800, .frame = 700, .scaled_frame = 400}), PageEncoding::kScaledFrame);
  EXPECT_EQ(choose_fixed_encoding({.plain = 800, .frame = 700, .delta = 600}), PageEncoding::kFrameOfReference);
  EXPECT_EQ(choose_fixed_encoding({.plain = 800, .frame = 700, .delta = 500}), PageEncoding::kDelta);
  EXPECT_EQ(choose_fixed_encoding({.plain = 800, .frame = 700, .delta = 500, .run_length = 20}), PageEncoding::kRunLength);
  EXPECT_EQ(choose_fixed_encoding({.plain = 800, .run_length = 2000, .alp = 300}), PageEncoding::kAlp);
  EXPECT_EQ(dictionary_limit(8192), 2048u);
  EXPECT_EQ(dictionary_limit(1 << 20), kMaxDictionaryValues);
}

}  // namespace
}  // namespace freshet::storage
