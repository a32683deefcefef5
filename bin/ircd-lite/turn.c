#include "turn.h"

#include <sys/queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "channel.h"
#include "conf.h"
#include "conn.h"
#include "user.h"

#define BODY (LINE_MAX_IRC - 2) /* of a line without CR LF */
#define CROWD_BLOCK 65536
#define CROWD 256	    /* a larger channel waits behind others */
#define BULK_NS 4000000	    /* of writing to those who wait, a turn, at least */
#define BULK_MAX_NS 4000000 /* at most */
#define FRESH_NS 4000000    /* of writing to the others, a turn, at most */
#define LITTLE 4096	    /* bytes queued, with which one need not wait */
#define BULK_STEP 16	    /* connections between looks at the clock */

/* Lists of connections that have something to write. */
enum { ON_NONE, ON_FRESH, ON_BULK };

static struct conns fresh = TAILQ_HEAD_INITIALIZER(fresh);
static struct conns bulk = TAILQ_HEAD_INITIALIZER(bulk);
static TAILQ_HEAD(, chan) dirty = TAILQ_HEAD_INITIALIZER(dirty);
static struct block *common; /* lines of this turn to single users */
static uint32_t turn = 1;
static bool overflow; /* some queue passed its maximum */

struct user *turn_actor;

/* --- queues -------------------------------------------------------------- */

static void
list_put(struct conn *c, unsigned char which)
{
	if (c->turn == which || c->blocked)
		return;
	/* What is said now comes behind what waits already. */
	if (c->turn == ON_BULK && c->q.bytes > LITTLE)
		return;
	if (c->turn == ON_BULK)
		TAILQ_REMOVE(&bulk, c, flush);
	else if (c->turn == ON_FRESH)
		return;
	c->turn = which;
	if (which == ON_FRESH)
		TAILQ_INSERT_TAIL(&fresh, c, flush);
	else
		TAILQ_INSERT_TAIL(&bulk, c, flush);
}

void
turn_wants(struct conn *c)
{
	list_put(c, ON_FRESH);
}

void
turn_wants_late(struct conn *c)
{
	if (c->turn == ON_NONE)
		list_put(c, ON_BULK);
}

void
turn_forget(struct conn *c)
{
	if (c->turn == ON_FRESH)
		TAILQ_REMOVE(&fresh, c, flush);
	else if (c->turn == ON_BULK)
		TAILQ_REMOVE(&bulk, c, flush);
	c->turn = ON_NONE;
}

static bool
deaf(const struct conn *c)
{
	return c->dead || c->departed || c->full;
}

static void
put(struct conn *c, struct block *b, uint32_t off, uint32_t len)
{
	if (sendq_add(&c->q, b, off, len) == -1 ||
	    c->q.bytes > c->class->sendq) {
		c->full = true;
		overflow = true;
	}
	if (c->blocked && c->q.loose >= SENDQ_LOOSE)
		sendq_settle(&c->q);
}

/* --- lines to one -------------------------------------------------------- */

/* What his channels have said comes before what he is told now. */
static void
catch_up(const struct conn *c)
{
	const struct user *u = c->user;
	uint32_t i;

	if (TAILQ_EMPTY(&dirty))
		return;
	for (i = 0; i < u->nchans; i++)
		chan_sync(u->chans[i].chan, u->chans[i].place);
}

/* Room for n bytes in the common block. */
static char *
common_room(size_t n)
{
	struct block *b;

	if (common == NULL || common->cap - common->len < n) {
		if ((b = block_new(n)) == NULL)
			return NULL;
		block_unref(common);
		common = b;
	}
	return common->data + common->len;
}

/* Format a line at p, which has room for LINE_MAX_IRC + 1. */
static size_t
format(char *p, const char *fmt, va_list ap)
{
	int n = vsnprintf(p, BODY + 1, fmt, ap);

	if (n < 0)
		n = 0;
	if (n > BODY)
		n = BODY;
	p[n] = '\r';
	p[n + 1] = '\n';
	return (size_t)n + 2;
}

static void
line_vmake(struct line *l, const char *fmt, va_list ap)
{
	char *p = common_room(LINE_MAX_IRC + 1);

	*l = (struct line){ 0 };
	if (p == NULL)
		return;
	l->block = common;
	l->off = common->len;
	l->len = (uint32_t)format(p, fmt, ap);
	common->len += l->len;
}

struct line
line_make(const char *fmt, ...)
{
	struct line l;
	va_list ap;

	va_start(ap, fmt);
	line_vmake(&l, fmt, ap);
	va_end(ap);
	return l;
}

void
say_line(struct conn *c, const struct line *l)
{
	if (l->block == NULL || deaf(c))
		return;
	catch_up(c);
	put(c, l->block, l->off, l->len);
	c->lines_out++;
	turn_wants(c);
}

void
say_v(struct conn *c, const char *fmt, va_list ap)
{
	struct line l;

	if (deaf(c))
		return;
	line_vmake(&l, fmt, ap);
	say_line(c, &l);
}

void
say(struct conn *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_v(c, fmt, ap);
	va_end(ap);
}

void
say_bytes(struct conn *c, const char *p, size_t n)
{
	struct line l;
	char *to;

	if (deaf(c) || (to = common_room(n)) == NULL)
		return;
	memcpy(to, p, n);
	l = (struct line){ common, common->len, (uint32_t)n };
	common->len += (uint32_t)n;
	say_line(c, &l);
}

/* --- lines to a channel -------------------------------------------------- */

static void
take(struct chan *ch, struct member *m, unsigned char which)
{
	struct conn *c = m->user->conn;
	uint32_t from = m->taken;

	if (ch->out == NULL || from == ch->out->len)
		return;
	m->taken = ch->out->len;
	if (c == NULL || deaf(c))
		return;
	put(c, ch->out, from, m->taken - from);
	if (c->turn == ON_NONE)
		list_put(c, which);
}

void
chan_sync(struct chan *ch, uint32_t place)
{
	take(ch, &ch->member[place], ON_FRESH);
}

void
chan_commit(struct chan *ch)
{
	unsigned char which = ch->nmembers > CROWD ? ON_BULK : ON_FRESH;
	uint32_t i;

	if (ch->out == NULL)
		return;
	for (i = 0; i < ch->nmembers; i++) {
		if (i + 4 < ch->nmembers)
			__builtin_prefetch(ch->member[i + 4].user);
		take(ch, &ch->member[i], which);
		ch->member[i].taken = 0;
	}
	TAILQ_REMOVE(&dirty, ch, dirty);
	block_unref(ch->out);
	ch->out = NULL;
}

/* Who speaks to one channel after another is heard in that order. */
static void
in_order(struct chan *ch)
{
	struct conn *c = turn_actor != NULL ? turn_actor->conn : NULL;

	if (c == NULL)
		return;
	if (c->spoke_turn == turn && c->spoke != ch)
		chan_commit(c->spoke);
	c->spoke = ch;
	c->spoke_turn = turn;
}

/* Room for n bytes in the channel's block. */
static char *
chan_room(struct chan *ch, size_t n)
{
	in_order(ch);
	if (ch->out != NULL && ch->out->cap - ch->out->len < n)
		chan_commit(ch);
	if (ch->out == NULL) {
		if (ch->nmembers > CROWD)
			n = CROWD_BLOCK; /* each one is put in all queues */
		if ((ch->out = block_new(n)) == NULL)
			return NULL;
		TAILQ_INSERT_TAIL(&dirty, ch, dirty);
	}
	return ch->out->data + ch->out->len;
}

/* The line of len bytes at the block's end is said; but has not to hear. */
static void
said(struct chan *ch, const struct user *but, size_t len)
{
	struct member *m = NULL;

	if (but != NULL && (m = chan_member(ch, but)) != NULL)
		take(ch, m, ON_FRESH);
	ch->out->len += (uint32_t)len;
	if (m != NULL)
		m->taken = ch->out->len;
}

void
chan_say(struct chan *ch, const struct user *but, const char *fmt, ...)
{
	va_list ap;
	char *p = chan_room(ch, LINE_MAX_IRC + 1);

	if (p == NULL)
		return;
	va_start(ap, fmt);
	said(ch, but, format(p, fmt, ap));
	va_end(ap);
}

static char *
append(char *p, const char *end, const char *from, size_t n)
{
	if (n > (size_t)(end - p))
		n = (size_t)(end - p);
	memcpy(p, from, n);
	return p + n;
}

void
chan_say_text(struct chan *ch, const struct user *from, const char *command,
    const char *text)
{
	char *start = chan_room(ch, LINE_MAX_IRC), *p = start, *end;

	if (start == NULL)
		return;
	end = start + BODY;
	*p++ = ':';
	p = append(p, end, from->source, from->nsource);
	*p++ = ' ';
	p = append(p, end, command, strlen(command));
	*p++ = ' ';
	p = append(p, end, ch->name, strlen(ch->name));
	p = append(p, end, " :", 2);
	p = append(p, end, text, strlen(text));
	*p++ = '\r';
	*p++ = '\n';
	said(ch, from, (size_t)(p - start));
}

/* --- the end of the turn ------------------------------------------------- */

static void
close_overflown(void)
{
	struct conn *c, *next;

	overflow = false;
	for (c = TAILQ_FIRST(&conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->full && !c->dead)
			conn_exit(c, "SendQ exceeded");
	}
}

/* All that was said is in the queues; nobody's queue is too long. */
static void
settle(void)
{
	struct chan *ch;

	do {
		while ((ch = TAILQ_FIRST(&dirty)) != NULL)
			chan_commit(ch);
		if (overflow)
			close_overflown();
	} while (!TAILQ_EMPTY(&dirty) || overflow);
}

static int64_t
nanoseconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Those with little to write: each gets a slice. */
static void
write_fresh(void)
{
	int64_t until = nanoseconds() + FRESH_NS;
	struct conn *c;
	unsigned n;

	for (n = 1; (c = TAILQ_FIRST(&fresh)) != NULL; n++) {
		turn_forget(c);
		if (conn_flush(c))
			list_put(c, ON_BULK);
		if (n % BULK_STEP == 0 && nanoseconds() > until)
			break;
	}
}

/* The others, in turn, for as long as the rest of the turn has taken. */
static void
write_bulk(int64_t spent)
{
	int64_t until;
	struct conn *c;
	unsigned n;

	if (TAILQ_EMPTY(&bulk))
		return;
	if (spent < BULK_NS)
		spent = BULK_NS;
	else if (spent > BULK_MAX_NS)
		spent = BULK_MAX_NS;
	until = nanoseconds() + spent;
	for (n = 1; (c = TAILQ_FIRST(&bulk)) != NULL; n++) {
		turn_forget(c);
		if (conn_flush(c))
			list_put(c, ON_BULK);
		if (n % BULK_STEP == 0 && nanoseconds() > until)
			break;
	}
}

bool
turn_end(int64_t began)
{
	turn_actor = NULL;
	settle();
	write_fresh();
	write_bulk(nanoseconds() - began);
	settle(); /* a write may have found that a peer is gone */
	if (common != NULL && common->refs == 1)
		common->len = 0;
	turn++;
	return !TAILQ_EMPTY(&bulk) || !TAILQ_EMPTY(&fresh);
}

int64_t
turn_begin(void)
{
	return nanoseconds();
}
