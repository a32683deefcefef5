#include "up.h"

#include <sys/queue.h>
#include <event2/event_struct.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fileio.h"
#include "files.h"
#include "listener.h"
#include "log.h"
#include "net.h"
#include "pmsg.h"
#include "pwhelper.h"
#include "server.h"
#include "up_impl.h"

#define PORTS_MAX 256 /* listeners of one configuration */

/* A configuration that is on its way. */
struct incoming {
	uint32_t seq;
	struct files *files;
	struct {
		uint32_t id, index;
		enum port_kind kind;
		int fd; /* -1: it is there already */
	} port[PORTS_MAX];
	size_t nports;
	bool has_log;
	enum conf_log log;
	int log_fd;
	char broken[256]; /* why it cannot be taken, or "" */
};

static struct {
	const struct opts *opts;
	int fd; /* -1: no parent */
	struct event readable;
	char *klines;
	size_t nklines;
	struct incoming *in;
} up = { .fd = -1 };

/* --- to the parent ------------------------------------------------------ */

static int
say(const struct pmsg *m, int fd)
{
	static unsigned char packet[PMSG_MAX];
	size_t n;

	if (up.fd == -1) {
		errno = ENOTSUP;
		return -1;
	}
	if ((n = pmsg_format(m, packet, sizeof(packet))) == 0) {
		errno = EMSGSIZE;
		return -1;
	}
	return fdpass_send(up.fd, packet, n, &fd, fd != -1);
}

void
up_serving(void)
{
	static const struct pmsg m = { .type = PMSG_UP };

	if (up.fd != -1 && say(&m, -1) == -1)
		log_warn("parent: %s", strerror(errno));
}

int
up_reload(void)
{
	static const struct pmsg m = { .type = PMSG_RELOAD };

	return say(&m, -1);
}

int
up_save_klines(const char *text, size_t len)
{
	static struct pmsg m;
	int fd, r, saved;

	if (up.fd == -1 || len > FILES_KLINES) {
		errno = up.fd == -1 ? ENOTSUP : EFBIG;
		return -1;
	}
	if ((fd = fileio_memory("ircd-lite", text, len)) == -1)
		return -1;
	m = (struct pmsg){ .type = PMSG_KLINES, .id = (uint32_t)len };
	r = say(&m, fd);
	saved = errno;
	close(fd);
	errno = saved;
	return r;
}

char *
up_klines(size_t *len)
{
	char *text;

	*len = up.nklines;
	if (up.klines == NULL || (text = malloc(up.nklines + 1)) == NULL)
		return NULL;
	memcpy(text, up.klines, up.nklines);
	text[up.nklines] = '\0';
	return text;
}

/* --- a configuration that comes in -------------------------------------- */

static void
incoming_free(struct incoming *in)
{
	if (in == NULL)
		return;
	for (size_t i = 0; i < in->nports; i++)
		if (in->port[i].fd != -1)
			close(in->port[i].fd);
	if (in->log_fd != -1)
		close(in->log_fd);
	files_free(in->files);
	free(in);
}

static void
broken(const char *why)
{
	if (up.in->broken[0] == '\0')
		strlcpy(up.in->broken, why, sizeof(up.in->broken));
}

static void
begin(const struct pmsg *m)
{
	incoming_free(up.in);
	if ((up.in = calloc(1, sizeof(*up.in))) == NULL)
		fatal("a new configuration");
	up.in->seq = m->seq;
	up.in->log_fd = -1;
	if ((up.in->files = files_new()) == NULL)
		fatal("a new configuration");
}

/* Takes fd. */
static void
listen_comes(const struct pmsg *m, int fd)
{
	struct incoming *in = up.in;
	size_t n = in->nports;

	if (n == PORTS_MAX) {
		broken("too many listeners");
		if (fd != -1)
			close(fd);
		return;
	}
	in->port[n].id = m->id;
	in->port[n].index = m->index;
	in->port[n].kind = (enum port_kind)m->value;
	in->port[n].fd = fd;
	in->nports++;
}

/* Takes fd. */
static void
log_comes(const struct pmsg *m, int fd)
{
	if (up.in->log_fd != -1)
		close(up.in->log_fd);
	up.in->has_log = true;
	up.in->log = (enum conf_log)m->id;
	up.in->log_fd = fd;
	if (up.in->log == CONF_LOG_FILE && fd == -1)
		broken("the log file did not come");
}

static void
switch_log(struct incoming *in)
{
	if (!in->has_log)
		return;
	log_to_fd(in->log_fd); /* -1: standard error */
	in->log_fd = -1;
	if (in->log == CONF_LOG_SYSLOG)
		log_to_syslog();
}

const struct conf_listen *
up_statement(const struct conf *conf, uint32_t index)
{
	const struct conf_listen *cl;

	if (index == PMSG_NO_INDEX)
		return NULL;
	STAILQ_FOREACH(cl, &conf->listens, entry)
		if (index-- == 0)
			break;
	return cl;
}

static void
apply(struct incoming *in, struct conf *conf)
{
	for (size_t i = 0; i < in->nports; i++) {
		if (listener_set(in->port[i].id, in->port[i].kind,
			in->port[i].fd,
			up_statement(conf, in->port[i].index)) == -1)
			log_warn("listener: %s", strerror(errno));
		in->port[i].fd = -1;
	}
	listener_sweep();
	switch_log(in);
	server_reload(conf);
}

static void
commit(const struct pmsg *m)
{
	static struct pmsg answer;
	struct incoming *in = up.in;
	struct conf *conf = NULL;
	char err[512] = "";

	answer = (struct pmsg){ .type = PMSG_APPLIED, .seq = m->seq };
	strlcpy(err, in->broken, sizeof(err));
	conf_trusted = true;
	if (err[0] == '\0')
		conf = conf_load(up.opts->conf, files_given, in->files, err,
		    sizeof(err));
	if (conf != NULL)
		apply(in, conf);
	else
		strlcpy(answer.text, err[0] != '\0' ? err : "not usable",
		    sizeof(answer.text));
	incoming_free(in);
	up.in = NULL;
	if (say(&answer, -1) == -1)
		fatal("parent");
}

/* --- from the parent ---------------------------------------------------- */

static void
helper_comes(int fd)
{
	if (fd == -1 || net_nonblock(fd, true) == -1 ||
	    pwhelper_replace(me.passwords, fd) == -1) {
		log_warn("password helper: %s", strerror(errno));
		if (fd != -1)
			close(fd);
	}
}

/* Part of a configuration.  Takes fd. */
static void
part_comes(const struct pmsg *m, int fd)
{
	if (up.in == NULL)
		fatalx("the parent talks nonsense");
	switch (m->type) {
	case PMSG_FILE:
		if (files_put(up.in->files, m, fd) == -1)
			broken(strerror(errno));
		if (fd != -1)
			close(fd);
		break;
	case PMSG_LISTEN:
		listen_comes(m, fd);
		break;
	case PMSG_LOG:
		log_comes(m, fd);
		break;
	default:
		commit(m);
		break;
	}
}

/* Takes fd. */
static void
comes(const struct pmsg *m, int fd)
{
	switch (m->type) {
	case PMSG_BEGIN:
		begin(m);
		break;
	case PMSG_FILE:
	case PMSG_LISTEN:
	case PMSG_LOG:
	case PMSG_COMMIT:
		part_comes(m, fd);
		break;
	case PMSG_FAILED:
		server_notice_opers("configuration not changed: %s", m->text);
		break;
	case PMSG_PASSWORDS:
		helper_comes(fd);
		break;
	case PMSG_SAVED:
		server_notice_opers("K-lines not saved: %s", m->text);
		break;
	default:
		fatalx("the parent talks nonsense");
	}
}

/* A message's descriptor was cut off: none was left for it. */
static void
cut_off(const void *packet, size_t len)
{
	static struct pmsg m;

	if (pmsg_parse(&m, packet, len) == -1)
		fatalx("the parent talks nonsense");
	if (m.type == PMSG_PASSWORDS)
		log_warn("password helper: no descriptor left");
	else if (up.in != NULL)
		broken("no descriptor left (ulimit -n)");
}

static void
on_readable(evutil_socket_t sock, short what, void *arg)
{
	static unsigned char packet[PMSG_MAX];
	static struct pmsg m;
	size_t cut;
	ssize_t n;

	(void)what;
	(void)arg;
	for (;;) {
		int fd = -1, nfds = 1;

		n = fdpass_recv(sock, packet, sizeof(packet), &fd, &nfds, &cut);
		if (n == -1 && errno == EMFILE) {
			cut_off(packet, cut);
			continue;
		}
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0)
			break;
		if (pmsg_parse(&m, packet, (size_t)n) == -1)
			fatalx("the parent talks nonsense");
		comes(&m, nfds == 1 ? fd : -1);
	}
	/* Nobody would start us again, reload, or keep the K-lines. */
	(void)event_del(&up.readable);
	server_stop("the parent process is gone", 1);
}

/* --- begin -------------------------------------------------------------- */

void
up_start(const struct opts *o, char *klines, size_t len)
{
	up.opts = o;
	up.klines = klines;
	up.nklines = len;
}

int
up_init(struct event_base *base, int fd)
{
	up.fd = fd;
	event_assign(&up.readable, base, fd, EV_READ | EV_PERSIST, on_readable,
	    NULL);
	return event_add(&up.readable, NULL);
}
