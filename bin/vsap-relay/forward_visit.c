#include "forward_visit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter.h"
#include "front_ask.h"
#include "log.h"
#include "net.h"
#include "progress.h"
#include "reach.h"

#define UNFINISHED_MAX 1024 /* requests of -D */

struct visits {
	struct relay *relay;
	struct askers *askers; /* -D */
	uint64_t serial;
	void (*left)(void *);
	void *arg;
};

struct visitor {
	struct visits *set;
	uint64_t serial;
	struct end end;
	struct asker *asker; /* -D: until the stream begins */
};

/* ---- words -------------------------------------------------------------- */

static void __attribute__((__format__(printf, 2, 3)))
say(const struct visitor *v, const char *fmt, ...)
{
	char text[ADDR_STRLEN + 128];
	va_list ap;

	if (!v->set->relay->verbose)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	progress_clear();
	log_info("c%llu: %s", (unsigned long long)v->serial, text);
}

static void
warn_of(const struct visitor *v, const char *text)
{
	progress_clear();
	log_warn("c%llu: %s", (unsigned long long)v->serial, text);
}

/* ---- the end ------------------------------------------------------------ */

static void
gone(struct visitor *v)
{
	struct visits *set = v->set;

	free(v);
	set->left(set->arg);
}

static void
stream_done(void *arg, const struct relay_end *r)
{
	struct visitor *v = arg;

	say(v, "closed: %s, %llu bytes there, %llu back, %u.%03u s",
	    relay_cause_name(r->cause), (unsigned long long)r->ab,
	    (unsigned long long)r->ba, r->ms / 1000, r->ms % 1000);
	gone(v);
}

/* There is no endpoint for this visitor: it is told, or sees a reset. */
static void
give_up(struct visitor *v, const char *text, enum socks_rep why)
{
	warn_of(v, text);
	if (v->asker != NULL) {
		asker_refuse(v->asker, why, text);
		return;
	}
	end_reset(&v->end);
	gone(v);
}

/* ---- the endpoint ------------------------------------------------------- */

static void
join(struct visitor *v, const struct end *target)
{
	struct stream_first first = { 0 };
	int r;

	if (v->asker != NULL)
		asker_accept(v->asker, &first);
	r = adapter_join(v->set->relay, &v->end, target, &first, v->serial,
	    stream_done, v);
	asker_free(v->asker);
	v->asker = NULL;
	if (r == 0)
		return;
	warn_of(v, strerror(errno));
	gone(v);
}

static void
reached(void *arg, const struct reached *r)
{
	if (r->end.fd == -1)
		give_up(arg, r->error, r->why);
	else
		join(arg, &r->end);
}

static void
go(struct visitor *v, const struct endpoint *to)
{
	struct relay *r = v->set->relay;
	struct end target = { .fd = reach_now(r, to, r->gateway) };
	char text[ADDR_STRLEN + 128];

	if (target.fd != -1) {
		join(v, &target);
		return;
	}
	if (errno == EINPROGRESS &&
	    reach_start(r, to, r->gateway, reached, v) != NULL)
		return;
	snprintf(text, sizeof(text), "%s: %s", to->text, strerror(errno));
	give_up(v, text, reach_reason(errno));
}

/* ---- the request of -D -------------------------------------------------- */

static void
asked(void *arg, const char *proto, const struct endpoint *to)
{
	say(arg, "%s: %s", proto, to->text);
	go(arg, to);
}

static void
ask_failed(void *arg, const char *why)
{
	warn_of(arg, why);
}

static void
ask_over(void *arg)
{
	struct visitor *v = arg;

	end_forget(&v->end);
	gone(v);
}

static const struct askers_calls ask_calls = {
	.request = asked,
	.failed = ask_failed,
	.over = ask_over,
};

/* ---- the beginning ------------------------------------------------------ */

/* The visitor's plain bytes can be read. */
static void
enter(struct visitor *v)
{
	struct visits *set = v->set;

	if (!set->relay->proxy) {
		go(v, &set->relay->end[0]);
		return;
	}
	v->asker = asker_start(set->askers, v->end.fd, v);
	if (v->asker == NULL)
		give_up(v, strerror(errno), SOCKS_FAILURE);
}

static void
secured(void *arg, const struct end *end, const char *error)
{
	struct visitor *v = arg;

	if (end->fd != -1) {
		v->end = *end;
		enter(v);
		return;
	}
	warn_of(v, error);
	gone(v);
}

void
visits_take(struct visits *set, int fd, const struct sockaddr *sa,
    socklen_t len)
{
	struct relay *r = set->relay;
	char from[ADDR_STRLEN];
	struct visitor *v;

	if ((v = calloc(1, sizeof(*v))) == NULL) {
		net_reset(fd);
		set->left(set->arg);
		return;
	}
	v->set = set;
	v->serial = ++set->serial;
	v->end.fd = fd;
	say(v, "from %s", addr_format_sa(sa, len, from, sizeof(from)));
	if (!r->at.addr.tls)
		enter(v);
	else if (adapter_start(r->adapter, fd, NULL, secured, v) == -1) {
		warn_of(v, strerror(errno));
		gone(v);
	}
}

struct visits *
visits_new(struct relay *r, size_t max, void (*left)(void *), void *arg)
{
	struct visits *set;

	if ((set = calloc(1, sizeof(*set))) == NULL)
		return NULL;
	set->relay = r;
	set->left = left;
	set->arg = arg;
	max = max / 2 < UNFINISHED_MAX ? max / 2 + 1 : UNFINISHED_MAX;
	if (!r->proxy ||
	    (set->askers = askers_new(r->base, max, &ask_calls)) != NULL)
		return set;
	free(set);
	return NULL;
}
