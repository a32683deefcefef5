#include "friends.h"

#include <stdlib.h>
#include <string.h>

#include "vsap_proto.h"

struct friend
{
	struct in6_addr at;
	char user[VSAP_USER_MAX + 1]; /* "": nobody */
};

struct friends {
	size_t next; /* the oldest one's place */
	struct friend all[FRIENDS_MAX];
};

struct friends *
friends_new(void)
{
	return calloc(1, sizeof(struct friends));
}

void
friends_free(struct friends *f)
{
	free(f);
}

static struct in6_addr
place(const struct in6_addr *ip)
{
	struct in6_addr at = *ip;

	if (!IN6_IS_ADDR_V4MAPPED(ip))
		memset(&at.s6_addr[8], 0, 8);
	return at;
}

bool
friends_know(const struct friends *f, const struct in6_addr *ip,
    const char *user)
{
	struct in6_addr at = place(ip);

	if (user[0] == '\0')
		return false;
	for (size_t i = 0; i < FRIENDS_MAX; i++)
		if (memcmp(&f->all[i].at, &at, sizeof(at)) == 0 &&
		    strcmp(f->all[i].user, user) == 0)
			return true;
	return false;
}

void
friends_add(struct friends *f, const struct in6_addr *ip, const char *user)
{
	struct friend *x = &f->all[f->next];

	if (user[0] == '\0' || strlen(user) > VSAP_USER_MAX ||
	    friends_know(f, ip, user))
		return;
	f->next = (f->next + 1) % FRIENDS_MAX;
	x->at = place(ip);
	strlcpy(x->user, user, sizeof(x->user));
}
