"""Random upserts, deletes and reads by every way in and out, with restarts, beside a plain map."""


def test_random_history_equals_a_map(make_server, rng):
    server = make_server({"storage.delta_flush_rows": 3000, "compaction.trigger_segments": 3})
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (a INT NOT NULL, b VARCHAR(10), v BIGINT, s VARCHAR(20)) UNIQUE KEY(a, b) "
               f"DISTRIBUTED BY HASH(a) BUCKETS 3 PROPERTIES ('store_row_column' = '{rng.choice(('true', 'false'))}')")
    model = {}
    operations = 0
    while operations < 40_000:
        choice = rng.random()
        keys = [(rng.randrange(900), f"k{rng.randrange(3)}") for _ in range(rng.choice((1, 5, 300, 2000)))]
        values = [(rng.randrange(10**9), rng.choice(("", "x", "some text"))) for _ in keys]
        operations += len(keys)
        if choice < 0.45:
            server.load("d", "t", "".join(f"{a},{b},{v},{s}\n" for (a, b), (v, s) in zip(keys, values)), column_separator=",")
            model.update(zip(keys, values))
        elif choice < 0.6:
            rows = ", ".join(f"({a}, '{b}', {v}, '{s}')" for (a, b), (v, s) in zip(keys, values))
            server.sql(f"INSERT INTO d.t VALUES {rows}")
            model.update(zip(keys, values))
        elif choice < 0.7:
            server.load("d", "t", "".join(f"{a},{b}\n" for a, b in keys), column_separator=",", columns="a,b", merge_type="DELETE")
            for key in keys:
                model.pop(key, None)
        elif choice < 0.75:
            signs = [rng.random() < 0.5 for _ in keys]
            server.load("d", "t", "".join(f"{a},{b},{v},{s},{int(sign)}\n" for (a, b), (v, s), sign in zip(keys, values, signs)),
                        column_separator=",", hidden_columns="__DORIS_DELETE_SIGN__")
            for key, value, sign in zip(keys, values, signs):
                model.pop(key, None) if sign else model.__setitem__(key, value)
        elif choice < 0.8:
            a, b = keys[0]
            deleted = server.affected_rows(f"DELETE FROM d.t WHERE a = {a} AND b = '{b}'")
            assert deleted == ((a, b) in model)
            model.pop((a, b), None)
        elif choice < 0.84:
            server.restart()
        elif choice < 0.87:
            server.sql("ALTER TABLE d.t COMPACT")
        for a, b in keys[:5]:
            row = server.sql(f"SELECT v, s FROM d.t WHERE b = '{b}' AND a = {a}")
            assert row == ([model[(a, b)]] if (a, b) in model else []), (a, b)
        low = rng.randrange(900)
        inside = [value[0] for key, value in model.items() if low <= key[0] < low + 50]
        assert server.sql(f"SELECT count(*), coalesce(sum(v), 0) FROM d.t WHERE a >= {low} AND a < {low + 50}") == [(len(inside), sum(inside))]
        assert server.value("SELECT count(*) FROM d.t") == len(model)
    assert {(a, b): (v, s) for a, b, v, s in server.sql("SELECT * FROM d.t")} == model
