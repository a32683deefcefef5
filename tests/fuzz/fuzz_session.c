/*
 * Whole sessions: three clients of one server, on socket pairs instead of a
 * network, with a clock, lookups and password answers of the fuzzer's own.
 *
 * The first byte sets the scene (bits START_*).  The others are what the
 * client says whose turn it is, but for those of UTF-8 that never occur:
 *
 *	F8 F9 FA	the next bytes are client 0's, 1's, 2's
 *	FB		a turn of the server
 *	FC n		4 n^2 milliseconds go by
 *	FD n		the client's end: see link_change()
 *	FE n		a configuration is read again: texts[n % 3]
 *	FF c		the byte c, whatever it is
 */
#include "ircd-lite/server.h"

#include <sys/socket.h>
#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz_fakes.h"
#include "fuzz_main.h"
#include "ircd-lite/channel.h"
#include "ircd-lite/conn.h"
#include "ircd-lite/history.h"
#include "ircd-lite/hosts.h"
#include "ircd-lite/user.h"
#include "ircd-lite/whowas.h"
#include "ircd-lite/xline.h"
#include "log.h"

#define START_REGISTERED 0x01
#define START_OPER 0x02	   /* client 0 */
#define START_JOINED 0x04  /* #c */
#define START_TURNS 0x08   /* a turn after each LF */
#define START_LOOKUPS 0x10 /* are made, and end some turns later */
#define START_HELPER 0x20  /* passwords are, in the same way */
#define START_CONF 0xc0	   /* texts[], 3 is 0 */

#define CLIENTS 3
#define SENDBUF 4608 /* small: blocked writers are wanted */

static const char common[] =
    "server irc.test.example { network T; motd \"motd\"\n"
    "admin { location a; mail b@c } }\n"
    "klines file k\n"
    "deny from \"denied@*\" reason \"not you\"\n"
    "allow from \"secret@*\" password \"$secret\"\n"
    "allow from \"restricted@*\" restricted\n"
    "allow from any\n"
    "kline \"klined@*\" reason \"go away\"\n"
    "operator root { password \"$secret\"; may { kill, kline, rehash, "
    "wallops, notice, spy, connect }; class o }\n"
    "operator weak { password \"$secret\"; may none }\n"
    "operator far { password \"$secret\"; from 10.0.0.0/8; may all }\n"
    "webirc gate { password \"$secret\"; from 192.0.2.0/24 }\n";

static const char *const texts[] = {
	"class u { flood none; sendq 64K }\nclass o { flood none; ping 1 "
	"second }\n",
	"class u { flood 20 ms window 100 ms; sendq 16K; recvq 512; channels "
	"2; ping 2 seconds }\nclass o { sendq 16K }\nwhowas 2 entries 1 "
	"second\n",
	"class other { flood none; per host 1; connections 2 }\nclass o { }\n"
	"registration 1 second\ndeny from \"*@*:*\"\n",
};

/* ---- what clients are told ---------------------------------------------- */

struct client {
	int fd; /* -1: not connected */
	bool deaf;
	char in[LINE_MAX_IRC]; /* a line begun */
	size_t nin;
	char out[4096]; /* not sent yet */
	size_t nout;
};

static struct client client[CLIENTS];

/* Each line is one, and no word of it is empty. */
static bool
line_good(const char *p, size_t n)
{
	const char *text;

	if (n < 3 || p[n - 1] != '\n' || p[n - 2] != '\r')
		return false;
	n -= 2;
	if (memchr(p, '\0', n) != NULL || memchr(p, '\r', n) != NULL)
		return false;
	if ((text = memmem(p, n, " :", 2)) != NULL)
		n = (size_t)(text - p);
	return p[0] != ' ' && memmem(p, n, "  ", 2) == NULL;
}

static void
heard(struct client *c, char byte)
{
	FUZZ_ASSERT(c->nin < sizeof(c->in));
	c->in[c->nin++] = byte;
	if (byte != '\n')
		return;
	if (!line_good(c->in, c->nin)) {
		(void)fprintf(stderr, "a bad line: %.*s", (int)c->nin, c->in);
		abort();
	}
	c->nin = 0;
}

static void
hear(struct client *c)
{
	char buf[8192];
	ssize_t n, i;

	while (
	    c->fd != -1 && !c->deaf && (n = read(c->fd, buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++)
			heard(c, buf[i]);
}

/* ---- the model after each turn ------------------------------------------ */

static void
check_user(const struct user *u)
{
	char source[512];
	uint32_t i;

	FUZZ_ASSERT(u->conn != NULL && u->conn->user == u);
	FUZZ_ASSERT(u->conn->welcomed && !u->conn->dead);
	FUZZ_ASSERT(user_find(u->nick) == u);
	(void)snprintf(source, sizeof(source), "%s!%s@%s", u->nick, u->name,
	    u->host);
	FUZZ_ASSERT(strcmp(source, u->source) == 0);
	FUZZ_ASSERT(u->nsource == strlen(source));
	for (i = 0; i < u->nchans; i++)
		FUZZ_ASSERT(
		    u->chans[i].place < u->chans[i].chan->nmembers &&
		    u->chans[i].chan->member[u->chans[i].place].user == u);
}

static void
check_chan(const struct chan *ch)
{
	const struct chan_mask *m;
	const struct user *u;
	unsigned masks = 0;
	uint32_t i;

	FUZZ_ASSERT(ch->nmembers > 0 && ch->out == NULL);
	FUZZ_ASSERT(chan_find(ch->name) == ch);
	for (i = 0; i < ch->nmembers; i++) {
		u = ch->member[i].user;
		FUZZ_ASSERT(user_find(u->nick) == u);
		FUZZ_ASSERT(chan_member(ch, u) == &ch->member[i]);
		FUZZ_ASSERT(ch->member[i].taken == 0);
	}
	for (i = 0; i < NLISTS; i++)
		TAILQ_FOREACH(m, &ch->list[i], entry)
			masks++;
	FUZZ_ASSERT(masks == ch->nmasks && masks <= LIST_MAX);
}

static void
check_conns(void)
{
	const struct conf_class *class;
	const struct conn *c;
	unsigned members = 0, n = 0;
	size_t bytes;

	STAILQ_FOREACH(class, &me.conf->classes, entry)
		members += class->members;
	TAILQ_FOREACH(c, &conns, entry) {
		n++;
		bytes = 0;
		for (uint32_t i = 0; i < c->q.n; i++)
			bytes += c->q.piece[c->q.first + i].len;
		FUZZ_ASSERT(bytes == c->q.bytes && !c->dead);
		FUZZ_ASSERT(!c->full || c->closing);
		/* What is queued will be written, or is for nobody. */
		FUZZ_ASSERT(
		    c->blocked || c->turn != 0 || c->broken || bytes == 0);
	}
	FUZZ_ASSERT(n == conns_count && members == n);
}

/* Those who are told things are those with the modes for it. */
static void
check_staff(void)
{
	static const uint32_t either = UMODE_OPER | UMODE_NOTICES;
	unsigned invisible = 0, opers = 0, staff = 0, listed = 0;
	struct user *u = NULL;
	size_t bucket = 0;

	while ((u = user_each(u, &bucket)) != NULL) {
		invisible += (u->modes & UMODE_INVISIBLE) != 0;
		opers += (u->modes & UMODE_OPER) != 0;
		staff += (u->modes & either) != 0;
	}
	TAILQ_FOREACH(u, &user_staff, staff) {
		FUZZ_ASSERT(u->modes & either && user_find(u->nick) == u);
		listed++;
	}
	FUZZ_ASSERT(invisible == users_invisible && opers == users_opers);
	FUZZ_ASSERT(staff == listed);
}

static void
check_model(void)
{
	struct user *u = NULL;
	struct chan *ch = NULL;
	size_t bucket = 0;
	unsigned n = 0;

	for (; (u = user_each(u, &bucket)) != NULL; n++)
		check_user(u);
	FUZZ_ASSERT(n == users_count);
	check_staff();
	bucket = 0;
	for (n = 0; (ch = chan_each(ch, &bucket)) != NULL; n++)
		check_chan(ch);
	FUZZ_ASSERT(n == chans_count);
	check_conns();
}

/* ---- turns -------------------------------------------------------------- */

static void
send_out(struct client *c)
{
	ssize_t n = 0;

	if (c->nout == 0)
		return;
	if (c->fd != -1)
		n = send(c->fd, c->out, c->nout, MSG_NOSIGNAL | MSG_DONTWAIT);
	/* What the server does not take now is said later. */
	if (c->fd == -1 || n < 0)
		n = c->fd == -1 || errno != EAGAIN ? (ssize_t)c->nout : 0;
	c->nout -= (size_t)n;
	memmove(c->out, c->out + n, c->nout);
}

static void
turn(void)
{
	int i, more, again = 0;

	for (i = 0; i < CLIENTS; i++)
		send_out(&client[i]);
	turns++;
	answer_pending();
	do {
		more = server_turn(false);
		FUZZ_ASSERT(more != -1);
		check_model();
		for (i = 0; i < CLIENTS; i++)
			hear(&client[i]);
	} while (more && ++again < 1000);
	FUZZ_ASSERT(again < 1000);
}

static void
say(struct client *c, char byte)
{
	if (c->nout == sizeof(c->out))
		turn();
	if (c->nout < sizeof(c->out))
		c->out[c->nout++] = byte;
}

static void
say_text(struct client *c, const char *text)
{
	for (; *text != '\0'; text++)
		say(c, *text);
}

/* ---- links -------------------------------------------------------------- */

static void
hang_up(struct client *c)
{
	if (c->fd != -1)
		close(c->fd);
	*c = (struct client){ .fd = -1 };
}

/* Client 0 by IPv4, 1 by IPv6, 2 by a UNIX socket. */
static void
come_from(struct conn_from *from, int i)
{
	struct sockaddr_in *in = (void *)&from->peer;
	struct sockaddr_in6 *in6 = (void *)&from->peer;

	from->peer.ss_family = AF_UNIX;
	if (i == 0) {
		in->sin_family = AF_INET;
		in->sin_addr.s_addr = htonl(0xc0000201);
		in->sin_port = htons(1000);
	} else if (i == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_addr = in6addr_loopback;
		in6->sin6_port = htons(1000);
	}
}

static void
connect_client(struct client *c)
{
	static const int size = SENDBUF;
	struct conn_from from = { 0 };
	int fd[2];

	hang_up(c);
	FUZZ_ASSERT(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		fd) == 0);
	FUZZ_ASSERT(
	    setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
	c->fd = fd[0];
	from.fd = from.ofd = fd[1];
	come_from(&from, (int)(c - client));
	/* as of one that was handed over */
	from.first = "PING first\r\n";
	from.firstlen = c == &client[2] ? strlen(from.first) : 0;
	(void)conn_open(&from);
}

static void
link_change(struct client *c, unsigned how)
{
	switch (how % 6) {
	case 0:
		hang_up(c);
		break;
	case 1:
		send_out(c);
		if (c->fd != -1)
			(void)shutdown(c->fd, SHUT_WR);
		break;
	case 2:
		c->deaf = true;
		break;
	case 3:
		c->deaf = false;
		break;
	case 4:
		connect_client(c);
		break;
	case 5: /* goes with what it has said */
		send_out(c);
		hang_up(c);
		break;
	}
}

/* ---- the scene ---------------------------------------------------------- */

static char *
open_text(void *arg, const char *path, size_t *len)
{
	char *text = NULL;

	if (strcmp(path, "conf") == 0) {
		*len =
		    (size_t)asprintf(&text, "%s%s", (const char *)arg, common);
		return text;
	}
	if (strcmp(path, "motd") == 0 || strcmp(path, CONF_ASK_HOST) == 0) {
		*len = 5;
		return strdup("a\n\nb\n");
	}
	errno = ENOENT;
	return NULL;
}

static struct conf *
load(unsigned which)
{
	char err[300];
	char *text;
	struct conf *conf;

	FUZZ_ASSERT(asprintf(&text, "%s", texts[which % 3]) != -1);
	conf = conf_load("conf", open_text, text, err, sizeof(err));
	if (conf == NULL)
		(void)fprintf(stderr, "%s\n", err);
	FUZZ_ASSERT(conf != NULL);
	free(text);
	return conf;
}

static void
begin_server(void)
{
	static bool begun;

	if (begun)
		return;
	begun = true;
	log_init("fuzz_session", false, true);
	log_to_fd(open("/dev/null", O_WRONLY | O_APPEND | O_CLOEXEC));
	FUZZ_ASSERT(server_init(load(0)) == 0);
}

static void
set_scene(unsigned start)
{
	begin_server();
	server_reload(load(start >> 6));
	me.conf->dns = me.conf->ident = (start & START_LOOKUPS) != 0;
	me.passwords = start & START_HELPER ? &helper : NULL;
	for (int i = 0; i < CLIENTS; i++) {
		client[i].fd = -1;
		connect_client(&client[i]);
	}
}

static void
register_all(unsigned start)
{
	char text[64];
	int i;

	for (i = 0; i < CLIENTS && start & START_REGISTERED; i++) {
		(void)snprintf(text, sizeof(text),
		    "NICK n%d\r\nUSER u%d 0 * :r\r\n", i, i);
		say_text(&client[i], text);
	}
	turn();
	if (start & START_OPER)
		say_text(&client[0], "OPER root secret\r\nMODE n0 +s\r\n");
	for (i = 0; i < CLIENTS && start & START_JOINED; i++)
		say_text(&client[i], "JOIN #c\r\n");
	for (i = 0; i < 2 * LATER; i++)
		turn();
}

/* Nobody is left, nor anything of anybody. */
static void
clear_scene(void)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		hang_up(&client[i]);
	/* Who is throttled is missed when his time comes. */
	for (i = 0; i < 5000 && conns_count > 0; i++) {
		clock_ms += 10000;
		turn();
	}
	turn();
	FUZZ_ASSERT(conns_count == 0 && users_count == 0 && chans_count == 0);
	FUZZ_ASSERT(hosts_count(&in6addr_loopback) == 0);
	for (i = 0; i < 16; i++)
		FUZZ_ASSERT(!pending[i].used);
	xline_clear();
	whowas_free(me.whowas);
	FUZZ_ASSERT(history_init(10, 100) == 0);
}

static size_t
special(struct client **c, const uint8_t *p, size_t n)
{
	unsigned arg = n > 1 ? p[1] : 0;

	switch (p[0]) {
	case 0xf8:
	case 0xf9:
	case 0xfa:
		*c = &client[p[0] - 0xf8];
		return 1;
	case 0xfb:
		turn();
		return 1;
	case 0xfc:
		clock_ms += 4 * arg * arg;
		break;
	case 0xfd:
		link_change(*c, arg);
		break;
	case 0xfe:
		server_reload(load(arg));
		break;
	default:
		say(*c, (char)arg);
		break;
	}
	return n > 1 ? 2 : 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct client *c = &client[0];
	unsigned start = n > 0 ? data[0] : 0;
	size_t i = 1;

	set_scene(start);
	register_all(start);
	while (i < n) {
		if (data[i] >= 0xf8) {
			i += special(&c, data + i, n - i);
			continue;
		}
		say(c, (char)data[i]);
		if (data[i++] == '\n' && start & START_TURNS)
			turn();
	}
	turn();
	clear_scene();
	return 0;
}
