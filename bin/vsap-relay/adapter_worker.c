/*
 * TLS workers and what they are told: one for a single pair, as many as
 * there are processors for a listener.  One that dies is replaced.
 */
#include "adapter_impl.h"

#include <sys/pidfd.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "options.h"
#include "progress.h"
#include "spawn.h"

#define AGAIN 1 /* second, until another worker is tried */

/* ---- configurations ----------------------------------------------------- */

static int
read_server(const struct relay *r, struct tlsconf *c, char *error, size_t len)
{
	tlsconf_init(c, TLS_SERVER);
	if (tlsconf_add_keypair(c, r->cert, r->key, error, len) == -1)
		return -1;
	if (r->cas == NULL)
		return 0;
	c->flags |= TLS_F_CLIENT_CERT | TLS_F_CLIENT_MUST;
	return tlsconf_load(&c->ca, r->cas, false, error, len);
}

static int
read_conf(const struct relay *r, struct tlsconf *c, unsigned number,
    char *error, size_t len)
{
	int result = number == ADAPTER_SERVER
			 ? read_server(r, c, error, len)
			 : gwopts_tlsconf(&r->tls, c, error, len);

	if (result == 0)
		result = tlsconf_check(c, error, len);
	if (result == -1)
		tlsconf_close(c);
	return result;
}

static void
send_conf(const struct adapter *a, int worker, unsigned number)
{
	if (a->has[number] &&
	    tlsconf_send(&a->conf[number], worker, number) == -1)
		log_warn("TLS worker: configuration: %s", strerror(errno));
}

static void
load(struct adapter *a, unsigned number)
{
	char error[512];

	if (read_conf(a->relay, &a->conf[number], number, error,
		sizeof(error)) == -1)
		errx(EXIT_USAGE, "%s", error);
	a->has[number] = true;
}

static void
reload(struct adapter *a, unsigned number)
{
	char error[512];
	struct tlsconf c;

	if (!a->has[number])
		return;
	progress_clear();
	if (read_conf(a->relay, &c, number, error, sizeof(error)) == -1) {
		log_warn("%s (what was read before holds)", error);
		return;
	}
	tlsconf_close(&a->conf[number]);
	a->conf[number] = c;
	for (unsigned i = 0; i < a->n; i++)
		if (a->workers[i].fd != -1)
			send_conf(a, a->workers[i].fd, number);
	log_info("certificates were read anew");
}

void
adapter_reload(struct adapter *a)
{
	if (a == NULL)
		return;
	reload(a, ADAPTER_SERVER);
	reload(a, ADAPTER_CLIENT);
}

/* ---- processes ---------------------------------------------------------- */

static void
try_again(struct adapter_worker *w)
{
	struct timeval tv = { .tv_sec = AGAIN };

	if (evtimer_add(w->again, &tv) == -1)
		fatal("timer");
}

static void
let_go(struct adapter_worker *w)
{
	if (w->fd != -1)
		close(w->fd);
	if (w->pidfd != -1)
		close(w->pidfd);
	w->fd = w->pidfd = -1;
}

/* One more process of this slot.  0, or -1 with errno. */
static int
start(struct adapter_worker *w)
{
	struct adapter *a = w->adapter;
	pid_t pid;
	int fd;

	fd = spawn_tls_worker(a->path, 0, 0,
	    a->relay->verbose ? SPAWN_VERBOSE : 0, &pid);
	if (fd == -1)
		return -1;
	w->pidfd = pidfd_open(pid, 0);
	/* A second descriptor of the socket: by it the configuration can be
	 * sent again. */
	if ((w->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3)) == -1) {
		close(fd);
		return -1;
	}
	send_conf(a, fd, ADAPTER_SERVER);
	send_conf(a, fd, ADAPTER_CLIENT);
	return tlsfeed_add(a->feed, fd, w->slot);
}

static void
start_or_wait(struct adapter_worker *w)
{
	if (start(w) == 0)
		return;
	progress_clear();
	log_warn("TLS worker: %s", strerror(errno));
	let_go(w);
	try_again(w);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	start_or_wait(arg);
}

/* Its streams have ended with it, which each was told. */
static void
on_dead(void *arg, int slot)
{
	struct adapter *a = arg;

	progress_clear();
	log_warn("a TLS worker died; another one is started");
	let_go(&a->workers[slot]);
	try_again(&a->workers[slot]);
}

static void
new_worker(struct adapter *a, int slot)
{
	struct adapter_worker *w = &a->workers[slot];

	w->adapter = a;
	w->slot = slot;
	w->fd = w->pidfd = -1;
	if ((w->again = evtimer_new(a->relay->base, on_again, w)) == NULL)
		fatal("timer");
	start_or_wait(w);
}

static void
start_all(struct adapter *a)
{
	char error[512];

	if (spawn_find_relay(a->path, sizeof(a->path), error, sizeof(error)) ==
	    -1)
		errx(EXIT_TEMPORARY, "%s", error);
	a->n = a->relay->listen ? (unsigned)spawn_cpus() : 1;
	if (a->n > TLSFEED_WORKERS_MAX)
		a->n = TLSFEED_WORKERS_MAX;
	if ((a->workers = calloc(a->n, sizeof(*a->workers))) == NULL)
		err(EXIT_TEMPORARY, "TLS workers");
	for (unsigned i = 0; i < a->n; i++)
		new_worker(a, (int)i);
}

struct adapter *
adapter_new(struct relay *r)
{
	struct tlsfeed_calls calls = adapter_calls;
	struct adapter *a = calloc(1, sizeof(*a));

	calls.dead = on_dead;
	if (a == NULL || (a->feed = tlsfeed_new(r->base, &calls, a)) == NULL)
		err(EXIT_TEMPORARY, "TLS");
	LIST_INIT(&a->streams);
	a->relay = r;
	a->gwlink = adapter_link_calls;
	a->gwlink.arg = a;
	a->gwlink.name = r->tls.name;
	a->gwlink.verified = !r->tls.no_verify;
	if (r->at.addr.tls)
		load(a, ADAPTER_SERVER);
	if (r->tls_client)
		load(a, ADAPTER_CLIENT);
	start_all(a);
	return a;
}

void
adapter_end(struct adapter *a)
{
	if (a == NULL)
		return;
	for (unsigned i = 0; i < a->n; i++)
		if (a->workers[i].pidfd != -1)
			(void)pidfd_send_signal(a->workers[i].pidfd, SIGTERM,
			    NULL, 0);
}
