"""Each option of Stream Load that says how CSV and JSON are written, over HTTP."""
import pytest

ROWS = [("1", "a", "1.50"), ("2", "b", None)]

CASES = {
    "separators": ({"column_separator": "||", "line_delimiter": "\\x02"}, "1||a||1.5\x022||b||\\N\x02"),
    "hex_separator": ({"column_separator": "\\x01"}, "1\x01a\x011.5\n2\x01b\x01\\N\n"),
    "enclose": ({"column_separator": ",", "enclose": '"'}, '1,"a",1.5\n2,"b",\\N\n'),
    "enclose_and_escape": ({"column_separator": ",", "enclose": '"', "escape": "\\", "columns": "id, s, v, name = replace(s, '\"', '')"},
                           '1,"a\\"",1.5\n2,"\\"b",\\N\n'),
    "trim_double_quotes": ({"column_separator": ",", "trim_double_quotes": "true"}, '"1","a","1.5"\n"2","b",\\N\n'),
    "empty_field_as_null": ({"column_separator": ",", "empty_field_as_null": "true"}, "1,a,1.5\n2,b,\n"),
    "skip_lines": ({"column_separator": ",", "skip_lines": "2"}, "some\nheader\n1,a,1.5\n2,b,\\N\n"),
    "csv_with_names": ({"column_separator": ",", "format": "csv_with_names"}, "id,name,v\n1,a,1.5\n2,b,\\N\n"),
    "csv_with_names_and_types": ({"column_separator": ",", "format": "csv_with_names_and_types"},
                                 "id,name,v\nBIGINT,STRING,DOUBLE\n1,a,1.5\n2,b,\\N\n"),
    "json_lines_by_default": ({"format": "json"}, '{"id":1,"name":"a","v":1.5}\n{"id":2,"name":"b"}\n'),
    "read_json_by_line": ({"format": "json", "read_json_by_line": "true"}, '{"v":1.5,"id":1,"name":"a"}\n{"id":"2","name":"b","v":null}'),
    "strip_outer_array": ({"format": "json", "strip_outer_array": "true"}, '[{"id":1,"name":"a","v":1.5},\n {"id":2,"name":"b"}]'),
    "arrays_by_line": ({"format": "json", "strip_outer_array": "true", "read_json_by_line": "true"},
                       '[{"id":1,"name":"a","v":1.5}]\n[{"id":2,"name":"b"}]\n'),
    "one_document": ({"format": "json", "read_json_by_line": "false", "strip_outer_array": "true", "json_root": "$.rows"},
                     '{"rows":[{"id":1,"name":"a","v":1.5},{"id":2,"name":"b"}]}'),
    "json_root_by_line": ({"format": "json", "json_root": "$.row"},
                          '{"row":{"id":1,"name":"a","v":1.5}}\n{"row":{"id":2,"name":"b"}}\n'),
    "jsonpaths": ({"format": "json", "jsonpaths": '["$.k", "$.n[0].x"]', "columns": "id, name, v = if(id = 1, 1.5, null)"},
                  '{"k":1,"n":[{"x":"a"}]}\n{"k":2,"n":[{"x":"b"}]}\n'),
    "num_as_string": ({"format": "json", "num_as_string": "true"}, '{"id":1,"name":"a","v":1.5}\n{"id":2,"name":"b"}\n'),
    "fuzzy_parse": ({"format": "json", "strip_outer_array": "true", "fuzzy_parse": "true"},
                    '[{"id":1,"name":"a","v":1.5},{"id":2,"name":"b","v":null}]'),
}


@pytest.mark.parametrize("case", CASES)
def test_option(server, database, case):
    headers, body = CASES[case]
    server.sql(f"CREATE TABLE {database}.t (id BIGINT NOT NULL, name VARCHAR(8), v DECIMAL(9,2)) UNIQUE KEY(id) "
               "DISTRIBUTED BY HASH(id) BUCKETS 1")
    answer = server.load(database, "t", body, **headers)
    assert (answer["NumberLoadedRows"], answer["NumberFilteredRows"]) == (2, 0), answer
    found = server.sql(f"SELECT id, name, v FROM {database}.t ORDER BY id")
    assert [tuple(None if cell is None else str(cell) for cell in row) for row in found] == ROWS


def test_numbers_keep_their_digits_with_num_as_string(server, database):
    server.sql(f"CREATE TABLE {database}.t (id BIGINT NOT NULL, s STRING, d DOUBLE) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    body = '{"id":1,"s":1234567890.12345678901234567890,"d":1e3}'
    server.load(database, "t", body, format="json", num_as_string="true")
    assert server.sql(f"SELECT s, d FROM {database}.t")[0] == ("1234567890.12345678901234567890", 1000.0)
