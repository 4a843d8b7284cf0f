"""SHOW TRANSACTION, SHOW LOAD and SHOW STREAM LOAD, and the labels of loads without one."""
import pymysql
import pytest

TABLE = "CREATE TABLE t (id BIGINT NOT NULL, v VARCHAR(10)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1"


def test_transactions_by_label_id_and_status(server, database, sql):
    sql(TABLE)
    for label in ("app__KC_1", "app__KC_2", "other"):
        server.load(database, "t", "1,a\n", column_separator=",", label=label)
    failed = server.stream_load(database, "t", "x,a\n", column_separator=",", label="app__KC_3")
    waits = server.load(database, "t", "2,b\n", column_separator=",", label="waits", two_phase_commit="true")
    rows = sql(f"SHOW TRANSACTION FROM {database} WHERE LABEL LIKE 'app__KC_%'")
    assert [(row[1], row[3]) for row in rows] == [("app__KC_1", "VISIBLE"), ("app__KC_2", "VISIBLE"), ("app__KC_3", "ABORTED")]
    aborted = rows[2]
    assert aborted[0] == str(failed["TxnId"]) and "too many filtered rows" in aborted[10] and aborted[7] is None
    [precommitted] = sql(f"SHOW TRANSACTION WHERE id = {waits['TxnId']}")
    assert precommitted[1] == "waits" and precommitted[3] == "PRECOMMITTED" and precommitted[6] and int(precommitted[13]) > 0
    assert [row[1] for row in sql("SHOW TRANSACTION WHERE STATUS = 'VISIBLE' ORDER BY Label DESC LIMIT 2")] == ["other", "app__KC_2"]
    assert [row[1] for row in sql("SHOW TRANSACTION WHERE status = 'VISIBLE' ORDER BY TransactionId LIMIT 1, 5")] == ["app__KC_2", "other"]
    assert sql("SHOW TRANSACTION WHERE ID = 99999999") == [] == sql(f"SHOW TRANSACTION FROM {database} WHERE LABEL = 'none'")
    with pytest.raises(pymysql.Error, match="Unknown column 'colour'"):
        sql("SHOW TRANSACTION WHERE colour = 'red'")
    with pytest.raises(pymysql.Error, match="Unknown database"):
        sql("SHOW TRANSACTION FROM nowhere")


def test_loads_and_their_states(server, database, sql):
    sql(TABLE)
    server.load(database, "t", "1,a\nx,b\n", column_separator=",", label="good", max_filter_ratio=0.5)
    server.stream_load(database, "t", "x,a\n", column_separator=",", label="bad")
    connection = server.connect(database)
    with connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute("SHOW LOAD WHERE LABEL = 'good'")
        [good] = cursor.fetchall()
        cursor.execute("SHOW LOAD WHERE STATE = 'CANCELLED'")
        [bad] = cursor.fetchall()
        cursor.execute("SHOW STREAM LOAD WHERE label LIKE '%o%' AND status = 'Success'")
        [stream] = cursor.fetchall()
        cursor.execute("SHOW STREAM LOAD ORDER BY Label")
        assert [row["Label"] for row in cursor.fetchall()] == ["bad", "good"]
    connection.close()
    assert good["State"] == "FINISHED" and good["Type"] == "STREAM_LOAD" and good["EtlInfo"] == "dpp.abnorm.ALL=1; dpp.norm.ALL=1"
    assert bad["Label"] == "bad" and "too many filtered rows" in bad["ErrorMsg"]
    assert stream["TotalRows"] == "2" and stream["LoadedRows"] == "1" and stream["FilteredRows"] == "1"
    assert stream["ClientIp"].startswith("127.0.0.1:") and stream["User"] == "root" and stream["Table"] == "t"
    assert "_load_error_log?file=" in stream["Url"] and stream["FirstErrorMsg"] and stream["LoadBytes"] == "8"
    status, _, log = server.http("GET", "/" + stream["Url"].split("/", 3)[3])
    assert status == 200 and b"Reason: " in log


def test_clean_label_frees_the_labels_of_loads_that_have_ended(make_server):
    server = make_server()
    for database in ("d", "e"):
        server.sql(f"CREATE DATABASE {database}")
        server.sql(TABLE.replace(" t ", f" {database}.t "))
        for label in ("one", "two", "x.y:z-1"):
            server.load(database, "t", "1,a\n", column_separator=",", label=label)
    waits = server.load("d", "t", "2,b\n", column_separator=",", label="waits", two_phase_commit="true")
    server.stream_load("d", "t", "x,a\n", column_separator=",", label="bad")

    def load(label, database="d"):
        return server.stream_load(database, "t", "3,c\n", column_separator=",", label=label)["Status"]

    def labels(database="d"):
        return sorted(row[1] for row in server.sql(f"SHOW TRANSACTION FROM {database}"))

    server.sql("CLEAN LABEL one FROM d")
    server.sql("CLEAN LABEL `x.y:z-1` IN d")
    assert labels() == ["bad", "two", "waits"] and labels("e") == ["one", "two", "x.y:z-1"]
    server.restart()
    assert load("one") == "Success" and load("two") == "Label Already Exists" and load("one", "e") == "Label Already Exists"
    with pytest.raises(pymysql.Error, match="no load with label 'never'"):
        server.sql("CLEAN LABEL never FROM d")
    with pytest.raises(pymysql.Error, match=rf"'waits' has not ended: its transaction \[{waits['TxnId']}\] can be aborted"):
        server.sql("CLEAN LABEL waits FROM d")
    with pytest.raises(pymysql.Error, match="Unknown database"):
        server.sql("CLEAN LABEL one FROM nowhere")
    server.sql("CREATE USER ann")
    server.sql("GRANT SELECT_PRIV ON d.* TO ann")
    with server.connect(user="ann").cursor() as cursor, pytest.raises(pymysql.Error, match="denied"):
        cursor.execute("CLEAN LABEL two FROM d")
    server.sql("CLEAN LABEL FROM d")
    assert labels() == ["waits"] and b"\nfreshet_labels 4\n" in server.http("GET", "/metrics")[2]
    server.kill()
    server.start()
    assert labels() == ["waits"] and load("two") == "Success"
    _, _, answer = server.http("PUT", "/api/d/_stream_load_2pc", headers={"label": "waits", "txn_operation": "commit"})
    assert b"commit successfully" in answer and server.value("SELECT count(*) FROM d.t") == 3


def test_made_up_labels_do_not_use_up_the_limit(make_server):
    server = make_server({"storage.label_limit": 3})
    server.sql("CREATE DATABASE d")
    server.sql(TABLE.replace(" t ", " d.t "))
    made_up = [server.load("d", "t", f"{i},a\n", column_separator=",")["Label"] for i in range(20)]
    assert len(set(made_up)) == 20
    assert b"\nfreshet_labels 0\n" in server.http("GET", "/metrics")[2]
    state = server.http("GET", f"/api/d/get_load_state?label={made_up[0]}")[2]
    assert b"VISIBLE" in state, "they are remembered for a while"
    again = server.stream_load("d", "t", "1,b\n", column_separator=",", label=made_up[0])
    assert again["Status"] == "Label Already Exists" and again["ExistingJobStatus"] == "FINISHED"
    assert [row[3] for row in server.sql(f"SHOW TRANSACTION FROM d WHERE LABEL = '{made_up[5]}'")] == ["VISIBLE"]
    waits = server.load("d", "t", "100,a\n", column_separator=",", two_phase_commit="true")
    server.kill()
    server.start()
    assert server.value("SELECT count(*) FROM d.t") == 20
    _, _, answer = server.http("PUT", "/api/d/_stream_load_2pc", headers={"label": waits["Label"], "txn_operation": "commit"})
    assert b"commit successfully" in answer, "the label of a load that waits for its second phase is stored"
    assert server.value("SELECT count(*) FROM d.t") == 21
    for i in range(2):
        server.load("d", "t", "1,c\n", column_separator=",", label=f"own{i}")
    refused = server.stream_load("d", "t", "1,c\n", column_separator=",", label="own3")
    assert "storage.label_limit" in refused["Message"]
    server.load("d", "t", "1,d\n", column_separator=",")
