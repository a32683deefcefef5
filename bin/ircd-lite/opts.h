#ifndef OPTS_H
#define OPTS_H

/* What the command line asked for; read by every process of ircd-lite. */

#include <sys/types.h>
#include <sys/un.h>
#include <stdbool.h>

#include "addr.h"

#define OPTS_LISTEN_MAX 16 /* -l options */
#define OPTS_PATH_MAX sizeof(((struct sockaddr_un *)0)->sun_path)

struct conf;

struct opts {
	char **argv;	  /* to be started again with */
	const char *conf; /* absolute; NULL: the built-in configuration */
	struct addr listen[OPTS_LISTEN_MAX];
	int nlisten;
	char rundir[OPTS_PATH_MAX]; /* "" where there is none */
	bool own_rundir;	    /* given by -R: it has to be usable */
	const char *user;	    /* -u, or NULL */
	bool background;	    /* -d, once everything listens */
	bool no_stderr;		    /* which is nobody's, or the connection's */
	bool verbose;
	int given; /* a listening socket (-i), else -1 */
};

/* Of RUNDIR: the hand-over socket. */
#define OPTS_SOCK "ircd-lite.sock"

/*
 * Who the processes are to be: as root the user of -u, of the
 * configuration, "ircd-lite" or "nobody"; else who we are.  0, or -1 with a
 * text in err.
 */
int opts_user(const struct opts *, const struct conf *, uid_t *, gid_t *,
    char *err, size_t errlen);

#endif
