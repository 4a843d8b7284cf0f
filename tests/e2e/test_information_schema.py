"""information_schema as drivers, tools and Doris's connectors ask it, and its tables beside SHOW and metrics."""
import pytest

TABLE = """CREATE TABLE shop (id BIGINT NOT NULL COMMENT "the key", region VARCHAR(20) NOT NULL, price DECIMAL(10,2) DEFAULT "1.50",
    seen DATETIME(3), note STRING, big LARGEINT, ok BOOLEAN) UNIQUE KEY(id, region) COMMENT "what is sold"
    DISTRIBUTED BY HASH(id) BUCKETS 2"""


@pytest.fixture
def shop(sql):
    sql(TABLE)
    sql("INSERT INTO shop (id, region) VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    return sql


def test_what_connectors_ask(shop, database):
    assert shop(f"SELECT `SCHEMA_NAME` FROM `INFORMATION_SCHEMA`.`SCHEMATA` WHERE SCHEMA_NAME = '{database}'") == [(database,)]
    assert shop("SELECT TABLE_NAME FROM information_schema.`TABLES` WHERE TABLE_SCHEMA = %s", database) == [("shop",)]
    found = shop("SELECT COLUMN_NAME, DATA_TYPE, COLUMN_SIZE, DECIMAL_DIGITS FROM `information_schema`.`COLUMNS` "
                 f"WHERE TABLE_SCHEMA = '{database}' AND TABLE_NAME = 'shop' ORDER BY ORDINAL_POSITION")
    assert found == [("id", "bigint", 19, None), ("region", "varchar", 20, None), ("price", "decimal", 10, 2),
                     ("seen", "datetime", None, 3), ("note", "string", 16777216, None), ("big", "bigint unsigned", 39, None),
                     ("ok", "tinyint", 3, None)]


def test_what_tools_ask(shop, database):
    where = f"WHERE table_schema = '{database}' AND table_name = 'shop'"
    assert shop(f"SELECT TABLE_TYPE, TABLE_ROWS, TABLE_COMMENT FROM information_schema.tables {where}") == [
        ("BASE TABLE", 3, "what is sold")]
    assert shop(f"SELECT column_type, column_key, is_nullable, column_default, column_comment FROM information_schema.columns {where} "
                "AND column_name IN ('id', 'price') ORDER BY ordinal_position") == [
        ("bigint(20)", "UNI", "NO", None, "the key"), ("decimal(10,2)", "", "YES", "1.50", "")]
    assert shop(f"SELECT index_name, seq_in_index, column_name FROM information_schema.statistics {where} ORDER BY 2") == [
        ("PRIMARY", 1, "id"), ("PRIMARY", 2, "region")]
    assert shop("SELECT c.constraint_type, k.column_name FROM information_schema.table_constraints c JOIN "
                "information_schema.key_column_usage k USING (constraint_schema, constraint_name, table_name) "
                f"WHERE c.table_schema = '{database}' ORDER BY k.ordinal_position") == [("PRIMARY KEY", "id"), ("PRIMARY KEY", "region")]
    assert shop("SELECT count(*) FROM information_schema.views") == [(0,)]
    assert shop("SELECT count(*) FROM INFORMATION_SCHEMA.Triggers WHERE trigger_schema = 'x'") == [(0,)]


def test_every_table_can_be_read_and_is_listed_with_its_columns(sql):
    names = [name for name, kind in sql("SHOW FULL TABLES FROM information_schema") if kind == "SYSTEM VIEW"]
    assert len(names) > 15 and "tables" in names
    for name in names:
        columns = sql("SELECT column_name FROM information_schema.columns WHERE table_schema = 'information_schema' "
                      "AND table_name = %s ORDER BY ordinal_position", name)
        sql("SELECT * FROM information_schema." + name)
        sql("SELECT " + ", ".join(f"`{column}`" for column, in columns) + f" FROM information_schema.{name} LIMIT 1")


def test_partitions(sql, database):
    sql("CREATE TABLE days (day DATE NOT NULL, v INT) DUPLICATE KEY(day) PARTITION BY RANGE(day) (PARTITION old VALUES LESS THAN "
        "('2026-01-01'), PARTITION new VALUES LESS THAN ('2027-01-01')) DISTRIBUTED BY HASH(day) BUCKETS 1")
    sql("INSERT INTO days VALUES ('2026-05-05', 1), ('2026-05-06', 2), ('2025-01-01', 3)")
    assert sql("SELECT partition_name, partition_method, partition_expression, table_rows FROM information_schema.partitions "
               f"WHERE table_schema = '{database}' ORDER BY partition_ordinal_position") == [
        ("old", "RANGE", "day", 1), ("new", "RANGE", "day", 2)]


def test_the_server_itself(sql, database):
    statement = "SELECT user, db, command, info FROM information_schema.processlist WHERE info IS NOT NULL"
    assert ("root", database, "Query", statement) in sql(statement)
    metrics = dict(sql("SELECT metric, value FROM information_schema.metrics WHERE labels = ''"))
    assert metrics["freshet_commits_total"] >= 0 and metrics["freshet_disk_free_bytes"] > 0
    assert sql("SELECT character_set_name FROM information_schema.character_sets") == [("utf8mb4",)]


def test_it_is_a_database_like_the_others(server, sql):
    assert ("information_schema",) in sql("SHOW DATABASES")
    connection = server.connect("information_schema")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tables WHERE table_schema = 'information_schema'")
        assert cursor.fetchone()[0] > 15
        cursor.execute("USE INFORMATION_SCHEMA")
        with pytest.raises(Exception, match="database exists"):
            cursor.execute("CREATE DATABASE Information_Schema")
        with pytest.raises(Exception, match="(?i)unknown table|doesn't exist"):
            cursor.execute("SELECT * FROM information_schema.nothing")
        with pytest.raises(Exception, match="versions"):
            cursor.execute("SELECT * FROM information_schema.tables FOR VERSION AS OF 1")
    connection.close()
