/*
 * Two ends become a stream: of a TLS worker, where one of them is TLS, else
 * of our own engine.
 */
#include "adapter_impl.h"

#include <sys/socket.h>
#include <errno.h>
#include <unistd.h>

#include "log.h"
#include "net.h"

/* One end of a stream that a worker is to have, and the bytes that go to the
 * other end first. */
struct half {
	const struct end *end;
	const void *first;
	size_t len;
};

static bool
is_live(const struct end *e)
{
	return e->tls != NULL && e->tls->state == END_UP;
}

/* What was said to a plain end is on its way before anything else is; its
 * socket is empty, and has room. */
static int
say_first(int plain, const void *p, size_t len)
{
	ssize_t n;

	if (len == 0)
		return 0;
	n = send(plain, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n == (ssize_t)len)
		return 0;
	if (n != -1)
		errno = ENOBUFS;
	return -1;
}

/* The worker of tls gets other as well.  0, or -1 with errno, both ends being
 * closed. */
static int
switch_to(struct relay *r, const struct half *tls, const struct half *other)
{
	struct tls_end *t = tls->end->tls;
	struct end peer = *other->end;

	if (say_first(tls->end->fd, other->first, other->len) == -1) {
		end_reset(tls->end);
		end_reset(other->end);
		return -1;
	}
	end_forget(&peer);
	if (tlsfeed_switch(t->adapter->feed, t->id, tls->end->fd, peer.fd,
		tls->first, tls->len, r->idle, 0, 0) == 0) {
		t->state = END_STREAM;
		LIST_INSERT_HEAD(&t->adapter->streams, t, entry);
		return 0;
	}
	t->state = END_OVER;
	tls_end_free(t);
	return -1;
}

static int
by_worker(struct relay *r, const struct half *tls, const struct half *other,
    bool back, uint64_t id, void (*done)(void *, const struct relay_end *),
    void *arg)
{
	struct tls_end *t = tls->end->tls;

	t->back = back;
	t->serial = id;
	t->done = done;
	t->arg = arg;
	return switch_to(r, tls, other);
}

int
adapter_join(struct relay *r, const struct end *a, const struct end *b,
    const struct stream_first *first, uint64_t id,
    void (*done)(void *, const struct relay_end *), void *arg)
{
	static const struct stream_first nothing;
	const struct stream_first *f = first != NULL ? first : &nothing;
	struct half ha = { a, f->ab, f->ablen }, hb = { b, f->ba, f->balen };
	struct end ends[2] = { *a, *b };

	if (is_live(a))
		return by_worker(r, &ha, &hb, false, id, done, arg);
	if (is_live(b))
		return by_worker(r, &hb, &ha, true, id, done, arg);
	if (stream_start(r->engine, a->fd, b->fd, first, r->idle, id, done,
		arg) == NULL) {
		end_reset(a);
		end_reset(b);
		return -1;
	}
	/* What workers left in plain ends is carried by us. */
	end_forget(&ends[0]);
	end_forget(&ends[1]);
	return 0;
}

void
end_reset(const struct end *e)
{
	if (e->tls == NULL || e->tls->state == END_OVER) {
		net_reset(e->fd);
	} else {
		tlsfeed_reset(e->tls->adapter->feed, e->tls->id);
		close(e->fd);
	}
	if (e->tls != NULL)
		tls_end_free(e->tls);
}

void
adapter_settle(struct adapter *a)
{
	while (tlsfeed_pending(a->feed) > 0)
		if (event_base_loop(a->relay->base, EVLOOP_ONCE) == -1)
			fatal("event loop");
}
