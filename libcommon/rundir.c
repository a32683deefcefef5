#include "rundir.h"

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runpath.h"

static int
failed(char *err, size_t errlen, const char *what)
{
	int saved = errno;

	snprintf(err, errlen, "%s: %s", what, strerror(saved));
	errno = saved;
	return -1;
}

int
rundir_make(const char *dir, char *err, size_t errlen)
{
	mode_t mode = getuid() == 0 ? 0755 : 0700;
	struct stat st;

	if (mkdir(dir, mode) == -1 && errno != EEXIST)
		return failed(err, errlen, dir);
	/* Not through a link, which in a shared folder may be a trap. */
	if (lstat(dir, &st) == -1)
		return failed(err, errlen, dir);
	if (!S_ISDIR(st.st_mode) || st.st_uid != getuid() ||
	    (st.st_mode & 0022) != 0) {
		snprintf(err, errlen,
		    "%s: must be a directory of yours that no one else may "
		    "write to",
		    dir);
		return -1;
	}
	return 0;
}

int
rundir_write_pid(int lock)
{
	char pid[32];
	int len = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());

	if (ftruncate(lock, 0) == -1 ||
	    pwrite(lock, pid, (size_t)len, 0) != len)
		return -1;
	return 0;
}

int
rundir_unlock(int lock)
{
	int r;

	if (lock == -1)
		return 0;
	r = ftruncate(lock, 0);
	close(lock);
	return r;
}

static int
taken(int fd, const char *path, const char *prog, char *err, size_t errlen)
{
	char pid[32] = "";
	ssize_t n;

	if ((n = read(fd, pid, sizeof(pid) - 1)) > 0)
		pid[strcspn(pid, "\n")] = '\0';
	close(fd);
	snprintf(err, errlen,
	    "%s: another %s runs here (pid %s): stop it, or give this one its "
	    "own -R directory",
	    path, prog, pid[0] != '\0' ? pid : "?");
	errno = EWOULDBLOCK;
	return -1;
}

int
rundir_lock(const char *dir, const char *prog, char *err, size_t errlen)
{
	char name[64], path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;

	snprintf(name, sizeof(name), "%s.lock", prog);
	if (runpath_join(path, sizeof(path), dir, name) == -1) {
		snprintf(err, errlen, "%s: too long: choose a shorter -R", dir);
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return failed(err, errlen, path);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		return taken(fd, path, prog, err, errlen);
	if (rundir_write_pid(fd) == -1) {
		(void)failed(err, errlen, path);
		close(fd);
		return -1;
	}
	return fd;
}

static bool
answers(const char *path, int type)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	bool alive;
	int fd;

	strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
	if ((fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) ==
	    -1)
		return true;
	alive = connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 ||
		errno == EAGAIN;
	close(fd);
	return alive;
}

/* Remove the socket of one who is gone.  What is no socket stays. */
static int
clear_stale(const char *path, int type)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	if (answers(path, type)) {
		errno = EADDRINUSE;
		return -1;
	}
	return unlink(path);
}

int
rundir_listen(const char *path, int type, int backlog, mode_t mode)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	mode_t old;
	int fd, r;

	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (clear_stale(path, type) == -1)
		return -1;
	if ((fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) ==
	    -1)
		return -1;
	old = umask(~mode & 0777);
	r = bind(fd, (struct sockaddr *)&sun, sizeof(sun));
	umask(old);
	if (r == -1 || listen(fd, backlog) == -1) {
		r = errno;
		close(fd);
		errno = r;
		return -1;
	}
	return fd;
}
