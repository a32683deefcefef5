#include "cmd.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

#define PASSED_TIME 2000 /* ms that we keep our copy of what was passed */

static bool
has_peer(const struct session *s)
{
	return s->offer != NULL || s->peer_fd != -1;
}

static void
forget_passed(struct session *s)
{
	session_drop_peer(s);
}

/*
 * The client has the descriptor now.  A proxy between two UNIX sockets (ssh
 * -L) lets it fall, and the client that got none says RELAY: so our copy
 * stays until the next line, or for a moment.
 */
static void
keep_copy(struct session *s)
{
	if (s->offer != NULL) {
		s->peer_fd = s->offer->fd;
		free(s->offer);
		s->offer = NULL;
	}
	s->offered = 0;
	s->passed = true;
	gateway_trust(s->gw, s->source);
	session_done(s);
	session_wait(s, S_COMMAND, PASSED_TIME, forget_passed);
}

/* The peer's own descriptor in place of a relay. */
static void
pass_descriptor(struct session *s)
{
	char line[128];
	size_t len;
	int fd = s->offer != NULL ? s->offer->fd : s->peer_fd;

	if (!s->is_unix || s->tls != NULL) {
		session_reply(s, VSAP_UNKNOWN,
		    "RELAY -f: descriptors pass over a UNIX-domain control "
		    "socket only, without TLS; say RELAY");
		return;
	}
	session_flush(s);
	if (s->state == S_DEAD)
		return;
	len = vsap_reply_format(line, sizeof(line), VSAP_DESCRIPTOR, false,
	    "descriptor follows.");
	/* The descriptor goes with this very line, so nothing may be queued. */
	if (s->out.len > 0 || fdpass_send(s->fd, line, len, &fd, 1) == -1) {
		session_reset(s, "cannot take a descriptor now");
		return;
	}
	session_log(s, "passed %s", s->what);
	keep_copy(s);
}

bool
cmd_relay_check(struct session *s, const struct vsap_request *req, bool peer,
    bool *f)
{
	const char *t = vsap_option(req, 't');
	long idle = t == NULL ? 0 : cmd_number(t, VSAP_RELAY_IDLE_MAX);

	*f = req->argc == 1 && strcmp(req->argv[0], "-f") == 0;
	if (peer && idle != -1 && (req->argc == 0 || t != NULL || *f)) {
		s->idle = (uint32_t)idle;
		return true;
	}
	/* Nothing behind a RELAY is ever taken for a request. */
	session_reply(s, VSAP_PROTOCOL,
	    peer ? "write RELAY, RELAY -t=seconds or RELAY -f"
		 : "no peer to relay to: ACCEPT or CONNECT first");
	session_finish(s);
	return false;
}

void
cmd_relay(struct session *s, const struct vsap_request *req)
{
	bool f;

	if (!cmd_relay_check(s, req, has_peer(s), &f))
		return;
	if (f && !s->passed) {
		pass_descriptor(s);
		return;
	}
	s->passed = false;
	session_relay(s);
}
