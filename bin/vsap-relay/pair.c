/*
 * vsap-relay without -l: two endpoints, one relay, the end.
 */
#include "forward.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "adapter.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "progress.h"
#include "reach.h"
#include "stdpump.h"

#define PATIENCE 30 /* seconds for the last bytes of TLS */

/* An endpoint that is reached: one descriptor both ways, or two. */
struct side {
	int in, out;
	bool socket;
	struct tls_end *tls;
};

struct pair {
	struct relay *relay;
	struct side side[2];
	int turn;   /* the side being reached */
	int status; /* of the program */
	bool over;  /* the stream, which ended thus: */
	struct relay_end end;
};

static bool
is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool
same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static void
set_side(struct side *s, int in, int out)
{
	s->in = in;
	s->out = out;
	s->socket = is_socket(in) && (in == out || same_file(in, out));
}

static void
reached(void *arg, const struct reached *r)
{
	struct pair *p = arg;
	struct side *side = &p->side[p->turn];

	if (r->end.fd == -1) {
		progress_clear();
		log_warn("%s", r->error);
		p->status = r->permanent ? EXIT_USAGE : EXIT_TEMPORARY;
	} else {
		set_side(side, r->end.fd, r->end.fd);
		side->tls = r->end.tls;
	}
	event_base_loopbreak(p->relay->base);
}

static int
temporary(struct pair *p, const char *text)
{
	log_warn("%s: %s", text, strerror(errno));
	p->status = EXIT_TEMPORARY;
	return -1;
}

/* Reach endpoint i; 0, or -1 and it is said why. */
static int
reach_side(struct pair *p, int i)
{
	struct relay *r = p->relay;
	struct endpoint *to = &r->end[i];
	bool gateway = r->gateway && i == r->ends - 1;
	int fd;

	p->turn = i;
	if (to->addr.kind == ADDR_STDIO) {
		set_side(&p->side[i], STDIN_FILENO, STDOUT_FILENO);
		return 0;
	}
	if ((fd = reach_now(r, to, gateway)) != -1) {
		set_side(&p->side[i], fd, fd);
		return 0;
	}
	if (errno != EINPROGRESS ||
	    reach_start(r, to, gateway, reached, p) == NULL)
		return temporary(p, to->text);
	if (loop_run(r->base) == -1)
		fatal("event loop");
	return p->status == 0 ? 0 : -1;
}

static void
stream_done(void *arg, const struct relay_end *end)
{
	struct pair *p = arg;

	p->end = *end;
	p->over = true;
	event_base_loopbreak(p->relay->base);
}

static void
say_end(const struct relay *r, uint64_t there, uint64_t back)
{
	progress_stop();
	if (r->verbose)
		log_info("over: %llu bytes there, %llu back",
		    (unsigned long long)there, (unsigned long long)back);
}

static int
stream_result(struct pair *p)
{
	if (p->end.cause == RELAY_EOF)
		return 0;
	log_warn("connection reset");
	p->status = EXIT_TEMPORARY;
	return -1;
}

/* The worker is a process of its own: it has to be told. */
static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct pair *p = arg;

	(void)what;
	adapter_end(p->relay->adapter);
	progress_clear();
	signal(sig, SIG_DFL);
	(void)raise(sig);
}

static void
end_with_worker(struct pair *p)
{
	static const int signals[2] = { SIGTERM, SIGINT };
	struct event *ev;

	for (int i = 0; i < 2; i++) {
		ev = evsignal_new(p->relay->base, signals[i], on_signal, p);
		if (ev == NULL || event_add(ev, NULL) == -1)
			fatal("signal");
	}
}

/* Two sockets: by the engine, or a TLS worker. */
static int
relay_sockets(struct pair *p)
{
	struct relay *r = p->relay;
	struct end a = { p->side[0].in, p->side[0].tls };
	struct end b = { p->side[1].in, p->side[1].tls };

	if (r->verbose)
		progress_start(r->base, adapter_count, r);
	if (r->adapter != NULL)
		end_with_worker(p);
	if (adapter_join(r, &a, &b, NULL, 1, stream_done, p) == -1)
		return temporary(p, "relay");
	if (loop_run(r->base) == -1)
		fatal("event loop");
	say_end(r, p->end.ab, p->end.ba);
	return stream_result(p);
}

/* A socket and standard input and output, a terminal or a pipe. */
static int
relay_pump(struct pair *p, int sock, const struct side *local)
{
	static struct stdpump_count count;
	struct relay *r = p->relay;
	int result;

	if (r->verbose)
		progress_start_pump(&count);
	result = stdpump(sock, local->in, local->out, &count);
	say_end(r, count.sent, count.received);
	return result == 0 ? 0 : temporary(p, "relay");
}

static void
on_patience(evutil_socket_t fd, short what, void *arg)
{
	struct pair *p = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(p->relay->base);
}

/*
 * The worker tells how the stream ended: a pair of sockets cannot.  Who does
 * not take what is still under way is left to the worker.
 */
static int
await_end(struct pair *p)
{
	struct timeval tv = { .tv_sec = PATIENCE };
	struct event *ev = evtimer_new(p->relay->base, on_patience, p);

	if (ev == NULL || evtimer_add(ev, &tv) == -1)
		fatal("timer");
	if (!p->over && loop_run(p->relay->base) == -1)
		fatal("event loop");
	event_free(ev);
	return stream_result(p);
}

/* TLS, and standard input and output. */
static int
relay_tls_pump(struct pair *p, const struct side *tls, const struct side *local)
{
	struct end a = { tls->in, tls->tls }, b = { .fd = -1 };
	int sv[2], result;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		sv) == -1)
		return temporary(p, "relay");
	b.fd = sv[0];
	if (adapter_join(p->relay, &a, &b, NULL, 1, stream_done, p) == -1)
		return temporary(p, "relay");
	adapter_settle(p->relay->adapter);
	result = relay_pump(p, sv[1], local);
	close(sv[1]);
	return result == -1 ? -1 : await_end(p);
}

/* Side i is a socket, and the other one may be anything. */
static int
relay_side(struct pair *p, int i)
{
	const struct side *s = &p->side[i], *local = &p->side[!i];

	if (s->tls != NULL)
		return relay_tls_pump(p, s, local);
	return relay_pump(p, s->in, local);
}

static int
relay_sides(struct pair *p)
{
	if (p->side[0].socket && p->side[1].socket)
		return relay_sockets(p);
	if (p->side[1].socket)
		return relay_side(p, 1);
	if (p->side[0].socket)
		return relay_side(p, 0);
	log_warn("%s and %s: one of them must be a socket",
	    p->relay->end[0].text, p->relay->end[1].text);
	p->status = EXIT_USAGE;
	return -1;
}

int
pair_run(struct relay *r)
{
	struct pair p = { .relay = r };

	if (reach_side(&p, 0) == 0 && reach_side(&p, 1) == 0)
		(void)relay_sides(&p);
	log_flush();
	return p.status;
}
