#include "query/journal/mask_secrets.h"

#include <gtest/gtest.h>

namespace freshet::query {
namespace {

TEST(MaskSecrets, HidesPasswordsOfUsers) {
  EXPECT_EQ(mask_secrets("CREATE USER 'ann'@'%' IDENTIFIED BY 'hunter2'"), "CREATE USER 'ann'@'%' IDENTIFIED BY '***'");
  EXPECT_EQ(mask_secrets("CREATE USER a IDENTIFIED WITH mysql_native_password AS \"*9F69\" COMMENT 'c'"),
            "CREATE USER a IDENTIFIED WITH mysql_native_password AS '***' COMMENT 'c'");
  EXPECT_EQ(mask_secrets("set password for 'ann' = password('hunter2')"), "set password for 'ann' = password('***')");
  EXPECT_EQ(mask_secrets("SET PASSWORD = 'hunter2'"), "SET PASSWORD = '***'");
  EXPECT_EQ(mask_secrets("ALTER USER a IDENTIFIED BY x'6162'"), "ALTER USER a IDENTIFIED BY '***'");
  EXPECT_EQ(mask_secrets("SET PASSWORD FOR 'ann'@'%' = 'hunter2'"), "SET PASSWORD FOR 'ann'@'%' = '***'");
  EXPECT_EQ(mask_secrets("CREATE USER a IDENTIFIED WITH 'caching_sha2_password' BY 'hunter2', b BY 'hunter2'"),
            "CREATE USER a IDENTIFIED WITH '***' BY '***', b BY '***'");
  EXPECT_EQ(mask_secrets("CREATE USER 'a' IDENTIFIED 'hunter2'"), "CREATE USER 'a' IDENTIFIED '***'");
  EXPECT_EQ(mask_secrets("ALTER USER a IDENTIFIED BY PASSWORD '*9F69'"), "ALTER USER a IDENTIFIED BY PASSWORD '***'");
  EXPECT_EQ(mask_secrets("SET x = 'a', y = 'b'"), "SET x = 'a', y = 'b'");
}

TEST(MaskSecrets, HidesPropertiesByTheirNames) {
  EXPECT_EQ(mask_secrets(R"(FROM KAFKA ("property.sasl.password" = "s3", "kafka_topic" = "password"))"),
            R"(FROM KAFKA ("property.sasl.password" = '***', "kafka_topic" = "password"))");
  EXPECT_EQ(mask_secrets("('ssl.key.PassWord'='a', \"aws_secret_key\"=\"b\", session_token = 'c', user = 'd')"),
            "('ssl.key.PassWord'='***', \"aws_secret_key\"='***', session_token = '***', user = 'd')");
  EXPECT_EQ(mask_secrets("('property.ssl.key.pem' = 'a', 'property.ssl.key.location' = 'b')"),
            "('property.ssl.key.pem' = '***', 'property.ssl.key.location' = 'b')");
}

TEST(MaskSecrets, HidesStatementsWithSecretsThatAreToBePrepared) {
  EXPECT_EQ(mask_secrets("PREPARE s FROM 'CREATE USER a IDENTIFIED BY ''hunter2'''"), "PREPARE s FROM '***'");
  EXPECT_EQ(mask_secrets("PREPARE s FROM 'GRANT SELECT ON a TO b IDENTIFIED BY ''x'''"), "PREPARE s FROM '***'");
  EXPECT_EQ(mask_secrets("EXECUTE IMMEDIATE 'SELECT ''sasl.password'' = ''x'''"), "EXECUTE IMMEDIATE '***'");
  EXPECT_EQ(mask_secrets("SET @s = CONCAT('ALTER USER a IDENTIFIED BY ''', 'x', '''')"),
            "SET @s = CONCAT('***', '***', '***')");
  EXPECT_EQ(mask_secrets(R"(SET @a = 1, @s = "ALTER USER a IDENTIFIED BY 'hunter2'")"), "SET @a = 1, @s = '***'");
  for (const char* sql : {"PREPARE s FROM 'SELECT 1 FROM t WHERE a = ''b'''", "SET @a = 'it''s', @b = 'SET x = 1'"}) {
    EXPECT_EQ(mask_secrets(sql), sql);
  }
}

TEST(MaskSecrets, LeavesEverythingElse) {
  for (const char* sql :
       {"SELECT 'password' FROM t WHERE a = 'b'", "INSERT INTO users (name, password_hash) VALUES ('a', 'b')", "",
        "SELECT identified FROM t WHERE x = 'y'"}) {
    EXPECT_EQ(mask_secrets(sql), sql);
  }
}

TEST(MaskSecrets, NothingBehindAnOpenQuoteIsShown) {
  EXPECT_EQ(mask_secrets("SET PASSWORD = 'hunter2"), "SET PASSWORD = ...");
  EXPECT_EQ(mask_secrets("SELECT 1 /* secret"), "SELECT 1 ...");
}

}  // namespace
}  // namespace freshet::query
