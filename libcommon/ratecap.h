#ifndef RATECAP_H
#define RATECAP_H

/*
 * Bandwidth caps that all workers of a gateway share: an array of clocks in a
 * memory file.  A slot's clock is the time until which what was sent has used
 * up its rate (the generic cell rate algorithm), moved on by one atomic
 * exchange.  Slot 0 is no cap.  Level: tier 1.
 */

#include <stddef.h>
#include <stdint.h>

#define RATECAP_SLOTS 4096

struct ratecap;

/* The memory file for spawned workers; -1 with errno. */
int ratecap_make(void);
/* Map it (also in a worker); the descriptor stays the caller's.  NULL with
 * errno; EINVAL: it is none of ratecap_make(). */
struct ratecap *ratecap_map(int fd);
void ratecap_unmap(struct ratecap *);

/*
 * How many bytes may be moved now, want at most, at rate bytes a second (a
 * burst of a tenth of a second, 64 KiB at least); 0: *wait_ms tells how long
 * to wait.  ratecap_spent() tells what was moved.
 */
size_t ratecap_room(struct ratecap *, uint32_t slot, uint64_t rate, size_t want,
    unsigned *wait_ms);
void ratecap_spent(struct ratecap *, uint32_t slot, uint64_t rate, size_t n);

/* What one of several streams of a slot may ask for at a time, so that the
 * others are not starved: a quarter of the burst. */
size_t ratecap_piece(uint64_t rate);

#endif
