/*
 * A small server for hand-overs: takes connections at a SOCK_SEQPACKET
 * socket, says whose they are, and answers each in capital letters.
 *
 *	fdrecv [-c closes] [-s silences] path
 *
 * Before it serves it closes the first -c offers without an acknowledgement
 * and is silent at the next -s.  Lines on standard output: "listening on
 * PATH", "refused N", "taken SOURCE to DESTINATION, N bytes ahead".
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "handover.h"
#include "net.h"

#define OFFER_TIMEOUT 5000

static int
listen_at(const char *path)
{
	struct addr a;
	struct sockaddr_storage ss;
	socklen_t len;
	char error[256];
	int fd;

	if (addr_parse(&a, path, ADDR_F_UNIX, error, sizeof(error)) == -1)
		errx(1, "%s", error);
	len = addr_sockaddr(&a, &ss);
	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, 128) == -1)
		err(1, "%s", path);
	return fd;
}

static void __attribute__((__noreturn__))
serve(int fd, const struct handover *h)
{
	char buf[4096];
	ssize_t n, i;

	if (write(fd, h->first, h->firstlen) == -1)
		err(1, "write");
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (i = 0; i < n; i++)
			buf[i] = (char)toupper((unsigned char)buf[i]);
		if (write(fd, buf, (size_t)n) != n)
			err(1, "write");
	}
	exit(n == -1);
}

static void
say(const struct handover *h)
{
	char src[ADDR_STRLEN], dst[ADDR_STRLEN];

	printf("taken %s to %s, %zu bytes ahead\n",
	    addr_format_sa((const struct sockaddr *)&h->src, h->srclen, src,
		sizeof(src)),
	    addr_format_sa((const struct sockaddr *)&h->dst, h->dstlen, dst,
		sizeof(dst)),
	    h->firstlen);
	fflush(stdout);
}

static void
take(int sock)
{
	char msg[HANDOVER_MAX], ack = HANDOVER_ACK;
	struct handover h;
	int fd = -1, nfds = 1;
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	ssize_t n;

	if (poll(&pfd, 1, OFFER_TIMEOUT) != 1)
		errx(1, "nothing was offered");
	n = fdpass_recv(sock, msg, sizeof(msg), &fd, &nfds, NULL);
	if (n == 0) {
		printf("asked\n"); /* a probe: connected, and left */
		fflush(stdout);
		return;
	}
	if (n == -1 || nfds != 1 || handover_parse(&h, msg, (size_t)n) == -1)
		errx(1, "malformed hand-over");
	if (fcntl(fd, F_GETFL) & O_NONBLOCK)
		errx(1, "the descriptor does not block");
	if (write(sock, &ack, 1) != 1)
		err(1, "acknowledgement");
	say(&h);
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		serve(fd, &h);
	}
	close(fd);
}

static void
check_peer(int sock)
{
	uid_t uid;

	if (net_peer_uid(sock, &uid) == -1)
		err(1, "peer");
	if (uid != 0 && uid != getuid())
		errx(1, "offered by user %u", (unsigned)uid);
}

int
main(int argc, char *argv[])
{
	int ch, sock, fd, closes = 0, silences = 0, n = 0;
	const char *error = NULL;

	while ((ch = getopt(argc, argv, "c:s:")) != -1) {
		if (ch == 'c')
			closes = (int)strtonum(optarg, 0, 100, &error);
		else if (ch == 's')
			silences = (int)strtonum(optarg, 0, 100, &error);
		else
			return 1;
		if (error != NULL)
			errx(1, "-%c %s", ch, error);
	}
	if (argv[optind] == NULL)
		errx(1, "usage: fdrecv [-c closes] [-s silences] path");
	if (signal(SIGCHLD, SIG_IGN) == SIG_ERR)
		err(1, "signal");
	fd = listen_at(argv[optind]);
	printf("listening on %s\n", argv[optind]);
	fflush(stdout);
	while ((sock = accept(fd, NULL, NULL)) != -1) {
		check_peer(sock);
		if (n++ >= closes + silences)
			take(sock);
		else {
			printf("refused %d\n", n);
			fflush(stdout);
		}
		/* the silent ones stay open */
		if (n <= closes || n > closes + silences)
			close(sock);
	}
	err(1, "accept");
}
