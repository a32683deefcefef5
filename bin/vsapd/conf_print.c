/*
 * A configuration as a text that the grammar reads again: for control, which
 * gets no secret, and for people (-n -v).
 */
#include "conf_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fileio.h"

#define SIZE_DIGITS 100000000 /* smaller ones may have a K behind them */

/* ---- words --------------------------------------------------------------- */

static void
put_path(FILE *out, const char *words, const char *path)
{
	if (path == NULL)
		return;
	fprintf(out, "%s ", words);
	conf_put_text(out, path, false);
	fputc('\n', out);
}

static void
put_words(FILE *out, const struct conf_words *list, bool name)
{
	const char *before = "{ ";
	const struct conf_word *w;

	STAILQ_FOREACH(w, list, entry) {
		fputs(before, out);
		conf_put_text(out, w->text, name);
		before = ", ";
	}
	fputs(" }", out);
}

/* ---- listeners ----------------------------------------------------------- */

static void
put_cidr(FILE *out, const struct cidr *net)
{
	bool v4 = net->bits >= 96 && IN6_IS_ADDR_V4MAPPED(&net->ip);
	char ip[INET6_ADDRSTRLEN];

	if (net->bits == 0) {
		fputc('*', out);
		return;
	}
	fprintf(out, "%s/%u",
	    inet_ntop(v4 ? AF_INET : AF_INET6,
		v4 ? (const void *)&net->ip.s6_addr[12] : &net->ip, ip,
		sizeof(ip)),
	    v4 ? net->bits - 96 : net->bits);
}

static void
put_protocols(FILE *out, unsigned protos)
{
	static const char *const names[] = { "vsap", "socks4", "socks5",
		"http" };
	const char *before = " protocols { ";

	if (protos == CONF_P_ALL)
		return;
	for (unsigned i = 0; i < 4; i++)
		if (protos & 1u << i) {
			fprintf(out, "%s%s", before, names[i]);
			before = ", ";
		}
	fputs(" }", out);
}

static void
put_listen(FILE *out, const struct conf_listen *l)
{
	char addr[ADDR_STRLEN];

	fputs("listen on ", out);
	conf_put_text(out, addr_format(&l->addr, addr, sizeof(addr)), false);
	if (l->tls)
		fputs(l->plain ? " tls optional" : " tls", out);
	put_protocols(out, l->protos);
	if (l->cleartext)
		fputs(" passwords cleartext", out);
	if (l->proxy)
		fputs(" proxy", out);
	for (size_t i = 0; i < l->nfrom; i++) {
		fputs(i == 0 ? " from { " : ", ", out);
		put_cidr(out, &l->from[i]);
	}
	if (l->nfrom > 0)
		fputs(" }", out);
	if (l->has_mode)
		fprintf(out, " mode %04o", (unsigned)l->mode);
	if (l->has_group)
		fprintf(out, " group %u", (unsigned)l->group);
	fputs(l->metrics ? " metrics\n" : "\n", out);
}

/* ---- TLS, and the upstream ----------------------------------------------- */

static void
put_tls_items(FILE *out, const struct conf_tls *t)
{
	for (unsigned i = 0; i < t->npairs; i++) {
		fputs("\tcertificate ", out);
		conf_put_text(out, t->cert[i], false);
		put_path(out, " key", t->key[i]);
	}
	put_path(out, "\tprotocols", t->protocols);
	put_path(out, "\tciphers", t->ciphers);
}

static void
put_tls(FILE *out, const struct conf *c)
{
	const struct conf_tls *t = &c->tls;

	if (!c->has_tls)
		return;
	fputs("tls {\n", out);
	put_tls_items(out, t);
	if (t->ca != NULL) {
		fputs("\tclient ca ", out);
		conf_put_text(out, t->ca, false);
		fputs(t->client_must ? " required\n" : "\n", out);
	}
	if (c->tls_workers > 0)
		fprintf(out, "\tworkers %u\n", c->tls_workers);
	fputs("}\n", out);
}

static void
put_upstream(FILE *out, const struct conf *c)
{
	const struct conf_tls *t = &c->up_tls;
	char addr[ADDR_STRLEN], *pins;

	if (!c->has_upstream)
		return;
	fputs("upstream ", out);
	conf_put_text(out, addr_format(&c->upstream, addr, sizeof(addr)),
	    false);
	if (!c->upstream_tls) {
		fputc('\n', out);
		return;
	}
	fputs(" {\n", out);
	put_tls_items(out, t);
	put_path(out, "\tca", t->ca);
	put_path(out, "\tname", t->name);
	if (t->pins != NULL && (pins = strdup(t->pins)) != NULL) {
		fputs("\tfingerprint { ", out);
		for (char *s = pins; (s = strchr(s, ' ')) != NULL;)
			*s = ',';
		fprintf(out, "%s }\n", pins);
		free(pins);
	}
	fputs(t->no_verify ? "\tverify off\n}\n" : "}\n", out);
}

/* ---- people -------------------------------------------------------------- */

static void
put_people(FILE *out, const struct conf *c)
{
	const struct conf_user *u;
	const struct conf_group *g;

	STAILQ_FOREACH(u, &c->users, entry) {
		fputs("user ", out);
		conf_put_text(out, u->name, true);
		fputc('\n', out);
	}
	STAILQ_FOREACH(g, &c->groups, entry) {
		if (STAILQ_EMPTY(&g->users))
			continue;
		fputs("group ", out);
		conf_put_text(out, g->name, true);
		fputc(' ', out);
		put_words(out, &g->users, true);
		fputc('\n', out);
	}
	put_path(out, "passwords file", c->passwd);
	if (c->auth_required)
		fputs("authentication required\n", out);
	if (!STAILQ_EMPTY(&c->admit)) {
		fputs("admit from ", out);
		put_words(out, &c->admit, false);
		fputc('\n', out);
	}
}

static void
put_rules(FILE *out, const struct conf *c, bool people)
{
	char origin[2 * LEX_WORD_MAX], *s;
	const struct rule *r = NULL;
	size_t n;

	while ((r = rules_next(c->rules, r)) != NULL) {
		rule_origin(r, origin, sizeof(origin));
		n = strlen(origin);
		/* the end says more than the beginning */
		s = n > CONF_PATH_MAX ? origin + n - CONF_PATH_MAX : origin;
		fputs(people ? "# " : "at ", out);
		if (people)
			fputs(s, out);
		else
			conf_put_text(out, s, false);
		fprintf(out, "\n%s\n", rule_text(r));
	}
}

/* ---- the rest ------------------------------------------------------------ */

static void
put_limit(FILE *out, const struct conf *c, enum conf_limit i, enum conf_scope j)
{
	static const char *const units[] = { "", "K", "M", "G" };
	unsigned long long all = c->limit[i][j], n = all;
	int unit = 0;

	for (; i == LIMIT_BANDWIDTH && n > 0 && n % 1024 == 0 && unit < 3;
	     unit++)
		n /= 1024;
	if (n >= SIZE_DIGITS) {
		n = all;
		unit = 0;
	}
	fprintf(out, "limit %s%s%s ", conf_limit_name(i),
	    j == SCOPE_TOTAL ? "" : " ",
	    j == SCOPE_TOTAL ? "" : conf_scope_name(j));
	if (n == 0)
		fputs("unlimited", out);
	else
		fprintf(out, "%llu%s", n, units[unit]);
}

/* A default holds for peers that are not local: told to people only. */
static void
put_limits(FILE *out, const struct conf *c, bool people)
{
	for (int i = 0; i < LIMIT_MAX; i++)
		for (int j = 0; j < SCOPE_MAX; j++) {
			bool set = c->limit_set[i][j];

			if (!set && (!people || c->limit[i][j] == 0))
				continue;
			fputs(set ? "" : "# ", out);
			put_limit(out, c, (enum conf_limit)i,
			    (enum conf_scope)j);
			fputs(set ? "\n" : " (not for local peers)\n", out);
		}
	fprintf(out, "prefix %u %u\n", c->prefix4, c->prefix6);
}

static void
put_rest(FILE *out, const struct conf *c)
{
	static const char *const logs[] = {
		[LOG_TO_DEFAULT] = "",
		[LOG_TO_STDERR] = "log stderr\n",
		[LOG_TO_SYSLOG] = "log syslog\n",
		[LOG_TO_FILE] = "",
	};

	fprintf(out,
	    "timeout hello %u seconds\n"
	    "timeout line %u seconds\n"
	    "timeout idle %u seconds\n"
	    "timeout connect %u seconds\n"
	    "timeout linger %u seconds\n",
	    c->hello_time, c->line_time, c->idle_time, c->connect_time,
	    c->linger_time);
	if (c->workers > 0)
		fprintf(out, "workers %u\n", c->workers);
	fputs(logs[c->log], out);
	if (c->log == LOG_TO_FILE)
		put_path(out, "log file", c->log_path);
	fputs(c->verbose ? "log verbose\n" : "", out);
	fputs(c->sandbox ? "sandbox on\n" : "sandbox off\n", out);
	put_path(out, "root", c->root);
	put_path(out, "run as", c->run_as);
	if (c->rundir[0] != '\0')
		put_path(out, "run directory", c->rundir);
}

static void
put_all(FILE *out, const struct conf *c, bool people)
{
	const struct conf_listen *l;

	STAILQ_FOREACH(l, &c->listen, entry)
		put_listen(out, l);
	put_tls(out, c);
	put_upstream(out, c);
	put_people(out, c);
	put_rules(out, c, people);
	put_limits(out, c, people);
	put_rest(out, c);
	if (!people)
		fprintf(out, "owner %u\n", (unsigned)c->owner);
}

/* ---- lines, and the memory file ------------------------------------------ */

char *
conf_print_text(const struct conf *c, bool people, size_t *len)
{
	char *lines = NULL, *text = NULL;
	size_t all = 0;
	FILE *out;

	if ((out = open_memstream(&lines, &all)) == NULL)
		return NULL;
	put_all(out, c, people);
	if (fclose(out) != 0 || (out = open_memstream(&text, len)) == NULL) {
		free(lines);
		return NULL;
	}
	conf_put_lines(out, lines);
	free(lines);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

int
conf_print(const struct conf *c)
{
	char *text;
	size_t len;
	int fd;

	if ((text = conf_print_text(c, false, &len)) == NULL)
		return -1;
	fd = fileio_memory("vsapd.conf", text, len);
	free(text);
	return fd;
}
