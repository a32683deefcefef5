#include "users.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
add_all(struct auth_db *db, const struct conf *conf, char *err, size_t errlen)
{
	const struct conf_user *u;
	unsigned i;

	STAILQ_FOREACH(u, &conf->users, entry)
		for (i = 0; i < u->nhashes; i++)
			if (auth_add(db, u->name, u->hash[i], err, errlen) ==
			    -1)
				return -1;
	return conf->passwd == NULL ? 0
				    : auth_load(db, conf->passwd, err, errlen);
}

struct auth_db *
users_db(const struct conf *conf, char *err, size_t errlen)
{
	struct auth_db *db;

	err[0] = '\0';
	if (STAILQ_EMPTY(&conf->users) && conf->passwd == NULL)
		return NULL;
	if ((db = auth_new()) == NULL) {
		snprintf(err, errlen, "passwords: %s", strerror(errno));
		return NULL;
	}
	if (add_all(db, conf, err, errlen) == 0)
		return db;
	auth_free(db);
	return NULL;
}
