#include "conn_list.h"

#include <stdlib.h>

#include "conn.h"
#include "slices.h"
#include "user.h"
#include "visible.h"

#define UNKNOWN_MAX 64 /* that are not registered */

struct walk {
	const struct conn_list *l;
	size_t bucket; /* of the users: the next one */
};

/* Those who are not in the users' registry yet, the first few. */
static void
list_unknown(struct user *to, const struct conn_list *l)
{
	const struct conn *c;
	unsigned n = 0;

	TAILQ_FOREACH(c, &conns, entry)
		if (!c->welcomed && !c->closing && n++ < UNKNOWN_MAX)
			l->line(to, c);
}

static bool
list_some(struct user *to, void *state)
{
	struct walk *w = state;
	struct user *u = NULL;
	unsigned cost = 0;

	while ((u = user_each(u, &w->bucket)) != NULL) {
		cost++;
		if (u->conn != NULL && u->conn->welcomed &&
		    (w->l->wanted == NULL || w->l->wanted(to, u))) {
			w->l->line(to, u->conn);
			cost += SLICE_LINE;
		}
		if (cost >= SLICE_BITE && u->next == NULL)
			return true;
	}
	if (user_spies(to))
		list_unknown(to, w->l);
	w->l->end(to);
	return false;
}

void
conn_list(struct user *to, const struct conn_list *l)
{
	struct walk *w = calloc(1, sizeof(*w));

	if (w != NULL)
		w->l = l;
	slice_begin(to, l->command, list_some, w);
}
