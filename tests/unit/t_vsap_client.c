/*
 * The client session against a gateway that this program plays itself: it
 * accepts and writes by hand, between turns of the loop.
 */
#include "vsap_client.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "net.h"
#include "tap.h"

static struct event_base *base;
static struct resolv *resolv;
static char dir[] = "/tmp/t_vsap_client.XXXXXX";

enum act { NOTHING, FREE, TAKE };

static struct seen {
	struct vsapc *v;
	int ready, replies, closed, permanent, error;
	enum act on_ready, on_reply;
	const char *send; /* in ready(), and RELAY with it */
	char text[1600];  /* of closed(), or of the last reply */
	int code, fd, taken;
} seen;

static void
reset_seen(void)
{
	memset(&seen, 0, sizeof(seen));
	seen.fd = seen.taken = -1;
}

static void
act(enum act a)
{
	if (a == TAKE)
		seen.taken = vsapc_take(seen.v);
	else if (a == FREE)
		vsapc_free(seen.v);
	if (a != NOTHING)
		seen.v = NULL;
}

static void
on_ready(void *arg)
{
	(void)arg;
	seen.ready++;
	if (seen.send != NULL) {
		vsapc_send(seen.v, "%s", seen.send);
		vsapc_send(seen.v, "RELAY");
	}
	act(seen.on_ready);
}

static void
on_reply(void *arg, const struct vsap_reply *r, int fd)
{
	(void)arg;
	seen.replies++;
	seen.code = r->code;
	seen.fd = fd;
	strlcpy(seen.text, r->text, sizeof(seen.text));
	act(seen.on_reply);
}

static void
on_closed(void *arg, const char *text, bool permanent)
{
	(void)arg;
	seen.error = errno;
	seen.closed++;
	seen.permanent = permanent;
	strlcpy(seen.text, text, sizeof(seen.text));
	act(FREE);
}

static const struct vsapc_calls calls = {
	.ready = on_ready,
	.reply = on_reply,
	.closed = on_closed,
};

/* Turn the loop until *n reaches want; false after five seconds. */
static bool
until(const int *n, int want)
{
	time_t end = time(NULL) + 5;

	while (*n < want && time(NULL) <= end) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		poll(NULL, 0, 1);
	}
	return *n >= want;
}

static void
some_turns(void)
{
	int i;

	for (i = 0; i < 10; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		poll(NULL, 0, 1);
	}
}

static int
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		closedir(d);
	return n;
}

/* ---- the gateway's side ------------------------------------------------- */

static int listener = -1;
static char where[ADDR_STRLEN];

static void
gateway(bool tcp)
{
	static int serial;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a;
	char err[256];

	if (listener != -1)
		close(listener);
	snprintf(where, sizeof(where), "%s/s%d", dir, serial++);
	if (tcp)
		strlcpy(where, "127.0.0.1:0", sizeof(where));
	addr_parse(&a, where, ADDR_FOR_LISTEN, err, sizeof(err));
	if ((listener = net_listen(&a, 5, 0600)) == -1 ||
	    net_nonblock(listener, false) == -1 ||
	    getsockname(listener, (struct sockaddr *)&ss, &len) == -1) {
		perror(where);
		exit(1);
	}
	if (tcp)
		addr_format_sa((struct sockaddr *)&ss, len, where,
		    sizeof(where));
}

static void
dial(const char *server, const char *creds, int timeout)
{
	struct vsapc_opts o = { .server = server,
		.creds = creds,
		.timeout = timeout };
	char err[256];

	if (addr_parse(&o.addr, server, ADDR_FOR_SERVER, err, sizeof(err)) ==
	    -1) {
		printf("Bail out! %s\n", err);
		exit(1);
	}
	seen.v = vsapc_new(base, resolv, &o, &calls, NULL);
}

/* A session that stands; the gateway's end of it. */
static int
session(bool tcp, const char *creds)
{
	int s;

	gateway(tcp);
	dial(where, creds, 5);
	if (creds == NULL && !until(&seen.ready, 1) && seen.closed == 0)
		printf("# not ready\n");
	some_turns();
	s = accept(listener, NULL, NULL);
	net_tune(s);
	return s;
}

static void
say(int s, const char *text)
{
	if (send(s, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
		printf("# short write\n");
}

static const char *
hear(int s)
{
	static char buf[4096];
	ssize_t n;

	n = recv(s, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static void
done(int s)
{
	if (s != -1)
		close(s);
	vsapc_free(seen.v);
	if (seen.taken != -1)
		close(seen.taken);
	if (seen.fd != -1)
		close(seen.fd);
	some_turns();
	reset_seen();
}

/* ---- the tests ---------------------------------------------------------- */

static void
pipelined_and_exact(bool tcp)
{
	const char *kind = tcp ? "TCP" : "UNIX";
	char buf[64];
	ssize_t n;
	int s;

	seen.send = "VSAP/0.1 CONNECT h:1";
	seen.on_reply = TAKE;
	s = session(tcp, NULL);
	is_str(hear(s), "VSAP/0.1 CONNECT h:1\r\nRELAY\r\n",
	    "%s: both lines leave together", kind);
	say(s, "VSAP/0.1 240 1 10.0.0.1:5 h:1 connected.\r\nVSAP/0.1 540 x\r\n"
	       "data");
	until(&seen.replies, 1);
	is_int(seen.code, 240, "%s: the reply", kind);
	ok(seen.taken >= 0, "%s: taken within the callback", kind);
	n = read(seen.taken, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = '\0';
	is_str(buf, "VSAP/0.1 540 x\r\ndata",
	    "%s: not a byte behind the line was read", kind);
	some_turns();
	is_int(seen.replies, 1, "%s: nothing is called afterwards", kind);
	done(s);
}

static void
fragments(void)
{
	static const char line[] = "VSAP/0.1 210 1 127.0.0.1:5 bound.\r\n";
	struct pollfd pfd = { .events = POLLIN };
	size_t i;
	int s = session(false, NULL), left = 0;

	pfd.fd = vsapc_fd(seen.v);
	for (i = 0; i < sizeof(line) - 1; i++) {
		is_int(seen.replies, 0, "no reply before byte %zu", i);
		send(s, line + i, 1, 0);
		some_turns();
		left += poll(&pfd, 1, 0);
	}
	until(&seen.replies, 1);
	is_int(seen.code, 210, "a line in fragments");
	is_str(seen.text, "1 127.0.0.1:5 bound.", "and its text");
	is_int(left, 0, "fragments are taken: the loop does not turn on them");
	say(s, "VSAP/0.1 220 a\nVSAP/0.1 200-b\nVSAP/0.1 200 c\r\n");
	until(&seen.replies, 4);
	is_int(seen.replies, 4, "three lines at once, two ended by LF alone");
	is_str(seen.text, "c", "in order");
	done(s);
}

static void
long_lines(void)
{
	char line[1200];
	int s = session(true, NULL);

	memset(line, 'a', sizeof(line));
	memcpy(line, "VSAP/0.1 200 ", 13);
	memcpy(line + VSAP_LINE_MAX, "\r\n", 3);
	say(s, line);
	until(&seen.replies, 1);
	is_int(strlen(seen.text), VSAP_LINE_MAX - 13, "the longest line");
	memcpy(line + VSAP_LINE_MAX, "a\r\n", 4);
	say(s, line);
	until(&seen.closed, 1);
	is_int(seen.replies, 1, "one byte more is no line");
	ok(seen.closed == 1 && seen.permanent, "it ends the session for good");
	done(s);
}

static const struct {
	const char *name, *bytes;
	size_t len;
	const char *reason;
} hostile[] = {
	{ "a banner", "220 mail ESMTP\r\n", 16, "no reply line" },
	{ "HTTP", "HTTP/1.0 500 x\r\n", 16, "no reply line" },
	{ "lower case", "vsap/0.1 240 x\r\n", 16, "no reply line" },
	{ "an empty line", "\r\n", 2, "no reply line" },
	{ "a NUL", "VSAP/0.1 200 a\0b", 16, "NUL" },
	{ "a NUL at once", "\0", 1, "NUL" },
	{ "a code of two digits", "VSAP/0.1 20 x\r\n", 15, "no reply line" },
};

static void
hostile_gateways(void)
{
	char endless[4096];
	size_t i;
	int s;

	for (i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		s = session(true, NULL);
		send(s, hostile[i].bytes, hostile[i].len, 0);
		until(&seen.closed, 1);
		ok(seen.closed == 1 && seen.permanent && seen.replies == 0 &&
			strstr(seen.text, hostile[i].reason) != NULL,
		    "%s: %s", hostile[i].name, seen.text);
		ok(strstr(seen.text, where) == seen.text,
		    "the text names the gateway");
		done(s);
	}
	memset(endless, 'x', sizeof(endless));
	s = session(false, NULL);
	send(s, endless, sizeof(endless), 0);
	until(&seen.closed, 1);
	ok(seen.closed == 1 && seen.permanent, "an endless line: %s",
	    seen.text);
	done(s);
}

static void
ends(void)
{
	int s;

	s = session(true, NULL);
	close(s);
	until(&seen.closed, 1);
	ok(seen.closed == 1 && !seen.permanent, "FIN: %s", seen.text);
	done(-1);

	s = session(true, NULL);
	say(s, "VSAP/0.1 21");
	some_turns();
	close(s);
	until(&seen.closed, 1);
	ok(seen.closed == 1 && seen.replies == 0 && !seen.permanent,
	    "FIN within a line: %s", seen.text);
	done(-1);

	s = session(true, NULL);
	net_reset(s);
	until(&seen.closed, 1);
	is_int(seen.error, ECONNRESET, "RST: %s", seen.text);
	done(-1);

	s = session(true, NULL);
	say(s, "VSAP/0.1 410 forbidden.\r\n");
	close(s);
	until(&seen.closed, 1);
	ok(seen.replies == 1 && seen.code == 410, "last words are heard");
	is_int(seen.closed, 1, "then the end");
	done(-1);

	/* the gateway leaves with our line unread, behind its own words */
	s = session(false, NULL);
	vsapc_send(seen.v, "ACCEPT");
	say(s, "VSAP/0.1 501 go away\r\n");
	close(s);
	vsapc_send(seen.v, "ACCEPT");
	until(&seen.closed, 1);
	is_int(seen.code, 501, "last words before a reset are heard");
	done(-1);
}

static void
unreachable(void)
{
	char path[128];
	FILE *f;

	gateway(true);
	close(listener);
	listener = -1;
	dial(where, NULL, 5);
	is_int(seen.closed, 0, "never called from within vsapc_new()");
	until(&seen.closed, 1);
	is_int(seen.error, ECONNREFUSED, "refused: %s", seen.text);
	ok(!seen.permanent, "worth another try");
	done(-1);

	snprintf(path, sizeof(path), "%s/none", dir);
	dial(path, NULL, 5);
	until(&seen.closed, 1);
	is_int(seen.error, ENOENT, "no socket: %s", seen.text);
	done(-1);

	snprintf(path, sizeof(path), "%s/file", dir);
	if ((f = fopen(path, "w")) != NULL)
		fclose(f);
	dial(path, NULL, 5);
	until(&seen.closed, 1);
	ok(seen.permanent && strstr(seen.text, "not trusted") != NULL,
	    "no socket, but a file: %s", seen.text);
	done(-1);
}

static void
authentication(void)
{
	int s;

	s = session(true, "u:p w");
	is_str(hear(s), "AUTH u:p w\r\n", "AUTH comes first");
	is_int(seen.ready, 0, "and is waited for");
	say(s, "VSAP/0.1 200 OK\r\n");
	until(&seen.ready, 1);
	is_int(seen.ready, 1, "then ready");
	is_int(seen.replies, 0, "its reply is not the caller's");
	done(s);

	s = session(true, "u:wrong");
	say(s, "VSAP/0.1 410 forbidden\r\n");
	until(&seen.closed, 1);
	ok(seen.permanent && seen.ready == 0, "410: %s", seen.text);
	is_str(hear(s), "AUTH u:wrong\r\n", "nothing is sent after a 410");
	done(s);

	s = session(true, "u:p");
	close(s);
	until(&seen.closed, 1);
	ok(seen.closed == 1 && !seen.permanent, "FIN: %s", seen.text);
	done(-1);

	gateway(true);
	dial(where, "u:p", 1);
	until(&seen.closed, 1);
	is_int(seen.error, ETIMEDOUT, "a silent gateway: %s", seen.text);
	done(-1);
}

static bool
same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static void
descriptors(void)
{
	static const char line[] = "VSAP/0.1 251 descriptor follows.\r\n";
	int s, pair[2], both[2], before;

	close(listener);
	listener = -1;
	before = open_fds();
	if (pipe(pair) == -1)
		return;
	s = session(false, NULL);
	fdpass_send(s, line, sizeof(line) - 1, &pair[0], 1);
	until(&seen.replies, 1);
	ok(seen.code == 251 && seen.fd != -1 && same_file(seen.fd, pair[0]),
	    "a descriptor comes with its reply");
	close(seen.fd);
	seen.fd = -1;
	say(s, "VSAP/0.1 200 next\r\n");
	until(&seen.replies, 2);
	ok(seen.code == 200 && seen.fd == -1, "the next line has none");

	/* with the first byte of a line that comes in two parts */
	fdpass_send(s, line, 9, &pair[0], 1);
	some_turns();
	say(s, line + 9);
	until(&seen.replies, 3);
	ok(same_file(seen.fd, pair[0]), "with a line in fragments");
	done(s);

	/* nobody looked at: it is closed with the session */
	s = session(false, NULL);
	fdpass_send(s, line, 9, &pair[0], 1);
	some_turns();
	done(s);

	s = session(false, NULL);
	both[0] = pair[0];
	both[1] = pair[1];
	fdpass_send(s, line, sizeof(line) - 1, both, 2);
	until(&seen.closed, 1);
	is_int(seen.closed, 1, "two at once: %s", seen.text);
	done(s);
	close(pair[0]);
	close(pair[1]);
	close(listener);
	listener = -1;
	is_int(open_fds(), before, "no descriptor is left over");
}

static void
freed_within(void)
{
	int s;

	seen.on_ready = FREE;
	s = session(true, NULL);
	is_int(seen.ready, 1, "freed in ready");
	done(s);

	seen.on_ready = FREE;
	seen.send = "BIND :0";
	s = session(true, NULL);
	is_str(hear(s), "", "with lines unsent: they are not sent");
	done(s);

	seen.on_reply = FREE;
	s = session(true, NULL);
	say(s, "VSAP/0.1 200 a\r\nVSAP/0.1 200 b\r\n");
	until(&seen.replies, 1);
	some_turns();
	is_int(seen.replies, 1, "freed in reply, with another line waiting");
	done(s);

	seen.send = "BIND :0";
	seen.on_ready = TAKE;
	s = session(true, NULL);
	ok(seen.taken != -1, "taken in ready");
	is_str(hear(s), "BIND :0\r\nRELAY\r\n", "what was sent is written");
	done(s);

	gateway(true);
	dial(where, NULL, 5);
	vsapc_free(seen.v);
	seen.v = NULL;
	some_turns();
	is_int(seen.ready + seen.closed, 0, "freed while dialing");
	done(-1);
}

static void
too_much(void)
{
	char line[900];
	int i, r = 0, s = session(true, NULL);

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	is_int(vsapc_send(seen.v, "a\r\nb"), -1, "two lines in one: refused");
	is_int(vsapc_send(seen.v, "%s%s", line, line), -1, "too long: refused");
	for (i = 0; i < 100000 && r == 0; i++)
		r = vsapc_send(seen.v, "%s", line);
	is_int(r, -1, "a gateway that does not read: refused at last");
	is_int(vsapc_take(seen.v), -1, "not taken with lines unsent");
	done(s);
}

static void
traced(void)
{
	char text[512] = "";
	int s, saved, pair[2];
	ssize_t n;

	if (pipe(pair) == -1 || (saved = dup(2)) == -1)
		return;
	log_init("t", false, true);
	s = session(true, "user:secret");
	say(s, "VSAP/0.1 200 \033[2J\r\n");
	until(&seen.ready, 1);
	dup2(pair[1], 2);
	log_flush();
	dup2(saved, 2);
	close(pair[1]);
	n = read(pair[0], text, sizeof(text) - 1);
	ok(n > 0 && strstr(text, "> AUTH") != NULL, "a trace of AUTH");
	ok(strstr(text, "secret") == NULL, "without the password");
	ok(strchr(text, '\033') == NULL, "without the gateway's escapes");
	log_init("t", false, false);
	close(pair[0]);
	close(saved);
	done(s);
}

int
main(void)
{
	char command[64];

	if (mkdtemp(dir) == NULL || (base = loop_new()) == NULL ||
	    (resolv = resolv_new(base)) == NULL)
		return 1;
	reset_seen();
	pipelined_and_exact(true);
	pipelined_and_exact(false);
	fragments();
	long_lines();
	hostile_gateways();
	ends();
	unreachable();
	authentication();
	descriptors();
	freed_within();
	too_much();
	traced();
	resolv_free(resolv);
	event_base_free(base);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ok(system(command) == 0, "cleaned up");
	return done_testing();
}
