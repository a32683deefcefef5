# Services that are visited through a gateway.  After lib/common:
#
#	load lib/service

# A service on a free port: sets SERVICE (its address), SERVICE_PORT and
# SERVICE_LOG, which has a line "visitor ADDRESS" for each.
#	upper	answers its input, in capitals, once that has ended
#	echo	answers at once, and ends with its input
#	hello	says hello and closes
#	sink	ends its own direction first, then writes what comes to "got"
#	source	writes as long as anybody reads
#	sums	sends "big" while it reads; the log has "got SUM" of its input
service() { # KIND
    cat >service.py <<'END'
import hashlib, os, socket, sys, threading
kind = sys.argv[1]
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(64)
print("listening on 127.0.0.1:%d" % s.getsockname()[1], flush=True)
def rest(c):
    while True:
        d = c.recv(1 << 16)
        if not d:
            return
        yield d
def send_big(c):
    c.sendall(open("big", "rb").read())
    c.shutdown(socket.SHUT_WR)
def serve(c, peer):
    print("visitor %s" % peer[0], flush=True)
    if kind == "upper":
        c.sendall(b"".join(rest(c)).upper())
    elif kind == "echo":
        for d in rest(c):
            c.sendall(d)
    elif kind == "hello":
        c.sendall(b"hello\n")
    elif kind == "sink":
        c.sendall(b"ready\n")
        c.shutdown(socket.SHUT_WR)
        with open("got.part", "wb") as f:
            for d in rest(c):
                f.write(d)
        os.rename("got.part", "got")
    elif kind == "source":
        while True:
            c.sendall(b"0123456789abcdef" * 4096)
    elif kind == "sums":
        t = threading.Thread(target=send_big, args=(c,))
        t.start()
        h = hashlib.sha256()
        for d in rest(c):
            h.update(d)
        t.join()
        print("got %s" % h.hexdigest(), flush=True)
    c.close()
while True:
    threading.Thread(target=serve, args=s.accept(), daemon=True).start()
END
    start "service.$1" python3 service.py "$@" </dev/null
    SERVICE=$(listening_on "$LOG")
    SERVICE_PORT=${SERVICE##*:}
    SERVICE_LOG=$LOG
}
