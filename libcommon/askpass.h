#ifndef ASKPASS_H
#define ASKPASS_H

/*
 * A new password from who sits there: from the terminal unseen and twice, or
 * a line of standard input if that is none.  Level: tier 1.
 */

#include <stddef.h>

#define ASKPASS_MAX 512 /* bytes of the longest, with the NUL */

/*
 * 1 to max bytes (less than ASKPASS_MAX) into out, which has room for them
 * and the NUL; it is the caller's to wipe.  0, or -1 with a message in err:
 * nothing was said, too long, the two differ, a NUL inside, no terminal.
 */
int askpass_new(char *out, size_t max, char *err, size_t errlen);

#endif
