/*
 * Run directories: their check, lock and sockets; and handing a connection
 * to whoever listens there.
 */
#include "rundir.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "handover.h"
#include "handsend.h"
#include "net.h"
#include "tap.h"

static char top[] = "/tmp/t_rundir.XXXXXX";
static char dir[64], path[128], err[300];

static void
test_make(void)
{
	struct stat st;

	is_int(rundir_make(dir, err, sizeof(err)), 0, "made");
	ok(stat(dir, &st) == 0 && (st.st_mode & 022) == 0, "nobody else's");
	is_int(rundir_make(dir, err, sizeof(err)), 0, "there already");
	ok(chmod(dir, 0777) == 0 && rundir_make(dir, err, sizeof(err)) == -1,
	    "everybody may write: refused");
	ok(strstr(err, "no one else may write") != NULL, "and said why");
	ok(chmod(dir, 0700) == 0, "as it was");
	snprintf(path, sizeof(path), "%s/link", top);
	ok(symlink(dir, path) == 0 && rundir_make(path, err, sizeof(err)) == -1,
	    "a link: refused");
	snprintf(path, sizeof(path), "%s/no/such", top);
	is_int(rundir_make(path, err, sizeof(err)), -1, "no folder above");
}

static void
test_lock(void)
{
	char want[64], file[160];
	int fd = rundir_lock(dir, "prog", err, sizeof(err));
	struct stat st;

	ok(fd != -1, "locked");
	is_int(rundir_lock(dir, "prog", err, sizeof(err)), -1, "not twice");
	is_int(errno, EWOULDBLOCK, "errno tells");
	snprintf(want, sizeof(want), "another prog runs here (pid %d)",
	    (int)getpid());
	ok(strstr(err, want) != NULL, "and the text: %s", err);
	is_int(rundir_write_pid(fd), 0, "the id written again");
	close(fd);
	fd = rundir_lock(dir, "prog", err, sizeof(err));
	ok(fd != -1, "free again");
	snprintf(file, sizeof(file), "%s/prog.lock", dir);
	ok(stat(file, &st) == 0 && st.st_size > 1, "the id stands there");
	is_int(rundir_unlock(fd), 0, "unlocked");
	ok(stat(file, &st) == 0 && st.st_size == 0, "not any more");
	fd = rundir_lock(dir, "prog", err, sizeof(err));
	ok(fd != -1, "free");
	(void)rundir_unlock(fd);
	is_int(rundir_unlock(-1), 0, "none");
}

static void
test_listen(void)
{
	int fd, again;
	FILE *f;

	snprintf(path, sizeof(path), "%s/s", dir);
	fd = rundir_listen(path, SOCK_SEQPACKET, 1, 0600);
	ok(fd != -1, "listens");
	again = rundir_listen(path, SOCK_SEQPACKET, 1, 0600);
	ok(again == -1 && errno == EADDRINUSE, "not beside one who answers");
	close(fd);
	fd = rundir_listen(path, SOCK_SEQPACKET, 1, 0600);
	ok(fd != -1, "in the place of one who is gone");
	close(fd);
	unlink(path);
	if ((f = fopen(path, "w")) != NULL)
		fclose(f);
	fd = rundir_listen(path, SOCK_SEQPACKET, 1, 0600);
	ok(fd == -1 && errno == EEXIST, "not in the place of a file");
	unlink(path);
}

/* What the other side does with the one hand-over that comes. */
enum taker { TAKES, CLOSES, ANSWERS_ELSE, IS_SILENT };

static void __attribute__((__noreturn__)) taker(int listener, enum taker how)
{
	char msg[HANDOVER_MAX], ack = HANDOVER_ACK;
	int fds[1], nfds = 1, sock = accept(listener, NULL, NULL);
	struct handover h;
	ssize_t n;

	(void)recv(sock, msg, 1, MSG_PEEK);
	if (how == IS_SILENT)
		sleep(60);
	n = fdpass_recv(sock, msg, sizeof(msg), fds, &nfds, NULL);
	if (n <= 0 || nfds != 1 || handover_parse(&h, msg, (size_t)n) == -1)
		_exit(1);
	if (how == ANSWERS_ELSE)
		ack = 'x';
	if (how != CLOSES && write(sock, &ack, 1) != 1)
		_exit(1);
	if (how == TAKES && write(fds[0], "hello", 5) != 5)
		_exit(1);
	_exit(0);
}

static int
send_to(enum taker how, int ms)
{
	int sv[2], r, saved, listener;
	char got[5] = "";
	pid_t pid;

	listener = rundir_listen(path, SOCK_SEQPACKET, 1, 0600);
	(void)net_nonblock(listener, false);
	if (listener == -1 || socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		exit(1);
	if ((pid = fork()) == 0)
		taker(listener, how);
	close(listener);
	r = handsend(path, sv[1], NULL, NULL, ms);
	saved = errno;
	close(sv[1]);
	if (how == TAKES)
		ok(read(sv[0], got, 5) == 5 && memcmp(got, "hello", 5) == 0,
		    "whoever took it serves it");
	close(sv[0]);
	if (how == IS_SILENT)
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	errno = saved;
	return r;
}

static void
test_send(void)
{
	snprintf(path, sizeof(path), "%s/h", dir);
	ok(handsend(path, 0, NULL, NULL, 100) == -1 && errno == ENOENT,
	    "nobody is there");
	is_int(send_to(TAKES, 5000), 0, "taken");
	ok(handsend(path, 0, NULL, NULL, 100) == -1 && errno == ECONNREFUSED,
	    "nobody is there any more");
	ok(send_to(CLOSES, 5000) == -1 && errno == ECONNRESET, "not taken");
	ok(send_to(ANSWERS_ELSE, 5000) == -1 && errno == ECONNRESET,
	    "something else was answered");
	ok(send_to(IS_SILENT, 50) == -1 && errno == ETIMEDOUT, "no answer");
	if (geteuid() == 0) {
		ok(chown(path, 65534, 65534) == 0 &&
			handsend(path, 0, NULL, NULL, 100) == -1 &&
			errno == EPERM,
		    "a socket of somebody else");
	}
}

int
main(void)
{
	char command[128];

	if (mkdtemp(top) == NULL)
		return 1;
	snprintf(dir, sizeof(dir), "%s/run", top);
	test_make();
	test_lock();
	test_listen();
	test_send();
	snprintf(command, sizeof(command), "rm -rf %s", top);
	ok(system(command) == 0, "cleaned up");
	return done_testing();
}
