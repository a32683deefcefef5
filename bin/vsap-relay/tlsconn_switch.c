/*
 * The plain side of a connection changes: from the pair to the feeder, to
 * the peer of the stream.  Both ends of the pair are ours then, and what is
 * in it goes first, either way.
 */
#include "tlsconn_impl.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

/* Everything that we wrote and the feeder did not read. */
static int
empty_far(int far, struct rest *to)
{
	unsigned char buf[16 * 1024];
	ssize_t n;

	while ((n = recv(far, buf, sizeof(buf), MSG_DONTWAIT)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
		if (tlsrest_add(to, buf, (size_t)n) == -1)
			return -1;
	}
	return 0;
}

/* The bytes for the peer that are here already, in their order. */
static int
gather(const struct tlsconn *c, const struct tlsconn_switch *s, struct rest *to)
{
	if (tlsrest_add(to, s->first, s->firstlen) == 0 &&
	    empty_far(s->far, to) == 0 &&
	    tlsrest_add(to, c->dec.p + c->dec.off, c->dec.len) == 0)
		return 0;
	tlsrest_free(to);
	return -1;
}

static int
unfit(const struct tlsconn *c)
{
	if (c->phase != PHASE_RUN || c->switched)
		return EINVAL;
	if (c->dead[NET])
		return ECONNRESET;
	/* Its end of file was sent already, or it takes no more. */
	if (c->state[OUT] != DIR_OPEN || c->state[IN] == DIR_BROKEN)
		return EPIPE;
	return 0;
}

static void
take(struct tlsconn *c, const struct tlsconn_switch *s, struct rest *dec)
{
	tlsrest_free(&c->dec);
	c->dec = *dec;
	c->near = c->fd[PLAIN];
	c->fd[PLAIN] = s->peer;
	c->readable[PLAIN] = c->writable[PLAIN] = false;
	c->opts = s->opts;
	c->switched = true;
	c->e->switched++;
	c->started = c->moved = clock_ms();
	/* What the feeder was told of the end, the peer was not. */
	if (c->state[IN] == DIR_DONE)
		c->state[IN] = DIR_EOF;
}

int
tlsconn_switch(struct tls_engine *e, uint64_t id,
    const struct tlsconn_switch *s)
{
	struct tlsconn *c = tlsconn_find(e, id);
	struct rest dec = { 0 };
	int error;

	if (c == NULL)
		return ENOENT;
	if ((error = unfit(c)) == 0 && gather(c, s, &dec) == -1)
		error = errno;
	if (error != 0) {
		tlsconn_abandon(c);
		return error;
	}
	event_del(&c->ev[PLAIN]);
	take(c, s, &dec);
	tlscap_took(c, IN, c->dec.len);
	if (tlsconn_listen(c, PLAIN) == -1) {
		error = errno;
		c->fd[PLAIN] = -1; /* the caller's */
		tlsconn_abandon(c);
		return error;
	}
	close(s->far);
	if (c->opts.idle > 0)
		tlsconn_watch(c);
	return 0;
}
