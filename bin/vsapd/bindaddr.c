#include "bindaddr.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <linux/openat2.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits_vsap.h"
#include "net.h"

int
bindaddr_root_at(const char *dir)
{
	char tmp[PATH_MAX];
	int n;

	n = snprintf(tmp, sizeof(tmp), "%s/tmp", dir);
	if (n < 0 || (size_t)n >= sizeof(tmp)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (mkdir(tmp, 0755) == -1 && errno != EEXIST)
		return -1;
	return open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int
bindaddr_root(const char *rundir)
{
	char dir[VSAP_NAME_MAX + 16];
	int n;

	n = snprintf(dir, sizeof(dir), "%s/names", rundir);
	if (n < 0 || (size_t)n >= sizeof(dir)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (mkdir(dir, 0755) == -1 && errno != EEXIST)
		return -1;
	return bindaddr_root_at(dir);
}

/* Open a path below root, never above it and through no symbolic link. */
static int
open_beneath(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_PATH | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* The directory of a path below root; *base is its last component. */
static int
open_dir(const struct addr *a, int root, const char **base)
{
	char dir[VSAP_NAME_MAX + 2];
	const char *slash = strrchr(a->text, '/');
	size_t n = (size_t)(slash - a->text);

	if (root == -1) {
		errno = ENOTDIR;
		return -1;
	}
	*base = slash + 1;
	if (n <= 1)
		snprintf(dir, sizeof(dir), ".");
	else
		snprintf(dir, sizeof(dir), "%.*s", (int)n - 1, a->text + 1);
	return open_beneath(root, dir, O_DIRECTORY);
}

/* A path below the directory, short enough for a UNIX-domain address. */
static int
dir_sockaddr(struct sockaddr_un *sun, int dir, const char *base)
{
	int n;

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	n = snprintf(sun->sun_path, sizeof(sun->sun_path),
	    "/proc/self/fd/%d/%s", dir, base);
	if (n < 0 || (size_t)n >= sizeof(sun->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

/* A socket file at which nobody listens any more; never another file. */
static bool
is_stale(const struct sockaddr_un *sun)
{
	struct stat st;
	bool stale;
	int fd;

	if (lstat(sun->sun_path, &st) == -1 || !S_ISSOCK(st.st_mode))
		return false;
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		 0)) == -1)
		return false;
	stale = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == -1 &&
		errno == ECONNREFUSED;
	close(fd);
	return stale;
}

static int
bind_path(const struct addr *a, int backlog, int root)
{
	struct sockaddr_un sun;
	struct addr full;
	const char *base;
	int dir, fd, saved;

	if ((dir = open_dir(a, root, &base)) == -1)
		return -1;
	if (dir_sockaddr(&sun, dir, base) == -1) {
		close(dir);
		errno = ENAMETOOLONG;
		return -1;
	}
	full = *a;
	strlcpy(full.text, sun.sun_path, sizeof(full.text));
	fd = net_listen(&full, backlog, 0666);
	if (fd == -1 && errno == EADDRINUSE && is_stale(&sun) &&
	    unlinkat(dir, base, 0) == 0)
		fd = net_listen(&full, backlog, 0666);
	saved = errno;
	close(dir);
	errno = saved;
	return fd;
}

/* What the kernel bound; every address is shown as 0.0.0.0. */
static int
bound_name(int fd, const struct addr *a, char *out, size_t outlen)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	if (a->any)
		snprintf(out, outlen, "0.0.0.0:%u",
		    addr_port_sa((struct sockaddr *)&ss));
	else
		addr_format_sa((struct sockaddr *)&ss, len, out, outlen);
	return 0;
}

/* The first free port of a range, begun at a random place. */
static int
bind_range(const struct addr *a, uint16_t lo, uint16_t hi, int backlog)
{
	unsigned count = (unsigned)(hi - lo) + 1, first, i;
	struct addr try = *a;
	int fd;

	first = arc4random_uniform(count);
	for (i = 0; i < count; i++) {
		try.port = (uint16_t)(lo + (first + i) % count);
		if (try.port == 0)
			continue;
		if ((fd = net_listen(&try, backlog, 0)) != -1)
			return fd;
		if (errno != EADDRINUSE && errno != EACCES)
			return -1;
	}
	errno = EADDRINUSE;
	return -1;
}

int
bindaddr(const struct addr *a, uint16_t lo, uint16_t hi, int backlog, int root,
    char *out, size_t outlen)
{
	int fd;

	if (a->kind == ADDR_UNIX) {
		strlcpy(out, a->text, outlen);
		return bind_path(a, backlog, root);
	}
	if (a->port == 0 && hi != 0)
		fd = bind_range(a, lo, hi, backlog);
	else
		fd = net_listen(a, backlog, 0);
	if (fd != -1 && bound_name(fd, a, out, outlen) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

void
bindaddr_unlink(const struct addr *a, int root)
{
	const char *base;
	int dir;

	if ((dir = open_dir(a, root, &base)) == -1)
		return;
	(void)unlinkat(dir, base, 0);
	close(dir);
}

/* One step down; neither up nor by a symbolic link. */
static int
step(int at, const char *name)
{
	struct stat st;
	int fd, error = 0;

	if (name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0) {
		errno = EINVAL;
		return -1;
	}
	if ((fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		error = errno;
	else if (S_ISLNK(st.st_mode))
		error = ELOOP;
	if (error == 0)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

/* As open_beneath(), but by calls into which a filter can look. */
static int
walk(int root, const char *path)
{
	char name[NAME_MAX + 1];
	int at = root, fd, saved;
	size_t n;

	for (;; path += n + 1) {
		n = strcspn(path, "/");
		if (n >= sizeof(name)) {
			errno = ENAMETOOLONG;
			fd = -1;
		} else {
			(void)strlcpy(name, path, n + 1);
			fd = step(at, name);
		}
		saved = errno;
		if (at != root)
			close(at);
		errno = saved;
		if (fd == -1 || path[n] == '\0')
			return fd;
		at = fd;
	}
}

int
bindaddr_open(const struct addr *a, int root)
{
	if (root == -1) {
		errno = ENOENT;
		return -1;
	}
	return walk(root, a->text + 1);
}
