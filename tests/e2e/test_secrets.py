"""Passwords are nowhere to be read: not in logs, lists, figures and errors, and not in the data directory."""
import contextlib
import json
import os
import subprocess
import threading

import pymysql

from support.accounts import logged_in, login_error, make_user
from support.freshet_server import BINARY
from support.routine_loads import wait_for

CANARY = "c4nary-hunter2"


def answers(server, *statements):
    """All that statements answer, errors too, as one text."""
    text = ""
    for statement in statements:
        try:
            text += repr(server.sql(statement))
        except pymysql.MySQLError as error:
            text += repr(error.args)
    return text


def run_and_forget(client, text):
    with contextlib.suppress(pymysql.MySQLError):
        client(text)


def test_planted_passwords_are_found_nowhere(make_server):
    server = make_server({"users.root_password": CANARY + "-root", "log.audit": "true", "log.slow_statement_ms": "1", "log.level": "debug"},
                         password=CANARY + "-root")
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    seen = answers(
        server, f"CREATE USER ann IDENTIFIED BY '{CANARY}'", f"CREATE USER ann IDENTIFIED BY '{CANARY}'", f"ALTER USER ann IDENTIFIED BY '{CANARY}-2'",
        f"PREPARE s FROM 'ALTER USER ann IDENTIFIED BY ''{CANARY}-3'''", "EXECUTE s",
        f'SET @s = "ALTER USER ann IDENTIFIED BY \'{CANARY}-4\'"', "PREPARE s FROM @s", "EXECUTE s",
        f"SET PASSWORD FOR 'ann'@'%' = PASSWORD('{CANARY}')", f"SET PASSWORD FOR 'ann'@'%' = '{CANARY}'", f"SET PASSWORD FOR nobody = '{CANARY}'",
        f"SET PASSWORD = PASSWORD('{CANARY}')", f"ALTER USER ann IDENTIFIED WITH sha256_password BY '{CANARY}'", f"CREATE USER b IDENTIFED BY '{CANARY}'",
        f"CREATE USER b IDENTIFIED BY '{CANARY}' REQUIRE SSL", f"GRANT SELECT ON d.* TO ann IDENTIFIED BY '{CANARY}'",
        f"CREATE USER b IDENTIFIED WITH mysql_native_password AS '{CANARY}'", f"CREATE USER 'b'@'no host' IDENTIFIED BY '{CANARY}'",
        f"""CREATE ROUTINE LOAD d.j ON t COLUMNS TERMINATED BY "," FROM KAFKA ("kafka_broker_list" = "127.0.0.1:1", "kafka_topic" = "x",
            "property.security.protocol" = "sasl_plaintext", "property.sasl.mechanism" = "PLAIN", "property.sasl.username" = "u",
            "property.sasl.password" = "{CANARY}", "property.ssl.key.password" = "{CANARY}")""",
        f"""CREATE ROUTINE LOAD d.j2 ON t FROM KAFKA ("kafka_broker_list" = "127.0.0.1:1", "property.sasl.password" = "{CANARY}")""",
        "PAUSE ROUTINE LOAD FOR d.j", f"""ALTER ROUTINE LOAD FOR d.j FROM KAFKA ("property.sasl.password" = "{CANARY}-3")""",
        "SHOW ROUTINE LOAD FOR d.j", "SHOW CREATE ROUTINE LOAD FOR d.j", "SHOW ALL GRANTS", "SHOW GRANTS FOR ann", "SHOW CREATE USER ann", "SHOW VARIABLES",
        "SHOW FULL PROCESSLIST", *(f"SELECT * FROM information_schema.{name}" for name in (
            "routine_load_jobs", "processlist", "metrics", "user_privileges", "table_privileges", "tables", "columns")))
    # A syntax error quotes what the client itself has sent, to that client alone.
    answers(
        server, f'SET @s = "CREATE OR REPLACE USER b IDENTIFIED BY \'{CANARY}\'"', "PREPARE s FROM @s",
        f'SET @s = "ALTER USER ann IDENTIFIED BY \'{CANARY}"', "PREPARE s FROM @s",
        f"SET @s = CONCAT('ALTER USER ann IDENTIFIED BY ''', '{CANARY}', ''' NONSENSE')", "PREPARE s FROM @s",
        f"EXECUTE IMMEDIATE 'ALTER USER ann IDENTIFIED BY ''{CANARY}'''")
    assert CANARY not in seen
    assert "***" in seen, "the masks are there"
    for password in ("wrong" + CANARY, ""):
        assert CANARY not in login_error(server, "ann", password)[1]
    for user, password in (("ann", CANARY), ("ann", CANARY + "x"), ("root", CANARY + "-root")):
        for path in ("/metrics", "/api/backends", "/api/d/t/_schema", "/"):
            _, headers, body = server.http("GET", path, user=user, password=password)
            assert CANARY not in body.decode() + repr(headers)
        _, headers, body = server.http("PUT", "/api/d/t/_stream_load", b"1\n", {"columns": "id"}, user=user, password=password)
        assert CANARY not in body.decode() + repr(headers)
    assert "location" not in {name.lower() for name in headers}

    with contextlib.ExitStack() as stack:
        busy = stack.enter_context(logged_in(server, "root", password=CANARY + "-root"))
        text = f"SELECT sum(a.range % 7 + b.range) FROM range(3000000) a, range(2000) b WHERE a.range <> 1 OR 'sasl.password' = '{CANARY}'"
        worker = threading.Thread(target=run_and_forget, args=(busy, text))
        worker.start()
        found = wait_for(lambda: [row for row in server.sql("SHOW FULL PROCESSLIST") if row[7] and "range(3000000)" in row[7]],
                         "the query in the list")
        assert CANARY not in repr(found) and "'sasl.password' = '***'" in found[0][7]
        assert CANARY not in repr(server.sql("SELECT * FROM information_schema.processlist"))
        server.sql(f"KILL QUERY {found[0][0]}")
        worker.join(60)
        assert not worker.is_alive()

    with logged_in(server, "ann", password=CANARY):
        pass
    server.restart()
    with logged_in(server, "ann", password=CANARY):
        pass
    assert server.stop() == 0
    inspected = subprocess.run([BINARY, "inspect", server.data_dir], capture_output=True, timeout=60)
    assert CANARY.encode() not in inspected.stdout + inspected.stderr
    assert CANARY not in server.log_path.read_text(errors="replace")
    audit = [json.loads(line) for line in (server.data_dir / "logs" / "audit.jsonl").read_text().splitlines()]
    assert any(entry["statement"] == "CREATE USER ann IDENTIFIED BY '***'" for entry in audit)
    files = [path for path in server.data_dir.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        assert CANARY.encode() not in path.read_bytes(), path


def test_keys_and_data_are_the_owners_alone(make_server):
    server = make_server()
    make_user(server, "ann")
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (k INT) UNIQUE KEY(k)")
    server.load("d", "t", "".join(f"{k}\n" for k in range(300_000)) + "bad\n", max_filter_ratio=1)
    server.sql("SELECT count(*) FROM d.t a, d.t b WHERE a.k < 2000 AND b.k < 2000 AND sin(a.k * b.k) > 2")
    assert server.restart()
    found = [server.data_dir, *server.data_dir.rglob("*")]
    assert {path.parent.name for path in found} >= {"segments", "meta", "keys"}
    for path in found:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_lost_key_costs_the_passwords_and_nothing_else(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    make_user(server, "ann", "SELECT ON d.*")
    server.stop()
    (server.data_dir / "keys" / "secrets.key").unlink()
    server.start()
    login_error(server, "ann")
    assert server.sql("SHOW GRANTS FOR ann")[0][6] == "internal.d: Select_priv"
    server.sql("ALTER USER ann IDENTIFIED BY 'new'")
    with logged_in(server, "ann", password="new"):
        pass
    server.stop()
    (server.data_dir / "keys" / "secrets.key").write_bytes(b"short")
    failed = subprocess.run([BINARY, "server", "--data-dir", server.data_dir, "--http-address", "127.0.0.1:0", "--load-address", "127.0.0.1:0",
                             "--mysql-address", "127.0.0.1:0"], capture_output=True, text=True, timeout=60)
    assert failed.returncode == 1 and "secrets.key is not a key" in failed.stderr


def test_without_a_password_of_root_only_this_machine_is_served(tmp_path):
    log = tmp_path / "log"
    with open(log, "wb") as out:
        process = subprocess.Popen([BINARY, "server", "--data-dir", tmp_path / "data", "--http-address", "0.0.0.0:0", "--load-address", "0.0.0.0:0",
                                    "--mysql-address", "0.0.0.0:0"], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        wait_for(lambda: (tmp_path / "data" / "ports.json").exists() or process.poll() is not None, "the start", 60)
        assert process.poll() is None, log.read_text()
        links = [os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{process.pid}/fd")]
        inodes = {link[len("socket:["):-1] for link in links if link.startswith("socket:[")}
        listening = []
        for table in ("tcp", "tcp6"):
            for line in open(f"/proc/{process.pid}/net/{table}").read().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and fields[9] in inodes:
                    listening.append(fields[1].split(":")[0])
        assert listening == ["0100007F"] * 3, "127.0.0.1 three times"
        text = log.read_text()
        for setting in ("http.address", "http.load_address", "mysql.address"):
            assert f"{setting} is 0.0.0.0:0, but root has no password: 127.0.0.1 is served instead" in text
    finally:
        process.terminate()
        process.wait(60)
