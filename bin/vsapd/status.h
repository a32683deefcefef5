#ifndef STATUS_H
#define STATUS_H

/*
 * What the gateway is doing, for people and programs (vsapd(8), STATUS): what
 * is bound and who waits there, the streams with their bytes and rates,
 * totals, refusals by cause.  As text, as JSON, as Prometheus has it, and in
 * the log.
 */

#include "buf.h"
#include "gateway.h"

struct session;
struct status;

struct status *status_new(struct gateway *); /* NULL: no memory */

/*
 * Have the streams' figures brought up to date by their workers, twice with a
 * moment between if rates are wanted; done(arg) is called later, never from
 * within, at most some 2 seconds later.  0, or -1: no memory.
 */
int
status_ask(struct gateway *, bool rates, void (*done)(void *arg), void *arg);
void status_cancel(struct gateway *, void *arg);

/* A feed has told all its counts (feed.h, tlsfeed.h). */
void status_counted(void *gateway);

/*
 * Does a session see this?  viewer NULL: whoever may see all.  Others see what
 * is their own; nobody in particular has what came from the same source.
 */
struct vsock;
bool status_shows_bound(const struct session *viewer, const struct vsock *);
bool status_shows_stream(const struct session *viewer,
    const struct gateway_stream *);

/* As replies of a session; totals are for those who see all. */
void status_text(struct session *, bool all);

/* One line without its end.  Lists are cut where the buffer (its max) is half
 * full; what is left out is counted. */
void
status_json(const struct gateway *, const struct session *viewer, struct buf *);

/* Prometheus, text format 0.0.4. */
void status_prometheus(const struct gateway *, struct buf *);

/* Into the log (SIGUSR1): of what is bound and of streams so many lines and no
 * more. */
void status_log(const struct gateway *);

/* --- between its files ------------------------------------------------- */

struct status_counter {
	const char *name; /* of JSON; in Prometheus vsapd_NAME_total */
	const char *help;
	size_t offset; /* in struct totals */
};
extern const struct status_counter status_counters[]; /* ends with NULL */

uint64_t status_value(const struct gateway *, const struct status_counter *);

/* Connections in the kernel's queue of a listener; 0 where it is none. */
unsigned status_queue(int fd);

/* How many of them there may be: what the system has made of it. */
unsigned status_backlog(const struct vsock *);

/* Bytes a second, there (0) and back (1), between the last two samples. */
uint64_t status_rate(const struct gateway_stream *, int way);

/* Each limit that refused something. */
void status_refusals(const struct gateway *,
    void (*fn)(void *arg, const char *limit, const char *scope, uint64_t n),
    void *arg);

/* A stream as people have it, its addresses as they came.  Returns out. */
#define STATUS_STREAM_LEN 1024
const char *status_stream(const struct gateway_stream *, char *out, size_t len);

/* When the one who has waited longest began to: seconds, 0 nobody. */
unsigned status_oldest(const struct vsock *);

#endif
