#ifndef PARENT_H
#define PARENT_H

#include "conf.h"

/*
 * The parent of control and workers (ARCHITECTURE.md): it binds, keeps a
 * copy of each bound listener, starts again what died, and parses no peer's
 * bytes.  Does not return: exits 0 at SIGTERM or SIGINT.
 */
void parent_run(struct conf *) __attribute__((__noreturn__));

#endif
