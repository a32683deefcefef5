#ifndef CLOCK_H
#define CLOCK_H

/* The time by which deadlines are kept: setting the system's clock, which
 * time(3) follows, neither shortens nor stretches them. */

#include <stdint.h>
#include <time.h>

/* Seconds since some moment in the past; more than 0. */
time_t clock_seconds(void);

/* Milliseconds since that moment. */
uint64_t clock_ms(void);

#endif
