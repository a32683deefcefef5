#ifndef CONF_H
#define CONF_H

/* What the command line asked for; read by every process of vsapd. */

#include <sys/types.h>
#include <stdbool.h>

#include "addr.h"
#include "limits_vsap.h"
#include "rules.h"

#define CONF_LISTEN_MAX 16 /* -l options */

struct conf {
	struct addr listen[CONF_LISTEN_MAX];
	int nlisten;
	bool default_listen; /* no -l: loopback and the UNIX socket */
	struct rules *rules;
	const char *passwd; /* -A, NULL: nobody needs AUTH */
	bool has_upstream;
	struct addr upstream;		/* -r */
	char *creds;			/* ours at the upstream, or NULL */
	int workers;			/* -j */
	char rundir[VSAP_NAME_MAX + 1]; /* "" where there is none */
	bool own_rundir;		/* given by -R: it has to be usable */
	uid_t owner; /* who started it: may hand connections over */
	uid_t uid;   /* what control and workers become */
	gid_t gid;
	bool has_group; /* -g: of the UNIX control socket */
	gid_t group;
	bool background; /* -d, once everything listens */
	bool syslog;
	bool verbose;
};

#endif
