#include "runpath.h"

#include <sys/stat.h>
#include <sys/un.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits_vsap.h"

#define RUNPATH_ROOT "/run/vsapd"
#define RUNPATH_SOCK "vsapd.sock"

#define STR(x) #x
#define STRING(x) STR(x)

/* $XDG_RUNTIME_DIR/PROG; -1 where there is none that fits. */
static int
user_dir(const char *prog, char *out, size_t outlen)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	int n;

	if (xdg == NULL || xdg[0] != '/')
		return -1;
	n = snprintf(out, outlen, "%s/%s", xdg, prog);
	return n < 0 || (size_t)n >= outlen ? -1 : 0;
}

int
runpath_dir_of(const char *prog, char *out, size_t outlen, char *err,
    size_t errlen)
{
	int n;

	err[0] = '\0';
	if (geteuid() == 0) {
		n = snprintf(out, outlen, "/run/%s", prog);
		if (n > 0 && (size_t)n < outlen)
			return 0;
	}
	if (user_dir(prog, out, outlen) == 0)
		return 0;
	snprintf(err, errlen,
	    "no run directory: XDG_RUNTIME_DIR is not set "
	    "to an absolute path (name a directory by -R)");
	return -1;
}

int
runpath_dir(char *out, size_t outlen, char *err, size_t errlen)
{
	return runpath_dir_of("vsapd", out, outlen, err, errlen);
}

int
runpath_join(char *out, size_t outlen, const char *dir, const char *name)
{
	struct sockaddr_un sun;
	int n;

	n = snprintf(out, outlen, "%s/%s", dir, name);
	return n < 0 || (size_t)n >= outlen || (size_t)n >= sizeof(sun.sun_path)
		   ? -1
		   : 0;
}

bool
runpath_trusted(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	       (st.st_uid == geteuid() || st.st_uid == 0);
}

/* The socket in dir, if this user may use it. */
static bool
usable(char *out, size_t outlen, const char *dir)
{
	return runpath_join(out, outlen, dir, RUNPATH_SOCK) == 0 &&
	       runpath_trusted(out) && access(out, R_OK | W_OK) == 0;
}

const char *
runpath_server(const char *arg, char *out, size_t outlen)
{
	const char *env = getenv("VSAP_SERVER");
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];

	if (arg != NULL) {
		strlcpy(out, arg, outlen);
		return out;
	}
	if (env != NULL && env[0] != '\0') {
		strlcpy(out, env, outlen);
		return out;
	}
	if (user_dir("vsapd", dir, sizeof(dir)) == 0 &&
	    usable(out, outlen, dir))
		return out;
	if (usable(out, outlen, RUNPATH_ROOT))
		return out;
	strlcpy(out, "127.0.0.1:" STRING(VSAP_PORT), outlen);
	return out;
}
