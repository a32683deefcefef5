#ifndef CASEMAP_H
#define CASEMAP_H

/*
 * Case of nicknames and channel names (RFC 1459, 2.2): "rfc1459", in which
 * {}|^ are the lower case of []\~, or "ascii".  One mapping for the whole
 * server, chosen before the first name is compared.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern unsigned char casemap_fold[256]; /* starts as rfc1459 */

void casemap_set(bool ascii);

static inline unsigned char
irc_tolower(unsigned char c)
{
	return casemap_fold[c];
}

/* As strcasecmp(3) and by the mapping. */
int irc_casecmp(const char *, const char *);

/* Equal names hash alike; seeded once a process against chosen names. */
uint32_t irc_hash(const char *);

/* RFC 2812, 2.3.1: a letter or special first, at most NICKLEN bytes. */
bool irc_nick_valid(const char *);

/* "#", "&" or "+" and what follows, at most CHANNELLEN bytes together; no
 * blank, comma, BEL, control byte or colon. */
bool irc_channel_valid(const char *);
bool irc_is_channel(const char *); /* by its first byte */

/* A user name made of what a client or ident says: what is not printable
 * ASCII, '@', '!', a blank or a colon in front is left out.  out has
 * USERLEN + 1 bytes; "" if nothing is left. */
void irc_username(char *out, const char *in);

/* May it be shown as a host name?  Letters, digits, '-', '.', '_', ':' and
 * '/', at most HOSTLEN bytes, neither empty nor beginning with ':' . */
bool irc_hostname_valid(const char *);

#endif
