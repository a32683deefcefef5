#ifndef SERVE_H
#define SERVE_H

/*
 * The server process from its start to its end: what it gets, how it is
 * confined, what runs in it.
 */

#include <sys/types.h>
#include <stddef.h>

#include "conf.h"
#include "conn.h"
#include "opts.h"
#include "ports.h"

struct serve {
	const struct opts *opts;
	struct conf *conf; /* its own from here on */
	uid_t uid;	   /* to become */
	gid_t gid;
	uid_t owner;		   /* who may hand connections over */
	const struct ports *ports; /* listeners, or NULL */
	int parent;		   /* socket to it, or -1 */
	int passwords;		   /* socket to the helper, or -1 */
	char *klines;		   /* text of the file, or NULL */
	size_t nklines;
	/* without a parent: the one connection to begin with, and whether
	 * that is all of the world */
	const struct conn_from *first;
	bool alone_pipe;
};

void serve_run(const struct serve *) __attribute__((__noreturn__));

/* The password helper's process; keeps fd and the log alone. */
void
serve_passwords(int fd, uid_t uid, gid_t gid) __attribute__((__noreturn__));

/* The K-lines as they are kept now: text or NULL, as serve.klines. */
char *serve_read_klines(const struct conf *, size_t *len);

#endif
