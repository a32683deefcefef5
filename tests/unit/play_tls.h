#ifndef PLAY_TLS_H
#define PLAY_TLS_H

/*
 * Streams through a TLS worker with one configuration (tls_peer.h).
 */

#include "tap.h"
#include "tls_peer.h"

#define KIB 1024
#define MIB (1024 * 1024)

/* Of SWITCH, beside the descriptors. */
struct play_opts {
	uint32_t idle, slot;
	uint64_t rate;
	const void *first;
	size_t firstlen;
};

static inline bool
switched_as(struct via *v, int peer, const struct play_opts *o)
{
	int fds[2] = { peer, v->plain };

	memset(&msg, 0, sizeof(msg));
	msg.type = TLS_SWITCH;
	msg.id = v->id;
	msg.idle = o->idle;
	msg.slot = o->slot;
	msg.rate = o->rate;
	msg.first = o->first;
	msg.firstlen = o->firstlen;
	send_msg(worker, fds, 2);
	close(v->plain);
	close(peer);
	v->plain = -1;
	return next_is(worker, TLS_SWITCHED) && msg.id == v->id;
}

/* A switched stream; the peer's far end. */
static inline int
stream_as(struct via *v, uint64_t id, const struct play_opts *o)
{
	int peer[2];

	tcp_pair(peer);
	if (!up(v, id) || !switched_as(v, peer[1], o))
		errx(1, "no stream");
	return peer[0];
}

static inline int
stream(struct via *v, uint64_t id)
{
	static const struct play_opts none;

	return stream_as(v, id, &none);
}

static inline bool
is_reset(int fd)
{
	char c;

	return hear(fd, &c, 1) == -1 && errno == ECONNRESET;
}

/* Say what goes in until nothing does for a while; how much that was. */
static inline size_t
fill_up(int fd)
{
	static unsigned char junk[64 * KIB];
	size_t put = 0;
	ssize_t w;

	if (net_nonblock(fd, true) == -1)
		die("net_nonblock");
	for (int quiet = 0; quiet < 30;) {
		if ((w = write(fd, junk, sizeof(junk))) > 0) {
			put += (size_t)w;
			quiet = 0;
		} else {
			quiet++;
			(void)poll(NULL, 0, 10);
		}
	}
	return put;
}

#endif
