/*
 * ports: print that many free TCP ports of 127.0.0.1.  All are held until
 * the last is known, so they differ; another program may still take one.
 */
#include "bench.h"

int
main(int argc, char **argv)
{
	int i, fd, n = argc > 1 ? bench_num(argv[1], 1, 1000) : 1;

	for (i = 0; i < n; i++) {
		struct sockaddr_in sin = bench_addr("127.0.0.1", 0);
		socklen_t len = sizeof(sin);

		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd == -1 || bind(fd, (struct sockaddr *)&sin, len) == -1 ||
		    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
			err(111, "port");
		printf("%d\n", ntohs(sin.sin_port));
	}
	return 0;
}
