/*
 * Where there is no confinement that we know.
 */
#include "sandbox.h"

#include <sys/types.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool
sandbox_works(void)
{
	return false;
}

int
sandbox_drop(uid_t uid, gid_t gid, char *err, size_t errlen)
{
	if (getuid() != 0 || uid == 0)
		return 0;
	if (setgroups(0, NULL) == 0 && setgid(gid) == 0 && setuid(uid) == 0)
		return 0;
	snprintf(err, errlen, "cannot become user %u: %s", (unsigned)uid,
	    strerror(errno));
	return -1;
}

static int
nothing(char *err, size_t errlen)
{
	if (errlen > 0)
		*err = '\0';
	return 0;
}

int
sandbox_irc_server(const struct sandbox_paths *paths, char *err, size_t errlen)
{
	(void)paths;
	return nothing(err, errlen);
}

int
sandbox_vsapd_control(const struct sandbox_paths *paths, char *err,
    size_t errlen)
{
	(void)paths;
	return nothing(err, errlen);
}

int
sandbox_relay_worker(char *err, size_t errlen)
{
	return nothing(err, errlen);
}

int
sandbox_tls_worker(char *err, size_t errlen)
{
	return nothing(err, errlen);
}

int
sandbox_passwords(char *err, size_t errlen)
{
	return nothing(err, errlen);
}
