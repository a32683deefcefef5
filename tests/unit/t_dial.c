/*
 * Dialing and the resolver, over loopback and UNIX-domain sockets.
 */
#include "dial.h"

#include <sys/socket.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "net.h"
#include "tap.h"

static struct event_base *base;
static struct resolv *resolv;
static char dir[] = "/tmp/t_dial.XXXXXX";

static struct {
	int calls, fd, error;
	char text[128];
	long ms;
} seen;

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
on_done(void *arg, int fd, const char *error)
{
	(void)arg;
	seen.error = errno;
	seen.calls++;
	seen.fd = fd;
	seen.ms = now_ms();
	strlcpy(seen.text, error != NULL ? error : "", sizeof(seen.text));
}

static void
forget(void)
{
	if (seen.fd != -1)
		close(seen.fd);
	memset(&seen, 0, sizeof(seen));
	seen.fd = -1;
}

static void
until_called(void)
{
	long end = now_ms() + 8000;

	while (seen.calls == 0 && now_ms() < end) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		poll(NULL, 0, 1);
	}
}

static struct addr
parsed(const char *text)
{
	struct addr a;
	char err[256];

	if (addr_parse(&a, text, 0x3f, err, sizeof(err)) == -1) {
		printf("Bail out! %s\n", err);
		exit(1);
	}
	return a;
}

static void
dial(const char *text, const struct dial_opts *o)
{
	static const struct dial_opts none;
	struct addr a = parsed(text);

	forget();
	if (dial_start(base, resolv, &a, o != NULL ? o : &none, on_done,
		NULL) == NULL)
		printf("# dial_start: %s\n", strerror(errno));
	is_int(seen.calls, 0, "%s: not called from within dial_start()", text);
	until_called();
	is_int(seen.calls, 1, "%s: called once", text);
}

/* A listener; its address is left in where.  -1: no such family here. */
static char where[ADDR_STRLEN];

static int
listening(const char *text, int backlog)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a = parsed(text);
	int fd;

	if ((fd = net_listen(&a, backlog, 0600)) == -1)
		return -1;
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		exit(1);
	addr_format_sa((struct sockaddr *)&ss, len, where, sizeof(where));
	return fd;
}

static uint16_t
port_of(const char *text)
{
	return parsed(text).port;
}

static void
tcp(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int l = listening("127.0.0.1:0", 5), fl;

	dial(where, NULL);
	ok(seen.fd >= 0, "connected");
	ok(getpeername(seen.fd, (struct sockaddr *)&ss, &len) == 0 &&
		addr_port_sa((struct sockaddr *)&ss) == port_of(where),
	    "to the right place");
	net_nonblock(l, false);
	fl = accept(l, NULL, NULL);
	ok(fl != -1, "and accepted there");
	close(fl);
	close(l);
	dial(where, NULL);
	ok(seen.fd == -1 && seen.error == ECONNREFUSED, "refused: %s",
	    seen.text);
	forget();
}

static bool
refuse(void *arg, const struct sockaddr *sa, socklen_t len)
{
	(void)arg;
	(void)sa;
	(void)len;
	return false;
}

static bool
v6_only(void *arg, const struct sockaddr *sa, socklen_t len)
{
	(void)arg;
	(void)len;
	return sa->sa_family == AF_INET6;
}

static void
options(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a = parsed("127.0.0.9:1234");
	struct dial_opts o = { .permit = refuse };
	char text[ADDR_STRLEN];
	int l = listening("127.0.0.1:0", 5), fd;

	dial(where, &o);
	ok(seen.fd == -1 && seen.error == EACCES, "permit says no");
	is_str(seen.text, "not permitted", "and so does the text");

	memset(&o, 0, sizeof(o));
	o.family = AF_INET6;
	dial(where, &o);
	is_str(seen.text, "not an IPv6 address", "the other family");

	memset(&o, 0, sizeof(o));
	o.sourcelen = addr_sockaddr(&a, &ss);
	o.source = (struct sockaddr *)&ss;
	dial(where, &o);
	net_nonblock(l, false);
	fd = accept(l, (struct sockaddr *)&ss, &len);
	is_str(addr_host_sa((struct sockaddr *)&ss, text, sizeof(text)),
	    "127.0.0.9", "the source address");
	ok(addr_port_sa((struct sockaddr *)&ss) != 1234, "but not its port");
	close(fd);
	close(l);
	forget();
}

/* "localhost" is both addresses; the second is tried when the first fails
 * or does not answer. */
static void
localhost(void)
{
	struct dial_opts o = { 0 };
	char text[64];
	int l4, l6, i, fds[8];
	long began;

	if ((l6 = listening("[::1]:0", 5)) == -1) {
		ok(1, "no IPv6 here # skip");
		return;
	}
	snprintf(text, sizeof(text), "localhost:%u", port_of(where));
	dial(text, NULL);
	ok(seen.fd >= 0, "refused by 127.0.0.1, taken by ::1");
	o.family = AF_INET;
	dial(text, &o);
	is_int(seen.error, ECONNREFUSED, "not with -4");
	snprintf(text, sizeof(text), "a.LocalHost.:%u", port_of(where));
	o.family = AF_UNSPEC;
	o.permit = v6_only;
	dial(text, &o);
	ok(seen.fd >= 0, "a name below localhost; one of two permitted");

	/* 127.0.0.1 answers no more: its queue is full */
	snprintf(text, sizeof(text), "127.0.0.1:%u", port_of(where));
	if ((l4 = listening(text, 0)) == -1) {
		ok(1, "port taken on 127.0.0.1 # skip");
		close(l6);
		return;
	}
	for (i = 0; i < 8; i++) {
		struct addr a = parsed(text);

		memset(&o, 0, sizeof(o));
		fds[i] = dial_now(&a, &o, NULL);
	}
	is_int(fds[7], -1, "dial_now: no answer at once");
	snprintf(text, sizeof(text), "localhost:%u", port_of(where));
	began = now_ms();
	dial(text, NULL);
	ok(seen.fd >= 0, "127.0.0.1 silent: taken by ::1");
	ok(seen.ms - began >= 240 && seen.ms - began < 2000,
	    "after a quarter of a second (%ld ms)", seen.ms - began);
	for (i = 0; i < 8; i++)
		if (fds[i] != -1)
			close(fds[i]);
	close(l4);
	close(l6);
	forget();
}

static void
unix_sockets(void)
{
	struct dial_opts o = { .timeout = 1 };
	char path[128];
	struct addr a;
	int l, fds[16], i, n = 0, s;

	snprintf(path, sizeof(path), "%s/sock", dir);
	dial(path, NULL);
	is_int(seen.error, ENOENT, "no such socket: %s", seen.text);
	l = listening(path, 1);
	a = parsed(path);
	for (i = 0; i < 16 && (fds[i] = dial_now(&a, &o, NULL)) != -1; i++)
		n++;
	ok(n > 0, "dial_now: connected at once (%d)", n);
	is_int(errno, EINPROGRESS, "dial_now: a full queue");
	dial(path, &o);
	is_int(seen.error, ETIMEDOUT, "a full queue: %s", seen.text);
	forget();
	dial_start(base, resolv, &a, &o, on_done, NULL);
	for (i = 0; i < 5; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		poll(NULL, 0, 5);
	}
	is_int(seen.calls, 0, "waiting for room");
	net_nonblock(l, false);
	s = accept(l, NULL, NULL);
	until_called();
	ok(seen.fd >= 0, "room: connected");
	close(s);
	close(l);
	for (i = 0; i < n; i++)
		close(fds[i]);
	memset(&o, 0, sizeof(o));
	o.seqpacket = true;
	dial(path, &o);
	is_int(seen.error, ECONNREFUSED, "nobody behind it: %s", seen.text);
	forget();
}

static void
at_once(void)
{
	static const struct dial_opts none;
	struct dial_opts o = { .permit = refuse };
	struct addr a, name = parsed("localhost:1"),
		       far = parsed("192.0.2.1:80");
	int l = listening("127.0.0.1:0", 5), fd;

	a = parsed(where);
	fd = dial_now(&a, &none, NULL);
	ok(fd >= 0, "dial_now: complete when it returns");
	close(fd);
	is_int(dial_now(&a, &o, NULL), -1, "dial_now: not permitted");
	is_int(errno, EACCES, "says so");
	close(l);
	is_int(dial_now(&a, &none, NULL), -1, "dial_now: refused");
	is_int(errno, ECONNREFUSED, "says so");
	is_int(dial_now(&name, &none, NULL), -1, "dial_now: a name");
	is_int(errno, EINPROGRESS, "is for dial_start()");
	is_int(dial_now(&far, &none, NULL), -1, "dial_now: far away");
	is_int(errno, EINPROGRESS, "is for dial_start()");
}

static struct dial *victim;

static void
cancel_other(void *arg, int fd, const char *error)
{
	(void)arg;
	(void)error;
	seen.calls++;
	if (fd != -1)
		close(fd);
	dial_cancel(victim);
}

static void
no_answer(void *arg, const struct resolv_addr *a, int n, const char *error)
{
	(void)arg;
	(void)a;
	(void)n;
	(void)error;
	ok(0, "an answer to a query that was cancelled");
}

static void
cancelled(void)
{
	static const struct dial_opts none;
	struct addr a = parsed("127.0.0.1:1"), name = parsed("x.invalid:1");
	struct resolv_query *q;
	struct resolv *r;

	forget();
	dial_cancel(NULL);
	dial_cancel(dial_start(base, resolv, &a, &none, on_done, NULL));
	dial_cancel(dial_start(base, resolv, &name, &none, on_done, NULL));
	victim = dial_start(base, resolv, &name, &none, on_done, NULL);
	dial_start(base, resolv, &a, &none, cancel_other, NULL);
	until_called();
	is_int(seen.calls, 1, "cancelled: never called");
	forget();

	r = resolv_new(base);
	q = resolv_start(r, "x.invalid", 1, AF_UNSPEC, no_answer, NULL);
	resolv_cancel(q);
	resolv_start(r, "y.invalid", 1, AF_UNSPEC, no_answer, NULL);
	resolv_start(r, "127.0.0.1", 1, AF_UNSPEC, no_answer, NULL);
	resolv_free(r);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ok(1, "a resolver freed with queries under way is silent");
}

int
main(void)
{
	char command[64];

	seen.fd = -1;
	if (mkdtemp(dir) == NULL || (base = loop_new()) == NULL ||
	    (resolv = resolv_new(base)) == NULL)
		return 1;
	tcp();
	options();
	localhost();
	unix_sockets();
	at_once();
	cancelled();
	resolv_free(resolv);
	event_base_free(base);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ok(system(command) == 0, "cleaned up");
	return done_testing();
}
