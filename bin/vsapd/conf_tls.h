#ifndef CONF_TLS_H
#define CONF_TLS_H

/* The certificates of a configuration, for a TLS worker. */

#include "conf.h"
#include "tlsconf.h"

/*
 * What "tls" says (upstream false: role server), or the block of "upstream"
 * (role client), with the files in memory files.  0, and tlsconf_close() ends
 * it; or -1 with a message that names the file.
 */
int conf_tls_load(const struct conf *, bool upstream, struct tlsconf *,
    char *err, size_t errlen);

#endif
