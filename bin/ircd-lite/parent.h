#ifndef PARENT_H
#define PARENT_H

/*
 * The parent: has the rights to files and ports, and parses no peer's
 * bytes.  It opens what the configuration names, starts the server process
 * and the password helper, starts again what dies, reads the configuration
 * anew when asked, and keeps the K-lines' file.
 */

#include "opts.h"

/* Reads the configuration, and serves until told to stop. */
void parent_run(const struct opts *) __attribute__((__noreturn__));

#endif
