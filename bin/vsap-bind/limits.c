#include "limits.h"

#include <sys/resource.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bind.h"

#define FDS_OTHER 64 /* beside those of acceptors and associations */

static struct rlimit own;

/* An acceptor at each gateway and a target, for each of -m. */
static unsigned long long
most(const struct bind_conf *conf, rlim_t fds)
{
	if (fds <= FDS_OTHER)
		return 1;
	return (fds - FDS_OTHER) / (conf->nservers + 1);
}

int
limits_set(struct bind_conf *conf, char *err, unsigned long errlen)
{
	struct rlimit rl;
	unsigned long long n;

	if (getrlimit(RLIMIT_NOFILE, &own) == -1)
		goto fail;
	rl = own;
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		goto fail;
	n = most(conf, rl.rlim_cur);
	if (conf->max == 0)
		conf->max = n < BIND_MAX ? (unsigned)n : BIND_MAX;
	if (conf->max <= n)
		return 0;
	(void)snprintf(err, errlen,
	    "-m %u is more than %llu descriptors serve; write -m %llu, or "
	    "raise the limit (ulimit -n)",
	    conf->max, (unsigned long long)rl.rlim_cur, n);
	return -1;
fail:
	(void)snprintf(err, errlen, "descriptor limit: %s", strerror(errno));
	return -1;
}

int
limits_own(void)
{
	return setrlimit(RLIMIT_NOFILE, &own);
}
