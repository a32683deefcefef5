#ifndef LISTENERS_IMPL_H
#define LISTENERS_IMPL_H

/* Control listeners, among the files of them alone. */

#include <sys/types.h>
#include <sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

#include "listeners.h"

#define LISTENERS_BACKLOG 1024 /* control connections that may wait */

/* Of a UNIX-domain socket's file. */
struct rights {
	mode_t mode;
	gid_t group;
};

struct listener {
	TAILQ_ENTRY(listener) entry;
	uint32_t id;
	enum pmsg_kind kind;
	int fd;
	uint16_t index;	  /* its statement by the configuration in force ... */
	uint16_t next;	  /* ... and by the planned one; PMSG_NO_INDEX: none */
	struct addr want; /* what it was opened for */
	bool given;	  /* opened by somebody else */
	bool fresh;	  /* planned, not yet in force */
	bool said;
	char what[32], said_what[32]; /* of the planned statement: TLS, ... */
	bool file; /* it has a socket file of ours, want.text */
	struct rights has, wants;
	char addr[ADDR_STRLEN]; /* as bound */
};

struct listeners {
	TAILQ_HEAD(, listener) list;
	int lock; /* of the run directory, or -1 */
	uint32_t next_id;
};

/* --- listeners.c --- */

/* fd is the set's from here on, in any case.  NULL with errno. */
struct listener *listeners_add(struct listeners *, int fd, enum pmsg_kind);
void listeners_drop(struct listeners *, struct listener *);

/* --- listeners_open.c --- */

/* "what: errno's text; what to do" in err.  Returns -1; errno stays. */
int listeners_failed(char *err, size_t errlen, const char *what, bool path);

struct listener *listeners_open(struct listeners *, const struct addr *,
    char *err, size_t errlen);

/* Of its file, by the statement; and give it them.  0, or -1 with errno. */
struct rights listeners_rights(const struct conf_listen *);
int listeners_set_rights(const struct listener *, const struct rights *);

/* --- listeners_given.c --- */

bool listeners_any_given(const struct listeners *);
void listeners_no_defaults(struct conf *);

/* Statements for those that have none. */
int listeners_statements(struct listeners *, struct conf *, char *err,
    size_t errlen);

#endif
