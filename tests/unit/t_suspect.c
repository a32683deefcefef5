/*
 * Who is offered a visitor after one had to be taken back: the source that
 * was silent comes last, whoever asked lately first among it; and not for
 * ever.
 */
#include <err.h>
#include <string.h>

#include "vsapd/gateway.h"
#include "vsapd/session.h"
#include "vsapd/vsock.h"

#include "tap.h"

#define N 5

static struct gateway gw;
static struct vsock vs;
static struct session sessions[N];
static struct vbind binds[N];

/* Five wait: 0 to 2 of one source, 3 and 4 of another. */
static void
begin(void)
{
	memset(&gw, 0, sizeof(gw));
	memset(&vs, 0, sizeof(vs));
	memset(binds, 0, sizeof(binds));
	TAILQ_INIT(&gw.vsocks);
	TAILQ_INIT(&vs.waiting);
	TAILQ_INIT(&vs.visitors);
	vs.gw = &gw;
	vs.fd = -1;
	TAILQ_INSERT_TAIL(&gw.vsocks, &vs, entry);
	if ((gw.base = event_base_new()) == NULL)
		errx(1, "event_base_new");
	for (int i = 0; i < N; i++) {
		strlcpy(sessions[i].source, i < 3 ? "a" : "b",
		    sizeof(sessions[i].source));
		binds[i].vsock = &vs;
		binds[i].session = &sessions[i];
		binds[i].sid = i;
		vsock_wait(&binds[i], 0);
	}
}

static void
finish(void)
{
	event_base_free(gw.base);
}

static void
order(const char *want, const char *name)
{
	char got[N + 1] = "";
	const struct vbind *b;
	size_t n = 0;

	TAILQ_FOREACH(b, &vs.waiting, of_waiting)
		if (n < N)
			got[n++] = (char)('0' + b->sid);
	is_str(got, want, "%s", name);
}

/* The first is served and asks again. */
static void
serve(void)
{
	struct vbind *b = TAILQ_FIRST(&vs.waiting);

	vsock_unwait(b);
	gateway_trust(&gw, b->session->source);
	vsock_wait(b, 0);
}

static void
one_host_of_two(void)
{
	begin();
	order("01234", "the longest idle is the first");
	vsock_unwait(&binds[0]);
	gateway_suspect(&gw, "a");
	order("3421", "the host that was silent comes last");
	serve();
	order("4321", "the other serves all");
	vsock_wait(&binds[0], 0);
	order("43021", "who asks from there anew is the first of it");
	gateway_forgive(&gw);
	order("43021", "it is suspected still");
	finish();
}

static void
one_process_of_many(void)
{
	begin();
	vsock_unwait(&binds[3]);
	vsock_unwait(&binds[4]);
	vsock_unwait(&binds[0]);
	gateway_suspect(&gw, "a");
	order("21", "who asked lately first");
	serve();
	order("21", "it is trusted, the others wait");
	serve();
	order("21", "and wait");
	gateway_forgive(&gw);
	order("21", "until they are as others again");
	serve();
	order("12", "and are served");
	finish();
}

static void
whatever_priority(void)
{
	begin();
	vsock_unwait(&binds[1]);
	vsock_wait(&binds[1], 9);
	order("10234", "priority comes first");
	gateway_suspect(&gw, "a");
	order("34201", "not among suspects");
	gateway_trust(&gw, "a");
	gateway_forgive(&gw);
	order("13420", "and again when they are none");
	finish();
}

int
main(void)
{
	one_host_of_two();
	one_process_of_many();
	whatever_priority();
	return done_testing();
}
