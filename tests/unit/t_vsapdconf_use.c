/*
 * What becomes of a vsapd.conf(5) that was read: the check on the system, what
 * is added at its end, what the options make, and what -T answers.
 */
#include "vsapd/conf_impl.h"

#include <sys/stat.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "play_vsapdconf.h"

/* ---- the check on the system ---- */

static const struct {
	const char *text, *want;
} unknown[] = {
	{ "permit user nix stat\n",
	    "vsapd.conf:1: user \"nix\": there is no such user" },
	{ "include sub/c\n",
	    "sub/c:1: user \"nobody-there\": there is no such user" },
	{ "\npermit group staff stat\n",
	    "vsapd.conf:2: group \"staff\": there is no such group; a group of "
	    "the system is gid" },
	{ "group a { b }\n",
	    "vsapd.conf:1: user \"b\": there is no such user" },
	{ "user a password \"$1$x\"\n", NULL },
	{ "user a password \"SCRAM-SHA-256$1:x\"\n", NULL },
	{ "passwords file /nix/x\n",
	    "vsapd.conf:1: /nix/x: No such file or directory" },
	{ "tls { certificate /nix/c key /nix/k }\n", NULL },
	{ "upstream tls:gw:1 { ca /nix/ca }\n", NULL },
	{ "root /nix/names\n",
	    "vsapd.conf:1: root /nix/names: No such file or directory" },
	{ "root /etc/passwd\n",
	    "vsapd.conf:1: root /etc/passwd: not a directory" },
	{ "log file /nix/log\n",
	    "vsapd.conf:1: log file in /nix: No such file or directory" },
	{ "run as nobody-such\n",
	    "vsapd.conf:1: run as nobody-such: the system has no such user" },
};

static void
test_check(void)
{
	struct conf *c;

	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		c = load(unknown[i].text);
		is_int(conf_check(c, err, sizeof(err)), -1, "unknown %zu: %s",
		    i, err);
		if (unknown[i].want != NULL)
			is_str(err, unknown[i].want, "unknown %zu", i);
		conf_free(c);
	}
	c = load("group g a\nuser a password \"" SCRAM "\"\n"
		 "permit { bind, connect } any user a group g from *\n");
	is_int(conf_check(c, err, sizeof(err)), 0,
	    "what is used before it is "
	    "there: %s",
	    err);
	conf_free(c);
}

static void
write_file(const char *path, const char *s, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ok(fd != -1 && write(fd, s, strlen(s)) == (ssize_t)strlen(s) &&
		fchmod(fd, mode) == 0,
	    "%s is there", path);
	close(fd);
}

static int
check_file(const char *path)
{
	struct conf *c =
	    conf_read(path, conf_open_file, NULL, err, sizeof(err));
	int r = c == NULL ? -1 : conf_check(c, err, sizeof(err));

	conf_free(c);
	return r;
}

static void
test_rights(void)
{
	char dir[] = "/tmp/t_vsapdconf.XXXXXX", conf[64], part[64], want[300];

	ok(mkdtemp(dir) != NULL, "a folder");
	(void)snprintf(conf, sizeof(conf), "%s/vsapd.conf", dir);
	(void)snprintf(part, sizeof(part), "%s/users", dir);
	write_file(conf, "include \"users\"\npermit user a stat\n", 0644);
	write_file(part, "user a password \"" SCRAM "\"\n", 0644);
	(void)snprintf(want, sizeof(want),
	    "%s: it has passwords, and others may read it: chmod o= %s", part,
	    part);
	is_int(check_file(conf), -1, "passwords that others may read");
	is_str(err, want, "are refused");
	(void)chmod(part, 0640);
	is_int(check_file(conf), 0, "without them others may: %s", err);
	(void)chmod(conf, 0602);
	is_int(check_file(conf), -1, "a file that everybody may write");
	ok(strstr(err, "everybody may write") != NULL, "%s", err);
	/* a password file's users are users */
	write_file(conf, "passwords file \"users\"\npermit user b stat\n",
	    0600);
	write_file(part, "b:" SCRAM "\n", 0600);
	is_int(check_file(conf), 0, "users of a password file: %s", err);
	write_file(part, "c:" SCRAM "\n", 0600);
	is_int(check_file(conf), -1, "and nobody else");
	ok(strstr(err, "conf:2: user \"b\": there is no such") != NULL, "%s",
	    err);
	(void)unlink(conf);
	(void)unlink(part);
	(void)rmdir(dir);
}

/* ---- the end ---- */

static const struct {
	const char *text, *want;
} ends[] = {
	{ "listen on :1\n",
	    "vsapd.conf:1: listen on *:1 can be reached from other machines, "
	    "but nothing is permitted to them: add a rule for what they may "
	    "do, as \"permit from 10.0.0.0/8 bind 8080-8081\"; or listen on "
	    "127.0.0.1" },
	{ "permit from local stat\n\nlisten on 192.0.2.1:1\n",
	    "vsapd.conf:3: listen on 192.0.2.1:1 can be reached from other "
	    "machines, but nothing is permitted to them: add a rule for what "
	    "they may do, as \"permit from 10.0.0.0/8 bind 8080-8081\"; or "
	    "listen on 127.0.0.1" },
	{ "deny stat\nlisten on :1\n", NULL },
	{ "permit stat\nlisten on :1\n", "" },
	{ "permit uid 0 stat\nlisten on 127.0.0.1:1\nlisten on /x\n", "" },
	{ "listen on :1 metrics\n", "" },
	{ "upstream localhost:1\npermit stat\nlisten on :1\n",
	    "vsapd.conf:3: listen on *:1 is named by upstream, too: a gateway "
	    "is not its own upstream" },
	{ "upstream /x\nlisten on /x\n", NULL },
	{ "upstream 192.0.2.1:1\nlisten on 192.0.2.1:1\npermit stat\n", NULL },
	{ "upstream localhost:8706\n",
	    "127.0.0.1:8706 is named by upstream, too: a gateway is not its "
	    "own upstream" },
	{ "upstream 192.0.2.1:1\npermit stat\nlisten on :1\n", "" },
	{ "\n", "" },
};

static void
test_finish(void)
{
	struct conf *c;
	int r;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		c = load(ends[i].text);
		(void)strlcpy(c->rundir, "/run/v", sizeof(c->rundir));
		r = conf_finish(c, err, sizeof(err));
		is_int(r,
		    ends[i].want == NULL || ends[i].want[0] != '\0' ? -1 : 0,
		    "end %zu", i);
		if (r == -1 && ends[i].want != NULL)
			is_str(err, ends[i].want, "end %zu", i);
		if (r == 0)
			same_again(c, "finished");
		conf_free(c);
	}
}

static void
test_default(void)
{
	struct conf *c = load("permit stat\n");

	(void)strlcpy(c->rundir, "/run/v", sizeof(c->rundir));
	is_int(conf_finish(c, err, sizeof(err)), 0, "finished");
	ok(c->default_listen && c->nlisten == 2, "two listeners");
	is_str(conf_listen_at(c, 0)->addr.text, "127.0.0.1", "loopback");
	is_str(conf_listen_at(c, 1)->addr.text, "/run/v/vsapd.sock", "a path");
	ok(c->workers > 0 && c->tls_workers > 0, "workers");
	conf_free(c);
	c = load("permit stat\n");
	is_int(conf_finish(c, err, sizeof(err)), 0, "without a run directory");
	is_int(c->nlisten, 1, "one listener");
	conf_free(c);
}

/* What the options make is a text of the grammar, too. */
static const struct {
	unsigned verbs;
	const char *text;
} options[] = {
	{ RULE_BIND, "8080-8081" },
	{ RULE_BIND, "*:80,443" },
	{ RULE_BIND, "[::1]:80" },
	{ RULE_BIND, "name:a*" },
	{ RULE_CONNECT | RULE_FORWARD, "*.example.org:22" },
	{ RULE_CONNECT | RULE_FORWARD, "10.0.0.0/8:*" },
	{ RULE_CONNECT | RULE_FORWARD, "/tmp/a{b" },
	{ RULE_CONNECT | RULE_FORWARD, "name:\"x" },
	{ RULE_CONNECT | RULE_FORWARD, "any" },
};

static void
test_options(void)
{
	struct conf *c = conf_new();
	char *all;

	is_int(conf_finish(c, err, sizeof(err)), 0, "no option: %s", err);
	same_again(c, "no option");
	conf_free(c);
	c = conf_new();
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		is_int(rules_add_option(c->rules, options[i].verbs,
			   options[i].text, err, sizeof(err)),
		    0, "%s", options[i].text);
	c->passwd = strdup("/a\nb");
	is_int(conf_finish(c, err, sizeof(err)), 0, "options: %s", err);
	same_again(c, "options");
	all = joined(print(c));
	ok(strstr(all, "at -b\npermit bind 8080-8081\n") != NULL, "-b");
	ok(strstr(all, "at \"built in\"\npermit ") != NULL, "built in");
	ok(strstr(all, "passwords file \"/a?b\"\n") != NULL, "%s",
	    "what no file can have");
	free(all);
	conf_free(c);
}

/* ---- queries ---- */

static const char asked[] =
    "nets = { 10.0.0.0/8, 192.0.2.0/24 }\n"
    "admit from { $nets, 127.0.0.0/8 }\n"
    "listen on 127.0.0.1:8706\nlisten on :8707\n"
    "tls { certificate a key b client ca c }\n"
    "user ops password \"" CRYPT "\"\nuser root password \"" CRYPT "\"\n"
    "group admins root\n"
    "deny connect 10.9.0.0/16:*\n"
    "permit user ops from 10.0.0.0/8 bind *:8080-8090\n"
    "permit group admins all\n"
    "permit uid 1000 connect /tmp/*\n"
    "permit gid staff bind name:*\n"
    "permit certificate \"*.ops\" over tls connect www.example.org:80\n"
    "permit from 192.0.2.0/24 connect *.example.org:80\n"
    "permit from local connect { *:*, localhost:22, 127.0.0.1:8706 }\n"
    "permit fingerprint " PRINT " stat\n";

#define L(n) "by vsapd.conf:" #n ": "
#define R10 L(10) "permit user ops from 10.0.0.0/8 bind *:8080-8090"
#define R11 L(11) "permit group admins all"
#define R14 L(14) "permit certificate *.ops over tls connect www.example.org:80"
#define R15 L(15) "permit from 192.0.2.0/24 connect *.example.org:80"
#define R16                                                                    \
	L(16)                                                                  \
	"permit from local connect { *:*, localhost:22, 127.0.0.1:8706 "       \
	"}"
#define NO "denied: no rule matches"

static const struct {
	const char *query;
	int r;
	const char *want;
} queries[] = {
	{ "user ops from 10.1.2.3 bind :8080", 0, "permitted " R10 },
	{ "bind :8080 from 10.1.2.3 user ops", 0, "permitted " R10 },
	{ "user ops from 10.1.2.3 bind :0", 0,
	    "permitted " R10 " (a port of 8080 to 8090)" },
	{ "user ops from 10.1.2.3 bind :8079", 1, NO },
	{ "user ops from 192.0.2.1 bind :8080", 1, NO },
	{ "user ops from local bind :8080", 1, NO },
	{ "from 10.1.2.3 bind :8080", 1, NO },
	{ "user root from 10.1.2.3 bind :22", 0, "permitted " R11 },
	{ "user root from local stat", 0, "permitted " R11 },
	{ "user ops from local stat", 1, NO },
	{ "user root connect 127.0.0.1:8706", 0,
	    "permitted " R11 " (a listener of the gateway)" },
	{ "user root connect 10.9.1.1:1", 1,
	    "denied " L(9) "deny connect 10.9.0.0/16:*" },
	{ "user root forward 10.9.1.1:1", 0, "permitted " R11 },
	{ "uid 1000 connect /tmp/x", 0,
	    "permitted " L(12) "permit uid 1000 connect /tmp/*" },
	{ "uid 1001 connect /tmp/x", 1, NO },
	{ "uid 4294967294 gid staff bind name:x", 0,
	    "permitted " L(13) "permit gid 50 bind name:*" },
	{ "gid 51 bind name:x", 1, NO },
	{ "certificate \"a.ops\" over tls connect www.example.org:80", 0,
	    "192.0.2.80: permitted " R14 "\n2001:db8::80: permitted " R14 },
	{ "certificate \"a.dev\" over tls connect www.example.org:80", 1,
	    "192.0.2.80: " NO "\n2001:db8::80: " NO },
	{ "from 192.0.2.1 connect www.example.org:80", 0,
	    "192.0.2.80: permitted " R15 "\n2001:db8::80: permitted " R15 },
	{ "from 192.0.2.1 connect inside.example.org:80", 0,
	    "10.1.1.1: permitted " R15 "\n192.0.2.81: permitted " R15 },
	{ "from 192.0.2.1 connect evil.example.org:80", 1, "127.0.0.1: " NO },
	{ "from 192.0.2.1 connect nix.example.org:80", 0,
	    "permitted " R15
	    " (its addresses are not known: Name or service not known)" },
	{ "from 192.0.2.1 connect www.example.org:81", 1,
	    "192.0.2.80: " NO "\n2001:db8::80: " NO },
	{ "from local connect localhost:22", 0,
	    "127.0.0.1: permitted " R16 "\n::1: permitted " R16 },
	{ "from 127.0.0.1 connect 127.0.0.1:23", 1, NO },
	{ "from local connect 127.0.0.1:8706", 0,
	    "permitted " R16 " (a listener of the gateway)" },
	{ "from local connect 127.0.0.1:8707", 1,
	    NO " (a listener of the gateway)" },
	{ "from local connect 198.51.100.1:1", 0, "permitted " R16 },
	{ "from 198.51.100.1 stat", 1,
	    "denied: this address is not admitted (admit from, -a)" },
	{ "fingerprint " PRINT " over tls stat", 0,
	    "permitted " L(17) "permit fingerprint " PRINT " stat" },
	/* no queries */
	{ "", -1,
	    "query: found the end of the line, expected bind, certificate, "
	    "connect, fingerprint, forward, from, gid, over, stat, uid or "
	    "user" },
	{ "user ops", -1, "query: expected bind, connect, forward or stat" },
	{ "user nix stat", -1, "query: user \"nix\": there is no such user" },
	{ "stat bind :1", -1, "query: bind: one question at a time" },
	{ "bind", -1, "query: found the end of the line, expected a text" },
	{ "from 10.0.0.0/8 stat", -1,
	    "query: from 10.0.0.0/8: expected one address, as 10.1.2.3, or "
	    "local" },
	{ "from 10.0.0.1 uid 5 stat", -1,
	    "query: uid is known of local peers alone: no from" },
	{ "gid 5 from 10.0.0.1 stat", -1,
	    "query: gid is known of local peers alone: no from" },
	{ "certificate x stat", -1,
	    "query: a certificate comes over tls: write over tls, too" },
	{ "user ops user ops stat", -1,
	    "query: user is set already in query:1" },
	{ "stat\nstat", -1, NULL },
	{ "uid nix stat", -1,
	    "query: user \"nix\": the system has no such user" },
	{ "permit stat", -1, NULL },
};

static void
ask(const struct conf *c, const char *query, int want, const char *line)
{
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);
	int r = conf_explain(c, query, f, err, sizeof(err));

	(void)fclose(f);
	is_int(r, want, "%.*s", (int)strcspn(query, "\n"), query);
	if (n > 0)
		out[n - 1] = '\0'; /* the last line's end */
	if (line != NULL)
		is_str(r == -1 ? err : out, line, "and the answer");
	free(out);
}

static void
test_queries(void)
{
	struct conf *c = load(asked);

	is_str(err, "", "rules to ask about");
	if (c == NULL)
		return;
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
		ask(c, queries[i].query, queries[i].r, queries[i].want);
	c->auth_required = true;
	ask(c, "from local connect 198.51.100.1:1", 1,
	    "denied: nobody may do anything without a user name "
	    "(authentication required, -A)");
	c->auth_required = false;
	c->has_upstream = true;
	ask(c, "from 192.0.2.1 connect www.example.org:80", 0,
	    "permitted " R15 " (the upstream looks at its addresses)");
	conf_free(c);
	c = conf_new();
	(void)rules_add_option(c->rules, RULE_BIND, "80", err, sizeof(err));
	(void)conf_finish(c, err, sizeof(err));
	ask(c, "from 10.0.0.1 bind :80", 0, "permitted by -b: permit bind 80");
	ask(c, "from local stat", 0,
	    "permitted built in: permit from local stat");
	ask(c, "from 10.0.0.1 stat", 1, NO);
	conf_free(c);
}

int
main(void)
{
	test_check();
	test_rights();
	test_finish();
	test_default();
	test_options();
	test_queries();
	return done_testing();
}
