#ifndef TLS_PEER_H
#define TLS_PEER_H

/*
 * What tests of a TLS worker have in common: a real worker, configurations
 * for it, connections given to it, and a TLS peer of libtls's that blocks.
 */

#include <sys/socket.h>
#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <tls.h>
#include <unistd.h>

#include "certs.h"
#include "net.h"
#include "play_relay.h"
#include "spawn.h"
#include "tls_msg.h"
#include "tlsconf.h"

#define SERVER 1 /* the configuration of begin() */

static struct tls_msg msg;
static unsigned char packet[TLS_MSG_MAX];

/* One connection through a worker. */
struct via {
	uint64_t id;
	int net;   /* the TLS peer's socket */
	int plain; /* the feeder's plain end */
	struct tls *tls;
};

static inline int
start_worker(pid_t *pid)
{
	int fd = spawn_tls_worker(relay, getuid(), getgid(), 0, pid);

	if (fd == -1)
		die("spawn_tls_worker");
	return fd;
}

/* The worker's next message; its type, 0 for none. */
static inline int
next_msg(int w)
{
	int fd[1], none = 0;
	ssize_t n;

	if (!wait_for(w, POLLIN))
		return 0;
	n = fdpass_recv(w, packet, sizeof(packet), fd, &none, NULL);
	if (n <= 0 || tls_msg_parse(&msg, packet, (size_t)n) == -1)
		return 0;
	return (int)msg.type;
}

/* Skips others; true if one of this type comes. */
static inline bool
next_is(int w, enum tls_msg_type type)
{
	int got;

	while ((got = next_msg(w)) != 0)
		if (got == (int)type)
			return true;
	return false;
}

/* --- configurations ---------------------------------------------------- */

static inline void
conf_add(struct tlsconf *c, const char *name)
{
	char cert[64], key[64], err[512];

	snprintf(cert, sizeof(cert), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
	if (tlsconf_add_keypair(c, cert_path(cert), cert_path(key), err,
		sizeof(err)) == -1)
		errx(1, "%s", err);
}

static inline void
conf_ca(struct tlsconf *c, const char *name)
{
	char err[512];

	if (tlsconf_load(&c->ca, cert_path(name), false, err, sizeof(err)) ==
	    -1)
		errx(1, "%s", err);
}

/* Send and close it; true if the worker took it. */
static inline bool
conf_use(struct tlsconf *c, int w, uint32_t number)
{
	int r = tlsconf_send(c, w, number);

	tlsconf_close(c);
	if (r == -1)
		die("tlsconf_send");
	return next_is(w, TLS_LOADED) && msg.cfg == number &&
	       msg.text[0] == '\0';
}

/* A server with this certificate; flags may ask clients for theirs by ca. */
static inline bool
use_server(int w, uint32_t number, const char *name, uint32_t flags)
{
	struct tlsconf c;

	tlsconf_init(&c, TLS_SERVER);
	c.flags = flags;
	if (flags != 0)
		conf_ca(&c, "ca.pem");
	conf_add(&c, name);
	return conf_use(&c, w, number);
}

/* --- connections ------------------------------------------------------- */

static inline int
tcp_socket(int room)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || (room > 0 && (setsockopt(fd, SOL_SOCKET, SO_SNDBUF,
					  &room, sizeof(room)) ||
					 setsockopt(fd, SOL_SOCKET, SO_RCVBUF,
					     &room, sizeof(room)))))
		die("socket");
	return fd;
}

/* A TCP connection on loopback, with little room in its buffers (0: with what
 * the system gives). */
static inline void
tcp_pair_of(int sv[2], int room)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int l = tcp_socket(room);

	sv[0] = tcp_socket(room);
	if (bind(l, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(l, 1) == -1 ||
	    getsockname(l, (struct sockaddr *)&sin, &len) == -1 ||
	    connect(sv[0], (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    (sv[1] = accept(l, NULL, NULL)) == -1)
		die("tcp_pair");
	close(l);
	net_tune(sv[0]);
	net_tune(sv[1]);
}

static inline void
tcp_pair(int sv[2])
{
	tcp_pair_of(sv, 0);
}

static inline void
send_msg(int w, const int *fds, int nfds)
{
	size_t n = tls_msg_format(&msg, packet, sizeof(packet));
	int r;

	while (
	    (r = fdpass_send(w, packet, n, fds, nfds)) == -1 && errno == EAGAIN)
		wait_for(w, POLLOUT);
	if (r == -1)
		die("fdpass_send");
}

/* Give the worker conn, with n bytes of it read ahead; our plain end. */
static inline int
give(int w, uint64_t id, uint32_t cfg, int conn, const char *name,
    const void *first, size_t n)
{
	int p[2], fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p) == -1)
		die("socketpair");
	memset(&msg, 0, sizeof(msg));
	msg.type = TLS_START;
	msg.id = id;
	msg.cfg = cfg;
	strlcpy(msg.text, name, sizeof(msg.text));
	msg.first = first;
	msg.firstlen = n;
	fds[0] = conn;
	fds[1] = p[1];
	send_msg(w, fds, 2);
	close(conn);
	close(p[1]);
	return p[0];
}

/* --- the peer ---------------------------------------------------------- */

/* A client's settings: trusts ca.pem; shows a certificate, if one is named. */
static inline struct tls_config *
client_config(const char *cert, const char *protocol)
{
	struct tls_config *t = tls_config_new();
	char pem[64], key[64];
	uint32_t p;

	if (t == NULL || tls_config_set_ca_file(t, cert_path("ca.pem")) == -1)
		die("tls_config");
	if (protocol != NULL && (tls_config_parse_protocols(&p, protocol) ||
				    tls_config_set_protocols(t, p)))
		die("protocol");
	if (cert == NULL)
		return t;
	snprintf(pem, sizeof(pem), "%s.pem", cert);
	snprintf(key, sizeof(key), "%s.key", cert);
	if (tls_config_set_keypair_file(t, cert_path(pem), cert_path(key)) ==
	    -1)
		die("keypair");
	return t;
}

/* The handshake; no words if it fails.  t is freed. */
static inline bool
shake(struct via *v, struct tls_config *t, const char *name)
{
	int r;

	if ((v->tls = tls_client()) == NULL || tls_configure(v->tls, t) == -1)
		die("tls_client");
	tls_config_free(t);
	r = tls_connect_fds(v->tls, v->net, v->net, name);
	while (r == 0) {
		r = tls_handshake(v->tls);
		if (r != TLS_WANT_POLLIN && r != TLS_WANT_POLLOUT)
			break;
		r = 0;
	}
	return r == 0;
}

/* A connection to configuration cfg, that is up: a handshake as t likes. */
static inline bool
connect_via(int w, struct via *v, uint64_t id, uint32_t cfg,
    struct tls_config *t)
{
	int sv[2];

	tcp_pair(sv);
	v->id = id;
	v->net = sv[0];
	v->plain = give(w, id, cfg, sv[1], "", NULL, 0);
	return shake(v, t, "localhost") && next_is(w, TLS_UP);
}

static inline void
via_close(struct via *v)
{
	tls_free(v->tls);
	v->tls = NULL;
	if (v->net != -1)
		close(v->net);
	if (v->plain != -1)
		close(v->plain);
	v->net = v->plain = -1;
}

static inline bool
tls_say(struct via *v, const void *p, size_t n)
{
	const char *s = p;
	ssize_t w;

	while (n > 0) {
		w = tls_write(v->tls, s, n);
		if (w == TLS_WANT_POLLIN || w == TLS_WANT_POLLOUT)
			continue;
		if (w <= 0)
			return false;
		s += w;
		n -= (size_t)w;
	}
	return true;
}

/* Up to n bytes; fewer at the end, -1 for an error. */
static inline ssize_t
tls_hear(struct via *v, void *p, size_t n)
{
	size_t got = 0;
	ssize_t r;

	while (got < n) {
		r = tls_read(v->tls, (char *)p + got, n - got);
		if (r == TLS_WANT_POLLIN || r == TLS_WANT_POLLOUT)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

static inline bool
tls_hears(struct via *v, const char *want)
{
	char got[256];
	size_t n = strlen(want);

	return tls_hear(v, got, n) == (ssize_t)n && memcmp(got, want, n) == 0;
}

/* Its end: close_notify and nothing before it. */
static inline bool
tls_ends(struct via *v)
{
	char c;

	/* (libtls tells the lack of close_notify when it is closed.) */
	return tls_hear(v, &c, 1) == 0 && tls_close(v->tls) == 0;
}

/* Our close_notify, and no more. */
static inline void
tls_finish(struct via *v)
{
	int r;

	while (
	    (r = tls_close(v->tls)) == TLS_WANT_POLLIN || r == TLS_WANT_POLLOUT)
		continue;
}

/* --- a worker with one configuration ------------------------------------ */

static int worker; /* from begin() to finish() */
static pid_t worker_pid;

static inline void
begin(void)
{
	worker = start_worker(&worker_pid);
	if (!use_server(worker, SERVER, "server", 0))
		errx(1, "configuration: %s", msg.text);
}

static inline void
finish(const char *what)
{
	close(worker);
	is_int(exit_status(worker_pid), 0, "%s: the worker leaves in order",
	    what);
}

static inline bool
up(struct via *v, uint64_t id)
{
	return connect_via(worker, v, id, SERVER, client_config(NULL, NULL));
}

/* False, with a test that is skipped: what is needed is not there. */
static inline bool
tls_peer_ready(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (find_relay() && tls_init() == 0 && certs_make())
		return true;
	ok(1, "TLS worker # skip vsap-relay or openssl(1) is not there");
	(void)done_testing();
	return false;
}

/* --- plain sockets ------------------------------------------------------ */

/* Up to n bytes of a plain socket; fewer at its end, -1 for an error. */
static inline ssize_t
hear(int fd, void *p, size_t n)
{
	size_t got = 0;
	ssize_t r;

	while (got < n) {
		if (!wait_for(fd, POLLIN))
			return -1;
		r = read(fd, (char *)p + got, n - got);
		if (r == -1 && errno == EAGAIN)
			continue;
		if (r == -1)
			return -1;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

static inline bool
hears(int fd, const char *want)
{
	char got[256];
	size_t n = strlen(want);

	return hear(fd, got, n) == (ssize_t)n && memcmp(got, want, n) == 0;
}

static inline bool
ends(int fd)
{
	char c;

	return hear(fd, &c, 1) == 0;
}

static inline bool
say(int fd, const char *s)
{
	return write(fd, s, strlen(s)) == (ssize_t)strlen(s);
}

#endif
