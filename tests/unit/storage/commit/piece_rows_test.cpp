#include "storage/commit/piece_rows.h"

#include <gtest/gtest.h>

#include "storage/base/limits.h"

namespace freshet::storage {
namespace {

constexpr uint64_t kColumnBytes = uint64_t{4} << 30;
constexpr size_t kShort = 1000;
constexpr size_t kLong = 1ull << 30;

TEST(PieceRows, NumbersAndShortTextsComeInLargePieces) {
  EXPECT_EQ(PieceRows({TypeKind::kBigInt}).next(1'000'000), PieceRows::kMost);
  EXPECT_EQ(PieceRows({.kind = TypeKind::kVarchar, .length = 100}).next(1'000'000), PieceRows::kMost);
  EXPECT_EQ(PieceRows({TypeKind::kBigInt}).next(7), 7u);
}

TEST(PieceRows, NoPieceCanHoldMoreThanAColumnWhateverTheLengthsWereBefore) {
  for (const uint32_t length : {0u, 100u, 65'533u, 1'000'000u}) {
    PieceRows pieces({.kind = length == 0 ? TypeKind::kString : TypeKind::kVarchar, .length = length});
    for (int i = 0; i < 20; ++i) {
      EXPECT_LT(uint64_t{pieces.next(1'000'000)} * (length == 0 ? kMaxStringBytes : length), kColumnBytes);
      pieces.took(kShort);
    }
  }
}

TEST(PieceRows, PiecesBecomeFewerRowsWhenTheirValuesAreLong) {
  PieceRows pieces({TypeKind::kString});
  const size_t first = pieces.next(1'000'000);
  pieces.took(kLong);
  EXPECT_LT(pieces.next(1'000'000), first);
  for (int i = 0; i < 20; ++i) pieces.took(kLong);
  EXPECT_EQ(pieces.next(1'000'000), 1u);
  pieces.took(kShort);
  EXPECT_EQ(pieces.next(1'000'000), 4u);
}

}  // namespace
}  // namespace freshet::storage
