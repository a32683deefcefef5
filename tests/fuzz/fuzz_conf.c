/* ircd-lite.conf(5): the files of fuzz_files.h. */
#include "ircd-lite/conf.h"

#include <string.h>

#include "crypthash.h"
#include "fuzz_files.h"

/* In place of the real one, which takes its time. */
bool
crypthash_usable(const char *hash)
{
	return hash[0] == '$';
}

static char *
open_input(void *arg, const char *path, size_t *len)
{
	const struct input *in = arg;

	if (strcmp(path, CONF_ASK_HOST) == 0)
		return copy(in->p, in->n < 70 ? in->n : 70, len);
	if (strncmp(path, CONF_ASK_USER, strlen(CONF_ASK_USER)) == 0)
		return copy("33", 2, len);
	return open_file_of(in, path, len);
}

/* A mask is the same when it is read again. */
static void
check_froms(const struct conf_froms *list)
{
	const struct conf_from *f;
	struct conf_from *again;
	char one[600], two[600], err[300];

	STAILQ_FOREACH(f, list, entry) {
		FUZZ_ASSERT(conf_from_text(f, one, sizeof(one)) == 0);
		again = conf_from_parse(one, err, sizeof(err));
		FUZZ_ASSERT(again != NULL);
		FUZZ_ASSERT((again->host == NULL) == (f->host == NULL));
		FUZZ_ASSERT(conf_from_text(again, two, sizeof(two)) == 0);
		FUZZ_ASSERT(strcmp(one, two) == 0);
		conf_from_free(again);
	}
	(void)conf_from_match(list, "u", "h.example", "192.0.2.1", NULL);
}

static void
check_rules(const struct conf *c)
{
	const struct conf_rule *r;
	const struct conf_hours *h;

	STAILQ_FOREACH(r, &c->rules, entry) {
		check_froms(&r->from);
		FUZZ_ASSERT(conf_class(c, r->class) != NULL);
		STAILQ_FOREACH(h, &r->hours, entry)
			FUZZ_ASSERT(h->days != 0 && h->days < 0x80 &&
				    h->from < 1440 && h->to <= 1440);
	}
}

static void
check(const struct conf *c)
{
	const struct conf_class *class;
	const struct conf_oper *o;
	const struct conf_kline *k;

	FUZZ_ASSERT(c->name != NULL && strchr(c->name, '.') != NULL);
	FUZZ_ASSERT(strlen(c->name) <= SERVERLEN);
	FUZZ_ASSERT(c->network != NULL && c->description != NULL);
	FUZZ_ASSERT(!STAILQ_EMPTY(&c->classes));
	STAILQ_FOREACH(class, &c->classes, entry)
		FUZZ_ASSERT(class->recvq >= LINE_MAX_IRC && class->ping > 0 &&
			    class->channels > 0);
	check_rules(c);
	STAILQ_FOREACH(o, &c->opers, entry) {
		check_froms(&o->from);
		FUZZ_ASSERT(o->hash != NULL && o->name[0] != '\0');
		FUZZ_ASSERT(conf_class(c, o->class) != NULL);
	}
	STAILQ_FOREACH(k, &c->klines, entry)
		FUZZ_ASSERT(strchr(k->mask, '@') != NULL && k->reason != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = { (const char *)data, n };
	char err[200];
	struct conf *c = conf_load("a", open_input, &in, err, sizeof(err));

	FUZZ_ASSERT((c == NULL) == (err[0] != '\0'));
	for (const char *p = err; *p != '\0'; p++)
		FUZZ_ASSERT(((unsigned char)*p >= ' ' && *p != 0x7f) ||
			    (*p == '\n' && p[1] != '\0' && p[1] != '\n'));
	if (c != NULL)
		check(c);
	conf_free(c);
	return 0;
}
