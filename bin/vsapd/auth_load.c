/*
 * The password file.
 */
#include "auth.h"

#include <sys/stat.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth_impl.h"

/* One line; the reason why it cannot be used, or NULL. */
static const char *
load_line(struct auth_db *db, char *line, int *users)
{
	char *colon;

	line[strcspn(line, "\r\n")] = '\0';
	if (line[0] == '\0' || line[0] == '#')
		return NULL;
	if ((colon = strchr(line, ':')) == NULL)
		return "not of the form user:hash";
	*colon = '\0';
	(*users)++;
	return auth_insert(db, line, colon + 1);
}

static int
load_lines(struct auth_db *db, FILE *f, const char *path, char *err,
    size_t errlen)
{
	int number = 0, users = 0, error;
	const char *reason = NULL;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	errno = 0;
	while (reason == NULL && (n = getline(&line, &size, f)) != -1) {
		number++;
		reason = line[n - 1] == '\n'
			     ? load_line(db, line, &users)
			     : "the last line does not end: is the file cut "
			       "off?  If not, end it with a newline";
	}
	error = errno;
	if (line != NULL)
		explicit_bzero(line, size);
	free(line);
	if (reason != NULL)
		snprintf(err, errlen, "%s:%d: %s", path, number, reason);
	else if (ferror(f))
		snprintf(err, errlen, "%s: %s", path, strerror(error));
	else if (users == 0)
		snprintf(err, errlen,
		    "%s: no user in it; write lines of user:hash", path);
	else
		return 0;
	return -1;
}

static bool
others_may_read(FILE *f)
{
	struct stat st;

	return fstat(fileno(f), &st) == -1 || (st.st_mode & 0007) != 0;
}

int
auth_load(struct auth_db *db, const char *path, char *err, size_t errlen)
{
	FILE *f;
	int r = -1;

	if ((f = fopen(path, "re")) == NULL)
		snprintf(err, errlen, "%s: %s", path, strerror(errno));
	else if (others_may_read(f))
		snprintf(err, errlen, "%s: others may read it: chmod o= %s",
		    path, path);
	else
		r = load_lines(db, f, path, err, errlen);
	if (f != NULL)
		fclose(f);
	return r;
}
