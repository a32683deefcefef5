#ifndef SERVER_H
#define SERVER_H

/*
 * The server process: what it is, its clock, its turn, its end.
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "conf.h"

struct lookups;
struct pwhelper;
struct whowas;

/* A server of the network; so far there is this one. */
struct server {
	char name[SERVERLEN + 1];
	char *description;
	unsigned hops;
};

struct me {
	struct server server;
	struct conf *conf;
	struct event_base *base;
	struct lookups *lookups;    /* NULL: no lookups (alone on a pipe) */
	struct whowas *whowas;	    /* the nickname history */
	struct pwhelper *passwords; /* NULL: passwords are checked here */
	time_t started;		    /* wall clock */
	char created[64];	    /* of RPL_CREATED */
	uint64_t now;		    /* ms, monotonic, at the turn's begin */
	time_t wall;		    /* the same by the calendar */
	bool alone;		    /* ends with its last connection */
	bool alone_pipe; /* serves stdin and stdout: no time limits */
	struct {
		uint64_t accepted, refused;
		unsigned max_local;
	} count;
};
extern struct me me;

#define SERVER_RESTART 42 /* exit status: start me again */

/*
 * Prepare the server: the model, the loop, the resolver.  conf is its own
 * from now on; me.alone and me.alone_pipe are set before.  0, or -1 with
 * errno.
 */
int server_init(struct conf *);

/* Run until it is told to stop; returns the exit status. */
int server_run(void);

/* One turn of it: events (if wait, until there are some), what they brought
 * is written.  1: more is left to do at once; 0; -1 with errno. */
int server_turn(bool wait);

/* Look at the clock: the first callback of a turn does. */
void server_tick(void);

bool server_stopping(void);

/* A connection is gone: a server that is alone ends with the last one. */
void server_one_less(void);

/* Leave the loop after telling everybody; status 0 or SERVER_RESTART. */
void server_stop(const char *reason, int status);

/* A new configuration takes the place of the old one, which is freed. */
void server_reload(struct conf *);

/* Everything that can be said about a failed reload goes to operators. */
void server_notice_opers(const char *fmt, ...)
    __attribute__((__format__(printf, 1, 2)));

#endif
