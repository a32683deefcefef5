/*
 * vsap-relay: the data plane.  A worker (--worker, --tls-worker), or a
 * program that relays one pair of endpoints or, with -l and -D, a pair for
 * each connection.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapter.h"
#include "creds.h"
#include "forward.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "tlsworker.h"
#include "worker.h"

static void
set_up(struct relay *r)
{
	char error[256];

	r->creds = creds_load(error, sizeof(error));
	if (r->gateway && error[0] != '\0')
		errx(EXIT_USAGE, "%s", error);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* commands need no burial */
	if ((r->base = loop_new()) == NULL ||
	    (r->engine = stream_engine_new(r->base)) == NULL)
		err(EXIT_TEMPORARY, "event loop");
	if ((r->resolv = resolv_new(r->base)) == NULL)
		err(EXIT_TEMPORARY, "resolver");
	if (r->at.addr.tls || r->tls_client)
		r->adapter = adapter_new(r);
}

static int
worker(int argc, char **argv, int (*run)(bool, bool, bool))
{
	bool verbose = false, use_syslog = false, sandbox = true;

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "-v") == 0)
			verbose = true;
		else if (strcmp(argv[i], "--syslog") == 0)
			use_syslog = true;
		else if (strcmp(argv[i], "--no-sandbox") == 0)
			sandbox = false;
		else
			usage("%s: %s: unknown", argv[1], argv[i]);
	}
	return run(verbose, use_syslog, sandbox);
}

int
main(int argc, char **argv)
{
	/* static: what is still open at the end goes with the process */
	static struct relay r;

	setproctitle_init(argc, argv, environ);
	if (argc > 1 && strcmp(argv[1], "--worker") == 0)
		return worker(argc, argv, worker_run);
	if (argc > 1 && strcmp(argv[1], "--tls-worker") == 0)
		return worker(argc, argv, tlsworker_run);
	options_read(&r, argc, argv);
	log_init("vsap-relay", false, r.verbose);
	set_up(&r);
	return r.listen ? forward_run(&r) : pair_run(&r);
}
