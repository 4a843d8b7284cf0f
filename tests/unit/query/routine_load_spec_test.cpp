#include "query/routine_load_spec.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "query/ddl/parser.h"

namespace freshet::query {
namespace {

Result<ingest::RoutineLoadSpec> spec_of(const std::string& text) {
  FRESHET_ASSIGN_OR_RETURN(const Statement statement, parse_statement(text));
  return routine_load_spec(std::get<CreateRoutineLoad>(statement), "d", "ann");
}

Status alter(const std::string& text, ingest::RoutineLoadSpec& spec) {
  FRESHET_ASSIGN_OR_RETURN(const Statement statement, parse_statement(text));
  return alter_routine_load(std::get<AlterRoutineLoad>(statement), spec);
}

const std::string kAll =
    "CREATE ROUTINE LOAD d.j ON t WITH MERGE COLUMNS TERMINATED BY '\\\\x01', LINES TERMINATED BY '\n', "
    "COLUMNS(a, `b c`, v = concat(a, ',', \"x\")), PRECEDING FILTER a <> 'x,y', WHERE v > 1 AND a < 5, PARTITION(p1, p2), "
    "DELETE ON a = 'd', ORDER BY seq "
    "PROPERTIES ('max_error_number' = '3', 'STRICT_MODE' = 'true') "
    "FROM KAFKA ('kafka_broker_list' = 'h:1', 'kafka_topic' = 'x', 'kafka_partitions' = '0, 2', "
    "'kafka_offsets' = '7,OFFSET_END', 'property.sasl.password' = 'pa55word', 'property.security.protocol' = 'SASL_SSL', "
    "'property.group.id' = 'g') COMMENT 'it''s'";

TEST(RoutineLoadSpec, TakesEveryClause) {
  const auto spec = spec_of(kAll);
  ASSERT_TRUE(spec.ok()) << spec.status().to_string();
  const ingest::LoadRequest& load = spec.value().load;
  EXPECT_EQ(load.column_separator, "\x01");
  EXPECT_EQ(load.columns, (std::vector<std::string>{"a", "b c"}));
  ASSERT_EQ(load.expressions.size(), 1u);
  EXPECT_EQ(load.expressions[0].expression, "concat(a, ',', \"x\")");
  EXPECT_EQ(load.preceding_filter, "a <> 'x,y'");
  EXPECT_EQ(load.where, "v > 1 AND a < 5");
  EXPECT_EQ(load.partitions, (std::vector<std::string>{"p1", "p2"}));
  EXPECT_EQ(load.merge_type, ingest::MergeType::kMerge);
  EXPECT_EQ(load.delete_condition, "a = 'd'");
  EXPECT_EQ(load.sequence_column, "seq");
  EXPECT_TRUE(load.strict_mode);
  EXPECT_EQ(spec.value().max_error_number, 3u);
  EXPECT_EQ(spec.value().partition_offsets, (std::vector<std::pair<int32_t, std::string>>{{0, "7"}, {2, "OFFSET_END"}}));
  EXPECT_EQ(spec.value().stream.group_id, "g");
  EXPECT_EQ(spec.value().user, "ann");
}

TEST(RoutineLoadSpec, ItsStatementMakesItAgainButForSecrets) {
  const auto spec = spec_of(kAll);
  ASSERT_TRUE(spec.ok());
  const std::string text = create_statement(spec.value());
  EXPECT_EQ(text.find("pa55word"), std::string::npos) << text;
  const auto again = spec_of(text);
  ASSERT_TRUE(again.ok()) << again.status().to_string() << "\n" << text;
  EXPECT_EQ(create_statement(again.value()), text);
  EXPECT_EQ(again.value().load.expressions[0].expression, spec.value().load.expressions[0].expression);
  EXPECT_EQ(again.value().load.column_separator, "\x01");
  EXPECT_EQ(again.value().load.delete_condition, "a = 'd'");
  EXPECT_EQ(again.value().partition_offsets, spec.value().partition_offsets);
  EXPECT_EQ(again.value().comment, "it's");
}

TEST(RoutineLoadSpec, AlterKeepsWhatItDoesNotName) {
  auto spec = spec_of(kAll);
  ASSERT_TRUE(spec.ok());
  ASSERT_TRUE(alter("ALTER ROUTINE LOAD FOR j PROPERTIES ('max_batch_rows' = '9', 'strict_mode' = 'false') FROM KAFKA "
                    "('kafka_broker_list' = 'h:2', 'kafka_partitions' = '2', 'kafka_offsets' = '5', "
                    "'property.sasl.password' = 'other')",
                    spec.value())
                  .ok());
  EXPECT_EQ(spec.value().max_batch_rows, 9u);
  EXPECT_EQ(spec.value().max_error_number, 3u);
  EXPECT_FALSE(spec.value().load.strict_mode);
  EXPECT_EQ(spec.value().load.where, "v > 1 AND a < 5");
  EXPECT_EQ(spec.value().load.merge_type, ingest::MergeType::kMerge);
  EXPECT_EQ(spec.value().load.column_separator, "\x01");
  EXPECT_EQ(spec.value().stream.brokers, "h:2");
  EXPECT_EQ(spec.value().new_offsets, (std::vector<std::pair<int32_t, std::string>>{{2, "5"}}));
  EXPECT_EQ(spec.value().partition_offsets.size(), 2u);
  const auto password = [&](const auto& property) { return property.second == "other"; };
  EXPECT_EQ(std::ranges::count_if(spec.value().stream.client_properties, password), 1);
  EXPECT_EQ(create_statement(spec.value()).find("other"), std::string::npos);
  EXPECT_FALSE(alter("ALTER ROUTINE LOAD FOR j PROPERTIES ('format' = 'json')", spec.value()).ok());
}

TEST(RoutineLoadSpec, KnowsSecrets) {
  for (const char* name : {"property.sasl.password", "property.ssl.key.password", "property.ssl.key.pem",
                           "property.sasl.oauthbearer.client.secret", "property.sasl.oauthbearer.config",
                           "property.ssl.keystore.password", "property.sasl.jaas.config"}) {
    EXPECT_TRUE(is_secret_property(name)) << name;
  }
  for (const char* name : {"property.sasl.username", "property.ssl.key.location", "property.security.protocol",
                           "property.sasl.oauthbearer.token.endpoint.url", "kafka_topic"}) {
    EXPECT_FALSE(is_secret_property(name)) << name;
  }
}

TEST(RoutineLoadSpec, WithoutATableOnlyPropertiesAreTaken) {
  const std::string source = " FROM KAFKA ('kafka_broker_list' = 'h:1', 'kafka_topic' = 'x')";
  EXPECT_TRUE(spec_of("CREATE ROUTINE LOAD d.j PROPERTIES ('format' = 'json')" + source).value().is_multi_table());
  EXPECT_FALSE(spec_of("CREATE ROUTINE LOAD d.j WHERE a > 1" + source).ok());
  EXPECT_FALSE(spec_of("CREATE ROUTINE LOAD d.j PROPERTIES ('format' = 'json', 'partial_columns' = 'true')" + source).ok());
}

}  // namespace
}  // namespace freshet::query
