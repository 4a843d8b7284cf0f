"""Errors have MySQL's numbers, by which clients choose what to raise, and name the column that is meant."""
import pymysql
import pytest

CASES = [
    ("INSERT INTO t (id, nn, i) VALUES (2, 1, 300)", 1264, "'i'"),
    ("INSERT INTO t (id, nn, i) VALUES (2, 1, 'abc')", 1366, "'i'"),
    ("INSERT INTO t (id, nn, i) SELECT 2, 1, 300", 1264, "'i'"),
    ("INSERT INTO t (id, nn, i) SELECT 2, 1, 'abc'", 1366, "'i'"),
    ("INSERT INTO t (id, nn, n) VALUES (2, 1, 12345.5)", 1264, "'n'"),
    ("INSERT INTO t (id, nn, n) SELECT 2, 1, '12345.5'", 1264, "'n'"),
    ("INSERT INTO t (id, nn, d) VALUES (2, 1, '2020-13-01')", 1292, "'d'"),
    ("INSERT INTO t (id, nn, d) SELECT 2, 1, 'abc'", 1292, "'d'"),
    ("INSERT INTO t (id, nn, dt) VALUES (2, 1, '2020-13-01 00:00:00')", 1292, "'dt'"),
    ("INSERT INTO t (id, nn, s) VALUES (2, 1, 'abcdefgh')", 1406, "'s'"),
    ("INSERT INTO t (id, nn, s) SELECT 2, 1, 'abcdefgh'", 1406, "'s'"),
    ("INSERT INTO t (id, nn, b) VALUES (2, 1, 'x')", 1366, "'b'"),
    ("INSERT INTO t (id, nn) VALUES (2, NULL)", 1048, "nn"),
    ("INSERT INTO t (id) VALUES (2)", 1364, "nn"),
    ("INSERT INTO t (id, nn, zz) VALUES (2, 1, 1)", 1054, "zz"),
    ("INSERT INTO t (id, nn) VALUES (2, 1, 1)", 1136, "Column count"),
    ("UPDATE t SET i = 300 WHERE id = 1", 1264, "'i'"),
    ("UPDATE t SET i = 'abc' WHERE id = 1", 1366, "'i'"),
    ("UPDATE t SET s = 'abcdefgh' WHERE id = 1", 1406, "'s'"),
    ("UPDATE t SET zz = 1", 1054, "zz"),
    ("INSERT INTO t (id, nn) VALUES (1, 1) ON DUPLICATE KEY UPDATE i = 300", 1264, "300"),
    ("SELECT zz FROM t", 1054, "zz"),
    ("SELECT x.id FROM t", 1054, "x"),
    ("SELECT * FROM nope", 1146, "nope"),
    ("SELECT nofun(1)", 1305, "nofun"),
    ("SELECT id FROM t a, t b", 1052, "id"),
    ("SELECT id FROM t WHERE id = (SELECT id FROM t UNION ALL SELECT 2)", 1242, "row"),
    ("SELECT * FROM t WHERE id IN (SELECT id, i FROM t)", 1241, "column"),
    ("SELECT 1 UNION SELECT 1, 2", 1222, "columns"),
    ("SELECT sum(sum(id)) FROM t", 1111, "nested"),
    ("SELECT id FROM t WHERE sum(id) > 1", 1111, "aggregates"),
    ("SELECT id FROM t ORDER BY 5", 1054, "ORDER"),
    ("SELECT 9223372036854775807 + 1", 1690, "out of range"),
    ("DROP DATABASE nope", 1008, "nope"),
    ("CREATE DATABASE errors", 1007, "errors"),
    ("CREATE TABLE t (id INT)", 1050, "t"),
    ("CREATE TABLE x (id INT, id INT)", 1060, "id"),
    ("CREATE TABLE x ()", 1113, "column"),
    ("ALTER TABLE t DROP COLUMN zz", 1091, "zz"),
    ("ALTER TABLE t ADD COLUMN i INT", 1060, "i"),
    ("USE nope", 1049, "nope"),
    ("KILL 99999999", 1094, "99999999"),
    ("SELECT FROM", 1064, "syntax"),
]


def test_each_error_has_its_number(server):
    server.sql("CREATE DATABASE errors")
    server.sql("CREATE TABLE errors.t (id INT NOT NULL, i TINYINT, d DATE, dt DATETIME, n DECIMAL(5,2), s VARCHAR(5), b BOOLEAN, "
               "nn INT NOT NULL) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("INSERT INTO errors.t VALUES (1, 1, '2020-01-01', '2020-01-01 00:00:00', 1.5, 'a', true, 1)")
    connection = server.connect("errors")
    wrong = []
    for statement, number, words in CASES:
        with connection.cursor() as cursor, pytest.raises(pymysql.MySQLError) as refused:
            cursor.execute(statement)
        got, text = refused.value.args
        if got != number or words not in text:
            wrong.append((statement, number, got, text))
    connection.close()
    assert not wrong
    assert server.sql("SELECT * FROM errors.t WHERE id <> 1") == []
