#include "auth_recent.h"

#include <stdlib.h>
#include <string.h>

#include "scram.h"

struct entry {
	time_t until; /* 0: none */
	unsigned char mac[SCRAM_KEY];
};

struct recent {
	unsigned char secret[SCRAM_KEY];
	struct entry all[RECENT_MAX];
};

struct recent *
recent_new(void)
{
	struct recent *r = calloc(1, sizeof(*r));

	if (r != NULL)
		arc4random_buf(r->secret, sizeof(r->secret));
	return r;
}

void
recent_free(struct recent *r)
{
	if (r == NULL)
		return;
	explicit_bzero(r, sizeof(*r));
	free(r);
}

/* Its hash, and the place where it would be; NULL: it cannot be had. */
static struct entry *
place(struct recent *r, const char *text, unsigned char *mac)
{
	unsigned n;

	if (scram_hide(r->secret, text, mac, SCRAM_KEY) == -1)
		return NULL;
	memcpy(&n, mac, sizeof(n));
	return &r->all[n % RECENT_MAX];
}

bool
recent_knows(struct recent *r, const char *text, time_t now)
{
	unsigned char mac[SCRAM_KEY];
	struct entry *e = place(r, text, mac);

	/* How far they agree tells nobody anything who has not the secret. */
	if (e == NULL || memcmp(e->mac, mac, sizeof(mac)) != 0)
		return false;
	if (now >= e->until) {
		explicit_bzero(e, sizeof(*e));
		return false;
	}
	e->until = now + RECENT_TIME;
	return true;
}

void
recent_add(struct recent *r, const char *text, time_t now)
{
	unsigned char mac[SCRAM_KEY];
	struct entry *e = place(r, text, mac);

	if (e == NULL)
		return;
	memcpy(e->mac, mac, sizeof(mac));
	e->until = now + RECENT_TIME;
}
