#include "clock.h"

static struct timespec
now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		ts = (struct timespec){ 0 };
	return ts;
}

time_t
clock_seconds(void)
{
	return now().tv_sec + 1;
}

uint64_t
clock_ms(void)
{
	struct timespec ts = now();

	return (uint64_t)(ts.tv_sec + 1) * 1000 +
	       (uint64_t)ts.tv_nsec / 1000000;
}
