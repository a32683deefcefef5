#!/usr/bin/env python3
"""A SCRAM-SHA-256 login at a VSAP gateway, by another implementation than ours.

scram.py PORT USER PASSWORD [LINE...]

Logs in; LINE... are said between challenge and answer.  Prints the replies,
and whether the server has shown that it knows the user.  $PROXY, if set, is
sent as the first line.
"""
import base64
import hashlib
import hmac
import os
import socket
import sys

port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
s = socket.create_connection(("127.0.0.1", port))
s.settimeout(15)
f = s.makefile("rb")
if os.environ.get("PROXY"):
    s.sendall(os.environ["PROXY"].encode() + b"\r\n")


def b64(data):
    return base64.b64encode(data).decode()


def say(line):
    s.sendall(line.encode() + b"\r\n")
    return f.readline().decode().strip()


nonce = b64(os.urandom(18))
bare = "n=%s,r=%s" % (user, nonce)
reply = say("AUTH SCRAM-SHA-256 " + b64(("n,," + bare).encode()))
if " 330 " not in reply:
    print(reply)
    sys.exit(1)
first = base64.b64decode(reply.split()[-1]).decode()
fields = dict(x.split("=", 1) for x in first.split(","))
print("challenge", fields["i"], fields["s"])
for line in sys.argv[4:]:
    print(say(line))
salted = hashlib.pbkdf2_hmac(
    "sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"])
)
client_key = hmac.digest(salted, b"Client Key", "sha256")
stored = hashlib.sha256(client_key).digest()
without_proof = "c=biws,r=" + fields["r"]
auth = ",".join((bare, first, without_proof)).encode()
proof = bytes(
    x ^ y for x, y in zip(client_key, hmac.digest(stored, auth, "sha256"))
)
reply = say(
    "AUTH SCRAM-SHA-256 " + b64((without_proof + ",p=" + b64(proof)).encode())
)
print(" ".join(reply.split()[:3]))
if " 200 " in reply:
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    want = "v=" + b64(hmac.digest(server_key, auth, "sha256"))
    shown = base64.b64decode(reply.split()[-1]).decode()
    print("server", "known" if shown == want else "unknown")
print(say("BIND name:" + user))
