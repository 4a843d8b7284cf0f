#include "storage/types/schema_change.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

constexpr int64_t kNow = 1'767'225'600'000'000;  // 2026-01-01 00:00:00

ColumnSchema column_of(std::string name, DataType type, bool nullable = true) {
  return {.name = std::move(name), .type = type, .nullable = nullable};
}

/// (id BIGINT, day DATE) key; amount INT, note VARCHAR(10) NOT NULL, rate FLOAT.
TableSchema orders() {
  TableSchema schema;
  schema.columns = {column_of("id", {TypeKind::kBigInt}, false), column_of("day", {TypeKind::kDate}, false),
                    column_of("amount", {TypeKind::kInt}), column_of("note", {TypeKind::kVarchar, 0, 0, 10}, false),
                    column_of("rate", {TypeKind::kFloat})};
  for (ColumnSchema& column : schema.columns) {
    column.id = schema.next_column_id;
    schema.next_column_id = schema.next_column_id.next();
  }
  schema.columns[0].is_key = schema.columns[1].is_key = true;
  schema.key_count = 2;
  schema.bucket_columns = {1};
  return schema;
}

/// DUPLICATE KEY(id), distributed by `rate`'s neighbour `amount`.
TableSchema events() {
  TableSchema schema = orders();
  schema.model = TableModel::kDuplicate;
  schema.columns[1].is_key = false;
  schema.key_count = 1;
  schema.bucket_columns = {2};
  return schema;
}

std::string names_of(const TableSchema& schema) {
  std::string names;
  for (const ColumnSchema& column : schema.columns) names += (names.empty() ? "" : " ") + column.name;
  return names;
}

TableSchema changed(const TableSchema& schema, const std::vector<SchemaChange>& changes) {
  Result<TableSchema> result = change_schema(schema, changes, kNow);
  EXPECT_TRUE(result.ok()) << result.status().to_string();
  return result.ok() ? std::move(result).value() : TableSchema();
}

std::string refusal(const TableSchema& schema, const std::vector<SchemaChange>& changes) {
  const Result<TableSchema> result = change_schema(schema, changes, kNow);
  return result.ok() ? "" : result.status().to_string();
}

ColumnSchema with_default(ColumnSchema column, std::string value) {
  column.default_value = std::move(value);
  return column;
}

TEST(SchemaChange, AddedColumnsGoToTheirPlaceWithANewId) {
  const TableSchema schema = changed(orders(), {AddColumn{column_of("a", {TypeKind::kInt}), {}, false},
                                                AddColumn{column_of("b", {TypeKind::kInt}), {false, "DAY"}, false},
                                                AddColumn{column_of("c", {TypeKind::kInt}), {false, "note"}, false}});
  EXPECT_EQ(names_of(schema), "id day b amount note c rate a");
  EXPECT_EQ(schema.version, 2u);
  EXPECT_EQ(schema.columns[*schema.find("a")].id, ColumnId(6));
  EXPECT_EQ(schema.columns[*schema.find("c")].id, ColumnId(8));
  EXPECT_EQ(schema.next_column_id, ColumnId(9));
  EXPECT_EQ(schema.key_count, 2u);
}

TEST(SchemaChange, BucketColumnsAreFollowedToTheirPlace) {
  const TableSchema schema = changed(events(), {AddColumn{column_of("a", {TypeKind::kInt}), {false, "id"}, false},
                                                DropColumn{"day", false}, ReorderColumns{{"rate", "note", "amount", "a"}}});
  EXPECT_EQ(names_of(schema), "id rate note amount a");
  EXPECT_EQ(schema.bucket_columns, (std::vector<size_t>{3}));
}

TEST(SchemaChange, TheInitialDefaultIsTheDefaultOfTheAddAndStays) {
  ColumnSchema seen_at = column_of("seen_at", {TypeKind::kDateTime, 0, 3});
  seen_at.default_current_timestamp = true;
  TableSchema schema =
      changed(orders(), {AddColumn{with_default(column_of("a", {TypeKind::kInt}), " 5 "), {}, false},
                         AddColumn{seen_at, {}, false}, AddColumn{column_of("none", {TypeKind::kInt}), {}, false},
                         AddColumn{with_default(column_of("f", {TypeKind::kFloat}), "0.1"), {}, false},
                         AddColumn{with_default(column_of("d", {TypeKind::kDecimal, 6, 2}), "1.005"), {}, false}});
  const auto initial = [&](const char* name) { return schema.columns[*schema.find(name)].initial_default; };
  EXPECT_EQ(initial("a"), "5");
  EXPECT_EQ(initial("seen_at"), "2026-01-01 00:00:00.000");
  EXPECT_EQ(initial("none"), std::nullopt);
  EXPECT_EQ(initial("f"), "0.1");
  EXPECT_EQ(initial("d"), "1.01");

  schema = changed(schema, {ModifyColumn{"a", with_default(column_of("a", {TypeKind::kBigInt}), "7"), false, {}},
                            ModifyColumn{"f", column_of("f", {TypeKind::kDouble}), false, {}},
                            ModifyColumn{"none", with_default(column_of("none", {TypeKind::kInt}), "9"), false, {}}});
  EXPECT_EQ(initial("a"), "5");
  EXPECT_EQ(schema.columns[*schema.find("a")].default_value, "7");
  EXPECT_EQ(initial("none"), std::nullopt);
  EXPECT_EQ(initial("f"), "0.10000000149011612") << "as a stored float reads as a double";
}

TEST(SchemaChange, ADefaultIsForRowsThatCome) {
  TableSchema schema = changed(orders(), {AddColumn{with_default(column_of("a", {TypeKind::kInt}), "5"), {}, false},
                                          SetColumnDefault{"a", "6", false}, SetColumnDefault{"amount", "1", false}});
  EXPECT_EQ(schema.columns[*schema.find("a")].default_value, "6");
  EXPECT_EQ(schema.columns[*schema.find("a")].initial_default, "5");
  EXPECT_EQ(schema.columns[*schema.find("amount")].default_value, "1");
  schema = changed(schema, {SetColumnDefault{"a", std::nullopt, false}, SetColumnDefault{"day", std::nullopt, true}});
  EXPECT_EQ(schema.columns[*schema.find("a")].default_value, std::nullopt);
  EXPECT_EQ(schema.columns[*schema.find("a")].initial_default, "5");
  EXPECT_TRUE(schema.columns[*schema.find("day")].default_current_timestamp);
}

TEST(SchemaChange, ADroppedNameComesBackAsAnotherColumn) {
  const TableSchema schema =
      changed(orders(), {DropColumn{"amount", false}, AddColumn{column_of("amount", {TypeKind::kString}), {}, false}});
  EXPECT_EQ(names_of(schema), "id day note rate amount");
  EXPECT_EQ(schema.columns.back().id, ColumnId(6));
}

TEST(SchemaChange, ModifyReplacesTheDefinitionButKeepsIdAndComment) {
  TableSchema schema = orders();
  schema.columns[3].comment = "free text";
  schema = changed(schema, {ModifyColumn{"note", column_of("remark", {TypeKind::kString}), false, {false, "rate"}}});
  EXPECT_EQ(names_of(schema), "id day amount rate remark");
  EXPECT_EQ(schema.columns[4].id, ColumnId(4));
  EXPECT_EQ(schema.columns[4].comment, "free text");
  EXPECT_TRUE(schema.columns[4].nullable);
  schema = changed(schema, {ModifyColumn{"id", with_default(column_of("id", {TypeKind::kBigInt}), "1"), false, {}},
                            RenameColumn{"day", "Tag"}, SetColumnComment{"tag", "of the order"}, SetTableComment{"all"},
                            SetProperties{{{"a", "1"}, {"b", "2"}}}, SetProperties{{{"a", "3"}}}});
  EXPECT_FALSE(schema.columns[0].nullable) << "a key column stays as it is unless NULL is said";
  EXPECT_EQ(schema.columns[1].name, "Tag");
  EXPECT_EQ(schema.columns[1].comment, "of the order");
  EXPECT_EQ(schema.comment, "all");
  EXPECT_EQ(schema.properties, (std::vector<std::pair<std::string, std::string>>{{"a", "3"}, {"b", "2"}}));
}

TEST(SchemaChange, MovesAColumnForwardsAndBackwards) {
  const auto moved = [](const std::string& name, ColumnPlace place) {
    const TableSchema schema = orders();
    ColumnSchema column = schema.columns[*schema.find(name)];
    return names_of(changed(schema, {ModifyColumn{name, column, true, std::move(place)}}));
  };
  EXPECT_EQ(moved("amount", {false, "rate"}), "id day note rate amount");
  EXPECT_EQ(moved("amount", {false, "note"}), "id day note amount rate");
  EXPECT_EQ(moved("amount", {false, "day"}), "id day amount note rate");
  EXPECT_EQ(moved("rate", {false, "day"}), "id day rate amount note");
  EXPECT_EQ(moved("rate", {false, "note"}), "id day amount note rate");
}

TEST(SchemaChange, NothingToDoIsTheSameVersion) {
  const TableSchema schema =
      changed(orders(), {DropColumn{"nothing", true}, AddColumn{column_of("AMOUNT", {TypeKind::kString}), {}, true}});
  EXPECT_EQ(schema.version, 1u);
  EXPECT_EQ(names_of(schema), names_of(orders()));
}

struct Refused {
  SchemaChange change;
  const char* reason;
};

TEST(SchemaChange, RefusesWhatIsNotLightWithTheReason) {
  ColumnSchema key = column_of("n", {TypeKind::kInt});
  key.is_key = true;
  ColumnSchema numbered = column_of("n", {TypeKind::kInt}, false);
  numbered.auto_increment = true;
  const auto modify = [](const std::string& name, ColumnSchema column) {
    return ModifyColumn{name, std::move(column), true, {}};
  };
  const std::vector<Refused> cases = {
      {AddColumn{key, {}, false}, "UNSUPPORTED: Column 'n' cannot be added as a KEY"},
      {AddColumn{numbered, {}, false}, "cannot be added with AUTO_INCREMENT"},
      {AddColumn{column_of("n", {TypeKind::kInt}, false), {}, false}, "NOT NULL and has no DEFAULT"},
      {AddColumn{with_default(column_of("n", {TypeKind::kInt}), "five"), {}, false}, "'five' is not a valid int"},
      {AddColumn{column_of("Amount", {TypeKind::kInt}), {}, false}, "ALREADY_EXISTS: Duplicate column name 'Amount'"},
      {AddColumn{column_of("n", {TypeKind::kInt}), {true, ""}, false}, "the key columns are first; say AFTER day"},
      {AddColumn{column_of("n", {TypeKind::kInt}), {false, "id"}, false}, "say AFTER day"},
      {AddColumn{column_of("n", {TypeKind::kInt}), {false, "amuont"}, false},
       "Unknown column 'amuont'; did you mean 'amount'?"},
      {AddColumn{column_of(std::string(65, 'x'), {TypeKind::kInt}), {}, false}, "it must have 1 to 64 bytes"},
      {DropColumn{"day", false}, "UNSUPPORTED: Column 'day' cannot be dropped: it is part of the key"},
      {DropColumn{"nope", false}, "NOT_FOUND: Can't DROP 'nope'"},
      {RenameColumn{"nope", "x"}, "Unknown column 'nope'"},
      {RenameColumn{"amount", "NOTE"}, "Duplicate column name 'NOTE'"},
      {RenameColumn{"amount", ""}, "Incorrect column name ''"},
      {modify("id", column_of("id", {TypeKind::kLargeInt}, false)), "cannot become largeint: it is part of the key"},
      {modify("id", column_of("id", {TypeKind::kBigInt})), "cannot become NULL: it is part of the key"},
      {modify("amount", column_of("amount", {TypeKind::kSmallInt})), "cannot become smallint: not every int is one"},
      {modify("amount", column_of("amount", {TypeKind::kInt}, false)), "cannot become NOT NULL"},
      {modify("amount", key), "cannot become a KEY"},
      {modify("amount", column_of("rate", {TypeKind::kInt})), "Duplicate column name 'rate'"},
      {ModifyColumn{"id", column_of("id", {TypeKind::kBigInt}, false), true, {false, "day"}},
       "the key columns keep their order"},
      {ModifyColumn{"note", column_of("note", {TypeKind::kString}), true, {false, "note"}}, "cannot come AFTER itself"},
      {ReorderColumns{{"day", "id", "amount", "note", "rate"}}, "cannot move key columns"},
      {ReorderColumns{{"id", "amount", "note", "rate"}}, "cannot move key columns"},
      {ReorderColumns{{"rate", "note"}}, "must name every value column; 'amount' is missing"},
      {ReorderColumns{{"rate", "note", "rate"}}, "names column 'rate' twice"},
      {ReorderColumns{{"rate", "note", "amuont"}}, "did you mean 'amount'?"},
      {SetColumnComment{"nope", ""}, "Unknown column 'nope'"},
      {SetColumnDefault{"amount", "many", false}, "'many' is not a valid int"},
      {SetColumnDefault{"amount", std::nullopt, true}, "CURRENT_TIMESTAMP is a default of date and datetime columns only"},
  };
  for (const Refused& refused : cases) {
    const std::string found = refusal(orders(), {SetTableComment{"first"}, refused.change});
    EXPECT_NE(found.find(refused.reason), std::string::npos) << refused.reason << "\nfound: " << found;
  }
  TableSchema auto_numbered = orders();
  auto_numbered.columns[2].auto_increment = true;
  EXPECT_NE(refusal(auto_numbered, {modify("amount", column_of("amount", {TypeKind::kBigInt}))}).find("taken away"),
            std::string::npos);
  EXPECT_NE(refusal(events(), {DropColumn{"amount", false}}).find("rows are distributed to buckets by it"),
            std::string::npos);
  EXPECT_NE(refusal(events(), {modify("amount", column_of("amount", {TypeKind::kBigInt}))}).find("to buckets by it"),
            std::string::npos);
}

}  // namespace
}  // namespace freshet
