/*
 * What the parent says to control (pmsg.h).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "net.h"
#include "parent_impl.h"

#define SEND_WAIT 5000 /* ms that control may leave its socket full */
#define REFS_WAIT 10   /* ms between tries when too many are under way */

void
parent_tell(const struct pmsg *m, int fd)
{
	unsigned char packet[PMSG_MAX];
	struct pollfd pfd = { .fd = pa.control.fd, .events = POLLOUT };
	size_t len = pmsg_format(m, packet, sizeof(packet));
	int refs = 0;

	if (pa.control.fd == -1 || len == 0)
		return;
	while (fdpass_send(pa.control.fd, packet, len, &fd, fd != -1) == -1) {
		if (errno == EAGAIN && poll(&pfd, 1, SEND_WAIT) == 1)
			continue;
		if (errno == ETOOMANYREFS && refs++ < SEND_WAIT / REFS_WAIT &&
		    poll(NULL, 0, REFS_WAIT) == 0)
			continue;
		log_warn("control does not listen: %s", strerror(errno));
		(void)kill(pa.control.pid, SIGKILL);
		return;
	}
}

static void
tell(enum pmsg_type type, uint32_t seq, int fd)
{
	struct pmsg m = { .type = type, .seq = seq };

	parent_tell(&m, fd);
}

void
parent_tell_worker(unsigned slot)
{
	if (pa.worker[slot].fd != -1)
		tell(PMSG_WORKER, slot, pa.worker[slot].fd);
}

void
parent_tell_tls(unsigned slot)
{
	if (pa.tls[slot].fd != -1)
		tell(PMSG_TLS, slot, pa.tls[slot].fd);
}

void
parent_tell_auth(void)
{
	if (pa.auth.fd != -1)
		tell(PMSG_AUTH, 0, pa.auth.fd);
}

/* Who has read it before is gone, or was given another one. */
static void
tell_text(void)
{
	if (lseek(pa.now.text, 0, SEEK_SET) == -1)
		log_warn("configuration: %s", strerror(errno));
	tell(PMSG_CONF, 0, pa.now.text);
}

void
parent_tell_all(void)
{
	unsigned slot;

	tell_text();
	listeners_tell(pa.listeners, true, parent_tell);
	tell(PMSG_SHARE, 0, pa.share);
	for (slot = 0; slot < pa.nworkers; slot++)
		parent_tell_worker(slot);
	for (slot = 0; slot < pa.ntls; slot++)
		parent_tell_tls(slot);
	parent_tell_auth();
	kept_tell(&pa.kept, parent_tell);
	tell(PMSG_START, 0, -1);
}

void
parent_tell_reload(unsigned first_tls)
{
	unsigned slot;

	tell_text();
	listeners_tell(pa.listeners, false, parent_tell);
	tell(PMSG_LOG, pa.now.log, pa.now.log_fd);
	for (slot = first_tls; slot < pa.ntls; slot++)
		parent_tell_tls(slot);
	parent_tell_auth();
	tell(PMSG_START, 0, -1);
}
