#ifndef LIMIT_H
#define LIMIT_H

#include <stddef.h>

/*
 * Raise the limit of descriptors as far as it goes.  Returns how many
 * streams fit below it, two descriptors each, with some left for pipes and
 * for what is open anyway.
 */
size_t limit_streams(void);

#endif
