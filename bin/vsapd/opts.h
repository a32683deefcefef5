#ifndef OPTS_H
#define OPTS_H

/*
 * The options of vsapd(8) that say what stands in vsapd.conf(5) otherwise,
 * and those that hold for either.  What is wrong ends the program (err(3)):
 * for main() alone.
 */

#include <stdbool.h>

#include "conf.h"

#define VSAPD_CONF_DEFAULT "/etc/vsapd.conf"

struct opts {
	struct conf *conf; /* by -l -b -c -a -A -r */
	int by_option;	   /* the first of these, or of -g; 0: none */
	char *file;	   /* -f, absolute */
	const char *group; /* -g */
	const char *user;  /* -u */
	const char *rundir;
	unsigned workers; /* 0: not given */
	bool inetd;	  /* -i: descriptor 0 is the connection */
	bool checking;	  /* -n, -T: nothing is started */
	bool verbose, background;
};

void opts_init(struct opts *);

/* An option of a configuration: A a b c g l r. */
void opts_statement(struct opts *, int letter, const char *arg);
void opts_file(struct opts *, const char *path);
void opts_workers(struct opts *, const char *arg);
void opts_rundir(struct opts *, const char *arg);

/*
 * The configuration that was asked for: of the options, of the file of -f,
 * or, where there is none of either, of VSAPD_CONF_DEFAULT if that is there.
 * Checked and finished.
 */
struct conf *opts_conf(struct opts *);

#endif
