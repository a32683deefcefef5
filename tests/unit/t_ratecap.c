/*
 * Clocks of caps: what there is room for, what it costs, what two who share a
 * file see; and that a wild clock is no end of a slot.
 */
#include "ratecap.h"

#include <sys/mman.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define MIB (1024 * 1024)
#define RATE (10 * MIB)
#define BURST (RATE / 10)
#define KIB64 65536

static struct ratecap *caps, *same;
static unsigned ms;

static size_t
room(uint32_t slot, uint64_t rate, size_t want)
{
	return ratecap_room(caps, slot, rate, want, &ms);
}

static void
files(void)
{
	int fd = memfd_create("other", MFD_ALLOW_SEALING);

	if (fd == -1 || ftruncate(fd, RATECAP_SLOTS * sizeof(uint64_t)) == -1)
		exit(1);
	ok(ratecap_map(fd) == NULL && errno == EINVAL,
	    "a file that can be cut is refused");
	if (ftruncate(fd, 8) == -1 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
		exit(1);
	ok(ratecap_map(fd) == NULL && errno == EINVAL, "so is a short one");
	close(fd);
	ok(ratecap_map(-1) == NULL && errno == EBADF, "so is none");
	ratecap_unmap(NULL);

	if ((fd = ratecap_make()) == -1 || (caps = ratecap_map(fd)) == NULL ||
	    (same = ratecap_map(fd)) == NULL)
		exit(1);
	ok(ftruncate(fd, 0) == -1, "ours cannot be cut");
	close(fd);
}

static void
no_caps(void)
{
	is_int(room(0, RATE, MIB), MIB, "slot 0 is no cap");
	is_int(room(1, 0, MIB), MIB, "nor is a rate of 0");
	is_int(room(RATECAP_SLOTS, RATE, MIB), MIB,
	    "nor a slot that is not there");
	is_int(ratecap_room(NULL, 1, RATE, MIB, &ms), MIB, "nor no clocks");
	ratecap_spent(caps, RATECAP_SLOTS, RATE, MIB);
	ratecap_spent(caps, 0, RATE, MIB);
	ratecap_spent(NULL, 1, RATE, MIB);
	is_int(room(1, RATE, 0), 0, "who wants nothing gets it");
	is_int(ms, 0, "at once");
}

static void
bursts(void)
{
	is_int(room(2, RATE, RATE), BURST, "at rest: a tenth of a second");
	is_int(room(2, RATE, 1000), 1000, "or what is wanted");
	is_int(room(2, 1000, MIB), KIB64, "64 KiB at least");
	ratecap_spent(same, 2, RATE, BURST);
	ok(room(2, RATE, MIB) < BURST / 2, "what another sent is spent");
	is_int(room(3, RATE, MIB), BURST, "of that slot alone");
	ratecap_spent(caps, 2, RATE, BURST);
	is_int(room(2, RATE, MIB), 0, "more than a burst is a debt");
	ok(ms > 50 && ms < 150, "that takes its time: %u ms", ms);
	is_int(ratecap_piece(RATE), BURST / 4, "a piece is a quarter of it");
	is_int(ratecap_piece(1), KIB64 / 4, "or of 64 KiB");
}

static void
low_rates(void)
{
	ratecap_spent(caps, 4, 1, KIB64);
	is_int(room(4, 1, MIB), 0, "a byte a second: nothing now");
	ok(ms >= 900 && ms <= 1000, "in a second: %u ms", ms);
	ratecap_spent(caps, 4, 1, 1000);
	is_int(room(4, 1, MIB), 0, "nor after more");
	is_int(ms, 1000, "a wait has an end");
}

/* A slot that was slow, or whose clock somebody set wrong. */
static void
wild_clocks(void)
{
	ratecap_spent(caps, 5, 1, SIZE_MAX / 2);
	is_int(room(5, RATE, MIB), 0, "a far debt is one");
	for (int i = 0; i < 4 && room(5, RATE, MIB) == 0; i++)
		usleep(ms * 1000);
	ok(room(5, RATE, MIB) > 0, "but not for ever");
	is_int(room(6, UINT64_MAX, MIB), MIB, "a wild rate");
	ratecap_spent(caps, 6, UINT64_MAX, MIB);
	ratecap_spent(caps, 6, UINT64_MAX, SIZE_MAX);
	(void)room(6, UINT64_MAX, SIZE_MAX);
	ok(ms <= 1000, "is one like others");
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
rate(void)
{
	double began = seconds(), took;
	size_t n, sent = 0;

	while (seconds() - began < 0.5) {
		n = room(7, RATE, MIB);
		if (n == 0)
			usleep(ms * 1000);
		ratecap_spent(caps, 7, RATE, n);
		sent += n;
	}
	took = seconds() - began;
	printf("# %.3f of the rate\n", (double)sent / RATE / took);
	ok(sent > RATE * took / 2 && sent < RATE * took * 3 / 2,
	    "in the end it is the rate");
}

int
main(void)
{
	files();
	no_caps();
	bursts();
	low_rates();
	wild_clocks();
	rate();
	ratecap_unmap(caps);
	ratecap_unmap(same);
	return done_testing();
}
