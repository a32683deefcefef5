#include "conf_open.h"

#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRY_MAX 65536 /* of the user or group database */

/* In one piece from the start: there may be secrets in it, which growing
 * would leave behind. */
static char *
read_all(int fd, size_t size, size_t *len)
{
	char *text = malloc(size), *shorter;
	ssize_t n;

	if (text == NULL)
		return NULL;
	for (*len = 0; *len < size; *len += (size_t)n) {
		do
			n = read(fd, text + *len, size - *len);
		while (n == -1 && errno == EINTR);
		if (n == 0)
			break;
		if (n == -1) {
			free(text);
			return NULL;
		}
	}
	shorter = realloc(text, *len + 1);
	return shorter != NULL ? shorter : text;
}

static char *
answer(unsigned id, size_t *len)
{
	char *text;
	int n = asprintf(&text, "%u", id);

	if (n == -1)
		return NULL;
	*len = (size_t)n;
	return text;
}

static char *
ask_user(const char *name, size_t *len)
{
	char buf[ENTRY_MAX];
	struct passwd pw, *found;
	int e = getpwnam_r(name, &pw, buf, sizeof(buf), &found);

	if (e == 0 && found != NULL)
		return answer(pw.pw_uid, len);
	errno = e != 0 ? e : ENOENT;
	return NULL;
}

static char *
ask_group(const char *name, size_t *len)
{
	char buf[ENTRY_MAX];
	struct group gr, *found;
	int e = getgrnam_r(name, &gr, buf, sizeof(buf), &found);

	if (e == 0 && found != NULL)
		return answer(gr.gr_gid, len);
	errno = e != 0 ? e : ENOENT;
	return NULL;
}

/* A pipe is opened whether somebody writes to it or not; who does is waited
 * for as he writes. */
static int
open_at_once(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd == -1 || fcntl(fd, F_SETFL, O_RDONLY) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

char *
conf_open(const char *path, size_t max, size_t *len)
{
	char *text;
	int fd, e;

	if (strncmp(path, CONF_ASK_USER, strlen(CONF_ASK_USER)) == 0)
		return ask_user(path + strlen(CONF_ASK_USER), len);
	if (strncmp(path, CONF_ASK_GROUP, strlen(CONF_ASK_GROUP)) == 0)
		return ask_group(path + strlen(CONF_ASK_GROUP), len);
	if ((fd = open_at_once(path)) == -1)
		return NULL;
	if ((text = read_all(fd, max + 1, len)) != NULL && *len == 0 &&
	    is_pipe(fd)) {
		free(text);
		text = NULL;
		errno = EPIPE;
	}
	e = errno;
	close(fd);
	errno = e;
	return text;
}

char *
conf_absolute(const char *path)
{
	char *dir, *whole;

	if (path[0] == '/')
		return strdup(path);
	if ((dir = getcwd(NULL, 0)) == NULL)
		return NULL;
	if (asprintf(&whole, "%s/%s", dir, path) == -1)
		whole = NULL;
	free(dir);
	return whole;
}
