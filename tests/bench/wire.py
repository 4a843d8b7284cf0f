"""Latency of statements as the network sees it: from the client's send to the moment in which the kernel takes the last byte of
the answer from the server. A client on the server's machine waits for a processor itself, before it reads a byte that has long
been there; that is no time of the server's, and not in these figures."""
import random
import socket
import struct
import time

SO_TIMESTAMPNS = 35  # socket(7): each receive comes with the time at which the bytes arrived
TIMESPEC = struct.Struct("qq")
COM_QUERY = 3
END_OF_ROWS, ERROR = 0xFE, 0xFF


def ends_result(bytes_):
    """Whether a text result is whole: the end of its columns, and that of its rows."""
    position = ends = 0
    while position + 4 < len(bytes_):
        size = int.from_bytes(bytes_[position:position + 3], "little")
        first = bytes_[position + 4]
        if first == ERROR:
            raise RuntimeError(bytes_[position + 13:position + 4 + size].decode(errors="replace"))
        ends += first == END_OF_ROWS and size < 9
        position += 4 + size
    return ends == 2 and position == len(bytes_)


def milliseconds(client, statement):
    """Runs a query with a short text result on a socket that has logged in; None when the kernel did not say when the answer came:
    it begins to note that a moment after it was asked to."""
    text = statement.encode()
    packet = (len(text) + 1).to_bytes(3, "little") + bytes([0, COM_QUERY]) + text
    sent = time.clock_gettime_ns(time.CLOCK_REALTIME)
    client.sendall(packet)
    answer = b""
    while not ends_result(answer):
        piece, ancillary, _, _ = client.recvmsg(64 << 10, socket.CMSG_SPACE(TIMESPEC.size))
        if not piece:
            raise ConnectionError("the server closed the connection")
        answer += piece
    if not ancillary:
        return None
    seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2])
    return (seconds * 1_000_000_000 + nanoseconds - sent) / 1e6


def p99_of_point_reads(server, table, rows, rate, seconds):
    """Milliseconds, of single reads of random keys at a steady rate."""
    numbers = random.Random(42)
    connection = server.connect()
    try:
        client = connection._sock
        client.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        taken, next_at = [], time.monotonic()
        for _ in range(int(rate * seconds)):
            time.sleep(max(0, next_at - time.monotonic()))
            took = milliseconds(client, f"SELECT c FROM {table} WHERE id = {numbers.randint(1, rows)}")
            if took is not None:
                taken.append(took)
            next_at = max(next_at + 1 / rate, time.monotonic() - 1)
        if len(taken) < 0.9 * rate * seconds:
            raise RuntimeError(f"the kernel gave a time for {len(taken)} of {rate * seconds} answers")
        return sorted(taken)[int(len(taken) * 0.99)]
    finally:
        connection.close()
