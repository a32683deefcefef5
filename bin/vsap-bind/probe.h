#ifndef PROBE_H
#define PROBE_H

/* Asking a target that did not answer whether it does again. */

#include "addr.h"

struct bind;
struct probe;

/* Ask now and then, at growing intervals.  answers(arg) is called once.
 * NULL with errno. */
struct probe *probe_new(struct bind *, void (*answers)(void *), void *arg);
void probe_free(struct probe *);

#endif
