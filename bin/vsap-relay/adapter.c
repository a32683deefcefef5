/*
 * A TLS end's life: the handshake in a worker, then a plain end in our
 * hands, then a stream of the worker's.
 */
#include "adapter_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "progress.h"

/* ---- ends --------------------------------------------------------------- */

static struct tls_end *
tls_end_new(struct adapter *a)
{
	struct tls_end *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	t->adapter = a;
	t->state = END_SHAKING;
	t->plain = -1;
	return t;
}

void
tls_end_free(struct tls_end *t)
{
	if (t->state == END_STREAM)
		LIST_REMOVE(t, entry);
	if (t->deadline != NULL)
		event_free(t->deadline);
	free(t);
}

void
tls_end_taken(struct tls_end *t)
{
	if (t != NULL)
		t->link = NULL;
}

/* No calls for it any more. */
static void
forget(struct tls_end *t)
{
	if (t->state != END_OVER)
		tlsfeed_forget(t->adapter->feed, t->id);
	tls_end_free(t);
}

void
end_forget(struct end *e)
{
	if (e->tls != NULL)
		forget(e->tls);
	e->tls = NULL;
}

/* ---- the handshake ------------------------------------------------------ */

static void
shaken(struct tls_end *t, const char *error)
{
	void (*call)(void *, const struct end *, const char *) = t->shaken;
	void *arg = t->arg;
	struct end end = { .fd = t->plain, .tls = t };

	t->plain = -1;
	t->shaken = NULL;
	event_del(t->deadline);
	if (error != NULL) {
		close(end.fd);
		end.fd = -1;
		end.tls = NULL;
		forget(t);
	}
	call(arg, &end, error);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	shaken(arg, "no TLS handshake in time");
}

/* The worker gets the connection, and the time begins.  fd is gone. */
static int
begin(struct tls_end *t, int fd, uint32_t conf, const char *host)
{
	struct adapter *a = t->adapter;
	struct timeval tv = { .tv_sec = a->relay->timeout };

	t->deadline = evtimer_new(a->relay->base, on_deadline, t);
	if (t->deadline == NULL || evtimer_add(t->deadline, &tv) == -1) {
		close(fd);
		errno = ENOMEM;
		return -1;
	}
	t->plain = tlsfeed_start(a->feed, fd, conf, host, NULL, 0, t, &t->id);
	return t->plain == -1 ? -1 : 0;
}

int
adapter_start(struct adapter *a, int fd, const char *host,
    void (*done)(void *, const struct end *, const char *), void *arg)
{
	struct tls_end *t = tls_end_new(a);
	int r;

	if (t == NULL) {
		close(fd);
		return -1;
	}
	t->shaken = done;
	t->arg = arg;
	if (host == NULL)
		r = begin(t, fd, ADAPTER_SERVER, NULL);
	else
		r = begin(t, fd, ADAPTER_CLIENT,
		    a->gwlink.name != NULL ? a->gwlink.name : host);
	if (r == -1)
		tls_end_free(t);
	return r;
}

/* The same for a link to a gateway, which has a time limit of its own. */
static int
start_link(void *arg, int conn, const char *name, struct gwlink *link,
    void **token)
{
	struct adapter *a = arg;
	struct tls_end *t = tls_end_new(a);
	int plain;

	if (t == NULL) {
		close(conn);
		return -1;
	}
	t->link = link;
	plain = tlsfeed_start(a->feed, conn, ADAPTER_CLIENT, name, NULL, 0, t,
	    &t->id);
	if (plain == -1)
		tls_end_free(t);
	else
		*token = t;
	return plain;
}

static void
forget_link(void *token)
{
	forget(token);
}

const struct gwlink_tls adapter_link_calls = {
	.start = start_link,
	.forget = forget_link,
};

const struct gwlink_tls *
adapter_gwlink(const struct adapter *a)
{
	return a == NULL ? NULL : &a->gwlink;
}

/* ---- what workers say --------------------------------------------------- */

static void
on_up(void *arg, void *user, const struct tls_peer *peer)
{
	struct tls_end *t = user;

	(void)arg;
	t->state = END_UP;
	if (t->link != NULL) {
		gwlink_up(t->link, peer);
		return;
	}
	progress_clear();
	log_debug("TLS: %s%s%s%s%s", peer->cipher,
	    peer->name[0] != '\0' ? ", " : "", peer->name,
	    peer->print[0] != '\0' ? ", " : "", peer->print);
	shaken(t, NULL);
}

/* What it carried goes to the count of those that are over. */
static void
stream_over(struct tls_end *t, struct relay_end *r)
{
	void (*done)(void *, const struct relay_end *) = t->done;
	void *arg = t->arg;
	uint64_t ab = r->ab;

	if (t->back) {
		r->ab = r->ba;
		r->ba = ab;
	}
	r->id = t->serial;
	t->adapter->there += r->ab;
	t->adapter->back += r->ba;
	tls_end_free(t);
	done(arg, r);
}

static void
on_down(void *arg, void *user, const char *reason)
{
	struct relay_end reset = { .cause = RELAY_RESET };
	struct tls_end *t = user;
	enum end_state state = t->state;
	struct gwlink *link = t->link;
	char shown[1024], text[sizeof(shown) + 8];

	(void)arg;
	if (state == END_STREAM) {
		stream_over(t, &reset);
		return;
	}
	t->state = END_OVER;
	if (link != NULL) {
		tls_end_free(t);
		gwlink_down(link, reason);
		return;
	}
	snprintf(text, sizeof(text), "TLS: %s",
	    log_vis(reason, shown, sizeof(shown)));
	if (state == END_SHAKING)
		shaken(t, text);
}

static void
on_end(void *arg, void *user, const struct relay_end *r)
{
	struct relay_end end = *r;

	(void)arg;
	stream_over(user, &end);
}

static void
on_counts(void *arg, void *user, uint64_t ab, uint64_t ba)
{
	struct tls_end *t = user;

	(void)arg;
	t->ab = ab;
	t->ba = ba;
}

static void
on_loaded(void *arg, int slot, uint32_t cfg, const char *error)
{
	(void)arg;
	(void)slot;
	(void)cfg;
	if (error[0] == '\0')
		return;
	progress_clear();
	log_warn("TLS worker: %s", error);
}

const struct tlsfeed_calls adapter_calls = {
	.up = on_up,
	.down = on_down,
	.end = on_end,
	.counts = on_counts,
	.loaded = on_loaded,
};

void
adapter_count(void *arg, uint64_t *there, uint64_t *back)
{
	const struct relay *r = arg;
	struct adapter *a = r->adapter;
	const struct tls_end *t;

	stream_engine_count(r->engine, there, back);
	if (a == NULL)
		return;
	*there += a->there;
	*back += a->back;
	LIST_FOREACH(t, &a->streams, entry) {
		*there += t->back ? t->ba : t->ab;
		*back += t->back ? t->ab : t->ba;
	}
	(void)tlsfeed_query(a->feed);
}
