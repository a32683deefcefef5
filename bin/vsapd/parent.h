#ifndef PARENT_H
#define PARENT_H

#include "conf.h"

/*
 * The parent of control and workers (ARCHITECTURE.md): it reads files, binds,
 * keeps a copy of each bound listener, starts again what died, and parses no
 * peer's bytes.  SIGHUP reads everything again, SIGUSR1 has control log its
 * status.
 *
 * conf is whole: conf_check() and conf_finish() have been called.  It is the
 * parent's from now on.  Does not return: exits 0 at SIGTERM or SIGINT.
 */
void parent_run(struct conf *) __attribute__((__noreturn__));

#endif
