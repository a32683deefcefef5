/*
 * The way to a gateway, with a TLS worker that this program plays: when the
 * owner hears what, and who closes and forgets.
 */
#include "gwlink.h"

#include <sys/socket.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "net.h"
#include "tap.h"
#include "vsap_client.h"

static struct event_base *base;
static struct resolv *resolv;
static int listener = -1;
static char where[ADDR_STRLEN];

/* ---- the worker --------------------------------------------------------- */

static struct {
	int started, forgotten;
	int refuse; /* errno of the next start */
	char name[64];
	struct gwlink *link;
	int conn, plain; /* the worker's side */
} worker = { .conn = -1, .plain = -1 };

static int
start(void *arg, int conn, const char *name, struct gwlink *link, void **token)
{
	int sv[2];

	is_str(arg, "arg", "the owner's argument");
	worker.started++;
	if (worker.refuse != 0) {
		close(conn);
		errno = worker.refuse;
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv) == -1)
		exit(1);
	strlcpy(worker.name, name, sizeof(worker.name));
	worker.link = link;
	worker.conn = conn;
	worker.plain = sv[1];
	*token = &worker;
	return sv[0];
}

static void
forget(void *token)
{
	ok(token == &worker, "its token is forgotten");
	worker.forgotten++;
}

static struct gwlink_tls tls = { .start = start,
	.forget = forget,
	.arg = (char[]){ "arg" },
	.verified = true };
static const struct tls_peer peer = { "TLSv1.3 X", "name", "SHA256:00" };

static void
end_worker(void)
{
	if (worker.conn != -1)
		close(worker.conn);
	if (worker.plain != -1)
		close(worker.plain);
	memset(&worker, 0, sizeof(worker));
	worker.conn = worker.plain = -1;
}

/* ---- the owner ---------------------------------------------------------- */

static struct {
	struct gwlink *link;
	int up, down, permanent, error;
	bool close; /* in the callback */
	char reason[512];
} seen;

static void
on_up(void *arg)
{
	(void)arg;
	seen.up++;
	if (seen.close) {
		gwlink_close(seen.link);
		seen.link = NULL;
	}
}

static void
on_down(void *arg, const char *reason, bool permanent)
{
	(void)arg;
	seen.error = errno;
	seen.down++;
	seen.permanent = permanent;
	strlcpy(seen.reason, reason, sizeof(seen.reason));
	if (seen.close) {
		gwlink_close(seen.link);
		seen.link = NULL;
	}
}

static const struct gwlink_calls calls = { on_up, on_down };

static bool
until(const int *n)
{
	time_t end = time(NULL) + 5;

	while (*n == 0 && time(NULL) < end) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		poll(NULL, 0, 1);
	}
	return *n > 0;
}

static void
open_link(const char *address, const struct gwlink_tls *t, int timeout)
{
	struct gwlink_opts o = { .timeout = timeout, .tls = t };
	char err[256];

	memset(&seen, 0, sizeof(seen));
	addr_parse(&o.addr, address, ADDR_FOR_SERVER, err, sizeof(err));
	seen.link = gwlink_open(base, resolv, &o, &calls, NULL);
}

static const char *
by_tls(void)
{
	static char text[ADDR_STRLEN + 4];

	snprintf(text, sizeof(text), "tls:%s", where);
	return text;
}

static void
done(void)
{
	gwlink_close(seen.link);
	seen.link = NULL;
	end_worker();
}

/* ---- the tests ---------------------------------------------------------- */

static void
test_plain(void)
{
	int fd;

	open_link(where, NULL, 5);
	is_int(gwlink_fd(seen.link), -1, "no descriptor before up()");
	ok(until(&seen.up), "plain: up");
	ok(gwlink_fd(seen.link) >= 0 && !gwlink_is_tls(seen.link), "is it");
	ok(gwlink_secure(seen.link), "loopback is near");
	fd = gwlink_take(seen.link, NULL);
	seen.link = NULL;
	ok(fd >= 0, "taken");
	close(fd);
	done();
}

static void
test_up(void)
{
	void *token = NULL;
	char c;
	int fd;

	open_link(by_tls(), &tls, 5);
	ok(until(&worker.started), "TLS: a worker is asked");
	is_str(worker.name, "127.0.0.1", "for the host");
	is_int(seen.up + seen.down, 0, "nothing is told yet");
	is_int(gwlink_fd(seen.link), -1, "nor to be read");
	gwlink_up(seen.link, &peer);
	is_int(seen.up, 1, "up");
	fd = gwlink_take(seen.link, &token);
	seen.link = NULL;
	ok(token == &worker && worker.forgotten == 0, "taken with its token");
	ok(write(worker.plain, "x", 1) == 1 && read(fd, &c, 1) == 1,
	    "is the plain end");
	close(fd);
	done();

	open_link(by_tls(), &tls, 5);
	until(&worker.started);
	gwlink_up(seen.link, &peer);
	fd = gwlink_take(seen.link, NULL);
	seen.link = NULL;
	is_int(worker.forgotten, 1, "taken without: forgotten");
	close(fd);
	done();

	tls.name = "other";
	open_link(by_tls(), &tls, 5);
	until(&worker.started);
	is_str(worker.name, "other", "another name");
	tls.name = NULL;
	seen.close = true;
	gwlink_up(seen.link, &peer);
	is_int(worker.forgotten, 1, "closed in up(): forgotten");
	done();
}

static void
test_down(void)
{
	void *token = &seen;
	int fd;

	open_link(by_tls(), &tls, 5);
	until(&worker.started);
	seen.close = true;
	gwlink_down(seen.link, "certificate verification failed: who?");
	is_int(seen.down, 1, "down before up");
	ok(strncmp(seen.reason, "TLS: certificate verification failed", 36) ==
		    0 &&
		strstr(seen.reason, "--ca or --pin") != NULL,
	    "%s", seen.reason);
	is_int(seen.permanent, 1, "for good");
	is_int(worker.forgotten, 0, "whom the worker ended is not forgotten");
	done();

	open_link(by_tls(), &tls, 5);
	until(&worker.started);
	gwlink_up(seen.link, &peer);
	gwlink_down(seen.link, "cut off\033[2J");
	is_int(seen.down, 1, "down after up");
	ok(strchr(seen.reason, '\033') == NULL, "%s", seen.reason);
	fd = gwlink_take(seen.link, &token);
	seen.link = NULL;
	ok(fd >= 0 && token == NULL, "what it said can still be read");
	close(fd);
	done();

	open_link(by_tls(), &tls, 5);
	until(&worker.started);
	gwlink_up(seen.link, &peer);
	gwlink_down(seen.link, "end");
	is_int(seen.down, 0, "an end in order is told by the plain end");
	done();
}

static void
test_failures(void)
{
	open_link(by_tls(), NULL, 5);
	ok(seen.link == NULL && errno == EPROTONOSUPPORT,
	    "TLS without a worker: never in clear");
	worker.refuse = EAGAIN;
	open_link(by_tls(), &tls, 5);
	until(&seen.down);
	is_str(seen.reason, "TLS: no worker: Resource temporarily unavailable",
	    "refused");
	is_int(seen.error, EAGAIN, "errno");
	done();

	open_link(by_tls(), &tls, 1);
	until(&worker.started);
	ok(until(&seen.down), "no handshake: %s", seen.reason);
	is_int(seen.error, ETIMEDOUT, "errno");
	is_int(worker.forgotten, 1, "forgotten");
	done();

	open_link(by_tls(), &tls, 5);
	until(&worker.started);
	gwlink_close(seen.link);
	seen.link = NULL;
	is_int(worker.forgotten, 1, "closed within the handshake: forgotten");
	done();

	open_link(by_tls(), &tls, 5);
	gwlink_close(seen.link);
	seen.link = NULL;
	is_int(worker.started, 0, "closed while dialing");
	gwlink_close(NULL);
	done();

	open_link("tls:127.0.0.1:1", &tls, 5);
	until(&seen.down);
	is_str(seen.reason, "Connection refused", "nobody there");
	is_int(worker.started, 0, "no worker is asked");
	done();
}

/* ---- a session by it ---------------------------------------------------- */

static struct {
	struct vsapc *v;
	int ready, replies, closed, permanent;
	char text[1024];
} session;

static void
on_ready(void *arg)
{
	(void)arg;
	session.ready++;
}

static void
on_reply(void *arg, const struct vsap_reply *r, int fd)
{
	(void)arg;
	(void)fd;
	session.replies += r->code == 410;
}

static void
on_closed(void *arg, const char *text, bool permanent)
{
	(void)arg;
	session.closed++;
	session.permanent = permanent;
	strlcpy(session.text, text, sizeof(session.text));
}

static void
dial(void)
{
	static const struct vsapc_calls c = { on_ready, on_reply, on_closed };
	struct vsapc_opts o = { .server = "gw", .timeout = 5, .tls = &tls };
	char err[256];

	memset(&session, 0, sizeof(session));
	addr_parse(&o.addr, by_tls(), ADDR_FOR_SERVER, err, sizeof(err));
	session.v = vsapc_new(base, resolv, &o, &c, NULL);
	until(&worker.started);
	gwlink_up(worker.link, &peer);
	is_int(session.ready, 1, "a session is ready");
}

static void
test_session(void)
{
	static const char line[] = "VSAP/0.1 410 forbidden\r\n";

	/* the worker's two sockets are read in any order */
	for (int first = 0; first < 2; first++) {
		dial();
		if (write(worker.plain, line, strlen(line)) < 1)
			exit(1);
		if (first == 0)
			gwlink_down(worker.link, "cut off");
		close(worker.plain);
		worker.plain = -1;
		if (first == 1) {
			until(&session.replies);
			for (int i = 0; i < 20; i++)
				event_base_loop(base, EVLOOP_NONBLOCK);
			is_int(session.closed, 0, "the end waits for a reason");
			gwlink_down(worker.link, "cut off");
		}
		until(&session.closed);
		is_int(session.replies, 1, "the last line is heard");
		is_str(session.text, "gw: closed: TLS: cut off", "then why");
		is_int(session.permanent, 0, "it may come again");
		vsapc_free(session.v);
		done();
	}

	dial();
	close(worker.plain);
	worker.plain = -1;
	until(&session.closed);
	is_str(session.text, "gw: closed by the gateway", "an end without");
	vsapc_free(session.v);
	is_int(worker.forgotten, 1, "forgotten");
	done();

	dial();
	gwlink_down(worker.link, "tlsv13 alert certificate required");
	until(&session.closed);
	ok(strstr(session.text, "--cert, --key") != NULL, "%s", session.text);
	is_int(session.permanent, 1, "of no use to try again");
	vsapc_free(session.v);
	done();
}

/* What nobody has read any more is no reason to break off. */
static void
test_leave(void)
{
	char bytes[64] = "";
	ssize_t n;

	open_link(by_tls(), &tls, 5);
	until(&worker.started);
	gwlink_up(seen.link, &peer);
	is_int(write(worker.plain, bytes, sizeof(bytes)), sizeof(bytes),
	    "last words of the gateway");
	gwlink_close(seen.link);
	seen.link = NULL;
	n = read(worker.plain, bytes, sizeof(bytes));
	ok(n == 0, "the worker sees an end, and no error: %s",
	    n == -1 ? strerror(errno) : "bytes");
	done();
}

static void
test_remedies(void)
{
	static const struct {
		const char *reason, *remedy;
		bool permanent;
	} table[] = {
		{ "certificate verification failed: certificate has expired",
		    "--pin", 1 },
		{ "certificate verification failed: certificate has expired",
		    "it needs a new one", 1 },
		{ "certificate verification failed: certificate is not yet "
		  "valid",
		    "clock", 1 },
		{ "certificate verification failed: self-signed certificate",
		    "--ca or --pin", 1 },
		{ "certificate: name `a' not present in server certificate",
		    "--tls-name", 1 },
		{ "certificate is not one of those that are pinned", "--pin",
		    1 },
		{ "handshake: tlsv13 alert certificate required", "--cert", 1 },
		{ "handshake: sslv3 alert certificate expired", "ours: --cert",
		    1 },
		{ "handshake: wrong version number", "TLS at this port?", 0 },
		{ "handshake: the connection was closed", "TLS at this port?",
		    0 },
		{ "Connection reset by peer", "", 0 },
	};
	const char *remedy;
	bool permanent;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		remedy = gwlink_remedy(table[i].reason, &permanent);
		ok(strstr(remedy, table[i].remedy) != NULL &&
			(remedy[0] == '\0') == (table[i].remedy[0] == '\0') &&
			permanent == table[i].permanent,
		    "%s%s", table[i].reason, remedy);
	}
}

static void
setup(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a;
	char err[256];

	base = loop_new();
	resolv = resolv_new(base);
	addr_parse(&a, "127.0.0.1:0", ADDR_FOR_LISTEN, err, sizeof(err));
	if ((listener = net_listen(&a, 64, 0600)) == -1 ||
	    getsockname(listener, (struct sockaddr *)&ss, &len) == -1)
		exit(1);
	addr_format_sa((struct sockaddr *)&ss, len, where, sizeof(where));
}

int
main(void)
{
	setup();
	test_plain();
	test_up();
	test_down();
	test_failures();
	test_session();
	test_leave();
	test_remedies();
	resolv_free(resolv);
	event_base_free(base);
	close(listener);
	return done_testing();
}
