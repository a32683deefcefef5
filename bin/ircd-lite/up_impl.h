#ifndef UP_IMPL_H
#define UP_IMPL_H

/* What up.c needs from the process's start, beside up.h. */

#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "opts.h"

/* Before server_init(): the K-lines (malloc'ed, its own then, or NULL). */
void up_start(const struct opts *, char *klines, size_t len);

/* Tell the parent, if there is one, that all is done and we serve. */
void up_serving(void);

/* Statement number index of the listeners; NULL for PMSG_NO_INDEX. */
const struct conf_listen *up_statement(const struct conf *, uint32_t index);

#endif
