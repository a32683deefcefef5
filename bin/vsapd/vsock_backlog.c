/*
 * How many visitors may wait in a virtual socket's queue: as many as the BIND
 * of most has asked for.
 */
#include "vsock.h"

#include "host.h"

static int
set(struct vsock *vs, int backlog)
{
	if (vs->fd != -1 &&
	    host_backlog(vs->gw->host, vs->fd, vs->keep, backlog) == -1)
		return -1;
	vs->backlog = backlog;
	return 0;
}

/* Who asks for as much as is there ends the search: mostly all do. */
static int
settle(struct vsock *vs)
{
	const struct vbind *b;
	int most = 0;

	TAILQ_FOREACH(b, &vs->binds, of_vsock) {
		if (b->backlog > most)
			most = b->backlog;
		if (most >= vs->backlog)
			return 0;
	}
	return most == 0 ? 0 : set(vs, most);
}

int
vsock_listen(struct vbind *b, int backlog)
{
	struct vsock *vs = b->vsock;
	int was = b->backlog, r;

	b->backlog = backlog;
	r = backlog > vs->backlog ? set(vs, backlog) : settle(vs);
	if (r == -1)
		b->backlog = was;
	return r;
}

void
vsock_listen_no_more(struct vbind *b)
{
	int was = b->backlog;

	b->backlog = 0;
	/* Without room for the message it stays as it is. */
	if (was == b->vsock->backlog)
		(void)settle(b->vsock);
}
