#ifndef CREW_H
#define CREW_H

/*
 * What all feeds have (feed.h, tlsfeed.h): workers at their sockets, and the
 * jobs that these are given.  A job is two descriptors, and bytes; copies are
 * kept until a worker has acknowledged it, so that another one can have it.
 * Which messages say that is the feed's own.  Only feeds include this.
 *
 * A job is with a worker, or waits for one, or a moment is in the hands of
 * its feed; by its id it is found wherever it is.
 */

#include <sys/queue.h>
#include <sys/tree.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay_msg.h"

#define CREW_QUERY_MS 1000 /* a worker that does not answer is left out */

/* What is kept until a worker acknowledges. */
struct copy {
	uint64_t refused; /* bits of the workers that said NAK */
	struct relay_opts opts;
	int fd[2];
	size_t len[2];
	unsigned char bytes[]; /* len[0], then len[1] */
};

/* A feed's own struct may begin with it. */
struct job {
	RB_ENTRY(job) node;
	TAILQ_ENTRY(job) entry; /* of a list below */
	uint64_t id;
	struct copy *copy; /* NULL once acknowledged */
	struct cworker *w; /* NULL: none */
	void *user;	   /* the owner's word for it */
};

TAILQ_HEAD(job_list, job);
RB_HEAD(job_tree, job);
RB_PROTOTYPE(job_tree, job, node, job_cmp)

struct cworker {
	TAILQ_ENTRY(cworker) entry;
	struct crew *crew;
	struct event *ev_read, *ev_write;
	struct job_list jobs;
	size_t count; /* of jobs */
	int fd, slot;
	uint64_t bit; /* in copy.refused */
	bool full;    /* its socket took no more; room() will come */
	bool ask;     /* the question is to be sent to it */
	bool due;     /* it has not answered all of it */
};

/* feed is what crew_init() was given, and w->crew->feed. */
struct crew_calls {
	/* A message of a worker. */
	void (*got)(struct cworker *, const void *p, size_t len);
	/* What could not be sent is tried again. */
	void (*room)(void *feed);
	/* Send the question of this number: is it sent? */
	bool (*ask)(struct cworker *, uint32_t seq);
	/* A worker is gone.  Its jobs, which are nowhere now, are in lost,
	 * which is to be emptied. */
	void (*dead)(void *feed, int slot, struct job_list *lost);
};

struct crew {
	const struct crew_calls *calls;
	void *feed;
	void (*counted)(void *); /* the owner's, or NULL */
	void *owner;
	struct event_base *base;
	struct event *kick;  /* tries again: at once, or by timer */
	struct event *limit; /* pending: a question is open */
	TAILQ_HEAD(, cworker) workers;
	struct job_tree tree;
	struct job_list waiting;
	size_t waits, copies, count; /* of jobs */
	uint64_t next_id, bits;	     /* of all workers */
	uint32_t seq;		     /* of the last question */
};

/* 0, or -1: no memory, and crew_clear() is due all the same.  counted(owner)
 * may be NULL. */
int crew_init(struct crew *, struct event_base *, const struct crew_calls *,
    void *feed, void (*counted)(void *), void *owner);
/* Let go of all workers and jobs; no calls. */
void crew_clear(struct crew *);

/* ---- workers ------------------------------------------------------------ */

/* Add a worker's socket, which now is the crew's (also on failure: closed).
 * 0, or -1 with errno: no memory; ENOSPC: there are 64. */
int crew_add(struct crew *, int fd, int slot);

/* In so many milliseconds room() is called; no worker counts as full then. */
void crew_kick(struct crew *, long ms);

/* Send a message: false, and the worker is full for now (or gone). */
bool cworker_send(struct cworker *, const void *p, size_t len, const int *fds,
    int nfds);

/* The worker with the fewest jobs that did not refuse j; with room: that is
 * not full.  NULL: there is none. */
struct cworker *crew_pick(struct crew *, const struct job *, bool room);

/* Ask all workers: counted() comes when each has answered or is gone, or
 * CREW_QUERY_MS later.  False: an earlier question is still open. */
bool crew_query(struct crew *);
/* A worker has answered, if more is false for the last time.  False: that is
 * no answer to our question. */
bool crew_answer(struct cworker *, uint32_t seq, bool more);

/* ---- jobs --------------------------------------------------------------- */

/*
 * A new job with the next id, which is nowhere yet.  size is that of the
 * feed's struct, whose rest is zeroed.  fd becomes the job's, unless it
 * fails: NULL with errno (no memory; EMSGSIZE: more than RELAY_FIRST_MAX).
 */
struct job *crew_job(struct crew *, size_t size, const int fd[2],
    const void *ab, size_t ablen, const void *ba, size_t balen);

/* Keep something else for a job that has no copy now.  0, or -1 as above. */
int crew_keep(struct crew *, struct job *, const int fd[2], const void *ab,
    size_t ablen, const void *ba, size_t balen);

/* The worker has the descriptors, or nobody will: then a reset tells both
 * ends that this is no empty answer. */
void crew_drop_copy(struct crew *, struct job *, bool reset);

/* The end of a job that is nowhere: its copy is dropped, and it is freed. */
void crew_remove(struct crew *, struct job *, bool reset);

/* The job of that id (of this worker), or NULL. */
struct job *crew_find(struct crew *, uint64_t id);
struct job *cworker_find(struct cworker *, uint64_t id);

/* Where a job goes: to a worker, to those that wait, nowhere. */
void cworker_give(struct cworker *, struct job *);
void crew_wait(struct crew *, struct job *);
void crew_detach(struct crew *, struct job *);

#endif
