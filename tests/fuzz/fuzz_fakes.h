#ifndef FUZZ_FAKES_H
#define FUZZ_FAKES_H

/*
 * What a server that is fuzzed has in place of the real ones: a clock that
 * stands still unless it is moved, lookups and passwords that are answered
 * some turns later, hashes that cost nothing.  Included by one source file.
 */

#include <sys/syscall.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypthash.h"
#include "ircd-lite/lookup.h"
#include "pwhelper.h"

#define LATER 2 /* turns until answers come */

static uint64_t clock_ms = 1000000;
static unsigned turns;

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE)
		return (int)syscall(SYS_clock_gettime, id, ts);
	ts->tv_sec = (time_t)(clock_ms / 1000);
	ts->tv_nsec = (long)(clock_ms % 1000) * 1000000;
	return 0;
}

time_t
time(time_t *t)
{
	time_t now = 1700000000 + (time_t)(clock_ms / 1000);

	if (t != NULL)
		*t = now;
	return now;
}

bool
crypthash_usable(const char *hash)
{
	return hash[0] == '$';
}

bool
crypthash_check(const char *hash, const char *password)
{
	return strcmp(hash + 1, password) == 0;
}

int
crypthash_make(const char *password, char *out, size_t outlen)
{
	(void)password;
	(void)out;
	(void)outlen;
	errno = ENOSYS;
	return -1;
}

/* What is asked and answered some turns later. */
struct lookup {
	bool used;
	unsigned when;
	void *arg;
	/* of a lookup */
	unsigned what;
	void (*event)(void *, enum lookup_event, const char *);
	/* of a password */
	bool right;
	void (*done)(void *, bool);
};

static struct lookup pending[16];

struct pwhelper {
	int none;
};
static struct pwhelper helper;

static struct lookup *
later(void *arg)
{
	struct lookup *p;

	for (p = pending; p < pending + 16; p++)
		if (!p->used) {
			*p = (struct lookup){ .used = true,
				.when = turns + LATER,
				.arg = arg };
			return p;
		}
	return NULL;
}

struct lookups *
lookups_new(struct event_base *b, struct resolv *r)
{
	(void)b;
	return (struct lookups *)(void *)r;
}

void
lookups_free(struct lookups *l)
{
	(void)l;
}

void
lookups_forget(struct lookups *l)
{
	(void)l;
}

struct lookup *
lookup_start(struct lookups *l, const struct sockaddr *peer,
    const struct sockaddr *local, unsigned what, unsigned dns, unsigned ident,
    void (*event)(void *, enum lookup_event, const char *), void *arg)
{
	struct lookup *p = later(arg);

	(void)l;
	(void)peer;
	(void)local;
	(void)dns;
	(void)ident;
	if (p != NULL) {
		p->what = what;
		p->event = event;
	}
	return p;
}

void
lookup_cancel(struct lookup *p)
{
	if (p != NULL)
		p->used = false;
}

struct pwhelper *
pwhelper_new(struct event_base *b, int fd, void (*gone)(void *), void *arg)
{
	(void)b;
	(void)fd;
	(void)gone;
	(void)arg;
	return NULL;
}

void
pwhelper_serve(int fd)
{
	_exit(fd);
}

void
pwhelper_free(struct pwhelper *p)
{
	(void)p;
}

int
pwhelper_replace(struct pwhelper *p, int fd)
{
	(void)p;
	return close(fd);
}

uint32_t
pwhelper_ask(struct pwhelper *h, const char *hash, const char *password,
    void (*done)(void *, bool), void *arg)
{
	struct lookup *p = later(arg);

	(void)h;
	if (p == NULL)
		return 0;
	p->right = crypthash_check(hash, password);
	p->done = done;
	return (uint32_t)(p - pending) + 1;
}

void
pwhelper_cancel(struct pwhelper *h, uint32_t number)
{
	(void)h;
	if (number != 0)
		pending[number - 1].used = false;
}

static void
answer_lookup(struct lookup *p)
{
	struct lookup was = *p;

	if (p->used && was.what & LOOKUP_DNS)
		was.event(was.arg,
		    turns % 3 == 0 ? LOOKUP_HOST_MISMATCH : LOOKUP_HOST_FOUND,
		    "host.example");
	if (p->used && was.what & LOOKUP_IDENT)
		was.event(was.arg,
		    turns % 2 == 0 ? LOOKUP_IDENT_FAILED : LOOKUP_IDENT_FOUND,
		    "ident");
	if (!p->used)
		return;
	p->used = false;
	was.event(was.arg, LOOKUP_DONE, NULL);
}

static void
answer_pending(void)
{
	struct lookup *p;

	for (p = pending; p < pending + 16; p++) {
		if (!p->used || p->when > turns)
			continue;
		if (p->event != NULL) {
			answer_lookup(p);
		} else {
			p->used = false;
			p->done(p->arg, p->right);
		}
	}
}

#endif
