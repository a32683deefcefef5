/*
 * Days and times in which a rule holds.
 */
#include "conf_impl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MINUTES_OF_DAY (24 * 60)

/* "mon" or "monday"; its length, or 0. */
static size_t
day(const char *s, unsigned *number)
{
	static const char *const names[] = { "sunday", "monday", "tuesday",
		"wednesday", "thursday", "friday", "saturday" };
	size_t n = strcspn(s, "-");

	for (unsigned i = 0; i < 7; i++)
		if ((n == 3 || n == strlen(names[i])) &&
		    strncasecmp(s, names[i], n) == 0) {
			*number = i;
			return n;
		}
	return 0;
}

int
conf_parse_days(const char *s, unsigned *days)
{
	unsigned first, last;
	size_t n;

	if ((n = day(s, &first)) == 0)
		return -1;
	last = first;
	s += n;
	if (*s == '-') {
		if ((n = day(++s, &last)) == 0)
			return -1;
		s += n;
	}
	if (*s != '\0')
		return -1;
	*days = 1U << last;
	for (unsigned i = first; i != last; i = (i + 1) % 7)
		*days |= 1U << i;
	return 0;
}

static int
two_digits(const char *s, unsigned max, unsigned *n)
{
	if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
		return -1;
	*n = (unsigned)((s[0] - '0') * 10 + s[1] - '0');
	return *n <= max ? 0 : -1;
}

/* HH:MM, 24:00 too. */
static int
minutes(const char *s, unsigned *n)
{
	unsigned h, m;

	if (two_digits(s, 24, &h) == -1 || s[2] != ':' ||
	    two_digits(s + 3, 59, &m) == -1)
		return -1;
	*n = h * 60 + m;
	return *n <= MINUTES_OF_DAY ? 0 : -1;
}

int
conf_parse_times(const char *s, unsigned *from, unsigned *to)
{
	unsigned a, b;

	if (strlen(s) != strlen("08:00-18:00") || s[5] != '-' ||
	    minutes(s, &a) == -1 || minutes(s + 6, &b) == -1 || a == b ||
	    a == MINUTES_OF_DAY)
		return -1;
	*from = a;
	*to = b;
	return 0;
}

/* What goes over midnight belongs to the day on which it begins. */
static bool
within(const struct conf_hours *h, unsigned wday, unsigned now)
{
	bool today = h->days & 1U << wday;
	bool yesterday = h->days & 1U << (wday + 6) % 7;

	if (h->from < h->to)
		return today && now >= h->from && now < h->to;
	return (today && now >= h->from) || (yesterday && now < h->to);
}

bool
conf_hours_match(const struct conf_hours_list *list, const struct tm *tm)
{
	unsigned now = (unsigned)(tm->tm_hour * 60 + tm->tm_min);
	const struct conf_hours *h;

	STAILQ_FOREACH(h, list, entry)
		if (within(h, (unsigned)tm->tm_wday, now))
			return true;
	return STAILQ_EMPTY(list);
}
