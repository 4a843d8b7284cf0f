"""Stream Loads with expressions in `columns`, `where`, and merge_type MERGE."""
import pytest


@pytest.fixture
def orders(server, database):
    server.sql(f"CREATE TABLE {database}.orders (id BIGINT NOT NULL, amount INT, status VARCHAR(8), "
               "changed DATETIME NOT NULL DEFAULT '2026-01-01 00:00:00') UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    return lambda data, **headers: server.stream_load(database, "orders", data, **{"column_separator": ",", **headers})


def rows(server, database, columns="id, amount, status"):
    return [tuple(None if cell is None else str(cell) for cell in row)
            for row in server.sql(f"SELECT {columns} FROM {database}.orders ORDER BY id")]


def test_expressions_fill_columns(server, database, orders):
    answer = orders("1,5,New,1700000000\n2,2.5,X,0\n", columns="id, tmp, s, x, amount = tmp * 2, "
                    "status = upper(concat(s, '-', id)), changed = from_unixtime(x)")
    assert answer["Status"] == "Success", answer.get("FirstErrorMsg") or answer
    assert rows(server, database, "id, amount, status, changed") == [
        ("1", "10", "NEW-1", "2023-11-14 22:13:20"), ("2", "5", "X-2", "1970-01-01 00:00:00")]


def test_expressions_mean_what_they_mean_in_queries(server, database, orders):
    answer = orders("1,7,2024/1/5,x\n2,8,2024/2/6,apple\n", columns="id, n, d, s, amount = n DIV 2 | 8, "
                    "status = if(s regexp '^a', date_format(d, '%d.%m.'), concat(n / 2, '')), changed = d + interval 1 month",
                    where="not s like 'y%' xor 0")
    assert answer["Status"] == "Success", answer.get("FirstErrorMsg") or answer
    assert rows(server, database, "id, amount, status, changed") == [
        ("1", "11", "3.5", "2024-02-05 00:00:00"), ("2", "12", "06.02.", "2024-03-06 00:00:00")]


def test_the_time_of_the_load(server, database, sql):
    sql("CREATE TABLE t (id BIGINT NOT NULL, moment DATETIME, day DATE, seconds BIGINT, s VARCHAR(30)) "
        "UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    for now in ("now()", "current_timestamp()", "CURRENT_TIMESTAMP", "sysdate()", "localtime()", "utc_timestamp()"):
        answer = server.load(database, "t", "1,5\n2,6\n", column_separator=",", where="day >= '2020-01-01' and now() > moment - interval 1 hour",
                             columns=f"id, x, moment = {now}, day = curdate(), seconds = unix_timestamp() + x, s = date_format({now}, '%Y')")
        assert answer["NumberLoadedRows"] == 2, answer
        [one, two] = sql("SELECT abs(timestampdiff(second, moment, utc_timestamp())) < 60, day = date(moment), abs(seconds - id - 4 - unix_timestamp(moment)) <= 1, "
                         "s = year(moment), moment FROM t ORDER BY id")
        assert one == two and one[:4] == (1, 1, 1, 1), (now, one)
    answer = server.stream_load(database, "t", "1,5\n", column_separator=",", columns="id, x, moment = now() + nope(x)")
    assert "nope" in answer["Message"] and "LOCALTIMESTAMP" not in answer["Message"], answer


def test_a_source_column_may_have_the_name_of_the_column_it_fills(server, database, orders):
    answer = orders("1,5,a\n2,x,b\n", columns="id, amount, status, amount = amount + 1, changed = '2026-02-03 04:05:06'",
                    where="amount > 3 or amount is null")
    assert answer["NumberLoadedRows"] == 2, answer.get("FirstErrorMsg")
    assert rows(server, database, "id, amount, status, changed") == [
        ("1", "6", "a", "2026-02-03 04:05:06"), ("2", None, "b", "2026-02-03 04:05:06")]


def test_where_leaves_rows_out_and_counts_them(server, database, orders):
    answer = orders("1,5,a\n2,50,b\n3,500,c\n4,\\N,d\n", columns="id, amount, status", where="amount >= 50 and status != 'c'")
    assert (answer["NumberTotalRows"], answer["NumberLoadedRows"], answer["NumberUnselectedRows"],
            answer["NumberFilteredRows"]) == (4, 1, 3, 0), answer
    assert rows(server, database) == [("2", "50", "b")]
    # Rows that are left out do not count for the ratio.
    answer = orders("5,1,a\n6,x,toolongforit\n7,70,b\n", columns="id, amount, status", where="amount > 3",
                    max_filter_ratio="0.5")
    assert (answer["NumberUnselectedRows"], answer["NumberFilteredRows"], answer["NumberLoadedRows"]) == (1, 1, 1), answer


def test_rows_whose_expressions_fail_are_filtered(server, database, orders):
    data = "1,5\n2,abc\n3,7\n"
    headers = {"columns": "id, tmp, amount = cast(tmp as signed)"}
    answer = orders(data, **headers)
    assert answer["Status"] == "Fail" and "too many filtered rows" in answer["Message"], answer
    answer = orders(data, max_filter_ratio="0.4", **headers)
    assert (answer["NumberFilteredRows"], answer["NumberLoadedRows"]) == (1, 2), answer
    path = answer["ErrorURL"].split("://", 1)[1].split("/", 1)[1]
    assert "abc" in server.http("GET", "/" + path)[2].decode()
    assert rows(server, database) == [("1", "5", None), ("3", "7", None)]


def test_not_null_and_length_hold_for_computed_columns(server, database, orders):
    answer = orders("1,x\n2,2026-05-06\n", columns="id, d, changed = str_to_date(d, '%Y-%m-%d')", max_filter_ratio="0.5")
    assert (answer["NumberFilteredRows"], answer["NumberLoadedRows"]) == (1, 1), answer
    assert "null value for not null column" in answer["FirstErrorMsg"]
    answer = orders("1,x\n", columns="id, s, status = repeat(s, 9)")
    assert answer["Status"] == "Fail" and answer["NumberFilteredRows"] == 1, answer


@pytest.mark.parametrize("headers, text", [
    ({"columns": "id, tmp, amount = tmpp + 1"}, "Unknown column 'tmpp'"),
    ({"columns": "id, tmp, amout = tmp + 1"}, "did you mean 'amount'"),
    ({"columns": "id, tmp, amount = no_such(tmp)"}, "no_such"),
    ({"columns": "id, tmp, amount = sum(tmp)"}, "aggregate functions cannot stand in the expressions of a load"),
    ({"columns": "id, tmp, amount = (select 1)"}, "subqueries"),
    ({"columns": "id, tmp, status = (select content from read_text('/etc/passwd'))"}, "not offered"),
    ({"columns": "id, tmp, amount = 1 from orders"}, "No database selected"),
    ({"columns": "id, tmp, status = getenv('HOME')"}, "not offered"),
    ({"columns": "id, tmp, status = current_setting('data_directory')"}, "not offered"),
    ({"columns": "id, tmp, amount = 1 from range(3)"}, "one expression"),
    ({"columns": "id, tmp, amount = 1; drop table orders"}, "expected the end"),
    ({"columns": "id, tmp, amount = row_number() over ()"}, "window functions cannot stand in the expressions of a load"),
    ({"columns": "id, tmp, amount = ?"}, "laceholder"),
    ({"columns": "id, tmp, amount = "}, "no expression"),
    ({"columns": "id, tmp, amount = (tmp"}, "parenthesis"),
    ({"where": "nothing > 1"}, "Unknown column 'nothing'"),
    ({"merge_type": "MERGE"}, "Excepted DELETE ON clause when merge type is MERGE."),
    ({"delete": "id = 1"}, "Not support DELETE ON clause when merge type is not MERGE."),
])
def test_wrong_expressions_are_refused_before_a_row_is_read(orders, headers, text):
    answer = orders("1,5\n", **headers)
    assert answer["Status"] == "Fail" and text in answer["Message"], answer["Message"]
    assert answer["NumberTotalRows"] == 0


def test_merge_deletes_and_upserts(server, database, orders):
    orders("".join(f"{i},{i},x\n" for i in range(5)), columns="id,amount,status")
    answer = orders("1,10,u,keep\n2,\\N,u,drop\n9,9,u,drop\n7,70,u,keep\n", merge_type="MERGE",
                    columns="id, amount, status, op", delete="op = 'drop'")
    assert answer["Status"] == "Success", answer.get("FirstErrorMsg") or answer
    assert rows(server, database) == [("0", "0", "x"), ("1", "10", "u"), ("3", "3", "x"), ("4", "4", "x"), ("7", "70", "u")]
    # A condition on a column of the table sees its typed value, and a later row of a key wins.
    orders('{"id": 3, "amount": 100}\n{"id": 4, "amount": 5}\n{"id": 4, "amount": 500}\n{"id": 3, "amount": 7}\n',
           format="json", merge_type="MERGE", delete="amount >= 100")
    assert rows(server, database) == [("0", "0", "x"), ("1", "10", "u"), ("3", "7", None), ("7", "70", "u")]


def test_delete_signs_beside_expressions(server, database, orders):
    orders("1,1,a\n2,2,b\n3,3,c\n", columns="id,amount,status")
    answer = orders("1,9,0\n2,,1\n", columns="id, tmp, __DORIS_DELETE_SIGN__, amount = tmp * 10")
    assert answer["Status"] == "Success", answer.get("FirstErrorMsg") or answer
    orders("3,x\n1,y\n", columns="id, s, __DORIS_DELETE_SIGN__ = s = 'x', status = s")
    orders("1000\n", columns="k, id = k - 999", merge_type="DELETE")
    assert rows(server, database) == []


def test_many_rows_in_their_order(server, database, orders):
    data = "".join(f"{i % 30000},{i if i % 7 else 'bad'}\n" for i in range(100_000))
    answer = orders(data, columns="id, tmp, amount = cast(tmp as signed)", max_filter_ratio="1", where="amount is not null")
    assert answer["NumberFilteredRows"] == len([i for i in range(100_000) if i % 7 == 0]), answer
    last = {i % 30000: i for i in range(100_000) if i % 7}
    found = server.sql(f"SELECT count(*), sum(amount) FROM {database}.orders")[0]
    assert (int(found[0]), int(found[1])) == (len(last), sum(last.values()))


def test_bitmaps_of_texts(server, database):
    server.sql(f"CREATE TABLE {database}.visits (day INT NOT NULL, users BITMAP BITMAP_UNION) AGGREGATE KEY(day) "
               "DISTRIBUTED BY HASH(day) BUCKETS 1")
    answer = server.stream_load(database, "visits", "1,7\n1,8\n2,7\n1,7\n", column_separator=",",
                                columns="day, user, users = to_bitmap(user)")
    assert answer["Status"] == "Success", answer.get("FirstErrorMsg") or answer
    found = server.sql(f"SELECT day, bitmap_count(users) FROM {database}.visits ORDER BY day")
    assert [(int(day), int(count)) for day, count in found] == [(1, 2), (2, 1)]
