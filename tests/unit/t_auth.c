/*
 * Users and their hashes, and the helper process that has them.
 */
#include "vsapd/auth.h"

#include <sys/endian.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "crypthash.h"
#include "play_auth.h"
#include "tap.h"
#include "vsapd/auth_recent.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))
#define VERIFIER                                                               \
	"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"                         \
	"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"                        \
	"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=" /* of "pencil" */

static char hash[CRYPTHASH_MAX]; /* of "secret" */
static char err[512];

/* --- users ------------------------------------------------------------- */

static bool
check(const struct auth_db *db, const char *text)
{
	char copy[AUTH_TEXT_MAX + 1];

	strlcpy(copy, text, sizeof(copy));
	return auth_check(db, copy);
}

/* What was right of late, and for how long. */
static void
test_recent(void)
{
	struct recent *r = recent_new();
	char text[32];
	int known = 0;

	ok(!recent_knows(r, "ops:secret", 1000), "nobody was right yet");
	recent_add(r, "ops:secret", 1000);
	ok(recent_knows(r, "ops:secret", 1000), "now one was");
	ok(!recent_knows(r, "ops:Secret", 1000), "and no other");
	ok(!recent_knows(r, "ops:secret2", 1000), "nor a longer one");
	ok(!recent_knows(r, "", 1000), "nor an empty one");
	ok(recent_knows(r, "ops:secret", 999 + RECENT_TIME), "it lasts");
	ok(recent_knows(r, "ops:secret", 998 + 2 * RECENT_TIME),
	    "longer, if it is used");
	ok(!recent_knows(r, "ops:secret", 998 + 3 * RECENT_TIME),
	    "not for ever");
	ok(!recent_knows(r, "ops:secret", 1000), "then it is gone");
	for (int i = 0; i < 2 * RECENT_MAX; i++) {
		snprintf(text, sizeof(text), "u%d:p", i);
		recent_add(r, text, 1000);
	}
	for (int i = 0; i < 2 * RECENT_MAX; i++) {
		snprintf(text, sizeof(text), "u%d:p", i);
		known += recent_knows(r, text, 1000);
	}
	ok(known > RECENT_MAX / 2 && known <= RECENT_MAX,
	    "so many are remembered (%d)", known);
	recent_free(r);
	recent_free(NULL);
}

/* Names, one behind another. */
static void
append(void *arg, const char *user)
{
	strlcat(arg, user, 64);
	strlcat(arg, " ", 64);
}

/* ops has a hash, joe a verifier, both both. */
static struct auth_db *
some_users(void)
{
	struct auth_db *db = auth_new();

	if (db == NULL || auth_add(db, "ops", hash, err, sizeof(err)) == -1 ||
	    auth_add(db, "joe", VERIFIER, err, sizeof(err)) == -1 ||
	    auth_add(db, "both", VERIFIER, err, sizeof(err)) == -1 ||
	    auth_add(db, "both", hash, err, sizeof(err)) == -1)
		exit(1);
	return db;
}

static void
test_users(void)
{
	struct auth_db *db = auth_new();
	char names[64] = "";

	ok(auth_empty(db), "nobody");
	ok(!check(db, "ops:secret"), "whose password is wrong");
	auth_free(db);
	db = some_users();
	ok(!auth_empty(db), "somebody");
	auth_each(db, append, names);
	is_str(names, "ops joe both ", "each of them once");
	ok(check(db, "ops:secret"), "a hash of crypt(3)");
	ok(check(db, "ops:secret"), "the same once more");
	ok(check(db, "joe:pencil"), "a verifier");
	ok(check(db, "both:secret"), "who has both: the hash");
	ok(!check(db, "both:pencil"), "not the verifier");
	ok(!check(db, "ops:Secret"), "another password");
	ok(!check(db, "ops:"), "none");
	ok(!check(db, "ops"), "no colon");
	ok(!check(db, ":secret"), "no user");
	ok(!check(db, ""), "nothing");
	ok(!check(db, "op:secret") && !check(db, "opsx:secret") &&
		!check(db, "OPS:secret"),
	    "another name");
	ok(!check(db, "zz:pencil") && !check(db, "zz:secret"), "a stranger");
	ok(!check(db, "joe:pencil:x"), "a password with a colon");
	auth_free(db);
	auth_free(NULL);
}

static const struct {
	const char *user, *hash, *why;
} bad[] = {
	{ "", "$y$", "form" },
	{ "a:b", "$y$", "form" },
	{ "0123456789012345678901234567890123456789012345678901234567890123"
	  "4",
	    "$y$", "too long" },
	{ "a\tb", "$y$", "control byte" },
	{ "x", "", "no hash" },
	{ "x", "secret", "no hash" },
	{ "x", "$y$", "no hash" },
	{ "x", "*", "no hash" },
	{ "x", "$1$abcdefgh$", "no hash" },
	{ "x", "SCRAM-SHA-256$", "not a whole" },
	{ "x", "SCRAM-SHA-256$1:AAAA$AAAA:AAAA", "not a whole" },
	{ "x", VERIFIER " ", "not a whole" },
	{ "joe", VERIFIER, "already" },
	{ "both", VERIFIER, "already" },
};

static void
refused(int r, const char *part, const char *what)
{
	is_int(r, -1, "%s", what);
	if (!ok(strstr(err, part) != NULL, "says \"%s\"", part))
		printf("# got %s\n", err);
}

static void
test_bad(void)
{
	struct auth_db *db = some_users();
	char cut[CRYPTHASH_MAX];

	for (size_t i = 0; i < NELEM(bad); i++) {
		char what[40];

		snprintf(what, sizeof(what), "bad %zu", i);
		refused(auth_add(db, bad[i].user, bad[i].hash, err,
			    sizeof(err)),
		    bad[i].why, what);
	}
	refused(auth_add(db, "ops", hash, err, sizeof(err)), "already",
	    "a second hash");
	ok(!check(db, "x:secret"), "nothing of these was taken");
	/* Hashes of a kind that was seen are not all fine. */
	strlcpy(cut, hash, sizeof(cut));
	cut[strlen(cut) - 1] = '\0';
	refused(auth_add(db, "x", cut, err, sizeof(err)), "no hash",
	    "a hash cut at its end");
	strlcpy(cut, hash, sizeof(cut));
	cut[strlen(cut) - 1] = ':';
	refused(auth_add(db, "x", cut, err, sizeof(err)), "no hash",
	    "a hash with a byte that is none of its");
	strlcpy(cut, hash, sizeof(cut));
	memcpy(cut, "$y$zzz", 6);
	refused(auth_add(db, "x", cut, err, sizeof(err)), "no hash",
	    "a hash of another cost");
	auth_free(db);
}

static double
seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* Two hundred hashes are not computed to see that they are some. */
static void
test_many(void)
{
	struct auth_db *db = auth_new();
	double began = seconds(), one;
	char name[16], other[CRYPTHASH_MAX];
	int good = 0;

	(void)crypthash_usable(hash);
	one = seconds() - began;
	began = seconds();
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		strlcpy(other, hash, sizeof(other));
		other[strlen(other) - 2] = (char)('a' + i % 26);
		good += auth_add(db, name, other, err, sizeof(err)) == 0;
		good += auth_add(db, name, VERIFIER, err, sizeof(err)) == 0;
	}
	is_int(good, 400, "200 users, each with both");
	ok(seconds() - began < 50 * one + 0.5, "took %.3f s, one hash %.3f",
	    seconds() - began, one);
	auth_free(db);
}

/* --- the file ---------------------------------------------------------- */

static const char *path;

static int
load(struct auth_db *db, mode_t mode, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF ||
	    chmod(path, mode) == -1)
		exit(1);
	err[0] = '\0';
	return auth_load(db, path, err, sizeof(err));
}

static void
test_file(void)
{
	char text[4096];
	struct auth_db *db = some_users();

	snprintf(text, sizeof(text),
	    "# a comment\n\nann:%s\r\nbob:" VERIFIER "\nann:" VERIFIER "\n",
	    hash);
	is_int(load(db, 0600, text), 0, "a file");
	ok(check(db, "ann:secret") && check(db, "bob:pencil"), "its users");
	ok(check(db, "ops:secret"), "beside those who were there");
	refused(load(db, 0600, text), ":3: there is a hash", "the same again");
	refused(load(db, 0600, "#\nx\n"), ":2: not of the form", "no colon");
	refused(load(db, 0600, ":x\n"), ":1: not of the form", "no user");
	refused(load(db, 0600, "\n\n\nx:y\n"), ":4: no hash", "no hash");
	refused(load(db, 0600, "x:SCRAM-SHA-256$x\n"), ":1: not a whole",
	    "no verifier");
	refused(load(db, 0600, ""), "no user in it", "an empty file");
	refused(load(db, 0600, "# x\n# y"), ":2: the last line does not end",
	    "a file that is cut off");
	refused(load(db, 0600, "# x\n\n"), "no user in it", "a comment alone");
	refused(load(db, 0604, text), "chmod o=", "a file that others read");
	if (unlink(path) == -1)
		exit(1);
	refused(auth_load(db, path, err, sizeof(err)), "No such file",
	    "no file");
	refused(auth_load(db, "/", err, sizeof(err)), "/: ", "a folder");
	auth_free(db);
}

/* --- SCRAM ------------------------------------------------------------- */

static void
test_first(void)
{
	unsigned char one[SCRAM_SALT_MAX], two[SCRAM_SALT_MAX];
	struct auth_db *db = some_users(), *none = auth_new();
	struct scram_verifier v;
	uint32_t iterations;

	scram_verifier_parse(&v, VERIFIER);
	is_int(auth_first(db, "joe", one, &iterations), 16, "who is known");
	is_int(iterations, 4096, "his iterations");
	ok(memcmp(one, v.salt, 16) == 0, "his salt");
	is_int(auth_first(db, "zoe", one, &iterations), 16, "who is not");
	is_int(iterations, 4096, "the iterations of the others");
	auth_first(db, "zoe", two, &iterations);
	ok(memcmp(one, two, 16) == 0, "the same salt each time");
	auth_first(db, "zo", two, &iterations);
	ok(memcmp(one, two, 16) != 0, "another name, another salt");
	auth_first(none, "zoe", two, &iterations);
	ok(memcmp(one, two, 16) == 0, "the same after a reload");
	is_int(iterations, SCRAM_ITERATIONS, "iterations if nobody has some");
	is_int(auth_first(db, "ops", one, &iterations), 16,
	    "who has a hash alone is as unknown");
	auth_free(db);
	auth_free(none);
}

/* The client's part of a login, as far as its proof. */
static void
test_final(void)
{
	static const struct {
		const char *user, *password;
		bool right;
	} tries[] = { { "joe", "pencil", true }, { "both", "pencil", true },
		{ "both", "secret", false }, { "joe", "Pencil", false },
		{ "ops", "secret", false }, { "zoe", "pencil", false } };
	unsigned char salt[SCRAM_SALT_MAX], signature[SCRAM_KEY];
	unsigned char zero[SCRAM_KEY] = { 0 };
	struct auth_db *db = some_users();
	uint32_t iterations;
	struct trial t;
	size_t n;

	for (size_t i = 0; i < NELEM(tries); i++) {
		begin(&t, tries[i].user);
		n = auth_first(db, tries[i].user, salt, &iterations);
		prove(&t, tries[i].password, salt, n, iterations);
		memset(signature, 'x', sizeof(signature));
		is_int(auth_final(db, tries[i].user, t.server.auth, t.proof,
			   signature),
		    tries[i].right, "%s:%s", tries[i].user, tries[i].password);
		is_int(knows_us(&t, signature), tries[i].right,
		    "and the server");
		is_int(memcmp(signature, zero, SCRAM_KEY) == 0, !tries[i].right,
		    "says nothing to others");
	}
	ok(!auth_final(db, "zoe", "", zero, signature), "a proof of zeros");
	auth_free(db);
}

/* --- the helper -------------------------------------------------------- */

/* Requests that control would not make end the helper. */
static void
test_hostile(void)
{
	static const struct {
		const char *p;
		size_t n;
	} requests[] = { { "", 0 }, { "num", 3 }, { "numb", 4 }, { "numbX", 5 },
		{ "numbPa\0b", 8 }, { "numb1a\0b", 8 }, { "numb2", 5 },
		{ "numb2proofproofproofproofproofproofpr", 37 },
		{ "numb2proofproofproofproofproofproofpruser", 41 },
		{ "numb2proofproofproofproofproofproofpruser\0a\0b", 45 } };
	static const size_t lengths[] = { AUTH_HEAD + VSAP_USER_MAX,
		AUTH_HEAD + VSAP_USER_MAX + 1, AUTH_MSG_MAX, AUTH_MSG_MAX + 1 };
	char longest[AUTH_MSG_MAX + 1], got[AUTH_ANSWER_MAX + 1];
	int fd, status;
	pid_t pid;

	for (size_t i = 0; i < NELEM(requests); i++) {
		pid = start_helper(some_users, &fd);
		(void)send(fd, requests[i].p, requests[i].n, 0);
		is_int(recv(fd, got, sizeof(got), 0), 0, "no request %zu", i);
		is_int(waitpid(pid, &status, 0), pid, "the helper ends");
		ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "in order");
		close(fd);
	}
	memset(longest, 'u', sizeof(longest));
	memcpy(longest, "numb1", 5);
	for (size_t i = 0; i < NELEM(lengths); i++) {
		pid = start_helper(some_users, &fd);
		(void)send(fd, longest, lengths[i], 0);
		is_int(recv(fd, got, sizeof(got), 0), i == 0 ? 24 : 0,
		    "a name in %zu bytes", lengths[i]);
		close(fd);
		waitpid(pid, &status, 0);
		ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		    "it ends in order");
	}
}

int
main(void)
{
	char file[] = "/tmp/t_auth.XXXXXX";
	int fd;

	(void)alarm(120);
	if (crypthash_make("secret", hash, sizeof(hash)) == -1 ||
	    (fd = mkstemp(file)) == -1)
		return 1;
	close(fd);
	path = file;
	test_recent();
	test_users();
	test_bad();
	test_many();
	test_file();
	test_first();
	test_final();
	test_hostile();
	return done_testing();
}
