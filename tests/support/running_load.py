"""A Stream Load whose body the test sends piece by piece."""
import base64
import http.client
import json
import socket

TIMEOUT_SECONDS = 60


class RunningLoad:
    """Has begun on the server, with the table's schema of now, when the constructor returns."""

    def __init__(self, server, database, table, **headers):
        secret = base64.b64encode(f"root:{server.password}".encode()).decode()
        head = [f"PUT /api/{database}/{table}/_stream_load HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Basic {secret}",
                "Expect: 100-continue", "Transfer-Encoding: chunked", *(f"{name}: {value}" for name, value in headers.items())]
        self.socket = socket.create_connection(("127.0.0.1", server.load_port), TIMEOUT_SECONDS)
        self.socket.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = self.socket.recv(1000)
            assert piece, answer
            answer += piece
        assert answer.startswith(b"HTTP/1.1 100"), answer

    def send(self, text):
        body = text.encode()
        if body:
            self.socket.sendall(f"{len(body):x}\r\n".encode() + body + b"\r\n")

    def finish(self):
        """The answer's JSON of a load that must succeed."""
        answer = self.answer()
        assert answer["Status"] == "Success", answer
        return answer

    def answer(self):
        """The answer's JSON when the body has ended."""
        self.socket.sendall(b"0\r\n\r\n")
        response = http.client.HTTPResponse(self.socket)
        response.begin()
        answer = json.loads(response.read())
        self.socket.close()
        return answer
