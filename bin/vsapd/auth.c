#include "auth.h"

#include <sys/queue.h>
#include <sys/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth_impl.h"
#include "crypthash.h"

#define SCRAM_NAME "SCRAM-SHA-256$"
#define SALT_BYTES 16 /* of those who are not there, if nobody has one */

static const char letters[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "abcdefghijklmnopqrstuvwxyz";

struct auth_user {
	RB_ENTRY(auth_user) entry;
	char *hash; /* of crypt(3), or NULL */
	struct scram_verifier *verifier;
	char name[];
};

/* A kind of hash that crypt(3) was seen to compute. */
struct kind {
	SLIST_ENTRY(kind) entry;
	char text[CRYPTHASH_MAX];
};

RB_HEAD(auth_tree, auth_user);

/* All users, and those with a verifier, one of whom stands in for an unknown
 * one: each name has its own, so that unknown names take as many different
 * times, and show as many different parameters, as those who are there. */
struct standins {
	struct auth_user **user;
	size_t n;
};

struct auth_db {
	struct auth_tree users;
	struct standins all, scram;
	SLIST_HEAD(, kind) kinds;
	unsigned char secret[SCRAM_KEY];
};

static int
by_name(const struct auth_user *a, const struct auth_user *b)
{
	return strcmp(a->name, b->name);
}

/* libbsd's RB_GENERATE_STATIC needs __unused, which glibc does not have. */
RB_GENERATE_INTERNAL(auth_tree, auth_user, entry, by_name,
    __attribute__((__unused__)) static)

/* --- the users --------------------------------------------------------- */

/*
 * By what unknown users get their salts.  Did it change, by a restart or a
 * reload, unknown users would be those whose salts change: it is derived from
 * the number of the machine, which nobody from outside knows.  Where there is
 * none it lives as long as the process that reads the configuration.
 */
static void
make_secret(unsigned char *out)
{
	static unsigned char secret[SCRAM_KEY];
	static bool made;
	unsigned char id[SCRAM_KEY];
	FILE *f;

	if (!made) {
		arc4random_buf(secret, sizeof(secret));
		if ((f = fopen("/etc/machine-id", "re")) != NULL) {
			if (fread(id, sizeof(id), 1, f) == 1)
				(void)scram_hide(id, "vsapd: unknown users",
				    secret, sizeof(secret));
			fclose(f);
		}
		made = true;
	}
	memcpy(out, secret, sizeof(secret));
}

struct auth_db *
auth_new(void)
{
	struct auth_db *db;

	if ((db = calloc(1, sizeof(*db))) == NULL)
		return NULL;
	RB_INIT(&db->users);
	SLIST_INIT(&db->kinds);
	make_secret(db->secret);
	return db;
}

static void
user_free(struct auth_user *u)
{
	if (u->hash != NULL)
		explicit_bzero(u->hash, strlen(u->hash));
	if (u->verifier != NULL)
		explicit_bzero(u->verifier, sizeof(*u->verifier));
	free(u->hash);
	free(u->verifier);
	free(u);
}

static void
forget_kinds(struct auth_db *db)
{
	struct kind *k;

	while ((k = SLIST_FIRST(&db->kinds)) != NULL) {
		SLIST_REMOVE_HEAD(&db->kinds, entry);
		free(k);
	}
}

void
auth_free(struct auth_db *db)
{
	struct auth_user *u;

	if (db == NULL)
		return;
	while ((u = RB_MIN(auth_tree, &db->users)) != NULL) {
		RB_REMOVE(auth_tree, &db->users, u);
		user_free(u);
	}
	forget_kinds(db);
	free(db->all.user);
	free(db->scram.user);
	explicit_bzero(db->secret, sizeof(db->secret));
	free(db);
}

bool
auth_empty(const struct auth_db *db)
{
	return db->all.n == 0;
}

void
auth_each(const struct auth_db *db, void (*fn)(void *, const char *), void *arg)
{
	for (size_t i = 0; i < db->all.n; i++)
		fn(arg, db->all.user[i]->name);
}

static struct auth_user *
find(const struct auth_db *db, const char *name)
{
	struct auth_user *u = db->users.rbh_root;
	int d;

	while (u != NULL && (d = strcmp(name, u->name)) != 0)
		u = d < 0 ? RB_LEFT(u, entry) : RB_RIGHT(u, entry);
	return u;
}

/* Room for one more. */
static int
reserve(struct standins *s)
{
	struct auth_user **p;

	/* It grows by doubling, when it is a power of two. */
	if ((s->n & (s->n - 1)) != 0)
		return 0;
	p = reallocarray(s->user, s->n == 0 ? 1 : 2 * s->n, sizeof(*p));
	if (p == NULL)
		return -1;
	s->user = p;
	return 0;
}

/* The user of this name, made if there is none, with room to stand in for
 * others; NULL: no memory. */
static struct auth_user *
find_or_make(struct auth_db *db, const char *name)
{
	size_t len = strlen(name) + 1;
	struct auth_user *u;

	if ((u = find(db, name)) != NULL)
		return u;
	if (reserve(&db->all) == -1 ||
	    (u = calloc(1, sizeof(*u) + len)) == NULL)
		return NULL;
	memcpy(u->name, name, len);
	RB_INSERT(auth_tree, &db->users, u);
	db->all.user[db->all.n++] = u;
	return u;
}

/* --- hashes ------------------------------------------------------------ */

/* How many '$' stand before the salt, for methods whose hashes all have the
 * same form; 0: another. */
static int
before_salt(const char *hash)
{
	if (strncmp(hash, "$y$", 3) == 0 || strncmp(hash, "$gy$", 4) == 0 ||
	    strncmp(hash, "$2b$", 4) == 0)
		return 3;
	if (strncmp(hash, "$5$", 3) == 0 || strncmp(hash, "$6$", 3) == 0)
		return strncmp(hash + 3, "rounds=", 7) == 0 ? 3 : 2;
	return 0;
}

/*
 * What hashes that are computed alike have in common: method and cost, the
 * length and the places of '$', and one letter for each of the salt and of
 * the hash.  false: such hashes have nothing in common.
 */
static bool
kind_of(char *out, const char *hash)
{
	int left = before_salt(hash);

	if (left == 0 || strlen(hash) >= CRYPTHASH_MAX)
		return false;
	for (; *hash != '\0'; hash++, out++) {
		if (left > 0 || *hash == '$')
			*out = *hash;
		else
			*out = strchr(letters, *hash) == NULL ? *hash : 'x';
		left -= *hash == '$';
	}
	*out = '\0';
	return true;
}

/*
 * crypthash_usable() computes a hash, which takes its time on purpose; a file
 * of a thousand users is not to take a thousand times that.
 */
static bool
usable(struct auth_db *db, const char *hash)
{
	struct kind *k, *mine = calloc(1, sizeof(*mine));
	bool known = false, comparable;

	comparable = mine != NULL && kind_of(mine->text, hash);
	SLIST_FOREACH(k, &db->kinds, entry)
		known |= comparable && strcmp(k->text, mine->text) == 0;
	if (known || !comparable) {
		free(mine);
		return known || crypthash_usable(hash);
	}
	if (!crypthash_usable(hash)) {
		free(mine);
		return false;
	}
	SLIST_INSERT_HEAD(&db->kinds, mine, entry);
	return true;
}

static const char *
add_hash(struct auth_db *db, const char *name, const char *hash)
{
	struct auth_user *u = find(db, name);
	char *copy;

	if (u != NULL && u->hash != NULL)
		return "there is a hash of this user already";
	if (!usable(db, hash))
		return "no hash that crypt(3) knows and advises; make one by "
		       "vsapd -H";
	if ((copy = strdup(hash)) == NULL ||
	    (u = find_or_make(db, name)) == NULL) {
		free(copy);
		return "out of memory";
	}
	u->hash = copy;
	return NULL;
}

static const char *
add_verifier(struct auth_db *db, const char *name, const char *text)
{
	struct auth_user *u = find(db, name);
	struct scram_verifier v, *copy;

	if (u != NULL && u->verifier != NULL)
		return "there is a SCRAM verifier of this user already";
	if (scram_verifier_parse(&v, text) == -1)
		return "not a whole SCRAM-SHA-256 verifier; make one by "
		       "vsapd -H";
	if ((copy = malloc(sizeof(*copy))) == NULL ||
	    reserve(&db->scram) == -1 || (u = find_or_make(db, name)) == NULL) {
		free(copy);
		return "out of memory";
	}
	*copy = v;
	explicit_bzero(&v, sizeof(v));
	u->verifier = copy;
	db->scram.user[db->scram.n++] = u;
	return NULL;
}

const char *
auth_insert(struct auth_db *db, const char *name, const char *hash)
{
	if (name[0] == '\0' || strchr(name, ':') != NULL)
		return "not of the form user:hash";
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return "a control byte in the user name";
	if (strlen(name) > VSAP_USER_MAX)
		return "the user name is too long";
	if (strncmp(hash, SCRAM_NAME, strlen(SCRAM_NAME)) == 0)
		return add_verifier(db, name, hash);
	return add_hash(db, name, hash);
}

int
auth_add(struct auth_db *db, const char *user, const char *hash, char *err,
    size_t errlen)
{
	const char *reason = auth_insert(db, user, hash);

	if (reason == NULL)
		return 0;
	snprintf(err, errlen, "user %s: %s", user, reason);
	return -1;
}

/* --- questions --------------------------------------------------------- */

/* Who stands in for this name, should it be unknown, and its salt then. */
static const struct auth_user *
standin(const struct auth_db *db, const struct standins *s, const char *name,
    unsigned char *salt)
{
	uint64_t which;

	if (scram_hide(db->secret, name, salt, SCRAM_KEY) == -1)
		memset(salt, 0, SCRAM_KEY);
	memcpy(&which, salt + SCRAM_KEY - sizeof(which), sizeof(which));
	return s->n == 0 ? NULL : s->user[which % s->n];
}

bool
auth_check(const struct auth_db *db, char *text)
{
	unsigned char salt[SCRAM_KEY];
	const struct auth_user *u, *found, *other;
	char *password;
	bool right;

	if ((password = strchr(text, ':')) == NULL)
		return false;
	*password++ = '\0';
	other = standin(db, &db->all, text, salt);
	found = find(db, text);
	u = found != NULL ? found : other;
	if (u == NULL)
		return false;
	right = u->hash != NULL ? crypthash_check(u->hash, password)
				: scram_verifier_check(u->verifier, password);
	explicit_bzero(password, strlen(password));
	return right && found != NULL;
}

/* Who has no verifier is as unknown here as who is not there. */
static const struct auth_user *
find_scram(const struct auth_db *db, const char *name)
{
	const struct auth_user *u = find(db, name);

	return u != NULL && u->verifier != NULL ? u : NULL;
}

size_t
auth_first(const struct auth_db *db, const char *user, unsigned char *salt,
    uint32_t *iterations)
{
	unsigned char hidden[SCRAM_KEY];
	const struct auth_user *other, *u;
	size_t n = SALT_BYTES;

	other = standin(db, &db->scram, user, hidden);
	*iterations = SCRAM_ITERATIONS;
	if ((u = find_scram(db, user)) != NULL) {
		n = u->verifier->saltlen;
		*iterations = u->verifier->iterations;
		memcpy(salt, u->verifier->salt, n);
		return n;
	}
	if (other != NULL) {
		n = other->verifier->saltlen;
		*iterations = other->verifier->iterations;
	}
	n = n < SCRAM_KEY ? n : SCRAM_KEY; /* nobody has that many */
	memcpy(salt, hidden, n);
	return n;
}

bool
auth_final(const struct auth_db *db, const char *user, const char *auth,
    const unsigned char *proof, unsigned char *signature)
{
	static const struct scram_verifier nobody;
	const struct auth_user *u = find_scram(db, user);
	bool right;

	right = scram_server_verify(u != NULL ? u->verifier : &nobody, auth,
	    proof, signature);
	if (u == NULL)
		memset(signature, 0, SCRAM_KEY);
	return right && u != NULL;
}
