#ifndef CONTROL_H
#define CONTROL_H

#include "conf.h"
#include "gateway.h"

/*
 * The control process: it speaks VSAP and decides.  Everything it needs
 * comes from the parent over channel; root is the directory of UNIX names,
 * or -1.  Does not return.
 */
void
control_run(struct conf *, int channel, int root) __attribute__((__noreturn__));

/* A gateway without listeners: control makes it, and a vsapd that serves
 * one connection alone.  NULL with errno. */
struct gateway *gateway_new(struct conf *, int root);

#endif
