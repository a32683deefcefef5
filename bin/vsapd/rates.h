#ifndef RATES_H
#define RATES_H

/*
 * Whose streams share a bandwidth cap: an owner has one slot of the workers'
 * shared clocks (ratecap.h) as long as there are streams of his.
 */

#include <stdint.h>

struct rates;

struct rates *rates_new(void); /* NULL: no memory */

/* The owner's slot for one stream more; 0: none is free, or no memory. */
uint32_t rates_take(struct rates *, const char *owner);
void rates_give(struct rates *, uint32_t slot); /* 0 is fine */

#endif
