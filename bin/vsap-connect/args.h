#ifndef ARGS_H
#define ARGS_H

/* vsap-connect's command line. */

#include <stdbool.h>

#include "connect.h"
#include "gwopts.h"

struct args {
	struct connect_opts o; /* creds are not looked for here */
	struct gwopts gw;
	char server[ADDR_STRLEN];
};

/* Exits with a message where the line is wrong, and for -h and -V. */
void args_parse(struct args *, int argc, char **argv);

#endif
