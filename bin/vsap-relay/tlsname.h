#ifndef TLSNAME_H
#define TLSNAME_H

#include <stddef.h>
#include <tls.h>

/*
 * The common name in the peer's certificate, into out: UTF-8 without control
 * characters; "" if the peer showed none, if it names none or several, or
 * one that is not fit to be shown.  Returns out.  (tls_peer_cert_subject(3)
 * is one text with "/" between its parts, and a part may have one in it:
 * names in it are whoever's who filled in the form.)
 */
const char *tlsname_common(struct tls *, char *out, size_t outlen);

#endif
