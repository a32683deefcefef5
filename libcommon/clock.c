#include "clock.h"

time_t
clock_seconds(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		return 1;
	return ts.tv_sec + 1;
}
