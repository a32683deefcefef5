/*
 * What a TLS peer can do that libtls never would: new keys for every byte,
 * records with next to nothing in them, renegotiation.  It harms itself, not
 * the worker's other connections.
 */
#include "spawn.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>

#include "play_tls.h"
#include "ratecap.h"

#define CLIENT 2 /* a configuration */
#define SLOT 3
#define PINGS 10 /* others have to get through a flood; were it a turn, 2 */

/* A peer that gathers what it says. */
struct raw {
	struct via v;
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *said;
	pid_t speaker;
};

static void
raw_new(struct raw *r, const SSL_METHOD *method, int max)
{
	memset(r, 0, sizeof(*r));
	if ((r->ctx = SSL_CTX_new(method)) == NULL ||
	    !SSL_CTX_set_max_proto_version(r->ctx, max) ||
	    !SSL_CTX_use_certificate_file(r->ctx, cert_path("server.pem"),
		SSL_FILETYPE_PEM) ||
	    !SSL_CTX_use_PrivateKey_file(r->ctx, cert_path("server.key"),
		SSL_FILETYPE_PEM) ||
	    (r->ssl = SSL_new(r->ctx)) == NULL)
		errx(1, "OpenSSL");
}

/* Given to the worker by configuration cfg, and up. */
static void
raw_up(struct raw *r, uint64_t id, uint32_t cfg)
{
	int sv[2], good;

	tcp_pair(sv);
	r->v.id = id;
	r->v.net = sv[0];
	r->v.plain = give(worker, id, cfg, sv[1], "", NULL, 0);
	SSL_set_fd(r->ssl, sv[0]);
	good = cfg == CLIENT ? SSL_accept(r->ssl) : SSL_connect(r->ssl);
	if (good != 1 || !next_is(worker, TLS_UP))
		errx(1, "no handshake");
}

/* What it says from now on is kept. */
static void
raw_gather(struct raw *r)
{
	if ((r->said = BIO_new(BIO_s_mem())) == NULL || !BIO_up_ref(r->said))
		errx(1, "OpenSSL");
	SSL_set0_wbio(r->ssl, r->said);
}

static void
raw_keys(struct raw *r, int type, size_t n)
{
	while (n-- > 0)
		if (!SSL_key_update(r->ssl, type) ||
		    SSL_do_handshake(r->ssl) != 1)
			errx(1, "OpenSSL: keys");
}

static void
raw_bytes(struct raw *r, size_t n, size_t each)
{
	static const char some[1024];

	while (n-- > 0)
		if (SSL_write(r->ssl, some, (int)each) != (int)each)
			errx(1, "OpenSSL: bytes");
}

/* Say it all, in a child what does not go out at once. */
static void
raw_say(struct raw *r)
{
	ssize_t w = 1;
	char *p;
	long n;

	n = BIO_get_mem_data(r->said, &p);
	for (; n > 0 && w > 0; p += w, n -= w)
		if ((w = send(r->v.net, p, (size_t)n, MSG_DONTWAIT)) == -1)
			break;
	if (n == 0 || (r->speaker = fork()) != 0)
		return;
	while (n > 0 && (w = write(r->v.net, p, (size_t)n)) > 0) {
		p += w;
		n -= w;
	}
	_exit(0);
}

static void
raw_close(struct raw *r)
{
	if (r->speaker != 0) {
		kill(r->speaker, SIGKILL);
		waitpid(r->speaker, NULL, 0);
	}
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
	BIO_free(r->said);
	via_close(&r->v);
}

/* --- floods ------------------------------------------------------------ */

/* Is that connection down, or the plain side's end there?  What came on the
 * plain side is dropped. */
static bool
over(struct raw *r)
{
	static char c[64 * KIB];
	struct pollfd pfd = { .fd = worker, .events = POLLIN };
	ssize_t n = -1;

	if (r->v.plain != -1)
		while ((n = recv(r->v.plain, c, sizeof(c), MSG_DONTWAIT)) > 0)
			continue;
	return n == 0 ||
	       (poll(&pfd, 1, 0) == 1 && next_msg(worker) == TLS_DOWN);
}

/* While the flood is under way, somebody else says and hears bytes.  The worker
 * begins with the flood before it. */
static void
others_go_on(const char *what, struct raw *r, struct via *other)
{
	size_t pings = 0;

	kill(worker_pid, SIGSTOP);
	raw_say(r);
	kill(worker_pid, SIGCONT);
	while (!over(r)) {
		if (!tls_say(other, "x", 1) || !hears(other->plain, "x"))
			break;
		pings++;
	}
	ok(pings >= PINGS, "%s: others go on (%zu)", what, pings);
}

/* The feeder hung up; what the peer says is read to its end for its sake. */
static void
keys_to_nobody(void)
{
	struct via other;
	struct raw r;
	char c;

	begin();
	if (!up(&other, 1))
		die("up");
	raw_new(&r, TLS_client_method(), TLS1_3_VERSION);
	raw_up(&r, 2, SERVER);
	close(r.v.plain);
	r.v.plain = -1;
	is_int(SSL_read(r.ssl, &c, 1), 0, "keys to nobody: the feeder left");
	raw_gather(&r);
	raw_keys(&r, SSL_KEY_UPDATE_NOT_REQUESTED, 30000);
	SSL_shutdown(r.ssl);
	others_go_on("keys to nobody", &r, &other);
	raw_close(&r);
	via_close(&other);
	finish("keys to nobody");
}

static void
keys_and_crumbs(const char *what, size_t keys, size_t crumbs)
{
	struct via other;
	struct raw r;

	begin();
	if (!up(&other, 1))
		die("up");
	raw_new(&r, TLS_client_method(), TLS1_3_VERSION);
	raw_up(&r, 2, SERVER);
	raw_gather(&r);
	raw_keys(&r, SSL_KEY_UPDATE_NOT_REQUESTED, keys);
	raw_bytes(&r, crumbs, 1);
	SSL_shutdown(r.ssl);
	others_go_on(what, &r, &other);
	raw_close(&r);
	via_close(&other);
	finish(what);
}

/* --- what cannot be answered ------------------------------------------- */

static unsigned long
worker_ticks(void)
{
	unsigned long user = 0, sys = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)worker_pid);
	if ((f = fopen(path, "r")) == NULL ||
	    fscanf(f,
		"%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		&user, &sys) != 2)
		die(path);
	fclose(f);
	return user + sys;
}

/* Half a second in which it does nothing. */
static bool
comes_to_rest(void)
{
	unsigned long ticks;

	for (int i = 0; i < PATIENCE / 500; i++) {
		ticks = worker_ticks();
		(void)poll(NULL, 0, 500);
		if (worker_ticks() - ticks <= 2)
			return true;
	}
	return false;
}

/* New keys are asked for in return; nobody reads the answers. */
static void
answers_to_nobody(const char *what, uint64_t rate)
{
	struct play_opts o = { .slot = rate > 0 ? SLOT : 0, .rate = rate };
	int file = ratecap_make(), peer[2];
	struct raw r;

	begin();
	msg.type = TLS_SHARE;
	send_msg(worker, &file, 1);
	close(file);
	raw_new(&r, TLS_client_method(), TLS1_3_VERSION);
	raw_up(&r, 1, SERVER);
	tcp_pair(peer);
	if (!switched_as(&r.v, peer[1], &o))
		errx(1, "no stream");
	ok(fill_up(peer[0]) > 0, "%s: the way is full", what);
	raw_gather(&r);
	raw_keys(&r, SSL_KEY_UPDATE_REQUESTED, 20000);
	raw_say(&r);
	ok(comes_to_rest(), "%s: the worker waits", what);
	close(peer[0]);
	raw_close(&r);
	finish(what);
}

/* --- renegotiation ----------------------------------------------------- */

static void
client_renegotiates(void)
{
	struct raw r;
	char c = 0;

	begin();
	raw_new(&r, TLS_client_method(), TLS1_2_VERSION);
	raw_up(&r, 1, SERVER);
	ok(SSL_write(r.ssl, "before", 6) == 6 && hears(r.v.plain, "before"),
	    "a client of TLS 1.2");
	(void)SSL_renegotiate(r.ssl);
	(void)SSL_do_handshake(r.ssl);
	(void)SSL_read(r.ssl, &c, 1);
	ok(next_is(worker, TLS_DOWN) || c != 0,
	    "wants to renegotiate, and may not: %s", msg.text);
	raw_close(&r);
	finish("a client renegotiates");
}

/* A capped stream that has to stop in the midst of what it has read. */
static int
stops_midway(struct raw *r, uint64_t id)
{
	struct play_opts o = { .slot = SLOT, .rate = 1 };
	int file = ratecap_make(), peer[2];
	struct ratecap *caps = ratecap_map(file);
	char got[1000];

	msg.type = TLS_SHARE;
	send_msg(worker, &file, 1);
	close(file);
	raw_new(r, TLS_client_method(), TLS1_3_VERSION);
	raw_up(r, id, SERVER);
	tcp_pair(peer);
	if (caps == NULL || !switched_as(&r->v, peer[1], &o))
		errx(1, "no stream");
	ratecap_spent(caps, SLOT, 1, 64 * KIB - sizeof(got));
	raw_gather(r);
	raw_bytes(r, 4, 800);
	raw_say(r);
	is_int(hear(peer[0], got, sizeof(got)), sizeof(got),
	    "another stops midway, by its cap");
	ratecap_unmap(caps);
	return peer[0];
}

/*
 * We are the client, the server wants to renegotiate and takes its time; TLS
 * would read, then, to write.  It must not be given what a neighbour left.
 */
static void
server_renegotiates(void)
{
	struct raw r, other;
	struct tlsconf c;
	char x[2];
	int peer;

	begin();
	tlsconf_init(&c, TLS_CLIENT);
	c.flags = TLS_F_NO_VERIFY;
	if (!conf_use(&c, worker, CLIENT))
		errx(1, "configuration: %s", msg.text);
	raw_new(&r, TLS_server_method(), TLS1_2_VERSION);
	raw_up(&r, 1, CLIENT);
	(void)SSL_renegotiate(r.ssl);
	ok(SSL_do_handshake(r.ssl) == 1 && wait_for(r.v.net, POLLIN),
	    "a server of TLS 1.2 renegotiates");
	peer = stops_midway(&other, 2);
	(void)say(r.v.plain, "x");
	ok(SSL_read(r.ssl, x, 1) == 1 && x[0] == 'x',
	    "what is said meanwhile arrives");
	ok(SSL_write(r.ssl, "y", 1) == 1 && hears(r.v.plain, "y"),
	    "and so does the answer");
	close(peer);
	raw_close(&other);
	raw_close(&r);
	finish("a server renegotiates");
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (!find_relay() || tls_init() == -1 || !certs_make()) {
		printf("ok 1 - hostile TLS peers # skip vsap-relay or "
		       "openssl(1) is not there\n1..1\n");
		return 0;
	}
	keys_to_nobody();
	keys_and_crumbs("keys", 10000, 0);
	keys_and_crumbs("crumbs", 0, 100000);
	answers_to_nobody("answers to nobody", 0);
	answers_to_nobody("answers to nobody, capped", 1ULL << 30);
	client_renegotiates();
	server_renegotiates();
	return done_testing();
}
