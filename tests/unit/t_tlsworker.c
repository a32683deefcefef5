/*
 * A real TLS worker and a real TLS peer: who is let in, half-close, streams
 * that are cut off, and above all the switch, at which not a byte may be
 * lost.
 */
#include "spawn.h"

#include <sys/resource.h>
#include <signal.h>
#include <time.h>

#include "play_tls.h"

/* --- one connection ---------------------------------------------------- */

static void
serves(const char *protocol)
{
	struct via v;

	begin();
	ok(connect_via(worker, &v, 77, SERVER, client_config(NULL, protocol)),
	    "%s: a connection comes up", protocol);
	ok(msg.id == 77 && strncasecmp(msg.text2, protocol, 7) == 0 &&
		strchr(msg.text2, ' ') != NULL,
	    "%s: UP says so: %s", protocol, msg.text2);
	ok(msg.text3[0] == '\0' && msg.text4[0] == '\0',
	    "%s: nobody showed a certificate", protocol);
	ok(tls_say(&v, "hello", 5) && hears(v.plain, "hello"),
	    "%s: bytes from TLS", protocol);
	ok(say(v.plain, "well met") && tls_hears(&v, "well met"),
	    "%s: and to it", protocol);
	shutdown(v.plain, SHUT_WR);
	ok(tls_ends(&v), "%s: its end of file is close_notify", protocol);
	close(v.net);
	v.net = -1;
	ok(ends(v.plain), "%s: and the answer to that one", protocol);
	ok(next_is(worker, TLS_DOWN) && msg.id == 77, "%s: then it is down",
	    protocol);
	is_str(msg.text, "end", "%s: as it should", protocol);
	via_close(&v);
	finish(protocol);
}

/* The peer's end first; the other way goes on. */
static void
half_close(void)
{
	struct via v;
	char c;

	begin();
	ok(up(&v, 1), "half-close: up");
	(void)tls_say(&v, "question", 8);
	tls_finish(&v);
	ok(hears(v.plain, "question") && ends(v.plain),
	    "half-close: close_notify is an end of file");
	ok(say(v.plain, "answer") && tls_hears(&v, "answer"),
	    "half-close: the answer still comes");
	close(v.plain);
	v.plain = -1;
	ok(next_is(worker, TLS_DOWN), "half-close: then it is down");
	via_close(&v);
	ok(up(&v, 2), "half-close: the other way round");
	shutdown(v.plain, SHUT_WR);
	is_int(tls_hear(&v, &c, 1), 0, "half-close: the plain side's end");
	ok(tls_say(&v, "still here", 10) && hears(v.plain, "still here"),
	    "half-close: is not the TLS side's");
	tls_finish(&v);
	ok(ends(v.plain), "half-close: whose end comes later");
	ok(next_is(worker, TLS_DOWN) && strcmp(msg.text, "end") == 0,
	    "half-close: then it is down");
	via_close(&v);
	finish("half-close");
}

static void
first_bytes(void)
{
	struct via v = { .id = 3 };
	char hello[64];
	int sv[2], status;
	pid_t pid;

	begin();
	tcp_pair(sv);
	v.net = sv[0];
	if ((pid = fork()) == 0) {
		close(sv[1]);
		_exit(!shake(&v, client_config(NULL, NULL), "localhost") ||
		      !tls_say(&v, "ahead", 5) || !tls_hears(&v, "good"));
	}
	close(sv[0]);
	ok(hear(sv[1], hello, sizeof(hello)) == sizeof(hello),
	    "read ahead: the feeder has looked at the hello");
	v.plain = give(worker, 3, SERVER, sv[1], "", hello, sizeof(hello));
	ok(next_is(worker, TLS_UP),
	    "read ahead: the worker goes on from there");
	ok(hears(v.plain, "ahead"), "read ahead: and all is well");
	(void)say(v.plain, "good");
	ok(waitpid(pid, &status, 0) == pid && status == 0,
	    "read ahead: for the client too");
	close(v.plain);
	finish("read ahead");
}

/* --- handshakes -------------------------------------------------------- */

/* The worker's DOWN for a connection that sends this and then waits. */
static void
bad_hello(const char *what, const void *p, size_t n, bool end)
{
	int sv[2], plain;
	char buf[256];

	tcp_pair(sv);
	plain = give(worker, 9, SERVER, sv[1], "", NULL, 0);
	if (n > 0 && write(sv[0], p, n) != (ssize_t)n)
		die("write");
	if (end)
		shutdown(sv[0], SHUT_WR);
	ok(next_is(worker, TLS_DOWN) && msg.id == 9 &&
		strncmp(msg.text, "handshake: ", 11) == 0,
	    "%s: %s", what, msg.text);
	ok(ends(plain), "%s: nothing of it is on the plain side", what);
	while (hear(sv[0], buf, sizeof(buf)) > 0)
		continue;
	close(sv[0]);
	close(plain);
}

static void
handshakes(void)
{
	struct tlsconf c;
	struct via v;
	int sv[2];

	worker = start_worker(&worker_pid);
	tlsconf_init(&c, TLS_SERVER);
	c.handshake = 1;
	conf_add(&c, "server");
	ok(conf_use(&c, worker, SERVER), "handshake: one second for it");
	bad_hello("plain HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27, false);
	bad_hello("garbage", "\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff\xff", 11,
	    false);
	bad_hello("zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, false);
	bad_hello("an early end", "\x16\x03\x01\x02\x00\x01", 6, true);
	bad_hello("no word", "", 0, true);
	bad_hello("silence", "", 0, false);
	bad_hello("half a hello", "\x16\x03\x01\x02\x00\x01", 6, false);
	tcp_pair(sv);
	close(give(worker, 10, SERVER, sv[1], "", NULL, 0));
	ok(next_is(worker, TLS_DOWN) && msg.id == 10,
	    "handshake: whose feeder hung up is over");
	close(sv[0]);
	ok(up(&v, 11), "handshake: others are served");
	via_close(&v);
	finish("handshake");
}

static void
protocols(void)
{
	struct tlsconf c;
	struct via v;

	worker = start_worker(&worker_pid);
	tlsconf_init(&c, TLS_SERVER);
	strlcpy(c.protocols, "tlsv1.3", sizeof(c.protocols));
	conf_add(&c, "server");
	(void)conf_use(&c, worker, SERVER);
	ok(!connect_via(worker, &v, 1, SERVER, client_config(NULL, "tlsv1.2")),
	    "TLS 1.3 alone: a client of 1.2 is refused");
	ok(next_is(worker, TLS_DOWN), "TLS 1.3 alone: DOWN: %s", msg.text);
	via_close(&v);
	(void)use_server(worker, SERVER, "server", 0);
	ok(!connect_via(worker, &v, 2, SERVER, client_config(NULL, "tlsv1.1")),
	    "by default a client of 1.1 is refused");
	ok(next_is(worker, TLS_DOWN), "by default: DOWN: %s", msg.text);
	via_close(&v);
	finish("protocols");
}

/* --- certificates ------------------------------------------------------ */

/* A client with this certificate: is it let in? */
static bool
let_in(struct via *v, const char *cert, const char *protocol)
{
	char c;
	bool good =
	    connect_via(worker, v, 1, SERVER, client_config(cert, protocol));

	/* (In TLS 1.3 a client is done before it is refused.) */
	if (!good)
		(void)tls_hear(v, &c, 1);
	return good;
}

static void
refuses_client(const char *what, const char *cert, const char *protocol)
{
	struct via v;
	int sv[2];
	char c;

	tcp_pair(sv);
	v.net = sv[0];
	v.plain = give(worker, 1, SERVER, sv[1], "", NULL, 0);
	if (shake(&v, client_config(cert, protocol), "localhost"))
		(void)tls_hear(&v, &c, 1);
	ok(next_is(worker, TLS_DOWN), "%s, %s: refused: %s", what, protocol,
	    msg.text);
	via_close(&v);
}

static void
client_certificates(const char *protocol)
{
	struct via v;

	worker = start_worker(&worker_pid);
	ok(use_server(worker, SERVER, "server", TLS_F_CLIENT_CERT),
	    "certificates asked for");
	ok(let_in(&v, NULL, protocol) && msg.text3[0] == '\0',
	    "asked: who has none comes in, nameless");
	via_close(&v);
	ok(let_in(&v, "client", protocol), "asked: who has one comes in");
	is_str(msg.text3, "alice", "asked: by name");
	is_int(strlen(msg.text4), 7 + 64, "asked: with its fingerprint");
	via_close(&v);
	ok(let_in(&v, "trick", protocol), "asked: one without a name comes in");
	is_str(msg.text3, "",
	    "asked: an organisation that has CN= in it is no name");
	via_close(&v);
	ok(let_in(&v, "twins", protocol), "asked: one with two comes in");
	is_str(msg.text3, "", "asked: as neither of them");
	via_close(&v);
	refuses_client("a stranger", "stranger", protocol);
	(void)use_server(worker, SERVER, "server",
	    TLS_F_CLIENT_CERT | TLS_F_CLIENT_MUST);
	ok(let_in(&v, "client", protocol), "demanded: who has one comes in");
	via_close(&v);
	refuses_client("none shown", NULL, protocol);
	refuses_client("a stranger", "stranger", protocol);
	finish("client certificates");
}

/* A TLS server of the test's, in a child: answers one connection. */
static pid_t
serve(int fd, const char *name)
{
	struct tls_config *t;
	struct tls *server, *conn;
	char cert[64], key[64], c;
	pid_t pid;
	int r;

	if ((pid = fork()) != 0)
		return pid;
	snprintf(cert, sizeof(cert), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
	if ((t = tls_config_new()) == NULL ||
	    tls_config_set_keypair_file(t, cert_path(cert), cert_path(key)) ||
	    (server = tls_server()) == NULL || tls_configure(server, t) ||
	    tls_accept_fds(server, &conn, fd, fd))
		_exit(1);
	while ((r = (int)tls_read(conn, &c, 1)) == TLS_WANT_POLLIN ||
	       r == TLS_WANT_POLLOUT)
		continue;
	if (r == 1)
		r = (int)tls_write(conn, &c, 1);
	_exit(r != 1);
}

/* The worker as a client of a server with this certificate: does it come up?
 * DOWN's reason is in msg. */
static bool
reaches(struct tlsconf *c, const char *cert, const char *name)
{
	int sv[2], plain;
	pid_t pid;
	bool good = false;

	worker = start_worker(&worker_pid);
	if (!conf_use(c, worker, 2))
		errx(1, "client: %s", msg.text);
	tcp_pair(sv);
	pid = serve(sv[0], cert);
	close(sv[0]);
	plain = give(worker, 1, 2, sv[1], name, NULL, 0);
	while (next_msg(worker) != 0 && msg.type != TLS_DOWN)
		if (msg.type == TLS_UP) {
			good = say(plain, "x") && hears(plain, "x");
			break;
		}
	close(plain);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(worker);
	(void)exit_status(worker_pid);
	return good;
}

static void
trusts(const char *what, bool want, const char *ca, const char *pin,
    uint32_t flags, const char *cert, const char *name, const char *why)
{
	struct tlsconf c;
	char err[256];
	bool good;

	tlsconf_init(&c, TLS_CLIENT);
	c.flags = flags;
	if (ca != NULL)
		conf_ca(&c, ca);
	if (pin != NULL && tlsconf_add_pin(&c, pin, err, sizeof(err)) == -1)
		errx(1, "%s", err);
	good = reaches(&c, cert, name);
	ok(good == want, "client: %s is %s", what, want ? "trusted" : "not");
	if (!want)
		ok(strstr(msg.text, why) != NULL, "client: %s: %s", what,
		    msg.text);
}

/* The fingerprint as openssl prints it, with colons. */
static const char *
pin_of(const char *cert)
{
	static char line[256];
	char command[512];
	FILE *f;

	snprintf(command, sizeof(command),
	    "openssl x509 -in %s -noout -fingerprint -sha256 | "
	    "sed 's/.*=/SHA256:/'",
	    cert_path(cert));
	if ((f = popen(command, "r")) == NULL ||
	    fgets(line, sizeof(line), f) == NULL)
		die("openssl");
	pclose(f);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

#define WRONG "SHA256:" ZEROS ZEROS ZEROS ZEROS
#define ZEROS "0000000000000000"

static void
client_role(void)
{
	trusts("a server of the CA's", true, "ca.pem", NULL, 0, "server",
	    "localhost", "");
	trusts("one for another name", false, "ca.pem", NULL, 0, "server",
	    "example.org", "certificate: name");
	trusts("one of an unknown CA's", false, "other-ca.pem", NULL, 0,
	    "server", "localhost", "certificate");
	trusts("an expired one", false, "ca.pem", NULL, 0, "expired",
	    "localhost", "certificate");
	trusts("any, unlooked at", true, NULL, NULL, TLS_F_NO_VERIFY, "server",
	    "example.org", "");
	trusts("a pinned one, without a CA", true, NULL, pin_of("server.pem"),
	    0, "server", "example.org", "");
	trusts("an expired one that is pinned", true, NULL,
	    pin_of("expired.pem"), 0, "expired", "x", "");
	trusts("one that is not pinned", false, NULL, WRONG, 0, "server",
	    "localhost", "not one that is pinned (SHA256:");
	trusts("one of the CA's that is pinned too", true, "ca.pem",
	    pin_of("server.pem"), 0, "server", "localhost", "");
	trusts("one of the CA's that is not pinned", false, "ca.pem", WRONG, 0,
	    "server", "localhost", "pinned");
	trusts("a pinned one of an unknown CA's", false, "other-ca.pem",
	    pin_of("server.pem"), 0, "server", "localhost", "certificate");
	trusts("an unpinned one, unlooked at", false, NULL, WRONG,
	    TLS_F_NO_VERIFY, "server", "localhost", "pinned");
}

/* --- configurations ---------------------------------------------------- */

static bool
shows(struct via *v, const char *name)
{
	return tls_peer_cert_contains_name(v->tls, name);
}

static void
replaced(void)
{
	struct tls_config *t = client_config(NULL, NULL);
	struct tlsconf c;
	struct via old, new;

	begin();
	ok(up(&old, 1), "replaced: a connection by the first");
	tlsconf_init(&c, TLS_SERVER);
	conf_add(&c, "second");
	c.flags = TLS_F_CLIENT_CERT;
	ok(!conf_use(&c, worker, SERVER) && msg.text[0] != '\0',
	    "replaced: not by one that cannot be: %s", msg.text);
	ok(up(&new, 2) && shows(&new, "localhost"),
	    "replaced: then the first goes on");
	via_close(&new);
	ok(use_server(worker, SERVER, "second", 0), "replaced: by a good one");
	tls_config_insecure_noverifyname(t);
	ok(connect_via(worker, &new, 3, SERVER, t) &&
		shows(&new, "second.example"),
	    "replaced: new connections get the new certificate");
	ok(tls_say(&old, "still", 5) && hears(old.plain, "still"),
	    "replaced: old ones keep what they have");
	via_close(&new);
	via_close(&old);
	finish("replaced");
}

static void
by_name(void)
{
	struct tls_config *t = client_config(NULL, NULL);
	struct tlsconf c;
	struct via v;
	int sv[2];

	worker = start_worker(&worker_pid);
	tlsconf_init(&c, TLS_SERVER);
	conf_add(&c, "server");
	conf_add(&c, "second");
	ok(conf_use(&c, worker, SERVER), "SNI: two certificates");
	tcp_pair(sv);
	v.net = sv[0];
	v.plain = give(worker, 1, SERVER, sv[1], "", NULL, 0);
	ok(shake(&v, t, "second.example") && shows(&v, "second.example"),
	    "SNI: the second by its name");
	via_close(&v);
	ok(up(&v, 2) && shows(&v, "localhost"), "SNI: the first by its own");
	via_close(&v);
	finish("SNI");
}

static void
no_configuration(void)
{
	int sv[2], plain, fds[1];

	worker = start_worker(&worker_pid);
	tcp_pair(sv);
	plain = give(worker, 4, 1, sv[1], "", NULL, 0);
	ok(next_msg(worker) == TLS_NAK && msg.id == 4 && msg.error == ENOENT,
	    "without a configuration a START is refused");
	close(plain);
	msg.type = TLS_READY;
	msg.cfg = 8;
	send_msg(worker, NULL, 0);
	ok(next_msg(worker) == TLS_LOADED && msg.cfg == 8 &&
		msg.text[0] != '\0',
	    "READY out of the blue: %s", msg.text);
	(void)use_server(worker, 1, "server", 0);
	msg.type = TLS_START;
	msg.id = 5;
	msg.cfg = 1;
	msg.text[0] = '\0';
	msg.firstlen = 0;
	fds[0] = sv[0];
	send_msg(worker, fds, 1);
	ok(next_msg(worker) == TLS_NAK && msg.error == EBADMSG,
	    "so is one with one descriptor");
	send(worker, "\004garbage", 8, 0);
	msg.type = TLS_SWITCH;
	msg.id = 99;
	send_msg(worker, NULL, 0);
	ok(next_msg(worker) == TLS_NAK && msg.id == 99,
	    "and a SWITCH of nothing");
	close(sv[0]);
	finish("refusals");
}

/* --- the switch -------------------------------------------------------- */

static bool
switched(struct via *v, int peer, const void *first, size_t n)
{
	struct play_opts o = { .first = first, .firstlen = n };

	return switched_as(v, peer, &o);
}

/*
 * A client says a script in one go: at some byte the feeder stops reading and
 * switches, having read `read` bytes of which `kept` are for the peer.  What
 * the feeder wrote before is what the client hears first.
 */
static bool
script(size_t records, size_t read, size_t kept)
{
	static const char text[] = "CONNECT x:80 RELAY GET / body";
	size_t len = sizeof(text) - 1, n, off = 0;
	char buf[sizeof(text)];
	struct via v;
	int peer[2];
	bool good;

	if (!up(&v, read * 100 + kept))
		return false;
	for (size_t i = 0; i < records; i++, off += n) {
		n = i + 1 < records ? len / records : len - off;
		(void)tls_say(&v, text + off, n);
	}
	tls_finish(&v);
	tcp_pair(peer);
	good = say(v.plain, "240 ok\r\n") &&
	       hear(v.plain, buf, read) == (ssize_t)read &&
	       say(peer[0], "reply") &&
	       switched(&v, peer[1], buf + read - kept, kept);
	n = len - read + kept;
	good = good && hear(peer[0], buf, sizeof(buf)) == (ssize_t)n &&
	       memcmp(buf, text + len - n, n) == 0;
	shutdown(peer[0], SHUT_WR);
	good = good && tls_hears(&v, "240 ok\r\nreply") && tls_ends(&v);
	close(peer[0]);
	via_close(&v);
	return good && next_is(worker, TLS_END) && msg.ends[0].ab == n &&
	       msg.ends[0].ba == 5 && msg.ends[0].cause == RELAY_EOF;
}

static void
switch_at_every_byte(void)
{
	static const size_t records[] = { 1, 3, 29 };
	size_t bad = 0;

	begin();
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		for (size_t at = 1; at <= 29; at++) {
			bad += !script(records[i], at, 0);
			bad += !script(records[i], at, at > 5 ? 5 : at);
		}
	is_int(bad, 0, "switch: at every byte of a script, in any records");
	finish("switch");
}

static void
fill(unsigned char *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = (unsigned char)(seed >> 16);
	}
}

#define BULK (3 * 1024 * 1024)

/* In a child: says all of p (by TLS, or on fd), then its end. */
static pid_t
child_says(struct via *v, int fd, const unsigned char *p, size_t n)
{
	pid_t pid = fork();
	ssize_t w;

	if (pid != 0)
		return pid;
	if (v != NULL) {
		(void)tls_say(v, p, n);
		tls_finish(v);
	}
	while (v == NULL && n > 0 && (w = write(fd, p, n)) > 0) {
		p += w;
		n -= (size_t)w;
	}
	if (v == NULL)
		shutdown(fd, SHUT_WR);
	_exit(0);
}

/* Bulk is under way when the switch comes, the feeder's end full of it. */
static void
bulk_from_tls(size_t feeder_reads)
{
	static unsigned char sent[BULK], got[BULK + 1];
	struct via v;
	int peer[2];
	pid_t pid;
	ssize_t n;

	begin();
	ok(up(&v, 1), "bulk: up");
	fill(sent, sizeof(sent), 1);
	pid = child_says(&v, -1, sent, sizeof(sent));
	n = hear(v.plain, got, feeder_reads);
	ok(n == (ssize_t)feeder_reads && memcmp(got, sent, feeder_reads) == 0,
	    "bulk: the feeder reads %zu", feeder_reads);
	tcp_pair(peer);
	ok(switched(&v, peer[1], got, n < 1000 ? (size_t)n : 1000),
	    "bulk: switched");
	feeder_reads = n < 1000 ? 0 : feeder_reads - 1000;
	/* (Of what it read it kept the first 1000 only, to be simple.) */
	if (n >= 1000) {
		n = hear(peer[0], got, 1000);
		ok(n == 1000 && memcmp(got, sent, 1000) == 0,
		    "bulk: what it kept comes first");
		feeder_reads += 1000;
	}
	n = hear(peer[0], got, sizeof(got));
	ok((size_t)n == sizeof(sent) - feeder_reads &&
		memcmp(got, sent + feeder_reads, (size_t)n) == 0,
	    "bulk: not a byte is lost, none out of order");
	waitpid(pid, NULL, 0);
	close(peer[0]);
	ok(next_is(worker, TLS_END), "bulk: its end is told");
	via_close(&v);
	finish("bulk from TLS");
}

/* Both ways at once, the client slow to hear. */
static void
bulk_both_ways(void)
{
	static unsigned char a[BULK], b[BULK], got[BULK + 1];
	struct via v;
	pid_t pid[2];
	int peer[2], status;
	ssize_t n;

	begin();
	ok(up(&v, 1), "both ways: up");
	tcp_pair(peer);
	ok(switched(&v, peer[1], NULL, 0), "both ways: switched");
	fill(a, sizeof(a), 2);
	fill(b, sizeof(b), 3);
	pid[0] = child_says(NULL, peer[0], a, sizeof(a));
	if ((pid[1] = fork()) == 0) {
		n = hear(peer[0], got, sizeof(got));
		_exit(n != sizeof(b) || memcmp(got, b, sizeof(b)) != 0);
	}
	/* The peer first: it writes all before it reads. */
	ok(tls_say(&v, b, sizeof(b)), "both ways: all is said");
	n = tls_hear(&v, got, sizeof(a));
	ok(n == sizeof(a) && memcmp(got, a, sizeof(a)) == 0,
	    "both ways: all is heard");
	ok(tls_ends(&v), "both ways: to the end");
	close(peer[0]);
	waitpid(pid[0], NULL, 0);
	waitpid(pid[1], &status, 0);
	is_int(status, 0, "both ways: there as well");
	ok(next_is(worker, TLS_END) && msg.ends[0].ab == sizeof(b) &&
		msg.ends[0].ba == sizeof(a) && msg.ends[0].cause == RELAY_EOF,
	    "both ways: the counts are right");
	via_close(&v);
	finish("both ways");
}

/* What the feeder wrote, more than TLS takes at once, precedes the peer's. */
static void
bulk_before(void)
{
	static unsigned char before[BULK], got[BULK];
	struct via v = { .id = 1 };
	int peer[2], sv[2], small = 4096;
	size_t put = 0;
	ssize_t w, n;

	begin();
	tcp_pair(sv);
	if (setsockopt(sv[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)) ||
	    setsockopt(sv[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)))
		die("setsockopt");
	v.net = sv[0];
	v.plain = give(worker, 1, SERVER, sv[1], "", NULL, 0);
	ok(shake(&v, client_config(NULL, NULL), "localhost") &&
		next_is(worker, TLS_UP),
	    "replies first: up");
	fill(before, sizeof(before), 4);
	if (fcntl(v.plain, F_SETFL, O_NONBLOCK) == -1)
		die("fcntl");
	/* The client hears nothing, so that the way fills up. */
	for (int quiet = 0; put < sizeof(before) && quiet < 20;) {
		w = write(v.plain, before + put, sizeof(before) - put);
		if (w > 0) {
			put += (size_t)w;
			quiet = 0;
		} else {
			quiet++;
			(void)poll(NULL, 0, 10);
		}
	}
	tcp_pair(peer);
	(void)say(peer[0], "and the peer");
	shutdown(peer[0], SHUT_WR);
	ok(put < sizeof(before) && switched(&v, peer[1], NULL, 0),
	    "replies first: %zu on the way", put);
	n = tls_hear(&v, got, put);
	ok(n == (ssize_t)put && memcmp(got, before, put) == 0,
	    "replies first: all of them");
	ok(tls_hears(&v, "and the peer") && tls_ends(&v),
	    "replies first: then the peer");
	tls_finish(&v);
	close(peer[0]);
	via_close(&v);
	ok(next_is(worker, TLS_END), "replies first: its end");
	finish("replies first");
}

/* --- ends of streams --------------------------------------------------- */

static void
cut_off(void)
{
	struct via v;
	int peer;

	begin();
	peer = stream(&v, 1);
	(void)tls_say(&v, "half of", 7);
	shutdown(v.net, SHUT_WR);
	ok(hears(peer, "half of"), "cut off: what came is delivered");
	ok(is_reset(peer), "cut off: an end without close_notify is a reset");
	ok(next_is(worker, TLS_END) && msg.ends[0].cause == RELAY_RESET &&
		msg.ends[0].ab == 7,
	    "cut off: and told as one");
	close(peer);
	via_close(&v);

	peer = stream(&v, 2);
	(void)tls_say(&v, "whole", 5);
	tls_finish(&v);
	shutdown(v.net, SHUT_WR);
	ok(hears(peer, "whole") && ends(peer),
	    "with close_notify it is an end of file");
	shutdown(peer, SHUT_WR);
	(void)tls_ends(&v);
	close(peer);
	via_close(&v);
	ok(next_is(worker, TLS_END) && msg.ends[0].cause == RELAY_EOF,
	    "and told as that");

	ok(up(&v, 3), "cut off before the switch: up");
	(void)tls_say(&v, "half", 4);
	shutdown(v.net, SHUT_WR);
	ok(next_is(worker, TLS_DOWN) && strncmp(msg.text, "cut off", 7) == 0,
	    "cut off before the switch: DOWN says so: %s", msg.text);
	ok(hears(v.plain, "half") && ends(v.plain),
	    "cut off before the switch: what came is there");
	via_close(&v);
	finish("cut off");
}

static void
resets(void)
{
	struct via v;
	int peer;
	char c;

	begin();
	peer = stream(&v, 1);
	(void)tls_say(&v, "x", 1);
	ok(hears(peer, "x"), "reset: a stream");
	net_reset(v.net);
	v.net = -1;
	ok(is_reset(peer), "reset: the TLS side's is carried over");
	ok(next_is(worker, TLS_END) && msg.ends[0].cause == RELAY_RESET,
	    "reset: and told");
	close(peer);
	via_close(&v);

	peer = stream(&v, 2);
	(void)say(peer, "part of it");
	ok(tls_hears(&v, "part of it"), "reset: another stream");
	net_reset(peer);
	ok(tls_hear(&v, &c, 1) == -1,
	    "reset: the peer's leaves no close_notify behind");
	ok(next_is(worker, TLS_END) && msg.ends[0].cause == RELAY_RESET,
	    "reset: and told");
	via_close(&v);

	ok(up(&v, 3), "reset: by the feeder");
	msg.type = TLS_RESET;
	msg.id = 3;
	send_msg(worker, NULL, 0);
	ok(tls_hear(&v, &c, 1) == -1, "reset: no close_notify either");
	via_close(&v);

	ok(up(&v, 4) && tls_say(&v, "unread", 6) && wait_for(v.plain, POLLIN),
	    "reset: a plain end with something in it");
	close(v.plain);
	v.plain = -1;
	ok(tls_hear(&v, &c, 1) == -1, "reset: closed, resets");
	ok(next_is(worker, TLS_DOWN) && msg.id == 4, "reset: %s", msg.text);
	via_close(&v);
	finish("reset");
}

/* A peer that does not read holds up its own stream, not memory, and no
 * other one. */
static void
stops_reading(void)
{
	struct via slow, quick;
	int peer, other;
	size_t put;

	begin();
	peer = stream(&slow, 1);
	put = fill_up(peer);
	ok(put < 64 * 1024 * 1024, "stops reading: %zu bytes, then no more",
	    put);
	other = stream(&quick, 2);
	ok(tls_say(&quick, "others", 6) && hears(other, "others"),
	    "stops reading: others go on");
	close(other);
	via_close(&quick);
	net_reset(slow.net);
	slow.net = -1;
	ok(is_reset(peer), "stops reading: its reset is heeded all the same");
	close(peer);
	via_close(&slow);
	finish("stops reading");
}

static void
counts(void)
{
	struct via v[3];
	int peer[2];

	begin();
	for (size_t i = 0; i < 2; i++) {
		peer[i] = stream(&v[i], i + 1);
		(void)tls_say(&v[i], "12345", 5);
		(void)hears(peer[i], "12345");
		(void)say(peer[i], "123");
		(void)tls_hears(&v[i], "123");
	}
	ok(up(&v[2], 3), "counts: one that is no stream yet");
	msg.type = TLS_QUERY;
	msg.seq = 42;
	send_msg(worker, NULL, 0);
	ok(next_msg(worker) == TLS_COUNTS && msg.seq == 42 && !msg.more &&
		msg.count == 2,
	    "counts: of the streams");
	ok(msg.ends[0].id == 1 && msg.ends[0].ab == 5 && msg.ends[0].ba == 3 &&
		msg.ends[1].id == 2,
	    "counts: bytes from TLS and to it");
	for (size_t i = 0; i < 2; i++)
		close(peer[i]);
	for (size_t i = 0; i < 3; i++)
		via_close(&v[i]);
	finish("counts");
}

static void
idle(void)
{
	struct play_opts o = { .idle = 1 };
	struct via v;
	int peer;

	begin();
	peer = stream_as(&v, 1, &o);
	ok(next_is(worker, TLS_END) && msg.ends[0].cause == RELAY_IDLE,
	    "idle: ends after its time");
	ok(is_reset(peer), "idle: by a reset");
	close(peer);
	via_close(&v);
	finish("idle");
}

/* --- orphans ----------------------------------------------------------- */

static bool
title_has(pid_t pid, const char *word)
{
	char path[64], text[256];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if ((f = fopen(path, "r")) != NULL) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	return strstr(text, word) != NULL;
}

static void
orphan(void)
{
	struct via s, plain;
	int peer, sv[2], late;

	begin();
	peer = stream(&s, 1);
	ok(up(&plain, 2), "orphan: one that is no stream");
	tcp_pair(sv);
	late = give(worker, 3, SERVER, sv[1], "", NULL, 0);
	close(worker);
	for (int i = 0; i < PATIENCE / 10 && !title_has(worker_pid, "orphan");
	     i++)
		(void)poll(NULL, 0, 10);
	ok(title_has(worker_pid, "vsap-relay: orphan /"),
	    "orphan: its feeder gone, it says so");
	ok(tls_say(&s, "there", 5) && hears(peer, "there") &&
		say(peer, "back") && tls_hears(&s, "back"),
	    "orphan: streams go on");
	ok(tls_say(&plain, "there", 5) && hears(plain.plain, "there"),
	    "orphan: so do others whose plain end somebody has");
	{
		struct via v = { .net = sv[0], .plain = late };

		ok(shake(&v, client_config(NULL, NULL), "localhost") &&
			tls_say(&v, "late", 4) && hears(late, "late"),
		    "orphan: the last one it was sent is served");
		via_close(&v);
	}
	via_close(&s);
	close(peer);
	is_int(waitpid(worker_pid, NULL, WNOHANG), 0, "orphan: it stays");
	via_close(&plain);
	is_int(exit_status(worker_pid), 0, "orphan: for the last, and leaves");
}

static void
killed(void)
{
	struct via v;
	int peer;
	char c;

	begin();
	peer = stream(&v, 1);
	kill(worker_pid, SIGKILL);
	ok(tls_hear(&v, &c, 1) == -1 || (tls_close(v.tls) != 0 && errno == 0),
	    "killed: the TLS side does not take it for the end");
	is_int(next_msg(worker), 0, "killed: the feeder reads its end");
	close(peer);
	via_close(&v);
	close(worker);
	waitpid(worker_pid, NULL, 0);
}

/* --- limits ------------------------------------------------------------ */

static void
descriptor_limit(void)
{
	struct rlimit rl = { .rlim_cur = 100, .rlim_max = 100 };
	int far[60][2], sv[2];
	size_t acks = 0, naks = 0;

	begin();
	if (prlimit(worker_pid, RLIMIT_NOFILE, &rl, NULL) == -1)
		die("prlimit");
	for (size_t i = 0; i < 60; i++) {
		tcp_pair(sv);
		far[i][0] = sv[0];
		far[i][1] = give(worker, i + 1, SERVER, sv[1], "", NULL, 0);
	}
	while (acks + naks < 60 && next_msg(worker) != 0) {
		acks += msg.type == TLS_ACK;
		naks += msg.type == TLS_NAK && msg.error == EMFILE;
	}
	ok(acks > 20 && naks > 0 && acks + naks == 60,
	    "at the limit of descriptors: %zu taken, %zu refused", acks, naks);
	for (size_t i = 0; i < 60; i++) {
		close(far[i][0]);
		close(far[i][1]);
	}
	finish("limit");
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (!find_relay() || tls_init() == -1 || !certs_make()) {
		printf("ok 1 - TLS worker # skip vsap-relay or openssl(1) is "
		       "not there\n1..1\n");
		return 0;
	}
	serves("TLSv1.3");
	serves("TLSv1.2");
	half_close();
	first_bytes();
	handshakes();
	protocols();
	client_certificates("tlsv1.3");
	client_certificates("tlsv1.2");
	client_role();
	replaced();
	by_name();
	no_configuration();
	switch_at_every_byte();
	bulk_from_tls(0);
	bulk_from_tls(100);
	bulk_from_tls(100000);
	bulk_both_ways();
	bulk_before();
	cut_off();
	resets();
	stops_reading();
	counts();
	idle();
	orphan();
	killed();
	descriptor_limit();
	return done_testing();
}
