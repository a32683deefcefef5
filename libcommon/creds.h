#ifndef CREDS_H
#define CREDS_H

/*
 * The client's credentials "user:password": $VSAP_AUTH, else the first line
 * of the file $VSAP_AUTH_FILE, which others must not be able to read.  Never
 * from the command line.
 */

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Returns a string to be freed with creds_free() (which wipes it), or NULL:
 * none configured (*err empty), or configured and not usable (err says what
 * to do).  Takes VSAP_AUTH out of the environment.
 */
char *creds_load(char *err, size_t errlen);
void creds_free(char *);

/*
 * May they be sent in clear over this connected socket?  Over UNIX-domain
 * sockets and loopback, unless it leads on from there through a proxy;
 * elsewhere only if $VSAP_AUTH_CLEARTEXT is "yes".
 */
bool creds_may_send(int fd, bool proxied);

#endif
