/*
 * A slot's clock, tat, runs ahead of the time by what was sent and is not
 * paid for: there is room while it is less than a burst ahead.  Who sends
 * moves it on, whatever the room was; so the workers need no lock, what one
 * took too much another waits for, and the rate is right in the end.
 */
#include "ratecap.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#define NSEC 1000000000ULL
#define NSEC_MS 1000000ULL
#define BURST_LEAST (64 * 1024)
#define BURST_PIECES 4
#define LEAST_PART 16	      /* of a burst, to be worth a turn */
#define DEBT_MAX 16	      /* bursts that the clock may be ahead */
#define WAIT_MAX 1000	      /* ms; then it is looked at again */
#define RATE_MAX (1ULL << 34) /* keeps the products below in 64 bits */
#define COST_MAX (1ULL << 24) /* seconds */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

struct ratecap {
	_Atomic uint64_t tat[RATECAP_SLOTS]; /* ns of the monotonic clock */
};

int
ratecap_make(void)
{
	int fd, saved;

	fd = memfd_create("ratecap", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -1;
	if (ftruncate(fd, sizeof(struct ratecap)) == -1 ||
	    fcntl(fd, F_ADD_SEALS, SEALS) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* A file that could be cut would kill who looks at it. */
struct ratecap *
ratecap_map(int fd)
{
	struct ratecap *c;
	struct stat st;
	int seals;

	if (fstat(fd, &st) == -1 || (seals = fcntl(fd, F_GET_SEALS)) == -1)
		return NULL;
	if (st.st_size != sizeof(struct ratecap) || !(seals & F_SEAL_SHRINK)) {
		errno = EINVAL;
		return NULL;
	}
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (c == MAP_FAILED)
		return NULL;
	return c;
}

void
ratecap_unmap(struct ratecap *c)
{
	if (c != NULL)
		(void)munmap(c, sizeof(*c));
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		return 0;
	return (uint64_t)ts.tv_sec * NSEC + (uint64_t)ts.tv_nsec;
}

static bool
no_cap(const struct ratecap *c, uint32_t slot, uint64_t rate)
{
	return c == NULL || slot == 0 || slot >= RATECAP_SLOTS || rate == 0;
}

static uint64_t
sane(uint64_t rate)
{
	return rate > RATE_MAX ? RATE_MAX : rate;
}

/* The time that n bytes take, in bounds. */
static uint64_t
cost(uint64_t n, uint64_t rate)
{
	uint64_t seconds = n / rate;

	if (seconds > COST_MAX)
		seconds = COST_MAX;
	return seconds * NSEC + n % rate * NSEC / rate;
}

static uint64_t
burst(uint64_t rate)
{
	return rate / 10 > BURST_LEAST ? rate / 10 : BURST_LEAST;
}

size_t
ratecap_piece(uint64_t rate)
{
	return burst(sane(rate)) / BURST_PIECES;
}

/*
 * Where the clock stands: not in the past, which would be saved up, nor so
 * far ahead as no worker brings it (the rate was far lower when it was set).
 */
static uint64_t
clock_at(uint64_t tat, uint64_t now, uint64_t rate)
{
	uint64_t last = now + DEBT_MAX * cost(burst(rate), rate);

	if (tat < now)
		return now;
	return tat > last ? last : tat;
}

/* What is worth a turn: neither the last byte of room nor a long wait. */
static size_t
least(uint64_t rate, size_t want)
{
	uint64_t n = burst(rate) / LEAST_PART;

	if (n > rate / 10)
		n = rate / 10;
	if (n > want)
		n = want;
	return n > 0 ? n : 1;
}

static unsigned
milliseconds(uint64_t ns)
{
	uint64_t ms = ns / NSEC_MS + 1;

	return ms > WAIT_MAX ? WAIT_MAX : (unsigned)ms;
}

size_t
ratecap_room(struct ratecap *c, uint32_t slot, uint64_t rate, size_t want,
    unsigned *wait_ms)
{
	uint64_t now, seen, tat, end, need, room;

	*wait_ms = 0;
	if (no_cap(c, slot, rate) || want == 0)
		return want;
	rate = sane(rate);
	now = now_ns();
	seen = atomic_load_explicit(&c->tat[slot], memory_order_relaxed);
	tat = clock_at(seen, now, rate);
	if (tat < seen) /* set it right, or it would stay as far ahead */
		(void)atomic_compare_exchange_strong(&c->tat[slot], &seen, tat);
	end = now + cost(burst(rate), rate);
	need = cost(least(rate, want), rate);
	if (tat + need > end) {
		*wait_ms = milliseconds(tat + need - end);
		return 0;
	}
	room = (end - tat) / NSEC * rate + (end - tat) % NSEC * rate / NSEC;
	return room < want ? room : want;
}

void
ratecap_spent(struct ratecap *c, uint32_t slot, uint64_t rate, size_t n)
{
	uint64_t now, old, new;

	if (no_cap(c, slot, rate) || n == 0)
		return;
	rate = sane(rate);
	now = now_ns();
	old = atomic_load_explicit(&c->tat[slot], memory_order_relaxed);
	do
		new = clock_at(old, now, rate) + cost(n, rate);
	while (!atomic_compare_exchange_weak(&c->tat[slot], &old, new));
}
