/*
 * ports: print that many free TCP ports of 127.0.0.1, below those that the
 * system gives to outgoing connections, so that none is taken that way
 * between two runs.  All are held until the last is known, so they differ.
 */
#include "bench.h"

#define LOWEST 10000
#define COUNT 22000
#define TRIES 1000

static int
free_port(void)
{
	struct sockaddr_in sin;
	int i, port, fd;

	for (i = 0; i < TRIES; i++) {
		port = LOWEST + (int)arc4random_uniform(COUNT);
		sin = bench_addr("127.0.0.1", port);
		if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1)
			err(111, "socket");
		if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
			return port;
		close(fd);
	}
	errx(111, "no free port");
}

int
main(int argc, char **argv)
{
	int i, n = argc > 1 ? bench_num(argv[1], 1, 1000) : 1;

	for (i = 0; i < n; i++)
		printf("%d\n", free_port());
	return 0;
}
