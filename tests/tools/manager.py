# A service manager:
#
#   manager.py COMMAND... -- [ADDRESS:PORT | /PATH | udp: ...] -- OPTIONS...
#
# Opens these, listening, and becomes the command (with the options) that has
# them as LISTEN_FDS, and a socket to notify; what that is told goes to
# notify.log.
import os
import socket
import sys


def opened(where):
    if where.startswith("/"):
        s = socket.socket(socket.AF_UNIX)
        s.bind(where)
    elif where.startswith("udp:"):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("127.0.0.1", 0))
    else:
        host, port = where.rsplit(":", 1)
        host = host.strip("[]")
        s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        s.bind((host, int(port)))
    if s.type == socket.SOCK_STREAM:
        s.listen(10)
    print("given", s.getsockname(), flush=True)
    return s


cut = sys.argv.index("--")
end = sys.argv.index("--", cut + 1)
command = sys.argv[1:cut] + sys.argv[end + 1:]
socks = [opened(where) for where in sys.argv[cut + 1:end]]
note = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
note.bind(os.getcwd() + "/notify")
if os.fork() == 0:
    log = open("notify.log", "w")
    while True:
        print(note.recv(4096).decode(), file=log, flush=True)
# Put aside first: one may stand where another one goes.
high = [os.dup2(s.fileno(), 50 + n) for n, s in enumerate(socks)]
for n, fd in enumerate(high):
    os.dup2(fd, 3 + n, inheritable=True)
os.closerange(3 + len(high), 100)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(high)),
                  NOTIFY_SOCKET=os.getcwd() + "/notify")
os.execvp(command[0], command)
