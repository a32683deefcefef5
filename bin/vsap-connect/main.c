/*
 * vsap-connect: reach an address through a gateway and join standard input
 * and output to it, or hand the connection to who started us.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "args.h"
#include "connect.h"
#include "creds.h"
#include "log.h"
#include "stdpump.h"

/* A stream must not get the number of a standard descriptor. */
static void
open_standard(void)
{
	int fd;

	do
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			err(CONNECT_TEMPORARY, "/dev/null");
	while (fd <= STDERR_FILENO);
	close(fd);
}

static int
open_stream(struct args *a, struct connect **c)
{
	char *creds, error[8192];
	int fd, status;

	creds = creds_load(error, sizeof(error));
	if (creds == NULL && error[0] != '\0')
		errx(CONNECT_PERMANENT, "%s", error);
	a->o.creds = creds;
	status = connect_open(&a->o, &fd, c, error, sizeof(error));
	creds_free(creds);
	gwopts_free(&a->gw);
	if (status != CONNECT_OK)
		errx(status, "%s", error);
	return fd;
}

static int
pass(int fd, struct connect *c)
{
	if (connect_pass(fd) == -1)
		err(CONNECT_TEMPORARY, "standard output");
	(void)connect_end(c, false);
	return CONNECT_OK;
}

static int
pump(const struct args *a, int fd, struct connect *c)
{
	struct stdpump_count count;
	char target[ADDR_STRLEN];
	int r, error;

	r = stdpump(fd, STDIN_FILENO, STDOUT_FILENO, &count);
	error = errno;
	close(fd);
	if (connect_end(c, r == 0) == -1) {
		error = errno;
		r = -1;
	}
	errno = error;
	/* EPIPE: whoever left the pipeline knows it */
	if (r == -1 && error != EPIPE)
		warn("%s", addr_format(&a->o.target, target, sizeof(target)));
	log_debug("%llu bytes sent, %llu received",
	    (unsigned long long)count.sent, (unsigned long long)count.received);
	log_flush();
	return r == -1 ? CONNECT_TEMPORARY : CONNECT_OK;
}

int
main(int argc, char **argv)
{
	struct connect *c;
	struct args a;
	int fd;

	open_standard();
	args_parse(&a, argc, argv);
	log_init("vsap-connect", false, a.o.verbose);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		err(CONNECT_TEMPORARY, "SIGPIPE");
	fd = open_stream(&a, &c);
	return a.o.pass ? pass(fd, c) : pump(&a, fd, c);
}
