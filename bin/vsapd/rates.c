#include "rates.h"

#include <stdlib.h>
#include <string.h>

#include "pmsg.h"
#include "ratecap.h"

struct rate {
	uint32_t streams;
	char owner[OWNER_MAX];
};

struct rates {
	struct rate *slot[RATECAP_SLOTS]; /* of slot[0] there is none */
};

struct rates *
rates_new(void)
{
	return calloc(1, sizeof(struct rates));
}

/* The same owner comes to the same slot again, after a restart too: his
 * earlier streams go on there. */
static uint32_t
begin_at(const char *owner)
{
	uint32_t h = 2166136261;

	for (; *owner != '\0'; owner++)
		h = (h ^ (unsigned char)*owner) * 16777619;
	return 1 + h % (RATECAP_SLOTS - 1);
}

uint32_t
rates_take(struct rates *r, const char *owner)
{
	uint32_t at = begin_at(owner), n;
	struct rate *x;

	for (n = 0; n < RATECAP_SLOTS - 1; n++) {
		if ((x = r->slot[at]) == NULL) {
			if ((x = calloc(1, sizeof(*x))) == NULL)
				return 0;
			strlcpy(x->owner, owner, sizeof(x->owner));
			r->slot[at] = x;
		}
		if (strcmp(x->owner, owner) == 0) {
			x->streams++;
			return at;
		}
		at = at % (RATECAP_SLOTS - 1) + 1;
	}
	return 0;
}

void
rates_give(struct rates *r, uint32_t slot)
{
	struct rate *x = slot == 0 ? NULL : r->slot[slot];

	if (x == NULL || --x->streams > 0)
		return;
	free(x);
	r->slot[slot] = NULL;
}
