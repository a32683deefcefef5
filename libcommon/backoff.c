#include "backoff.h"

const struct backoff_plan backoff_reconnect = {
	.first = 200,
	.quick = 2000,
	.window = 30000,
	.slow = 30000,
	.steady = 5000,
};

const struct backoff_plan backoff_probe = {
	.first = 200,
	.quick = 30000,
	.window = 30000,
	.slow = 30000,
	.steady = 5000,
};

static bool
series_is_over(const struct backoff *b, const struct backoff_plan *plan,
    uint64_t now)
{
	return b->delay == 0 || (b->ok && now - b->ok_at >= plan->steady);
}

uint32_t
backoff_next(struct backoff *b, const struct backoff_plan *plan, uint64_t now,
    uint32_t random)
{
	uint32_t limit;

	if (series_is_over(b, plan, now)) {
		b->since = now;
		b->delay = plan->first;
	} else {
		limit =
		    now - b->since < plan->window ? plan->quick : plan->slow;
		b->delay = b->delay < limit / 2 ? b->delay * 2 : limit;
	}
	b->ok = false;
	return b->delay - random % (b->delay / 2 + 1);
}

void
backoff_ok(struct backoff *b, uint64_t now)
{
	if (!b->ok)
		b->ok_at = now;
	b->ok = true;
}

bool
backoff_say(uint64_t *said, uint64_t now)
{
	if (*said != 0 && now - *said < BACKOFF_SAY)
		return false;
	*said = now;
	return true;
}
