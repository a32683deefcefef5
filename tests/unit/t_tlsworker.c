/*
 * A real TLS worker and a real TLS peer: who is let in, by which certificate,
 * half-close, what is refused.  (Streams: t_tlsstream.c.)
 */
#include "tls_peer.h"

#include <sys/resource.h>

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

/* One more server, for a worker that goes on. */
static bool
reaches_again(uint64_t id, const char *cert, const char *name)
{
	int sv[2], plain, type;
	pid_t pid;
	bool good;

	tcp_pair(sv);
	pid = serve(sv[0], cert);
	close(sv[0]);
	plain = give(worker, id, 2, sv[1], name, NULL, 0);
	while ((type = next_msg(worker)) != 0 && type != TLS_UP &&
	       type != TLS_DOWN)
		continue;
	good = type == TLS_UP && say(plain, "x") && hears(plain, "x");
	close(plain);
	waitpid(pid, NULL, 0);
	while (good && next_msg(worker) != 0 && msg.type != TLS_DOWN)
		continue;
	return good;
}

/* A system has more authorities than one wants to read for each connection;
 * what is left of them trusts nobody whom all of them do not. */
static void
many_authorities(void)
{
	struct tlsconf c;

	certs_run("cat ca.pem other-ca.pem >many.pem; for i in 1 2 3 4 5 6 7; "
		  "do cat many.pem many.pem >more.pem; mv more.pem many.pem; "
		  "done");
	tlsconf_init(&c, TLS_CLIENT);
	conf_ca(&c, "many.pem");
	worker = start_worker(&worker_pid);
	if (!conf_use(&c, worker, 2))
		errx(1, "client: %s", msg.text);
	ok(reaches_again(1, "server", "localhost"), "many CAs: one of them");
	ok(reaches_again(2, "server", "localhost"), "many CAs: once more");
	ok(!reaches_again(3, "server", "example.org"),
	    "many CAs: another name is not trusted");
	ok(!reaches_again(4, "expired", "localhost"),
	    "many CAs: an expired one is not trusted");
	ok(!reaches_again(5, "server", "x"), "many CAs: nor a wrong name");
	ok(reaches_again(6, "server", "localhost"), "many CAs: the first");
	ok(!reaches_again(7, "stranger", "mallory") &&
		strstr(msg.text, "another authority now: try again") != NULL,
	    "many CAs: another one of them: %s", msg.text);
	ok(reaches_again(8, "stranger", "mallory"),
	    "many CAs: which is looked at next time");
	ok(reaches_again(9, "stranger", "mallory"), "many CAs: once more");
	ok(!reaches_again(10, "server", "localhost"), "many CAs: and back");
	ok(reaches_again(11, "server", "localhost"), "many CAs: again");
	close(worker);
	is_int(exit_status(worker_pid), 0, "many CAs: the worker leaves");
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
	if (!tls_peer_ready())
		return 0;
	serves("TLSv1.3");
	serves("TLSv1.2");
	half_close();
	first_bytes();
	handshakes();
	protocols();
	client_certificates("tlsv1.3");
	client_certificates("tlsv1.2");
	client_role();
	many_authorities();
	replaced();
	by_name();
	no_configuration();
	descriptor_limit();
	return done_testing();
}
