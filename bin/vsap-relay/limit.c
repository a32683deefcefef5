#include "limit.h"

#include <sys/resource.h>

#define RESERVE 64 /* for pipes, name servers, logs */

size_t
limit_streams(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return RESERVE;
	if (rl.rlim_cur < rl.rlim_max) {
		rl.rlim_cur = rl.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
		if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
			return RESERVE;
	}
	if (rl.rlim_cur < RESERVE * 2)
		return rl.rlim_cur / 4;
	return (rl.rlim_cur - RESERVE) / 2;
}
