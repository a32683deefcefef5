#ifndef MAKEHASH_H
#define MAKEHASH_H

/* "ircd-lite -H": a password from the terminal, unseen and twice, or a line
 * of standard input; its hash goes to standard output.  The exit status. */
int makehash(void);

#endif
