/*
 * irc_idle: what registered clients that say nothing cost.  Memory of the
 * server's processes before and after, for each client: "rss_B" sums what
 * each process has resident, "pss_B" counts shared pages once.  Then the
 * processor time of -t seconds: "idle_ms".
 *
 * The first clients, -w of them, come before the first look at the memory:
 * what is paid once is not counted.
 */
#include "irc_client.h"

static struct {
	int clients, warm;
	double seconds;
	struct bench_tree tree;
} opt = { 10000, 16, 10, { .nroots = 0 } };

static void
usage(void)
{
	fprintf(stderr, "usage: irc_idle -p pid [-c window] [-n clients] "
			"[-t seconds] [-w warm] host port\n");
	exit(100);
}

/* KiB of a line of smaps_rollup, all processes. */
static long
memory(const char *field)
{
	char path[64], line[256];
	size_t n = strlen(field);
	long sum = 0;
	FILE *f;
	int i;

	for (i = 0; i < irc.npids; i++) {
		snprintf(path, sizeof(path), "/proc/%d/smaps_rollup",
		    (int)irc.pid[i]);
		if ((f = fopen(path, "re")) == NULL)
			err(111, "%s", path);
		while (fgets(line, sizeof(line), f) != NULL)
			if (strncmp(line, field, n) == 0)
				sum += strtol(line + n, NULL, 10);
		if (ferror(f))
			err(111, "%s: only root may read it?", path);
		fclose(f);
	}
	return sum;
}

static void
rest(double seconds)
{
	double left, until = bench_now() + seconds;

	while ((left = until - bench_now()) > 0)
		irc_turn((int)(left * 1000) + 1);
}

int
main(int argc, char **argv)
{
	long rss, pss;
	double cpu;
	int o;

	while ((o = getopt(argc, argv, "c:n:p:t:w:")) != -1)
		switch (o) {
		case 'c':
			irc.window = bench_num(optarg, 1, 4096);
			break;
		case 'n':
			opt.clients = bench_num(optarg, 1, 100000);
			break;
		case 'p':
			bench_tree_add(&opt.tree, optarg);
			break;
		case 't':
			opt.seconds = bench_num(optarg, 1, 600);
			break;
		case 'w':
			opt.warm = bench_num(optarg, 0, 1000);
			break;
		default:
			usage();
		}
	if (argc - optind != 2)
		usage();
	irc_server(&opt.tree);
	irc_begin(argv[optind], bench_num(argv[optind + 1], 1, 65535),
	    opt.clients + opt.warm);
	irc_bring_up(opt.warm);
	rest(0.5);
	rss = memory("Rss:");
	pss = memory("Pss:");
	irc_bring_up(opt.clients);
	rest(1.5);
	rss = memory("Rss:") - rss;
	pss = memory("Pss:") - pss;
	cpu = irc_cpu();
	rest(opt.seconds);
	printf("rss_B %ld pss_B %ld idle_ms %.2f\n", rss * 1024 / opt.clients,
	    pss * 1024 / opt.clients, (irc_cpu() - cpu) * 1000);
}
