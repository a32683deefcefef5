/*
 * vsap-relay without -l: two endpoints, one relay, the end.
 */
#include "forward.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "options.h"
#include "progress.h"
#include "reach.h"
#include "stdpump.h"

/* An endpoint that is reached: one descriptor both ways, or two. */
struct side {
	int in, out;
	bool socket;
};

struct pair {
	struct relay *relay;
	struct side side[2];
	int turn;   /* the side being reached */
	int status; /* of the program */
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
reached(void *arg, int fd, const char *error, bool permanent)
{
	struct pair *p = arg;

	if (fd == -1) {
		progress_clear();
		log_warn("%s", error);
		p->status = permanent ? EXIT_USAGE : EXIT_TEMPORARY;
	} else
		set_side(&p->side[p->turn], fd, fd);
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

/* Two sockets: by the engine. */
static int
relay_sockets(struct pair *p)
{
	struct relay *r = p->relay;

	if (r->verbose)
		progress_start(r->base, r->engine);
	if (stream_start(r->engine, p->side[0].in, p->side[1].in, NULL, r->idle,
		1, stream_done, p) == NULL)
		return temporary(p, "relay");
	if (loop_run(r->base) == -1)
		fatal("event loop");
	say_end(r, p->end.ab, p->end.ba);
	if (p->end.cause == RELAY_EOF)
		return 0;
	log_warn("connection reset");
	p->status = EXIT_TEMPORARY;
	return -1;
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

static int
relay_sides(struct pair *p)
{
	if (p->side[0].socket && p->side[1].socket)
		return relay_sockets(p);
	if (p->side[1].socket)
		return relay_pump(p, p->side[1].in, &p->side[0]);
	if (p->side[0].socket)
		return relay_pump(p, p->side[0].in, &p->side[1]);
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
