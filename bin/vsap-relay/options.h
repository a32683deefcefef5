#ifndef OPTIONS_H
#define OPTIONS_H

/* The command line of vsap-relay as a program. */

#include "forward.h"

#define EXIT_USAGE 100 /* trying again is of no use */
#define EXIT_TEMPORARY 111

/* Fill in what the command line says; leaves the program where it is wrong,
 * and after -h and -V. */
void options_read(struct relay *, int argc, char **argv);

/* What is wrong, the usage, exit EXIT_USAGE. */
void usage(const char *fmt, ...)
    __attribute__((__noreturn__, __format__(printf, 1, 2)));

#endif
