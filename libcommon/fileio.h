#ifndef FILEIO_H
#define FILEIO_H

/*
 * Writing files whole, those in memory too.  Level: tier 1.
 */

#include <stddef.h>

/* All of it; 0, or -1 with errno. */
int fileio_write(int fd, const void *bytes, size_t len);

/*
 * A memory file with these bytes, sealed and close-on-exec, to be given to
 * another process; name is for people who look at descriptors.  -1 with
 * errno.  Read it by pread(2): all who have it share its offset.
 */
int fileio_memory(const char *name, const void *bytes, size_t len);

#endif
