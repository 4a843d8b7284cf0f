"""What Grafana, DBeaver, mysqldump, BI tools and Doris's own ask of a server's catalogue: tests/data/catalogue."""
import pathlib

import pymysql
import pytest

from support.freshet_server import ROOT

STORIES = sorted((ROOT / "tests" / "data" / "catalogue").glob("*.txt"))
SCHEMA = """
CREATE DATABASE shop;
CREATE TABLE shop.orders (id BIGINT NOT NULL COMMENT 'the number', customer VARCHAR(40), amount DECIMAL(10, 2),
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP) UNIQUE KEY(id) COMMENT 'what was sold' DISTRIBUTED BY HASH(id) BUCKETS 1;
CREATE TABLE shop.visits (day DATE, person BIGINT) DUPLICATE KEY(day)
    PARTITION BY RANGE(day) (PARTITION p1 VALUES LESS THAN ('2026-01-01'), PARTITION p2 VALUES LESS THAN ('2027-01-01'))
    DISTRIBUTED BY HASH(day) BUCKETS 1;
USE shop;
CREATE VIEW recent AS SELECT id, customer FROM orders WHERE created_at >= '2026-01-01';
INSERT INTO orders VALUES (1, 'ann', 12.50, '2026-01-01 02:00:00'), (2, 'bob', 7.25, '2026-01-01 03:30:00'), (3, NULL, NULL, '2026-02-01 00:00:00')
"""


@pytest.fixture(scope="module", autouse=True)
def shop(server):
    connection = server.connect(client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        while cursor.nextset():
            pass
    connection.close()


def steps_of(path):
    """(line number, statement, what is wanted: [(mark, text)])"""
    steps = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("> "):
            steps.append((number, line[2:], []))
        elif line.startswith("  "):
            steps[-1] = (steps[-1][0], steps[-1][1] + "\n" + line, steps[-1][2])
        elif line[:2] in (": ", "| ", "~ ", "! ") or line == "0":
            steps[-1][2].append((line[0], line[2:]))
        else:
            assert line.startswith("#") or not line, f"{path.name}:{number}: {line}"
    return steps


def fits(row, wanted):
    cells = wanted.split("|")
    return len(cells) == len(row) and all(cell == "*" or cell == ("NULL" if value is None else str(value)) for cell, value in zip(cells, row))


def check(cursor, rows, wanted):
    for mark, text in wanted:
        if mark == ":":
            assert "|".join(column[0] for column in cursor.description) == text
        elif mark == "0":
            assert rows == []
        elif mark == "~":
            assert any(fits(row, text) for row in rows), f"no row fits {text}; the rows are {rows}"
    exact = [text for mark, text in wanted if mark == "|"]
    if exact:
        left = list(rows)
        for text in exact:
            fitting = [row for row in left if fits(row, text)]
            assert fitting, f"no row fits {text}; the rows are {rows}"
            left.remove(fitting[0])
        assert not left, f"rows that nobody wants: {left}"


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_what_tools_ask(server, path):
    connection = server.connect("shop")
    steps = steps_of(pathlib.Path(path))
    assert steps
    problems = []
    with connection.cursor() as cursor:
        for number, statement, wanted in steps:
            errors = [text for mark, text in wanted if mark == "!"]
            try:
                cursor.execute(statement)
                assert not errors, f"an error with '{errors[0]}' is wanted"
                check(cursor, list(cursor.fetchall()), wanted)
            except pymysql.Error as error:
                if not errors or errors[0] not in str(error):
                    problems.append(f"{path.name}:{number}: {statement[:200]}\n    {error}")
            except AssertionError as error:
                problems.append(f"{path.name}:{number}: {statement[:200]}\n    {error}")
    connection.close()
    assert not problems, "\n" + "\n".join(problems)
