/* ircd-lite: an IRC server (ircd-lite(8)). */

#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "conf_open.h"
#include "inetd.h"
#include "log.h"
#include "makehash.h"
#include "opts.h"
#include "parent.h"
#include "runpath.h"

#define CONF_FILE "/etc/ircd-lite.conf"

static void __attribute__((__noreturn__)) usage(FILE *out)
{
	fprintf(out, "usage: ircd-lite [-dhHinVv] [-f file] [-l address]... "
		     "[-R dir] [-u user]\n");
	exit(out == stderr);
}

static void
add_listen(struct opts *o, const char *text)
{
	struct addr *a = &o->listen[o->nlisten];
	char why[256];

	if (o->nlisten++ == OPTS_LISTEN_MAX)
		errx(1, "-l: no more than %d listeners", OPTS_LISTEN_MAX);
	if (addr_parse_listen(a, text, why, sizeof(why)) == -1)
		errx(1, "-l %s", why);
}

static void
set_rundir(struct opts *o, const char *dir)
{
	o->own_rundir = true;
	if (dir[0] != '/')
		errx(1, "-R %s: write an absolute path", dir);
	if (strlcpy(o->rundir, dir, sizeof(o->rundir)) >= sizeof(o->rundir))
		errx(1, "-R %s: longer than %zu bytes", dir,
		    sizeof(o->rundir) - 1);
}

/* What was not given. */
static void
set_defaults(struct opts *o, bool inetd)
{
	char why[256];

	if (o->conf == NULL && access(CONF_FILE, inetd ? R_OK : F_OK) == 0)
		o->conf = CONF_FILE;
	if (o->own_rundir || runpath_dir_of("ircd-lite", o->rundir,
				 sizeof(o->rundir), why, sizeof(why)) == 0)
		return;
	o->rundir[0] = '\0';
	if (!inetd)
		log_warn("no hand-overs: %s", why);
}

static int
check(const struct opts *o)
{
	struct conf *conf;
	char why[LEX_ERR_LEN];

	conf = conf_load(o->conf, conf_open_file, NULL, why, sizeof(why));
	if (conf == NULL)
		errx(1, "%s", lex_last_error(why, warnx));
	conf_free(conf);
	printf("%s: ok\n",
	    o->conf != NULL ? o->conf : "built-in configuration");
	return 0;
}

int
main(int argc, char **argv, char **envp)
{
	static struct opts o = { .given = -1 };
	bool inetd = false, only_check = false;
	int c;

	setproctitle_init(argc, argv, envp);
	o.argv = argv;
	while ((c = getopt(argc, argv, "df:hHil:nR:u:Vv")) != -1) {
		switch (c) {
		case 'd':
			o.background = o.no_stderr = true;
			break;
		case 'f':
			if ((o.conf = conf_absolute(optarg)) == NULL)
				err(1, "-f %s", optarg);
			break;
		case 'h':
			usage(stdout);
		case 'H':
			return makehash();
		case 'i':
			inetd = true;
			break;
		case 'l':
			add_listen(&o, optarg);
			break;
		case 'n':
			only_check = true;
			break;
		case 'R':
			set_rundir(&o, optarg);
			break;
		case 'u':
			if (getuid() != 0)
				errx(1,
				    "-u %s: only root can become another "
				    "user",
				    optarg);
			o.user = optarg;
			break;
		case 'V':
			printf("ircd-lite " VERSION "\n");
			return 0;
		case 'v':
			o.verbose = true;
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
	log_init("ircd-lite", false, o.verbose);
	set_defaults(&o, inetd);
	if (only_check)
		return check(&o);
	if (inetd)
		inetd_run(&o);
	parent_run(&o);
}
