#include "xline.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "casemap.h"
#include "conf.h"
#include "server.h"
#include "xline_impl.h"

struct xlines xlines_set = STAILQ_HEAD_INITIALIZER(xlines_set);
static struct xlines xlines_conf = STAILQ_HEAD_INITIALIZER(xlines_conf);
unsigned xlines_count;

/* ---- masks -------------------------------------------------------------- */

/* Take a mask apart, and how the set writes it into text.  NULL with a
 * message in err. */
static struct conf_from *
parse(const char *mask, char text[static XLINE_TEXT], char *err, size_t errlen)
{
	struct conf_from *f = conf_from_parse(mask, err, errlen);

	if (f == NULL)
		return NULL;
	/* '#' begins a note in the file. */
	if (*mask != '#' && conf_from_text(f, text, XLINE_TEXT) == 0)
		return f;
	snprintf(err, errlen, "%.60s: not a mask of user@host", mask);
	conf_from_free(f);
	return NULL;
}

static bool
wide(const struct conf_from *f, const char *text)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(&f->net.ip);
	unsigned letters = 0;

	if (f->host == NULL && strcmp(f->user, "*") == 0)
		return f->net.bits < (v4 ? 96 + 8 : 16);
	for (; *text != '\0'; text++)
		letters += strchr("*?.:@~", *text) == NULL;
	return letters < XLINE_WIDE;
}

int
xline_check(const char *mask, char *err, size_t errlen)
{
	char text[XLINE_TEXT];
	struct conf_from *f = parse(mask, text, err, errlen);
	int r = 0;

	if (f == NULL)
		return -1;
	if (wide(f, text)) {
		snprintf(err, errlen, "%.60s: the mask is too wide", text);
		r = -1;
	} else if (f->host != NULL && isdigit((unsigned char)*f->host) &&
		   strchr(f->host, '/') != NULL) {
		/* It would be a host name that nobody has. */
		snprintf(err, errlen,
		    "%.60s: not a network; write 10.0.0.0/8 or fd00::/8", mask);
		r = -1;
	}
	conf_from_free(f);
	return r;
}

/* ---- matching ----------------------------------------------------------- */

struct who {
	const char *user, *host, *ip;
	const struct in6_addr *addr;
};

static bool
from_hit(const struct conf_from *f, const struct who *w)
{
	const struct in6_addr *addr = w->addr;

	if (addr != NULL && IN6_IS_ADDR_UNSPECIFIED(addr))
		addr = NULL;
	if (conf_from_match1(f, w->user, w->host, w->ip, addr))
		return true;
	return w->user != NULL && w->user[0] == '~' &&
	       conf_from_match1(f, w->user + 1, w->host, w->ip, addr);
}

bool
xline_hits(const char *mask, const char *user, const char *host, const char *ip,
    const struct in6_addr *addr)
{
	struct who w = { user, host, ip, addr };
	char text[XLINE_TEXT], err[256];
	struct conf_from *f = parse(mask, text, err, sizeof(err));
	bool r = f != NULL && from_hit(f, &w);

	conf_from_free(f);
	return r;
}

bool
xline_hit(const struct xline *x, const char *user, const char *host,
    const char *ip, const struct in6_addr *addr)
{
	const struct hold *h = (const struct hold *)(const void *)x;
	struct who w = { user, host, ip, addr };

	return from_hit(h->from, &w);
}

const char *
xline_match(const char *user, const char *host, const char *ip,
    const struct in6_addr *addr)
{
	struct who w = { user, host, ip, addr };
	const struct xline *x = NULL;

	while ((x = xline_each(x)) != NULL)
		if (from_hit(((const struct hold *)(const void *)x)->from, &w))
			return x->reason;
	return NULL;
}

/* ---- one ---------------------------------------------------------------- */

static void
hold_free(struct hold *h)
{
	if (h == NULL)
		return;
	conf_from_free(h->from);
	free(h->x.reason);
	free(h->x.setter);
	free(h);
}

/* NULL with errno. */
static struct hold *
hold_new(const char *mask, const char *reason, const char *setter)
{
	char text[XLINE_TEXT], err[256];
	struct conf_from *f = parse(mask, text, err, sizeof(err));
	struct hold *h;

	if (f == NULL) {
		errno = EINVAL;
		return NULL;
	}
	if ((h = calloc(1, sizeof(*h) + strlen(text) + 1)) == NULL) {
		conf_from_free(f);
		return NULL;
	}
	h->from = f;
	h->x.mask = memcpy(h->mask, text, strlen(text) + 1);
	h->x.when = me.wall;
	h->x.reason = strdup(reason);
	h->x.setter = setter == NULL ? NULL : strdup(setter);
	if (h->x.reason == NULL || (setter != NULL && h->x.setter == NULL)) {
		hold_free(h);
		errno = ENOMEM;
		return NULL;
	}
	return h;
}

/* ---- the set ------------------------------------------------------------ */

static void
clear(struct xlines *list)
{
	struct hold *h;

	while ((h = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, entry);
		hold_free(h);
	}
}

static void
drop(struct hold *h)
{
	STAILQ_REMOVE(&xlines_set, h, hold, entry);
	xlines_count--;
	hold_free(h);
}

void
xline_expire(void)
{
	struct hold *h, *next;

	STAILQ_FOREACH_SAFE(h, &xlines_set, entry, next)
	if (h->x.expires != 0 && h->x.expires <= me.wall)
		drop(h);
}

static struct hold *
find(struct xlines *list, const char *mask)
{
	char text[XLINE_TEXT], err[256];
	struct conf_from *f = parse(mask, text, err, sizeof(err));
	struct hold *h;

	if (f == NULL)
		return NULL;
	conf_from_free(f);
	STAILQ_FOREACH(h, list, entry)
		if (irc_casecmp(h->x.mask, text) == 0)
			break;
	return h;
}

const struct xline *
xline_find(const char *mask)
{
	const struct hold *h;

	xline_expire();
	h = find(&xlines_set, mask);
	return h == NULL ? NULL : &h->x;
}

int
xline_add(const char *mask, const char *reason, const char *setter,
    time_t expires)
{
	struct hold *h, *old;

	if (*reason == '\0') {
		errno = EINVAL;
		return -1;
	}
	xline_expire();
	old = find(&xlines_set, mask);
	if (old == NULL && xlines_count >= XLINES_MAX) {
		errno = ENOSPC;
		return -1;
	}
	if ((h = hold_new(mask, reason, setter)) == NULL)
		return -1;
	h->x.expires = expires;
	if (old != NULL)
		drop(old);
	STAILQ_INSERT_TAIL(&xlines_set, h, entry);
	xlines_count++;
	return 0;
}

int
xline_del(const char *mask)
{
	struct hold *h;

	xline_expire();
	if ((h = find(&xlines_set, mask)) != NULL) {
		drop(h);
		return 0;
	}
	errno = find(&xlines_conf, mask) != NULL ? EPERM : ENOENT;
	return -1;
}

int
xline_conf(const struct conf *conf)
{
	struct xlines list = STAILQ_HEAD_INITIALIZER(list);
	const struct conf_kline *k;
	struct hold *h;

	STAILQ_FOREACH(k, &conf->klines, entry) {
		if ((h = hold_new(k->mask, k->reason, NULL)) == NULL) {
			clear(&list);
			return -1;
		}
		STAILQ_INSERT_TAIL(&list, h, entry);
	}
	clear(&xlines_conf);
	STAILQ_CONCAT(&xlines_conf, &list);
	return 0;
}

const struct xline *
xline_each(const struct xline *x)
{
	const struct hold *h = (const struct hold *)(const void *)x;

	if (h == NULL) {
		xline_expire();
		h = STAILQ_FIRST(&xlines_conf);
	} else
		h = STAILQ_NEXT(h, entry);
	if (h == NULL && (x == NULL || x->setter == NULL))
		h = STAILQ_FIRST(&xlines_set);
	return h == NULL ? NULL : &h->x;
}

void
xline_clear(void)
{
	clear(&xlines_set);
	clear(&xlines_conf);
	xlines_count = 0;
	xline_forget_kept();
}
