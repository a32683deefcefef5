/*
 * Which files may be read.  Nothing else is left: neither writing, nor making
 * and removing, nor running.
 */
#include "sandbox_linux.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Since version 3 of Landlock; not in all headers. */
#define FS_TRUNCATE (1ULL << 14)

#define FS_READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* All that this kernel can refuse; 0: it has no Landlock. */
static uint64_t
rights(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (version < 1)
		return 0;
	if (version >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		all |= FS_TRUNCATE;
	return all;
}

/* Let path and what is below it be read, if there is such a path. */
static int
allow(int rules, const char *path)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = FS_READ };
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;
	long r = -1;

	if (fd == -1 &&
	    (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
		return 0;
	if (fd == -1)
		return -1;
	rule.parent_fd = fd;
	if (fstat(fd, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			rule.allowed_access = FS_READ_FILE;
		r = syscall(SYS_landlock_add_rule, rules,
		    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	}
	close(fd);
	return r == -1 ? -1 : 0;
}

static int
allow_all(int rules, const char *const *paths)
{
	for (; paths != NULL && *paths != NULL; paths++)
		if (allow(rules, *paths) == -1)
			return -1;
	return 0;
}

const char *
sandbox_resolv_folder(char *out, size_t outlen)
{
	char path[PATH_MAX], *slash;

	if (realpath("/etc/resolv.conf", path) == NULL ||
	    (slash = strrchr(path, '/')) == NULL || slash == path)
		return NULL;
	*slash = '\0';
	return strlcpy(out, path, outlen) < outlen ? out : NULL;
}

int
sandbox_files(const char *const *own, const char *const *more, char *err,
    size_t errlen)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = rights() };
	int rules, error = 0;

	if (attr.handled_access_fs == 0)
		return 0;
	rules =
	    (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (rules == -1)
		return sandbox_failed(err, errlen, "landlock", errno);
	if (allow_all(rules, own) == -1 || allow_all(rules, more) == -1 ||
	    syscall(SYS_landlock_restrict_self, rules, 0) == -1)
		error = errno;
	close(rules);
	return error == 0 ? 0 : sandbox_failed(err, errlen, "landlock", error);
}
