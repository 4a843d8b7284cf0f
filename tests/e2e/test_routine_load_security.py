"""Routine loads from a broker that wants TLS and a password."""
import contextlib
import socket
import subprocess
import types

import pytest

from support.kafka_broker import KafkaBroker
from support.routine_loads import create_job, job, wait_for

PASSWORD = "pa55word-of-ann"


@pytest.fixture
def secure_kafka(tmp_path):
    """A broker with a second listener for TLS and SASL PLAIN; `secure_address`, and `certificate`, a file that knows it."""
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(contextlib.closing(socket.create_server(("127.0.0.1", 0)))).getsockname()[1] for _ in range(3)]
    keys, certificate = tmp_path / "broker.p12", tmp_path / "broker.pem"
    store = ["-alias", "broker", "-storetype", "PKCS12", "-keystore", keys, "-storepass", "changeit"]
    subprocess.run(["keytool", "-genkeypair", "-keyalg", "RSA", "-keysize", "2048", "-validity", "2", "-dname", "CN=localhost",
                    "-ext", "SAN=IP:127.0.0.1", *store], check=True, capture_output=True)
    subprocess.run(["keytool", "-exportcert", "-rfc", "-file", certificate, *store], check=True, capture_output=True)
    plain, secure, controller = ports
    login = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_ann="{PASSWORD}";'
    broker = KafkaBroker(tmp_path / "kafka", {
        "listeners": f"PLAINTEXT://127.0.0.1:{plain},SECURE://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{plain},SECURE://127.0.0.1:{secure}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL",
        "listener.name.secure.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.secure.plain.sasl.jaas.config": login,
        "listener.name.secure.ssl.keystore.type": "PKCS12",
        "listener.name.secure.ssl.keystore.location": str(keys),
        "listener.name.secure.ssl.keystore.password": "changeit",
    })
    broker.port = plain
    broker.start()
    broker.secure_address, broker.certificate = f"127.0.0.1:{secure}", certificate
    yield broker
    broker.stop()


def test_tls_and_a_password_are_passed_on_and_not_told(make_server, secure_kafka):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, v BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    secure_kafka.create_topic("secret")
    secure_kafka.produce("secret", ["1,10", "2,20"])
    secure = types.SimpleNamespace(address=secure_kafka.secure_address)
    source = {"property.security.protocol": "sasl_ssl", "property.ssl.ca.location": secure_kafka.certificate,
              "property.sasl.mechanism": "PLAIN", "property.sasl.username": "ann"}
    wrong = "wrong-" + PASSWORD
    create_job(server, secure, "secret", job="wrong", source=source | {"property.sasl.password": wrong})
    create_job(server, secure, "secret", source=source | {"property.sasl.password": PASSWORD})
    wait_for(lambda: server.sql("SELECT id, v FROM d.t ORDER BY id") == [(1, 10), (2, 20)], "the rows")
    wait_for(lambda: job(server, "wrong")["other"] or job(server, "wrong")["reason"], "why the other job reads nothing")
    # The right password mends it.
    server.sql("PAUSE ROUTINE LOAD FOR d.wrong")
    server.sql(f'ALTER ROUTINE LOAD FOR d.wrong FROM KAFKA ("property.sasl.password" = "{PASSWORD}")')
    server.sql("RESUME ROUTINE LOAD FOR d.wrong")
    wait_for(lambda: job(server, "wrong")["progress"] == {"0": "1"}, "the job reads")
    # The password is stored, for the next start, and nowhere told.
    server.restart()
    secure_kafka.produce("secret", ["3,30"])
    wait_for(lambda: server.value("SELECT count(*) FROM d.t") == 3, "the row after the restart")
    server.sql("USE d")
    shown = str(server.sql("SHOW ROUTINE LOAD")) + str(server.sql("SHOW CREATE ROUTINE LOAD FOR d.j")) + server.log_tail(100_000)
    assert "******" in shown and PASSWORD not in shown
