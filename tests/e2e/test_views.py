"""Views: stored queries that stand for tables in queries, SHOW and information_schema."""
import pytest
from pymysql.err import MySQLError


def test_views(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql("CREATE DATABASE other")
    server.sql("USE d")
    server.sql("CREATE TABLE t (id INT, name VARCHAR(20), n INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("INSERT INTO t VALUES (1, 'a', 10), (2, 'b', 20), (3, 'c', 30)")
    server.sql("CREATE VIEW large AS SELECT id, `name`, (n) DIV 10 AS tens FROM t WHERE n >= 20")
    server.sql("CREATE VIEW other.sums (what, total) COMMENT 'all of it' AS SELECT name, sum(tens) FROM d.large GROUP BY name")
    assert server.sql("SELECT * FROM large ORDER BY id") == [(2, "b", 2), (3, "c", 3)]
    assert server.sql("SELECT what, total FROM other.sums s WHERE s.what <> 'b'") == [("c", 3)]
    assert server.sql("SELECT l.id, t.name FROM large l JOIN t ON t.id = l.id + 0 WHERE l.id IN (SELECT id FROM large WHERE tens = 3)") == [(3, "c")]
    server.sql("/*!50001 CREATE ALGORITHM=UNDEFINED */ /*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */ "
               "/*!50001 VIEW `dumped` AS select `t`.`id` AS `id` from `t` */")
    assert server.sql("SELECT count(*) FROM dumped") == [(3,)]
    server.sql("CREATE OR REPLACE DEFINER=CURRENT_USER VIEW dumped AS SELECT 1")
    server.sql("DROP VIEW dumped")
    with pytest.raises(MySQLError, match="INVOKER is not offered"):
        server.sql("CREATE SQL SECURITY INVOKER VIEW v AS SELECT 1")
    server.sql("UPDATE t SET n = 40 WHERE id = 3")
    assert server.value("SELECT tens FROM large WHERE id = 3") == 4
    server.sql("USE other")
    assert server.sql("SELECT id FROM d.large ORDER BY id") == [(2,), (3,)]
    server.sql("INSERT INTO d.t SELECT id + 10, name, 0 FROM d.large")
    assert server.value("SELECT count(*) FROM d.t") == 5

    server.sql("USE d")
    assert server.sql("SHOW TABLES") == [("large",), ("t",)]
    assert server.sql("SHOW FULL TABLES") == [("large", "VIEW"), ("t", "BASE TABLE")]
    assert server.sql("SHOW CREATE VIEW large")[0][:2] == (
        "large", "CREATE VIEW `large` AS SELECT id, `name`, (n) DIV 10 AS tens FROM t WHERE n >= 20")
    assert server.sql("SHOW CREATE TABLE other.sums")[0][1].startswith("CREATE VIEW `sums` (`what`, `total`) COMMENT 'all of it' AS SELECT")
    assert server.sql("SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_type = 'VIEW' AND table_schema IN ('d', 'other') ORDER BY 1") == [
        ("d", "large", "VIEW"), ("other", "sums", "VIEW")]
    assert server.sql("SELECT table_name FROM information_schema.views WHERE table_schema = 'd'") == [("large",)]

    server.kill()
    server.start()
    server.sql("USE d")
    assert server.sql("SELECT * FROM other.sums ORDER BY 1") == [("b", 2), ("c", 4)]
    server.sql("CREATE OR REPLACE VIEW large AS SELECT id, name, 1 AS tens FROM t")
    server.sql("ALTER VIEW other.sums AS SELECT 1 AS one")
    server.sql("CREATE VIEW IF NOT EXISTS large AS SELECT 5")
    assert server.value("SELECT sum(tens) FROM large") == 5
    assert server.sql("SELECT * FROM other.sums") == [(1,)]

    for statement, message in (
            ("CREATE VIEW large AS SELECT 1", "already exists"),
            ("CREATE VIEW t AS SELECT 1", "already exists"),
            ("CREATE TABLE large (a INT) DUPLICATE KEY(a) DISTRIBUTED BY HASH(a) BUCKETS 1", "already exists"),
            ("CREATE VIEW v AS SELECT nothing FROM t", "nothing"),
            ("CREATE VIEW v AS DELETE FROM t", "Only queries run here|syntax"),
            ("CREATE VIEW v (a, b) AS SELECT 1", "different column counts"),
            ("CREATE VIEW v AS SELECT * FROM read_csv('/etc/passwd')", "not offered"),
            ("ALTER VIEW v AS SELECT 1", "Unknown table"),
            ("DROP VIEW v", "Unknown table"),
            ("DROP VIEW large, v", "Unknown table"),
            ("DROP TABLE t, v", "Unknown table"),
            ("INSERT INTO large VALUES (1, 'x', 1)", "Unknown table")):
        with pytest.raises(MySQLError, match=message):
            server.sql(statement)
    server.sql("ALTER VIEW large AS SELECT id FROM large")
    with pytest.raises(MySQLError, match="nested deeper"):
        server.sql("SELECT * FROM large")
    server.sql("DROP VIEW large, other.sums")
    server.sql("DROP VIEW IF EXISTS large")
    assert server.sql("SHOW TABLES") == [("t",)]
    server.sql("CREATE VIEW other.last AS SELECT 1")
    server.sql("DROP DATABASE other")
    server.sql("CREATE DATABASE other")
    assert server.sql("SHOW TABLES FROM other") == []
