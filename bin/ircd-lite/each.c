#include "each.h"

#include <stdint.h>

#include "channel.h"
#include "turn.h"
#include "user.h"

static uint32_t mark;

/* A new mark; when it comes round, nobody has been seen. */
static uint32_t
next_mark(void)
{
	struct user *u = NULL;
	size_t bucket = 0;

	if (++mark != 0)
		return mark;
	while ((u = user_each(u, &bucket)) != NULL)
		u->seen = 0;
	return mark = 1;
}

void
say_neighbours(struct user *u, const struct line *line)
{
	uint32_t now = next_mark(), i, k;
	const struct chan *ch;
	struct user *other;

	u->seen = now;
	for (i = 0; i < u->nchans; i++) {
		ch = u->chans[i].chan;
		for (k = 0; k < ch->nmembers; k++) {
			other = ch->member[k].user;
			if (other->seen == now)
				continue;
			other->seen = now;
			if (other->conn != NULL)
				say_line(other->conn, line);
		}
	}
}
