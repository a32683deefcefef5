/*
 * What a configuration names, looked at on the system: what is configured
 * and cannot be used stops the start.
 */
#include "conf_impl.h"

#include <sys/stat.h>
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth.h"
#include "conf_tls.h"

static int __attribute__((__format__(printf, 3, 4)))
fail(char *err, size_t errlen, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(err, errlen, fmt, ap);
	va_end(ap);
	return -1;
}

/* What went wrong (r -1, told in err), with the statement that wants it. */
static int
placed(const struct conf *c, enum conf_place place, int r, char *err,
    size_t errlen)
{
	char *why;

	if (r == 0 || c->at[place] == NULL)
		return r;
	if ((why = strdup(err)) == NULL)
		return r;
	(void)snprintf(err, errlen, "%s: %s", c->at[place], why);
	free(why);
	return r;
}

/* ---- the file ------------------------------------------------------------ */

/* Whoever may write it rules the gateway, whoever may read hashes can try
 * passwords at them. */
static int
check_file(const char *path, bool hashes, char *err, size_t errlen)
{
	struct stat st;

	if (stat(path, &st) == -1 || !S_ISREG(st.st_mode))
		return 0;
	if (st.st_mode & S_IWOTH)
		return fail(err, errlen,
		    "%s: everybody may write it: chmod o= %s", path, path);
	if (hashes && (st.st_mode & S_IROTH))
		return fail(err, errlen,
		    "%s: it has passwords, and others may read it: "
		    "chmod o= %s",
		    path, path);
	return 0;
}

static int
check_rights(const struct conf *c, char *err, size_t errlen)
{
	const struct conf_word *file;

	STAILQ_FOREACH(file, &c->secrets, entry)
		if (check_file(file->text, true, err, errlen) == -1)
			return -1;
	return c->path == NULL ? 0 : check_file(c->path, false, err, errlen);
}

/* ---- users --------------------------------------------------------------- */

static int
add_hashes(const struct conf *c, struct auth_db *db, char *err, size_t errlen)
{
	const struct conf_user *u;
	char why[300];

	STAILQ_FOREACH(u, &c->users, entry)
		for (unsigned i = 0; i < u->nhashes; i++)
			if (auth_add(db, u->name, u->hash[i], why,
				sizeof(why)) == -1)
				return fail(err, errlen, "%s: %s", u->at, why);
	return 0;
}

/* A user of the password file.  Out of memory *arg becomes NULL. */
static void
add_user(void *arg, const char *name)
{
	struct conf *c = *(struct conf **)arg;
	struct conf_user *u;

	if (c == NULL || conf_user_known(c, name))
		return;
	if ((u = calloc(1, sizeof(*u))) == NULL ||
	    (u->name = strdup(name)) == NULL) {
		free(u);
		*(struct conf **)arg = NULL;
		return;
	}
	STAILQ_INSERT_TAIL(&c->users, u, entry);
}

/* As the password helper will have them. */
static int
check_users(struct conf *c, char *err, size_t errlen)
{
	struct auth_db *db = auth_new();
	struct conf *into = c;
	int r;

	if (db == NULL)
		return fail(err, errlen, "out of memory");
	r = add_hashes(c, db, err, errlen);
	if (r == 0 && c->passwd != NULL)
		r = placed(c, AT_PASSWORDS,
		    auth_load(db, c->passwd, err, errlen), err, errlen);
	if (r == 0)
		auth_each(db, add_user, &into);
	auth_free(db);
	return into != NULL ? r : fail(err, errlen, "out of memory");
}

static int
check_refs(const struct conf *c, char *err, size_t errlen)
{
	const struct conf_ref *r;

	STAILQ_FOREACH(r, &c->refs, entry)
		if (r->group ? !rules_group_known(c->rules, r->name)
			     : !conf_user_known(c, r->name))
			return fail(err, errlen,
			    "%s: %s \"%.64s\": there is no such %s%s", r->at,
			    r->group ? "group" : "user", r->name,
			    r->group ? "group" : "user",
			    r->group ? "; a group of the system is gid" : "");
	return 0;
}

/* ---- certificates -------------------------------------------------------- */

static int
check_tls(struct conf *c, bool upstream, char *err, size_t errlen)
{
	struct tlsconf t;
	int r;

	r = conf_tls_load(c, upstream, &t, err, errlen);
	if (r == 0) {
		r = tlsconf_check(&t, err, errlen);
		tlsconf_close(&t);
	}
	if (r == 0 && err[0] != '\0' && c->doubt == NULL)
		c->doubt = strdup(err);
	return placed(c, upstream ? AT_UPSTREAM : AT_TLS, r, err, errlen);
}

/* ---- folders and accounts ------------------------------------------------ */

static int
check_folder(const char *what, const char *path, char *err, size_t errlen)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return fail(err, errlen, "%s %s: %s", what, path,
		    strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return fail(err, errlen, "%s %s: not a directory", what, path);
	return 0;
}

/* The file itself may be made later. */
static int
check_log(const struct conf *c, char *err, size_t errlen)
{
	char *dir, *slash;
	int r;

	if (c->log_path == NULL || (slash = strrchr(c->log_path, '/')) == NULL)
		return 0;
	dir = strndup(c->log_path,
	    slash == c->log_path ? 1 : (size_t)(slash - c->log_path));
	if (dir == NULL)
		return fail(err, errlen, "out of memory");
	r = check_folder("log file in", dir, err, errlen);
	free(dir);
	return placed(c, AT_LOG, r, err, errlen);
}

static int
check_run_as(const struct conf *c, char *err, size_t errlen)
{
	errno = 0;
	if (c->run_as == NULL || getpwnam(c->run_as) != NULL)
		return 0;
	(void)fail(err, errlen, "run as %s: the system has no such user%s%s",
	    c->run_as, errno != 0 ? ": " : "",
	    errno != 0 ? strerror(errno) : "");
	return placed(c, AT_RUN_AS, -1, err, errlen);
}

/* ---- all ----------------------------------------------------------------- */

/* Control reads it as one text. */
static int
check_size(const struct conf *c, char *err, size_t errlen)
{
	size_t len;
	char *text = conf_print_text(c, false, &len);

	free(text);
	if (text == NULL)
		return fail(err, errlen, "out of memory");
	if (len > LEX_FILE_MAX)
		return fail(err, errlen,
		    "%s: longer than 1M with all macros expanded and the users "
		    "of the password file",
		    c->path != NULL ? c->path : "the configuration");
	return 0;
}

void
conf_doubts(const struct conf *c, void (*say)(const char *fmt, ...))
{
	const struct conf_listen *l;
	bool tls = false;

	STAILQ_FOREACH(l, &c->listen, entry)
		tls |= l->tls;
	if (c->at[AT_HTTP] != NULL)
		say("%s: http:// addresses cannot be bound or reached: the "
		    "rule decides nothing",
		    c->at[AT_HTTP]);
	if (c->doubt != NULL)
		say("%s", c->doubt);
	if (c->at[AT_SEND] != NULL && c->has_upstream)
		say("%s: send proxy: the upstream connects, and sends none",
		    c->at[AT_SEND]);
	if (c->at[AT_OVER] != NULL && !tls)
		say("%s: no listener has tls: the rule decides nothing",
		    c->at[AT_OVER]);
}

int
conf_check(struct conf *c, char *err, size_t errlen)
{
	if (check_rights(c, err, errlen) == -1 ||
	    check_run_as(c, err, errlen) == -1 ||
	    check_log(c, err, errlen) == -1)
		return -1;
	if (c->root != NULL &&
	    placed(c, AT_ROOT, check_folder("root", c->root, err, errlen), err,
		errlen) == -1)
		return -1;
	if (c->has_tls && check_tls(c, false, err, errlen) == -1)
		return -1;
	if (c->upstream_tls && check_tls(c, true, err, errlen) == -1)
		return -1;
	if (check_users(c, err, errlen) == -1 ||
	    check_refs(c, err, errlen) == -1)
		return -1;
	return check_size(c, err, errlen);
}
