#ifndef FILES_H
#define FILES_H

/*
 * The texts of a configuration's files, on their way from the parent, which
 * may read them, to the server process, which may not; and the files that
 * the parent writes.
 */

#include <stddef.h>
#include <stdint.h>

#include "pmsg.h"

#define FILES_MAX 256		       /* files of a configuration */
#define FILES_BYTES (8 * 1024 * 1024)  /* of them together */
#define FILES_KLINES (4 * 1024 * 1024) /* of the K-lines */

struct files;

struct files *files_new(void); /* NULL: no memory */
void files_free(struct files *);

/* The parent's conf_open_fn: reads the file system, and remembers in the
 * struct files that arg is what it gave, or why it could not. */
char *files_read(void *arg, const char *path, size_t *len);

/* The server's conf_open_fn: gives what files_put() has put there. */
char *files_given(void *arg, const char *path, size_t *len);

/* Say each to the server by tell(); 0, or -1 with errno: no memory. */
int files_tell(const struct files *, void (*tell)(const struct pmsg *, int fd));

/* Put what a FILE message brings; fd stays the caller's.  0 or -1. */
int files_put(struct files *, const struct pmsg *, int fd);

/*
 * Reads len bytes of a memory file, whoever made it: malloc'ed and with a NUL
 * behind it, or NULL with errno.
 */
char *files_from_memory(int fd, size_t len);

/*
 * Make text the file path, whole or not at all: written beside it, synced,
 * renamed.  0, or -1 with a message in err; the old file is then untouched.
 */
int files_write(const char *path, const char *text, size_t len, char *err,
    size_t errlen);

/* Open a log file for appending, made if it is not there.  fd or -1. */
int files_log(const char *path);

#endif
