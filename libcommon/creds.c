#include "creds.h"

#include <sys/stat.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "limits_vsap.h"

/* "AUTH " and the credentials are one line */
#define CREDS_MAX (VSAP_LINE_MAX - 5)

/* user:password, nothing in it that would end the line or begin another. */
static bool
well_formed(const char *s)
{
	const char *colon = strchr(s, ':');
	const char *p;

	if (colon == NULL || colon == s || colon - s > VSAP_USER_MAX ||
	    strlen(s) > CREDS_MAX)
		return false;
	for (p = s; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return memchr(s, ' ', (size_t)(colon - s)) == NULL;
}

/* A copy of s, which was found at where. */
static char *
checked(const char *s, const char *where, char *err, size_t errlen)
{
	char *creds;

	if (!well_formed(s)) {
		snprintf(err, errlen, "%s: not of the form user:password",
		    where);
		return NULL;
	}
	if ((creds = strdup(s)) == NULL)
		snprintf(err, errlen, "%s: %s", where, strerror(errno));
	return creds;
}

static char *
from_env(char *s, char *err, size_t errlen)
{
	char *creds = checked(s, "VSAP_AUTH", err, errlen);

	/* neither a child nor /proc/PID/environ is to show it */
	explicit_bzero(s, strlen(s));
	if (unsetenv("VSAP_AUTH") == -1 && creds != NULL) {
		snprintf(err, errlen, "VSAP_AUTH: %s", strerror(errno));
		creds_free(creds);
		creds = NULL;
	}
	return creds;
}

/* Could anybody but the user have read or written it?  0 or -1. */
static int
check_mode(int fd, const char *path, char *err, size_t errlen)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		snprintf(err, errlen, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		snprintf(err, errlen, "%s: not a file", path);
	else if (st.st_uid != geteuid() && st.st_uid != 0)
		snprintf(err, errlen, "%s: belongs to somebody else (uid %u)",
		    path, (unsigned)st.st_uid);
	else if ((st.st_mode & 077) != 0)
		snprintf(err, errlen, "%s: others can read it (chmod 600 %s)",
		    path, path);
	else
		return 0;
	return -1;
}

/* The first line without its end.  0 or -1. */
static int
read_line(int fd, char *line, size_t size)
{
	size_t len = 0;
	ssize_t n;

	line[0] = '\0';
	while (len < size - 1 && memchr(line, '\n', len) == NULL) {
		n = read(fd, line + len, size - 1 - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	line[len] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return 0;
}

static char *
from_file(const char *path, char *err, size_t errlen)
{
	char line[CREDS_MAX + 3], *creds = NULL;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		snprintf(err, errlen, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (check_mode(fd, path, err, errlen) == 0) {
		if (read_line(fd, line, sizeof(line)) == -1)
			snprintf(err, errlen, "%s: %s", path, strerror(errno));
		else
			creds = checked(line, path, err, errlen);
		explicit_bzero(line, sizeof(line));
	}
	close(fd);
	return creds;
}

char *
creds_load(char *err, size_t errlen)
{
	char *env = getenv("VSAP_AUTH");
	const char *path = getenv("VSAP_AUTH_FILE");

	err[0] = '\0';
	if (env != NULL && env[0] != '\0')
		return from_env(env, err, errlen);
	if (path != NULL && path[0] != '\0')
		return from_file(path, err, errlen);
	return NULL;
}

void
creds_free(char *creds)
{
	if (creds != NULL)
		explicit_bzero(creds, strlen(creds));
	free(creds);
}

bool
creds_may_send(int fd, bool proxied)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct in6_addr ip;
	const char *clear = getenv("VSAP_AUTH_CLEARTEXT");

	if (getpeername(fd, (struct sockaddr *)&ss, &len) == -1)
		return false;
	if (clear != NULL && strcmp(clear, "yes") == 0)
		return true;
	if (proxied)
		return false;
	if (ss.ss_family == AF_UNIX)
		return true;
	return addr_ip_sa((struct sockaddr *)&ss, &ip) == 0 &&
	       addr_ip_loopback(&ip);
}
