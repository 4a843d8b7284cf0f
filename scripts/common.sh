# What the other scripts share: where the project is, how they speak, and its versions of what it fetches.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
deps=$root/.deps
started_at=$SECONDS

say() { printf '[%3ds] %s\n' $((SECONDS - started_at)) "$*"; }
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# A TCP port of 127.0.0.1 that nobody uses now.
# free_port: one below those that the system gives to connections, so that none takes it while its server is down.
free_port() {
  python3 - <<'PYTHON'
import random, socket
below = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
for _ in range(1000):
    port = random.randrange(10000, max(below, 20000))
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break
else:
    raise SystemExit("no free port below the system's range")
PYTHON
}
port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
