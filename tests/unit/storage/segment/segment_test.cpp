#include <filesystem>
#include <thread>

#include "segment_fixture.h"
#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/segment/key_filter.h"
#include "support/seed.h"

namespace freshet::storage {
namespace {

class SegmentLife : public SegmentFixture {
 protected:
  SegmentMeta write_one() {
    Block block = Block::for_schema(*schema_);
    for (int64_t row = 0; row < 1000; ++row) block.columns[0].append(row);
    return write(schema_, block).meta;
  }
  SchemaPtr schema_ = make_schema(TableModel::kUnique, 1, {{TypeKind::kBigInt}});
};

TEST_F(SegmentLife, OpensOnceForAllThreads) {
  const Segment segment(*files_, cache_, write_one(), schema_);
  std::vector<std::shared_ptr<const SegmentReader>> readers(4);
  std::vector<std::thread> threads;
  for (auto& reader : readers) threads.emplace_back([&] { reader = segment.reader().value(); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& reader : readers) EXPECT_EQ(reader, readers.front());
}

TEST_F(SegmentLife, OpensAgainAfterAnError) {
  const SegmentMeta meta = write_one();
  const Segment segment(*files_, cache_, meta, schema_);
  const std::string bytes = read_file(meta.id);
  write_file(meta.id, bytes.substr(0, 100));
  EXPECT_EQ(segment.reader().status().code(), StatusCode::kCorruption);
  write_file(meta.id, bytes);
  EXPECT_TRUE(segment.reader().ok());
}

TEST_F(SegmentLife, FileGoesWithTheLastReference) {
  const SegmentMeta meta = write_one();
  auto segment = std::make_shared<Segment>(*files_, cache_, meta, schema_);
  const auto reader = segment->reader().value();
  segment->remove_file_when_unused();
  EXPECT_TRUE(std::filesystem::exists(path(meta.id)));
  segment.reset();
  EXPECT_FALSE(std::filesystem::exists(path(meta.id)));
  Column values(schema_->columns[0].type);
  EXPECT_TRUE(reader->column(ColumnId(1))->read_rows(0, 1000, values).ok()) << "an open reader goes on";
}

TEST_F(SegmentLife, FileStaysWithoutTheWish) {
  const SegmentMeta meta = write_one();
  { const Segment segment(*files_, cache_, meta, schema_); }
  EXPECT_TRUE(std::filesystem::exists(path(meta.id)));
}

TEST(SegmentMeta, ReadsBackAndNamesItsFile) {
  SegmentMeta meta;
  meta.id = RowsetId(17);
  meta.tablet = TabletId(3);
  meta.row_count = 5;
  meta.file_bytes = 1234567890123;
  meta.schema_version = 2;
  meta.level = 1;
  meta.min_key = std::string("\0a", 2);
  meta.max_key = "z";
  meta.deletes = 2;
  meta.newest_delete_seconds = 1'700'000'000;
  const std::string bytes = meta.serialize();
  const auto read = SegmentMeta::deserialize(bytes);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->serialize(), bytes);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(SegmentMeta::deserialize(bytes.substr(0, size)).ok());
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] ^= 0x10;
    EXPECT_FALSE(SegmentMeta::deserialize(changed).ok()) << "byte " << at;
  }
  // Records of version 2 count no deletes, those of version 1 have no checksum either.
  std::string old = bytes.substr(0, bytes.size() - 16);
  old[0] = 2;
  std::string sealed = old;
  put_fixed<uint32_t>(sealed, crc32c(old));
  ASSERT_TRUE(SegmentMeta::deserialize(sealed).ok());
  EXPECT_EQ(SegmentMeta::deserialize(sealed)->deletes, 0u);
  old[0] = 1;
  ASSERT_TRUE(SegmentMeta::deserialize(old).ok());
  EXPECT_EQ(SegmentMeta::deserialize(old)->max_key, read->max_key);
  EXPECT_EQ(segment_file_name(RowsetId(17)), "0000000000000017.seg");
  EXPECT_EQ(parse_segment_file_name("0000000000000017.seg"), RowsetId(17));
  for (const char* name :
       {"17.seg", "000000000000001x.seg", "0000000000000017.sst", "", ".seg", "00000000000000000017.seg"}) {
    EXPECT_FALSE(parse_segment_file_name(name).has_value()) << name;
  }
}

TEST(KeyFilter, HasEveryKeyAndFewOthers) {
  std::mt19937_64 random(test::test_seed());
  std::vector<uint64_t> hashes(100000);
  for (uint64_t& hash : hashes) hash = random();
  KeyFilter filter;
  ASSERT_TRUE(filter.assign(KeyFilter(hashes).bytes()));
  for (uint64_t hash : hashes) ASSERT_TRUE(filter.may_contain(hash));
  int wrong = 0;
  for (int i = 0; i < 100000; ++i) wrong += filter.may_contain(random());
  EXPECT_LT(wrong, 2000);
  EXPECT_LE(filter.bytes().size(), hashes.size() * 10 / 8 + 32);
  EXPECT_FALSE(filter.assign("short"));
}

TEST(PageCache, KeepsPagesUntilOthersNeedTheRoom) {
  PageCache cache(1 << 20);
  int loads = 0;
  const auto load = [&]() -> Result<std::string> {
    ++loads;
    return std::string(10000, 'x');
  };
  const auto used_often = cache.get(RowsetId(1), 0, load).value();
  EXPECT_TRUE(cache.get(RowsetId(1), 0, load).value() == used_often);
  EXPECT_EQ(loads, 1);
  EXPECT_TRUE(cache.find(RowsetId(1), 1) == nullptr);
  EXPECT_TRUE(cache.find(RowsetId(2), 0) == nullptr);
  const auto pinned = cache.get(RowsetId(1), 1, load).value();
  for (uint64_t offset = 2; offset < 1000; ++offset) ASSERT_TRUE(cache.get(RowsetId(1), offset, load).ok());
  EXPECT_LE(cache.used_bytes(), uint64_t{1} << 20);
  EXPECT_TRUE(cache.find(RowsetId(1), 1) == nullptr);
  EXPECT_EQ(*pinned, std::string(10000, 'x')) << "lives on while it is held";
  EXPECT_EQ(cache.hit_count(), 1u);
  EXPECT_EQ(cache.miss_count(), 1000u);
}

TEST(PageCache, DoesNotKeepErrors) {
  PageCache cache(1 << 20);
  const auto fail = []() -> Result<std::string> { return Status::IoError("no disk"); };
  EXPECT_EQ(cache.get(RowsetId(1), 0, fail).status().code(), StatusCode::kIoError);
  EXPECT_TRUE(cache.get(RowsetId(1), 0, []() -> Result<std::string> { return std::string("page"); }).ok());
}

}  // namespace
}  // namespace freshet::storage
