#include "auth.h"

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypthash.h"
#include "limits_vsap.h"

struct auth_user {
	SLIST_ENTRY(auth_user) entry;
	char *name;
	char *hash;
};

struct auth_db {
	SLIST_HEAD(, auth_user) users;
};

static void
user_free(struct auth_user *u)
{
	if (u == NULL)
		return;
	if (u->hash != NULL)
		explicit_bzero(u->hash, strlen(u->hash));
	free(u->hash);
	free(u->name);
	free(u);
}

void
auth_free(struct auth_db *db)
{
	struct auth_user *u;

	if (db == NULL)
		return;
	while ((u = SLIST_FIRST(&db->users)) != NULL) {
		SLIST_REMOVE_HEAD(&db->users, entry);
		user_free(u);
	}
	free(db);
}

static struct auth_user *
user_new(const char *name, size_t namelen, const char *hash)
{
	struct auth_user *u;

	if ((u = calloc(1, sizeof(*u))) == NULL)
		return NULL;
	u->name = strndup(name, namelen);
	u->hash = strdup(hash);
	if (u->name == NULL || u->hash == NULL) {
		user_free(u);
		return NULL;
	}
	return u;
}

/* One line; the reason why it cannot be used, or NULL. */
static const char *
load_line(struct auth_db *db, char *line)
{
	struct auth_user *u;
	char *colon;

	line[strcspn(line, "\r\n")] = '\0';
	if (line[0] == '\0' || line[0] == '#')
		return NULL;
	if ((colon = strchr(line, ':')) == NULL || colon == line)
		return "not of the form user:hash";
	if ((size_t)(colon - line) > VSAP_USER_MAX)
		return "the user name is too long";
	if (!crypthash_usable(colon + 1))
		return "no hash that crypt(3) knows and advises; make one by "
		       "mkpasswd -m yescrypt";
	if ((u = user_new(line, (size_t)(colon - line), colon + 1)) == NULL)
		return "out of memory";
	SLIST_INSERT_HEAD(&db->users, u, entry);
	return NULL;
}

static int
load_lines(struct auth_db *db, FILE *f, const char *path, char *err,
    size_t errlen)
{
	char *line = NULL;
	const char *reason = NULL;
	size_t size = 0;
	int number = 0;

	while (reason == NULL && getline(&line, &size, f) != -1) {
		number++;
		reason = load_line(db, line);
	}
	if (line != NULL)
		explicit_bzero(line, size);
	free(line);
	if (reason != NULL) {
		snprintf(err, errlen, "%s:%d: %s", path, number, reason);
		return -1;
	}
	if (SLIST_EMPTY(&db->users)) {
		snprintf(err, errlen,
		    "%s: no user in it; write lines of user:hash", path);
		return -1;
	}
	return 0;
}

static int
others_may_read(FILE *f)
{
	struct stat st;

	return fstat(fileno(f), &st) == -1 || (st.st_mode & 0007) != 0;
}

struct auth_db *
auth_load(const char *path, char *err, size_t errlen)
{
	struct auth_db *db = NULL;
	FILE *f;

	if ((f = fopen(path, "re")) == NULL) {
		snprintf(err, errlen, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (others_may_read(f))
		snprintf(err, errlen, "%s: others may read it: chmod o= %s",
		    path, path);
	else if ((db = calloc(1, sizeof(*db))) == NULL)
		snprintf(err, errlen, "%s: out of memory", path);
	else if (load_lines(db, f, path, err, errlen) == -1) {
		auth_free(db);
		db = NULL;
	}
	fclose(f);
	return db;
}

int
auth_check(const struct auth_db *db, char *text)
{
	const struct auth_user *u, *found = NULL;
	char *password;
	int right;

	if ((password = strchr(text, ':')) == NULL)
		return 0;
	*password++ = '\0';
	SLIST_FOREACH(u, &db->users, entry)
		if (strcmp(u->name, text) == 0)
			found = u;
	/* The first user's hash stands in for an unknown user's. */
	u = found != NULL ? found : SLIST_FIRST(&db->users);
	right = crypthash_check(u->hash, password) && found != NULL;
	explicit_bzero(password, strlen(password));
	return right;
}

void
auth_serve(const struct auth_db *db, int fd)
{
	char msg[AUTH_MSG_MAX + 1];
	ssize_t n;

	for (;;) {
		n = recv(fd, msg, AUTH_MSG_MAX, 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n < 4)
			break;
		msg[n] = '\0';
		msg[4] = (char)auth_check(db, msg + 4);
		if (send(fd, msg, 5, MSG_NOSIGNAL) == -1 && errno != EINTR)
			break;
	}
	_exit(0);
}
