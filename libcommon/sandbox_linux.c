/*
 * Confinement on Linux, by role.  A seccomp filter decides by the call and
 * its plain arguments; Landlock, which sees paths, by the file.
 */
#include "sandbox_linux.h"

#include <sys/prctl.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

bool
sandbox_works(void)
{
	return !SANITIZED;
}

int
sandbox_failed(char *err, size_t errlen, const char *what, int error)
{
	snprintf(err, errlen, "%s: %s", what, strerror(error));
	return -1;
}

int
sandbox_drop(uid_t uid, gid_t gid, char *err, size_t errlen)
{
	if (getuid() == 0 && uid != 0 &&
	    (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
		setresuid(uid, uid, uid) == -1)) {
		snprintf(err, errlen, "cannot become user %u: %s",
		    (unsigned)uid, strerror(errno));
		return -1;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return sandbox_failed(err, errlen, "no_new_privs", errno);
	/* The sanitizers look for leaks by tracing. */
	if (!SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return sandbox_failed(err, errlen, "not dumpable", errno);
	return 0;
}

int
sandbox_calls(unsigned calls, char *err, size_t errlen)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (ctx == NULL)
		return sandbox_failed(err, errlen, "seccomp", ENOMEM);
	/* A tree of calls rather than a list; not in every version. */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = sandbox_add_calls(ctx, calls);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r == 0 ? 0 : sandbox_failed(err, errlen, "seccomp", -r);
}

/* Files first: seccomp would not let Landlock be asked. */
static int
confine(unsigned calls, const char *const *own, const char *const *more,
    char *err, size_t errlen)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return sandbox_failed(err, errlen, "no_new_privs", errno);
	if (sandbox_files(own, more, err, errlen) == -1)
		return -1;
	return sandbox_calls(calls, err, errlen);
}

/*
 * A loop that resolves names.  The folder of resolv.conf, since that is a new
 * file each time that it is written; c-ares makes its query numbers of what
 * it reads in urandom.
 */
static int
confine_loop(unsigned calls, const struct sandbox_paths *paths, char *err,
    size_t errlen)
{
	char folder[PATH_MAX];
	const char *const own[] = { "/etc", "/usr/share/zoneinfo",
		"/dev/urandom", sandbox_resolv_folder(folder, sizeof(folder)),
		NULL };

	return confine(calls, own, paths == NULL ? NULL : paths->read, err,
	    errlen);
}

/* --- roles ------------------------------------------------------------- */

int
sandbox_irc_server(const struct sandbox_paths *paths, char *err, size_t errlen)
{
	if (SANITIZED)
		return 0;
	return confine_loop(CALLS_STREAMS | CALLS_SOCKETS | CALLS_READ, paths,
	    err, errlen);
}

int
sandbox_vsapd_control(const struct sandbox_paths *paths, char *err,
    size_t errlen)
{
	if (SANITIZED)
		return 0;
	return confine_loop(CALLS_STREAMS | CALLS_SOCKETS | CALLS_READ, paths,
	    err, errlen);
}

int
sandbox_relay_worker(char *err, size_t errlen)
{
	if (SANITIZED)
		return 0;
	return confine(CALLS_STREAMS | CALLS_SPLICE, NULL, NULL, err, errlen);
}

int
sandbox_tls_worker(char *err, size_t errlen)
{
	if (SANITIZED)
		return 0;
	return confine(CALLS_STREAMS | CALLS_MEMFILE, NULL, NULL, err, errlen);
}

int
sandbox_passwords(char *err, size_t errlen)
{
	if (SANITIZED)
		return 0;
	return sandbox_calls(0, err, errlen);
}
