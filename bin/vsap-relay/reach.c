#include "reach.h"

#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"
#include "log.h"
#include "net.h"
#include "vsap_client.h"

struct reach {
	struct relay *relay;
	const struct endpoint *to;
	struct dial *dial;
	struct vsapc *vsapc;
	struct event *deadline; /* of everything at the gateway */
	void (*done)(void *, const struct reached *);
	void *arg;
};

/* ---- reasons ------------------------------------------------------------ */

enum socks_rep
reach_reason(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return SOCKS_REFUSED;
	case ENETUNREACH:
	case ENETDOWN:
		return SOCKS_NET_UNREACHABLE;
	case EHOSTUNREACH:
	case EHOSTDOWN:
		return SOCKS_HOST_UNREACHABLE;
	case ETIMEDOUT:
		return SOCKS_TTL;
	case EACCES:
	case EPERM:
		return SOCKS_NOT_ALLOWED;
	default:
		return SOCKS_FAILURE;
	}
}

/* By a rule, and not by a limit that is reached now. */
static bool
is_forbidden(const struct vsap_reply *reply)
{
	unsigned seconds;

	return reply->code == VSAP_FORBIDDEN && !vsap_again(reply, &seconds);
}

/* A gateway tells by code what is forbidden, and by words what failed. */
static enum socks_rep
reply_reason(const struct vsap_reply *reply)
{
	static const struct {
		const char *word;
		enum socks_rep rep;
	} words[] = {
		{ "refused", SOCKS_REFUSED },
		{ "Network is unreachable", SOCKS_NET_UNREACHABLE },
		{ "unreachable", SOCKS_HOST_UNREACHABLE },
		{ "No route to host", SOCKS_HOST_UNREACHABLE },
		{ "no such host", SOCKS_HOST_UNREACHABLE },
		{ "no address", SOCKS_HOST_UNREACHABLE },
		{ "do not answer", SOCKS_TTL },
		{ "timed out", SOCKS_TTL },
		{ "in time", SOCKS_TTL },
	};

	if (is_forbidden(reply))
		return SOCKS_NOT_ALLOWED;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(reply->text, words[i].word) != NULL)
			return words[i].rep;
	return SOCKS_FAILURE;
}

/* ---- the end ------------------------------------------------------------ */

static void
reach_free(struct reach *r)
{
	if (r == NULL)
		return;
	dial_cancel(r->dial);
	vsapc_free(r->vsapc);
	if (r->deadline != NULL)
		event_free(r->deadline);
	free(r);
}

static void
finish(struct reach *r, const struct reached *result)
{
	void (*done)(void *, const struct reached *) = r->done;
	void *arg = r->arg;

	reach_free(r);
	done(arg, result);
}

static void
fail(struct reach *r, const char *text, bool permanent, enum socks_rep why)
{
	struct reached result = {
		.end = { .fd = -1 },
		.error = text,
		.permanent = permanent,
		.why = why,
	};

	finish(r, &result);
}

static void
fail_endpoint(struct reach *r, const char *error, bool permanent,
    enum socks_rep why)
{
	char text[ADDR_STRLEN + 1280];

	snprintf(text, sizeof(text), "%s: %s", r->to->text, error);
	fail(r, text, permanent, why);
}

static void
secured(void *arg, const struct end *end, const char *error)
{
	struct reach *r = arg;
	struct reached result = { .end = *end };
	char text[1200];
	const char *remedy;
	bool permanent;

	if (end->fd != -1) {
		finish(r, &result);
		return;
	}
	remedy = gwlink_remedy(error, &permanent);
	snprintf(text, sizeof(text), "%s%s", error, remedy);
	fail_endpoint(r, text, permanent, SOCKS_FAILURE);
}

/* The connection stands; TLS may have to begin. */
static void
connected(struct reach *r, const struct end *end)
{
	struct reached result = { .end = *end };

	if (!r->to->addr.tls) {
		finish(r, &result);
		return;
	}
	/* (That of a gateway goes on by itself, and carries ours.) */
	end_forget(&result.end);
	if (adapter_start(r->relay->adapter, end->fd, r->to->addr.text, secured,
		r) == -1)
		fail_endpoint(r, strerror(errno), false, reach_reason(errno));
}

static void
dial_done(void *arg, int fd, const char *error)
{
	struct reach *r = arg;
	struct end end = { .fd = fd };

	r->dial = NULL;
	if (fd == -1)
		fail_endpoint(r, error, false, reach_reason(errno));
	else
		connected(r, &end);
}

/* ---- through a gateway -------------------------------------------------- */

static void
gateway_ready(void *arg)
{
	struct reach *r = arg;
	struct addr addr = r->to->addr;
	char to[ADDR_STRLEN];

	addr.tls = false; /* that is ours */

	/* The version keeps older servers from taking it for HTTP; RELAY
	 * behind it saves a round trip, and a refused CONNECT makes it an
	 * error that ends the session. */
	vsapc_send(r->vsapc, "%s CONNECT %s", VSAP_VERSION,
	    addr_format(&addr, to, sizeof(to)));
	vsapc_send(r->vsapc, "RELAY");
}

static void
gateway_refused(struct reach *r, const struct vsap_reply *reply)
{
	char shown[4 * VSAP_LINE_MAX + 8],
	    text[2 * ADDR_STRLEN + sizeof(shown)];

	snprintf(text, sizeof(text), "%s: %s: %d %s", r->relay->server.text,
	    r->to->text, reply->code,
	    log_vis(reply->text, shown, sizeof(shown)));
	fail(r, text, is_forbidden(reply), reply_reason(reply));
}

static void
gateway_reply(void *arg, const struct vsap_reply *reply, int passed)
{
	struct reach *r = arg;
	struct end end;
	void *token;
	char text[ADDR_STRLEN + 128];

	if (passed != -1)
		close(passed);
	if (reply->code != VSAP_CONNECTED) {
		gateway_refused(r, reply);
		return;
	}
	if ((end.fd = vsapc_take_tls(r->vsapc, &token)) == -1) {
		snprintf(text, sizeof(text), "%s: %s", r->relay->server.text,
		    strerror(errno));
		fail(r, text, false, SOCKS_FAILURE);
		return;
	}
	r->vsapc = NULL;
	end.tls = token;
	tls_end_taken(end.tls);
	event_del(r->deadline);
	connected(r, &end);
}

static void
gateway_closed(void *arg, const char *text, bool permanent)
{
	fail(arg, text, permanent,
	    errno == ETIMEDOUT ? SOCKS_TTL : SOCKS_FAILURE);
}

static void
gateway_late(evutil_socket_t fd, short what, void *arg)
{
	struct reach *r = arg;
	char text[ADDR_STRLEN * 2];

	(void)fd;
	(void)what;
	snprintf(text, sizeof(text), "%s: %s: %s", r->relay->server.text,
	    r->to->text, strerror(ETIMEDOUT));
	fail(r, text, false, SOCKS_TTL);
}

static const struct vsapc_calls gateway_calls = {
	.ready = gateway_ready,
	.reply = gateway_reply,
	.closed = gateway_closed,
};

static int
start_gateway(struct reach *r)
{
	struct relay *relay = r->relay;
	struct vsapc_opts opts = {
		.server = relay->server.text,
		.addr = relay->server.addr,
		.family = relay->family,
		.timeout = relay->timeout,
		.creds = relay->creds,
		.proxy = gwopts_proxy(&relay->tls),
		.tls = adapter_gwlink(relay->adapter),
	};
	struct timeval tv = { .tv_sec = relay->timeout };

	r->deadline = evtimer_new(relay->base, gateway_late, r);
	if (r->deadline == NULL || evtimer_add(r->deadline, &tv) == -1)
		return -1;
	r->vsapc =
	    vsapc_new(relay->base, relay->resolv, &opts, &gateway_calls, r);
	return r->vsapc == NULL ? -1 : 0;
}

static struct dial_opts
dial_opts(const struct relay *relay)
{
	struct dial_opts opts = {
		.family = relay->family,
		.timeout = relay->timeout,
	};

	return opts;
}

/* ---- beginning ---------------------------------------------------------- */

struct reach *
reach_start(struct relay *relay, const struct endpoint *to, bool gateway,
    void (*done)(void *, const struct reached *), void *arg)
{
	struct dial_opts opts = dial_opts(relay);
	struct reach *r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->relay = relay;
	r->to = to;
	r->done = done;
	r->arg = arg;
	if (gateway) {
		if (start_gateway(r) == 0)
			return r;
	} else {
		r->dial = dial_start(relay->base, relay->resolv, &to->addr,
		    &opts, dial_done, r);
		if (r->dial != NULL)
			return r;
	}
	reach_free(r);
	return NULL;
}

static void __attribute__((__noreturn__))
run_command(const char *command, int fd)
{
	if (dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1)
		_exit(111);
	/* What we ignore, the command shall not. */
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(111);
}

/* The command has one end of a socket pair as its input and output. */
static int
reach_command(const char *command)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1)
		return -1;
	switch (fork()) {
	case -1:
		close(sv[0]);
		close(sv[1]);
		return -1;
	case 0:
		run_command(command, sv[1]);
	}
	close(sv[1]);
	return sv[0];
}

int
reach_now(struct relay *relay, const struct endpoint *to, bool gateway)
{
	struct dial_opts opts = dial_opts(relay);

	switch (to->addr.kind) {
	case ADDR_FD:
		return fcntl(to->addr.fd, F_DUPFD_CLOEXEC, 3);
	case ADDR_EXEC:
		return reach_command(to->addr.text);
	default:
		break;
	}
	if (!gateway && !to->addr.tls)
		return dial_now(&to->addr, &opts, relay);
	errno = EINPROGRESS;
	return -1;
}
