/* vsapd: the gateway's control plane (vsapd(8)). */

#include <sys/types.h>
#include <err.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alone.h"
#include "conf.h"
#include "creds.h"
#include "log.h"
#include "orphans.h"
#include "parent.h"
#include "runpath.h"
#include "spawn.h"

#define WORKERS_MAX 64

static void __attribute__((__noreturn__)) usage(FILE *out)
{
	fprintf(out,
	    "usage: vsapd [-dhiKVv] [-l address]... [-b ports]... "
	    "[-c destination]...\n"
	    "             [-a CIDR]... [-A file] [-g group] [-j workers] "
	    "[-R dir]\n"
	    "             [-r upstream] [-u user]\n");
	exit(out == stderr);
}

static void
add_listen(struct conf *conf, const char *text)
{
	struct addr *a = &conf->listen[conf->nlisten];
	char why[256];

	if (conf->nlisten++ == CONF_LISTEN_MAX)
		errx(1, "-l: no more than %d listeners", CONF_LISTEN_MAX);
	if (addr_parse_listen(a, text, why, sizeof(why)) == -1)
		errx(1, "-l %s", why);
}

static void
add_rule(struct conf *conf, int letter, const char *text)
{
	char why[512];
	int r;

	if (letter == 'a')
		r = rules_add_admit(conf->rules, text, why, sizeof(why));
	else
		r = rules_add(conf->rules,
		    letter == 'b' ? RULE_BIND : RULE_CONNECT, text, why,
		    sizeof(why));
	if (r == -1)
		errx(1, "-%c %s", letter, why);
}

static void
set_upstream(struct conf *conf, const char *text)
{
	char why[512];

	if (addr_parse(&conf->upstream, text, ADDR_FOR_SERVER, why,
		sizeof(why)) == -1)
		errx(1, "-r %s", why);
	conf->has_upstream = true;
	rules_set_upstream(conf->rules, true);
	conf->creds = creds_load(why, sizeof(why));
	if (conf->creds == NULL && why[0] != '\0')
		errx(1, "%s", why);
}

static void
set_user(struct conf *conf, const char *name)
{
	struct passwd *pw;

	if (getuid() != 0) {
		if (name != NULL)
			errx(1, "-u %s: only root can become another user",
			    name);
		conf->uid = getuid();
		conf->gid = getgid();
		return;
	}
	if ((pw = getpwnam(name != NULL ? name : "vsapd")) == NULL &&
	    (name != NULL || (pw = getpwnam("nobody")) == NULL))
		errx(1, "-u %s: no such user", name != NULL ? name : "nobody");
	conf->uid = pw->pw_uid;
	conf->gid = pw->pw_gid;
}

static void
set_group(struct conf *conf, const char *name)
{
	struct group *gr = getgrnam(name);

	if (gr == NULL)
		errx(1, "-g %s: no such group", name);
	conf->has_group = true;
	conf->group = gr->gr_gid;
}

static void
set_workers(struct conf *conf, const char *text)
{
	const char *bad;

	conf->workers = (int)strtonum(text, 1, WORKERS_MAX, &bad);
	if (bad != NULL)
		errx(1, "-j %s: a number of workers from 1 to %d", text,
		    WORKERS_MAX);
}

static void
set_rundir(struct conf *conf, const char *dir)
{
	conf->own_rundir = true;
	if (dir[0] != '/')
		errx(1, "-R %s: write an absolute path", dir);
	if (strlcpy(conf->rundir, dir, sizeof(conf->rundir)) >=
	    sizeof(conf->rundir))
		errx(1, "-R %s: longer than %zu bytes", dir,
		    sizeof(conf->rundir) - 1);
}

/* What was not given. */
static void
set_defaults(struct conf *conf)
{
	char why[256];

	if (!conf->own_rundir && runpath_dir(conf->rundir, sizeof(conf->rundir),
				     why, sizeof(why)) == -1) {
		conf->rundir[0] = '\0';
		log_warn("no UNIX-domain socket and no UNIX names: %s", why);
	}
	if (conf->nlisten == 0) {
		conf->default_listen = true;
		add_listen(conf, "127.0.0.1:" VSAP_STR(VSAP_PORT));
	}
	if (conf->workers == 0)
		conf->workers = spawn_cpus();
	conf->owner = getuid();
}

int
main(int argc, char **argv, char **envp)
{
	static struct conf conf;
	const char *user = NULL;
	bool background = false, inetd = false;
	int c, n;

	setproctitle_init(argc, argv, envp);
	if ((conf.rules = rules_new()) == NULL)
		err(1, NULL);
	while ((c = getopt(argc, argv, "A:a:b:c:dg:hij:Kl:R:r:u:Vv")) != -1) {
		switch (c) {
		case 'A':
			conf.passwd = optarg;
			break;
		case 'a':
		case 'b':
		case 'c':
			add_rule(&conf, c, optarg);
			break;
		case 'd':
			background = true;
			break;
		case 'g':
			set_group(&conf, optarg);
			break;
		case 'h':
			usage(stdout);
		case 'i':
			inetd = true;
			break;
		case 'j':
			set_workers(&conf, optarg);
			break;
		case 'K':
			if ((n = orphans_end()) == -1)
				err(1, "-K");
			printf("%d orphaned worker%s ended\n", n,
			    n == 1 ? "" : "s");
			return 0;
		case 'l':
			add_listen(&conf, optarg);
			break;
		case 'R':
			set_rundir(&conf, optarg);
			break;
		case 'r':
			set_upstream(&conf, optarg);
			break;
		case 'u':
			user = optarg;
			break;
		case 'V':
			printf("vsapd " VERSION "\n");
			return 0;
		case 'v':
			conf.verbose = true;
			break;
		default:
			usage(stderr);
		}
	}
	if (optind != argc) {
		warnx("%s: not an option; everything has a letter",
		    argv[optind]);
		usage(stderr);
	}
	log_init("vsapd", false, conf.verbose);
	set_user(&conf, user);
	set_defaults(&conf);
	if (inetd)
		alone_run(&conf);
	conf.background = background;
	parent_run(&conf);
}
