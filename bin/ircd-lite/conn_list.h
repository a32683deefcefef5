#ifndef CONN_LIST_H
#define CONN_LIST_H

/*
 * The connections of this server one after the other, for TRACE and STATS l:
 * a long reply of slices.h.
 */

#include <stdbool.h>

struct conn;
struct user;

struct conn_list {
	const char *command; /* of RPL_TRYAGAIN */
	/* Say a line about a connection, registered or not. */
	void (*line)(struct user *to, const struct conn *);
	/* Of which of the registered ones; NULL: all.  An asker who does not
	 * see addresses never gets the others. */
	bool (*wanted)(const struct user *to, const struct user *);
	void (*end)(struct user *to);
};

/* l is static: it is kept until the end. */
void conn_list(struct user *to, const struct conn_list *l);

#endif
