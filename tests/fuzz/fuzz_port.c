/*
 * The control port: two clients of one gateway, on socket pairs instead of a
 * network; every protocol that it speaks in clear, with a PROXY header or
 * none.  What the workers and the passwords' helper say is said here.
 *
 * The first byte sets the scene (bits START_*).  Then come steps, of two
 * bytes and more, op and n: the client op & 1
 *
 *	op & 6 is 0	says the next n bytes, in one piece
 *	2		says them byte by byte, a turn after each
 *	4		has an end of some kind: link_change()
 *	6		4 n^2 milliseconds go by
 */
#include "vsapd/gateway.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz_main.h"
#include "fuzz_port.h"
#include "log.h"
#include "net.h"
#include "relay_msg.h"
#include "vsapd/auth.h"
#include "vsapd/control.h"
#include "vsapd/doors.h"
#include "vsapd/front.h"
#include "vsapd/host.h"
#include "vsapd/login.h"
#include "vsapd/session.h"
#include "vsapd/status.h"
#include "vsapd/vsock.h"

#define START_PROXY 0x01    /* a header is wanted */
#define START_METRICS 0x02  /* nothing but figures */
#define START_USERS 0x04    /* there are some */
#define START_REQUIRED 0x08 /* and one has to be one of them */
#define START_UNIX 0x10	    /* client 1 by a UNIX socket */
#define START_FAR 0x20	    /* client 0 from elsewhere */
#define START_TLS 0x40	    /* nothing but TLS */

#define CLIENTS 2
#define SAID_MAX 16384
#define TURNS_MAX 5000 /* until there is nothing to do */

static const char text[] =
    "listen on 127.0.0.1:8706\n"
    "permit user u { bind, connect, forward, stat } any\n"
    "permit bind name:*\n"
    "permit bind 127.0.0.1:*\n"
    "permit { connect, forward } { 127.0.0.1:1-9, [::1]:*, *.example:*, "
    "name:*, 192.0.2.0/24:* }\n"
    "permit from local stat\n"
    "user u password \"$y$j75$saltsaltsalt$"
    ".EPCimX/wjA0k6RVvKBX49FEXoHZBLN27bSsmqAyEb7\"\n";

static struct gateway *gw;
static struct login *login;
static int worker = -1, helper = -1;

static struct client {
	int fd; /* -1: not connected */
	bool deaf;
	size_t nsaid; /* on this connection */
	char said[SAID_MAX];
} client[CLIENTS];

/* --- the worker's side ------------------------------------------------- */

/* What goes to a stream first is what its client said last, but for what
 * still stands in the socket. */
static void
check_first(const struct relay_msg *m, int fd)
{
	size_t n = m->first_ab_len, end;
	int waits = 0, i;

	if (n == 0)
		return;
	FUZZ_ASSERT(ioctl(fd, FIONREAD, &waits) == 0);
	for (i = 0; i < CLIENTS; i++) {
		end = client[i].nsaid - (size_t)waits;
		if (client[i].nsaid >= (size_t)waits && end >= n &&
		    memcmp(client[i].said + end - n, m->first_ab, n) == 0)
			return;
	}
	abort();
}

static void
say_worker(const struct relay_msg *m)
{
	unsigned char packet[RELAY_MSG_MAX];
	size_t n = relay_msg_format(m, packet, sizeof(packet));

	FUZZ_ASSERT(n > 0);
	FUZZ_ASSERT(send(worker, packet, n, MSG_NOSIGNAL) == (ssize_t)n);
}

static void
relay_start(const struct relay_msg *m, const int *fds, int nfds)
{
	static struct relay_msg ack, end;

	FUZZ_ASSERT(nfds == 2 && m->first_ba_len == 0);
	check_first(m, fds[0]);
	ack.type = RELAY_ACK;
	end.type = RELAY_END;
	ack.count = end.count = 1;
	ack.ids[0] = m->id;
	end.ends[0] = (struct relay_end){ .id = m->id, .ab = 1 };
	say_worker(&ack);
	say_worker(&end);
	close(fds[0]);
	close(fds[1]);
}

static bool
worker_turn(void)
{
	static unsigned char packet[RELAY_MSG_MAX];
	static struct relay_msg m, counts;
	int fds[4], nfds = 4;
	ssize_t n;

	n = fdpass_recv(worker, packet, sizeof(packet), fds, &nfds, NULL);
	if (n == -1 && errno == EAGAIN)
		return false;
	FUZZ_ASSERT(n > 0 && relay_msg_parse(&m, packet, (size_t)n) == 0);
	if (m.type == RELAY_START) {
		relay_start(&m, fds, nfds);
	} else if (m.type == RELAY_QUERY) {
		counts.type = RELAY_COUNTS;
		counts.seq = m.seq;
		say_worker(&counts);
	}
	return true;
}

/* --- the helper's side ------------------------------------------------- */

/* The password is "p", and any proof that begins with a 'p'. */
static bool
helper_turn(void)
{
	static const unsigned char salt[8] = { 0, 0, 16, 0, 's', 'a', 'l',
		't' };
	unsigned char in[AUTH_MSG_MAX], out[5 + SCRAM_KEY] = { 0 };
	size_t len = 5;
	ssize_t n;

	n = recv(helper, in, sizeof(in), MSG_DONTWAIT);
	if (n == -1 && errno == EAGAIN)
		return false;
	FUZZ_ASSERT(n >= AUTH_HEAD);
	memcpy(out, in, 4);
	if (in[4] == AUTH_PLAIN) {
		FUZZ_ASSERT(memchr(in + 5, ':', (size_t)n - 5) != NULL);
		out[4] = n == 8 && memcmp(in + 5, "u:p", 3) == 0;
	} else if (in[4] == AUTH_FIRST) {
		memcpy(out + 4, salt, sizeof(salt));
		len = 4 + sizeof(salt);
	} else {
		FUZZ_ASSERT(in[4] == AUTH_FINAL && n > 5 + SCRAM_KEY);
		out[4] = in[5] == 'p' && in[5 + SCRAM_KEY] == 'u' &&
			 in[6 + SCRAM_KEY] == '\0';
		len = sizeof(out);
	}
	FUZZ_ASSERT(send(helper, out, len, MSG_NOSIGNAL) == (ssize_t)len);
	return true;
}

/* --- the gateway ------------------------------------------------------- */

static char *
open_text(void *arg, const char *path, size_t *len)
{
	(void)arg;
	(void)path;
	*len = strlen(text);
	return strdup(text);
}

static void
on_end(void *arg, void *stream, const struct relay_end *r)
{
	(void)arg;
	gateway_ended(stream, r);
}

static void
on_dead(void *arg, int slot)
{
	(void)arg;
	(void)slot;
	abort();
}

static void
on_ready(void *arg)
{
	gateway_resume(arg);
}

static void
on_counted(void *arg)
{
	status_counted(arg);
}

static int
pair(int type, int *ours)
{
	int fd[2];

	FUZZ_ASSERT(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			fd) == 0);
	*ours = fd[0];
	return fd[1];
}

static void
begin_gateway(void)
{
	static const struct feed_calls feeding = {
		.end = on_end,
		.dead = on_dead,
		.ready = on_ready,
		.counted = on_counted,
	};
	char err[300] = "";
	struct conf *conf;

	log_init("fuzz_port", false, true);
	log_to_fd(open("/dev/null", O_WRONLY | O_APPEND | O_CLOEXEC));
	conf = conf_read("conf", open_text, NULL, err, sizeof(err));
	if (conf == NULL || conf_finish(conf, err, sizeof(err)) == -1)
		(void)fprintf(stderr, "%s\n", err);
	FUZZ_ASSERT(conf != NULL && err[0] == '\0');
	FUZZ_ASSERT((gw = gateway_new(conf, -1)) != NULL);
	doors_init(gw);
	gw->host = host_new_alone(gw->base, -1);
	gw->feed = feed_new(gw->base, &feeding, gw);
	login = login_new(gw->base);
	FUZZ_ASSERT(gw->host != NULL && gw->feed != NULL && login != NULL);
	FUZZ_ASSERT(feed_add(gw->feed, pair(SOCK_SEQPACKET, &worker), 0) == 0);
	login_use(login, pair(SOCK_SEQPACKET, &helper));
}

/* --- the model --------------------------------------------------------- */

static void
check_session(const struct session *s)
{
	FUZZ_ASSERT(s->state != S_DEAD && s->fd != -1 && !s->busy);
	FUZZ_ASSERT(s->in.len <= s->in.max && s->out.len <= s->out.max);
	FUZZ_ASSERT(s->front != NULL &&
		    (s->front_data == NULL) == (s->front_size == 0));
	FUZZ_ASSERT(s->nbinds <= VSAP_BINDS_MAX && s->tls == NULL);
	FUZZ_ASSERT(s->errors < VSAP_ERRORS_MAX || s->state == S_CLOSING);
	/* Nothing waits for ever, and nobody is somebody for nothing. */
	FUZZ_ASSERT(s->user[0] == '\0' || !s->hello);
	FUZZ_ASSERT(s->admitted || s->at.proxy);
	FUZZ_ASSERT(s->admitted || (s->nbinds == 0 && s->out.len == 0));
	/* At the prompt it hears what comes. */
	if (s->state == S_COMMAND && s->out.len == 0 && !s->eof)
		FUZZ_ASSERT(s->interest & EV_READ);
}

static void
check_model(void)
{
	const struct session *s;
	unsigned n = 0, strangers = 0;

	TAILQ_FOREACH(s, &gw->sessions, entry) {
		check_session(s);
		strangers += s->hello;
		n++;
	}
	FUZZ_ASSERT(n == gw->nsessions && strangers == gw->nhellos);
}

/* --- clients ----------------------------------------------------------- */

static void
hear(struct client *c)
{
	char buf[8192];

	while (c->fd != -1 && !c->deaf && read(c->fd, buf, sizeof(buf)) > 0)
		;
}

static void
turn(void)
{
	unsigned turns = 0;
	bool more;

	do {
		more = loop_turn(gw->base);
		check_model();
		more |= worker_turn();
		more |= helper_turn();
		for (int i = 0; i < CLIENTS; i++)
			hear(&client[i]);
		FUZZ_ASSERT(++turns < TURNS_MAX);
	} while (more);
}

static void
pass(uint64_t ms)
{
	fuzz_ms += ms;
	turn();
}

static void
say(struct client *c, const uint8_t *p, size_t n)
{
	ssize_t sent;

	if (c->fd == -1 || n > SAID_MAX - c->nsaid)
		return;
	sent = send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent <= 0)
		return;
	memcpy(c->said + c->nsaid, p, (size_t)sent);
	c->nsaid += (size_t)sent;
}

static void
hang_up(struct client *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	c->deaf = false;
	c->nsaid = 0;
}

static void
come(struct client *c, unsigned start)
{
	struct session_at at = { .protos = CONF_P_ALL,
		.plain = !(start & START_TLS),
		.metrics = start & START_METRICS,
		.proxy = start & START_PROXY };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = 256 };
	struct sockaddr un = { .sa_family = AF_UNIX };
	bool first = c == client;
	int fd;

	hang_up(c);
	fd = pair(SOCK_STREAM, &c->fd);
	in.sin_addr.s_addr =
	    htonl(first && start & START_FAR ? 0xc6336401 : 0x7f000001);
	if (!first && start & START_UNIX)
		FUZZ_ASSERT(
		    session_new(gw, fd, &at, &un, sizeof(un), NULL, 0) == 0);
	else
		FUZZ_ASSERT(session_new(gw, fd, &at, (void *)&in, sizeof(in),
				NULL, 0) == 0);
}

static void
link_change(struct client *c, unsigned how, unsigned start)
{
	switch (how % 4) {
	case 0:
		if (c->fd != -1)
			(void)shutdown(c->fd, SHUT_WR);
		break;
	case 1:
		hang_up(c);
		break;
	case 2:
		c->deaf = !c->deaf;
		break;
	case 3:
		come(c, start);
		break;
	}
}

/* --- an input ---------------------------------------------------------- */

static void
step(const uint8_t *p, size_t n, unsigned op)
{
	struct client *c = &client[op & 1];

	if ((op & 6) == 0)
		say(c, p, n);
	for (size_t i = 0; (op & 6) == 2 && i < n; i++) {
		say(c, p + i, 1);
		turn();
	}
	turn();
}

/* Nobody is left, nor anything of anybody. */
static void
clear(void)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		hang_up(&client[i]);
	for (i = 0; i < 50; i++)
		pass(2000);
	FUZZ_ASSERT(gw->nsessions == 0 && gw->nhellos == 0);
	FUZZ_ASSERT(gw->nstreams == 0 && feed_streams(gw->feed) == 0);
	FUZZ_ASSERT(TAILQ_EMPTY(&gw->callers) && TAILQ_EMPTY(&gw->vsocks));
	/* What was tried too often may be tried again. */
	pass(3600 * 1000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unsigned start = n > 0 ? data[0] : 0, op, len;
	size_t i = 1, have;

	if (gw == NULL)
		begin_gateway();
	gw->login = start & START_USERS ? login : NULL;
	gw->conf->auth_required = start & START_REQUIRED && gw->login != NULL;
	for (int k = 0; k < CLIENTS; k++) {
		client[k].fd = -1;
		come(&client[k], start);
	}
	turn();
	while (i + 1 < n) {
		op = data[i];
		len = data[i + 1];
		i += 2;
		if ((op & 6) == 4) {
			link_change(&client[op & 1], len, start);
		} else if ((op & 6) == 6) {
			pass(4 * len * len);
		} else {
			have = len < n - i ? len : n - i;
			step(data + i, have, op);
			i += have;
		}
	}
	turn();
	clear();
	return 0;
}
