#include "revoke.h"

#include "cmd.h"
#include "session.h"
#include "vsock.h"
#include "who.h"

static bool
nobody_may(const struct vsock *vs)
{
	const struct vbind *b;

	TAILQ_FOREACH(b, &vs->binds, of_vsock)
		if (vsock_rule(b) != NULL)
			return false;
	/* What lingers goes by itself. */
	return vs->nbinds > 0;
}

/* One that it has bound, and may not any more; or NULL. */
static const struct vbind *
lost(const struct session *s)
{
	const struct vbind *b;

	TAILQ_FOREACH(b, &s->binds, of_session)
		if (vsock_rule(b) == NULL)
			return b;
	return NULL;
}

/* As ACCEPT or FORWARD would be answered now, but in the log there is one line
 * for all of them. */
static void
tell(struct session *s, const struct vbind *b)
{
	session_unwait(s);
	if (!who_may_ask(s))
		cmd_say_nobody(s);
	else
		session_reply(s, VSAP_FORBIDDEN,
		    "forbidden: no rule permits %s to bind %s any more",
		    s->owner, b->vsock->addr);
	if (s->state == S_FORWARDING)
		cmd_forward_end(s);
	else
		session_done(s);
	session_work(s);
}

void
revoke_bound(struct gateway *gw)
{
	struct session *s, *next;
	struct vsock *vs, *after;
	const struct vbind *b;

	for (vs = TAILQ_FIRST(&gw->vsocks); vs != NULL; vs = after) {
		after = TAILQ_NEXT(vs, entry);
		if (nobody_may(vs))
			vsock_close(vs);
	}
	/* Who ends meanwhile is freed at the end of the turn. */
	for (s = TAILQ_FIRST(&gw->sessions); s != NULL; s = next) {
		next = TAILQ_NEXT(s, entry);
		if ((s->state == S_ACCEPTING || s->state == S_FORWARDING) &&
		    (b = lost(s)) != NULL)
			tell(s, b);
	}
}
