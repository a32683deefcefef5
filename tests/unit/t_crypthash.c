/*
 * Hashes of crypt(3): which are taken, that only the right password fits,
 * and that a new one is new.
 */
#include "crypthash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static const struct {
	const char *hash;
	bool usable;
	const char *what;
} hashes[] = {
	{ "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterL"
	  "p8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/",
	    true, "SHA-512" },
	{ "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu", false,
	    "SHA-512, cut off" },
	{ "$6$saltsalt$", false, "a salt alone" },
	{ "", false, "nothing" },
	{ "secret", false, "a plain password" },
	{ "ab", false, "a salt of DES" },
	{ "abJnggxhB/yWI", false, "DES" },
	{ "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", false, "MD5" },
	{ "*", false, "an account that is locked" },
	{ "*0", false, "crypt's own failure" },
	{ "!$6$saltsalt$x", false, "locked otherwise" },
	{ "$9$saltsalt$x", false, "a method that is not there" },
	{ "$y$j9T$", false, "yescrypt, cut off" },
};

static void
usable(void)
{
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		is_int(crypthash_usable(hashes[i].hash), hashes[i].usable,
		    "usable: %s", hashes[i].what);
}

static void
check(void)
{
	const char *hash = hashes[0].hash;

	ok(crypthash_check(hash, "password"), "the right one");
	ok(!crypthash_check(hash, "Password"), "another");
	ok(!crypthash_check(hash, "password "), "a longer one");
	ok(!crypthash_check(hash, ""), "none");
	ok(!crypthash_check("", "password"), "no hash");
	ok(!crypthash_check("*0", "password"), "what crypt says in failing");
	ok(!crypthash_check("*1", "password"), "and what it says otherwise");
	ok(!crypthash_check("password", "password"), "a plain one as hash");
}

static void
make(void)
{
	char a[CRYPTHASH_MAX], b[CRYPTHASH_MAX];
	char phrase[CRYPTHASH_PHRASE + 1];

	is_int(crypthash_make("sec ret\xc3\xa9", a, sizeof(a)), 0, "made");
	is_int(crypthash_make("sec ret\xc3\xa9", b, sizeof(b)), 0, "again");
	ok(strncmp(a, "$y$", 3) == 0, "yescrypt: %s", a);
	ok(strcmp(a, b) != 0, "each with its own salt");
	ok(crypthash_usable(a), "usable");
	ok(crypthash_check(a, "sec ret\xc3\xa9") &&
		crypthash_check(b, "sec ret\xc3\xa9"),
	    "right by both");
	ok(!crypthash_check(a, "sec ret"), "wrong");
	memset(phrase, 'x', sizeof(phrase));
	phrase[CRYPTHASH_PHRASE] = '\0';
	is_int(crypthash_make(phrase, a, sizeof(a)), -1, "too long");
	is_int(errno, EINVAL, "and says so");
	phrase[CRYPTHASH_PHRASE - 1] = '\0';
	is_int(crypthash_make(phrase, a, sizeof(a)), 0, "the longest");
	ok(crypthash_check(a, phrase), "fits");
	phrase[CRYPTHASH_PHRASE - 2] = 'y';
	ok(!crypthash_check(a, phrase), "every byte of it counts");
	is_int(crypthash_make("x", a, 20), -1, "no room for it");
	is_int(errno, ERANGE, "and says so");
}

int
main(void)
{
	usable();
	check();
	make();
	return done_testing();
}
