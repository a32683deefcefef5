"""loginflood.py PORT N USER:PASSWORD

N clients, each from another address by a PROXY header, say AUTH and shut
their side; then one more says it and stays.  How many of the N had their
answer when that one had, and at the end?
"""
import selectors
import socket
import sys

port, count, userpass = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


def client(source):
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(b"PROXY TCP4 %s 192.0.2.1 1000 2000\r\nAUTH %s\r\n"
              % (source.encode(), userpass.encode()))
    return s


left = [client("10.1.%d.1" % i) for i in range(count)]
for s in left:
    s.shutdown(socket.SHUT_WR)
stays = client("10.9.9.9")

waiting = selectors.DefaultSelector()
for s in left + [stays]:
    waiting.register(s, selectors.EVENT_READ)
answered = 0
while waiting.get_map():
    for key, _ in waiting.select(30) or sys.exit("nobody is answered"):
        line = key.fileobj.recv(512).split(b"\r\n")[0].decode()
        waiting.unregister(key.fileobj)
        if key.fileobj is stays:
            print("the one who stays:", line)
            print("of those who left", answered, "of", count, "were before it")
        else:
            answered += line == "VSAP/0.1 200 OK"
print("of those who left", answered, "of", count, "at the end")
