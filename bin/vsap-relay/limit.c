#include "limit.h"

#include "proc.h"

#define RESERVE 64 /* for pipes, name servers, logs */

size_t
limit_streams(void)
{
	rlim_t n = proc_raise_nofile();

	if (n == 0)
		return RESERVE;
	return n < RESERVE * 2 ? n / 4 : (n - RESERVE) / 2;
}
