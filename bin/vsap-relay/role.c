#include "role.h"

#include <sys/prctl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* Read before a sandbox closes. */
static char exe[4096];

void
role_detach(void)
{
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n == -1 ? 0 : n] = '\0';
	setsid();
	/* Started by descriptor, the kernel has no name for us. */
	(void)prctl(PR_SET_NAME, "vsap-relay");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN); /* "systemctl kill" reaches all of a unit */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		log_warn("no_new_privs: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		log_warn("dumpable: %s", strerror(errno));
}

void
role_orphan(void)
{
	setproctitle("orphan %s", exe);
	log_to_syslog();
}

void
role_log_end(const struct relay_end *r)
{
	log_info("stream ended: %s, %llu bytes there, %llu back, %u.%03u s",
	    relay_cause_name(r->cause), (unsigned long long)r->ab,
	    (unsigned long long)r->ba, r->ms / 1000, r->ms % 1000);
}
