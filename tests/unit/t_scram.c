/*
 * SCRAM-SHA-256, both sides.
 */
#include "scram.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "b64.h"
#include "tap.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

/* The exchange of RFC 7677, section 3: user "user", password "pencil". */
#define R_CLIENT_NONCE "rOprNGfwEbeRWgbNEkqO"
#define R_SERVER_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define R_CLIENT_FIRST "n,,n=user,r=" R_CLIENT_NONCE
#define R_SERVER_FIRST                                                         \
	"r=" R_CLIENT_NONCE R_SERVER_NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i="    \
	"4096"
#define R_CLIENT_FINAL                                                         \
	"c=biws,r=" R_CLIENT_NONCE R_SERVER_NONCE                              \
	",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define R_SERVER_FINAL "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

/* A message as it can stand in a line of the results. */
static const char *
shown(const char *msg)
{
	static char text[80];

	strlcpy(text, msg, sizeof(text));
	for (char *p = text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return text;
}

static const unsigned char salt[16] = "0123456789abcde";

static void
r_verifier(struct scram_verifier *v)
{
	unsigned char bytes[64];
	ssize_t n = b64_decode("W22ZaJ0SNY7soEsUEjb6gQ==", 24, bytes, 64);

	if (scram_verifier_make(v, "pencil", bytes, (size_t)n, 4096) == -1)
		exit(1);
}

static void
test_rfc(void)
{
	unsigned char proof[SCRAM_KEY], signature[SCRAM_KEY];
	struct scram_verifier v;
	struct scram_server s;
	struct scram_client c;
	char out[SCRAM_MSG_MAX];
	const char *why;

	r_verifier(&v);
	is_int(scram_client_first(&c, "user", R_CLIENT_NONCE, out, sizeof(out)),
	    0, "client-first");
	is_str(out, R_CLIENT_FIRST, "as in the RFC");
	is_int(scram_server_first(&s, out, &why), 0, "the server takes it");
	is_str(s.user, "user", "the user");
	is_int(scram_server_challenge(&s, R_SERVER_NONCE, &v, out, sizeof(out)),
	    0, "server-first");
	is_str(out, R_SERVER_FIRST, "as in the RFC");
	is_int(scram_client_final(&c, out, "pencil", out, sizeof(out), &why), 0,
	    "client-final");
	is_str(out, R_CLIENT_FINAL, "as in the RFC");
	is_int(scram_server_final(&s, out, proof, &why), 0, "is taken");
	is_str(s.auth,
	    "n=user,r=" R_CLIENT_NONCE "," R_SERVER_FIRST
	    ",c=biws,r=" R_CLIENT_NONCE R_SERVER_NONCE,
	    "the AuthMessage");
	ok(scram_server_verify(&v, s.auth, proof, signature), "the proof");
	is_int(scram_server_last(signature, out, sizeof(out)), 0,
	    "server-final");
	is_str(out, R_SERVER_FINAL, "as in the RFC");
	ok(scram_client_check(&c, out), "the client knows it");
	ok(scram_client_check(&c, R_SERVER_FINAL ",x=y"), "with more behind");
	ok(!scram_client_check(&c, R_SERVER_FINAL "x"), "not with a byte");
	ok(!scram_client_check(&c, R_SERVER_FINAL ",m=x"), "nor extended");
	is_int(scram_server_final(&s, R_CLIENT_FINAL, proof, &why), -1,
	    "a second try needs a second challenge");
	proof[7] ^= 0x10;
	ok(!scram_server_verify(&v, s.auth, proof, signature), "another proof");
	memset(proof, 0, sizeof(proof));
	ok(memcmp(signature, proof, SCRAM_KEY) == 0, "tells nothing");
	ok(!scram_server_verify(&v, s.auth, proof, signature), "a zero proof");
}

/* One login of a client with this password. */
static bool
login(const struct scram_verifier *v, const char *user, const char *password,
    bool *server_known)
{
	unsigned char proof[SCRAM_KEY], signature[SCRAM_KEY];
	struct scram_server s;
	struct scram_client c;
	char one[SCRAM_MSG_MAX], two[SCRAM_MSG_MAX];
	const char *why;
	bool right;

	*server_known = false;
	if (scram_client_first(&c, user, "client", one, sizeof(one)) == -1 ||
	    scram_server_first(&s, one, &why) == -1 ||
	    strcmp(s.user, user) != 0 ||
	    scram_server_challenge(&s, "server", v, two, sizeof(two)) == -1 ||
	    scram_client_final(&c, two, password, one, sizeof(one), &why) ==
		-1 ||
	    scram_server_final(&s, one, proof, &why) == -1)
		return false;
	right = scram_server_verify(v, s.auth, proof, signature);
	if (scram_server_last(signature, two, sizeof(two)) == 0)
		*server_known = scram_client_check(&c, two);
	return right;
}

static void
test_users(void)
{
	static const char *const users[] = { "a", "a,b", "=", ",",
		"==,,=", "=2C", "=3D", "2C=", "m=x", "\303\274ser", "a b",
		"0123456789012345678901234567890123456789012345678901234567890"
		"123",
		",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"
		",,," };
	struct scram_verifier v;
	bool known;

	scram_verifier_make(&v, "secret", salt, sizeof(salt), 4096);
	for (size_t i = 0; i < NELEM(users); i++) {
		ok(login(&v, users[i], "secret", &known) && known,
		    "user \"%s\"", users[i]);
		ok(!login(&v, users[i], "Secret", &known) && !known,
		    "not by another password");
	}
}

/* --- verifiers --------------------------------------------------------- */

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "//////////////////////////////////////////8="

static const struct {
	const char *text;
	bool good;
} verifiers[] = {
	{ "SCRAM-SHA-256$4096:AA==$" KEY_A ":" KEY_B, true },
	{ "SCRAM-SHA-256$10000000:AA==$" KEY_A ":" KEY_B, true },
	{ "SCRAM-SHA-256$4096:" KEY_A "$" KEY_A ":" KEY_B, true },
	{ "", false },
	{ "SCRAM-SHA-256$", false },
	{ "SCRAM-SHA-1$4096:AA==$" KEY_A ":" KEY_B, false },
	{ "scram-sha-256$4096:AA==$" KEY_A ":" KEY_B, false },
	{ "SCRAM-SHA-256$4095:AA==$" KEY_A ":" KEY_B, false },
	{ "SCRAM-SHA-256$10000001:AA==$" KEY_A ":" KEY_B, false },
	{ "SCRAM-SHA-256$99999999999999999999:AA==$" KEY_A ":" KEY_B, false },
	{ "SCRAM-SHA-256$04096:AA==$" KEY_A ":" KEY_B, false },
	{ "SCRAM-SHA-256$-4096:AA==$" KEY_A ":" KEY_B, false },
	{ "SCRAM-SHA-256$ 4096:AA==$" KEY_A ":" KEY_B, false },
	{ "SCRAM-SHA-256$:AA==$" KEY_A ":" KEY_B, false },
	{ "SCRAM-SHA-256$4096:$" KEY_A ":" KEY_B, false },
	{ "SCRAM-SHA-256$4096:AA=$" KEY_A ":" KEY_B, false },
	{ "SCRAM-SHA-256$4096:" KEY_A KEY_A KEY_A "$" KEY_A ":" KEY_B, false },
	{ "SCRAM-SHA-256$4096:AA==$" KEY_A, false },
	{ "SCRAM-SHA-256$4096:AA==$" KEY_A ":", false },
	{ "SCRAM-SHA-256$4096:AA==$:" KEY_B, false },
	{ "SCRAM-SHA-256$4096:AA==$AA==:" KEY_B, false },
	{ "SCRAM-SHA-256$4096:AA==$" KEY_A ":" KEY_B KEY_B, false },
	{ "SCRAM-SHA-256$4096:AA==$" KEY_A ":" KEY_B "\n", false },
	{ "SCRAM-SHA-256$4096:AA==$" KEY_A ":" KEY_B " ", false },
	{ "SCRAM-SHA-256$4096:AA==:" KEY_A ":" KEY_B, false },
	{ "$y$j9T$xxxxxxxxxxxxxx$yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
	    false },
};

static void
test_verifiers(void)
{
	char text[SCRAM_VERIFIER_MAX];
	struct scram_verifier v, w;
	size_t i, n, cut = 0;

	for (i = 0; i < NELEM(verifiers); i++) {
		is_int(scram_verifier_parse(&v, verifiers[i].text),
		    verifiers[i].good ? 0 : -1, "%s", shown(verifiers[i].text));
		if (!verifiers[i].good)
			continue;
		is_int(scram_verifier_format(&v, text, sizeof(text)), 0,
		    "is written");
		is_str(text, verifiers[i].text, "as it was");
	}
	r_verifier(&v);
	is_int(scram_verifier_format(&v, text, sizeof(text)), 0, "one made");
	is_str(text,
	    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
	    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
	    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
	    "as others make it");
	is_int(scram_verifier_parse(&w, text), 0, "is read");
	ok(memcmp(&v, &w, sizeof(v)) == 0, "the same");
	n = strlen(text);
	is_int(scram_verifier_format(&v, text, n), -1, "no room");
	for (i = 0; i < n; i++) {
		char *copy = strndup(text, i);

		cut += scram_verifier_parse(&w, copy) == 0;
		free(copy);
	}
	is_int(cut, 0, "truncated at every byte: refused");
	ok(scram_verifier_check(&v, "pencil"), "its password");
	ok(!scram_verifier_check(&v, "pencils"), "another");
	ok(!scram_verifier_check(&v, ""), "none");
}

static void
test_make(void)
{
	unsigned char longest[SCRAM_SALT_MAX + 1] = { 0 };
	unsigned char one[SCRAM_KEY], two[SCRAM_KEY], key[SCRAM_KEY] = { 7 };
	char text[SCRAM_VERIFIER_MAX];
	struct scram_verifier v;

	is_int(scram_verifier_make(&v, "a\nb", salt, 16, 4096), -1,
	    "a password with a control byte");
	is_int(scram_verifier_make(&v, "a\177", salt, 16, 4096), -1,
	    "with DEL");
	is_int(scram_verifier_make(&v, "a", salt, 0, 4096), -1, "no salt");
	is_int(scram_verifier_make(&v, "a", longest, sizeof(longest), 4096), -1,
	    "a long salt");
	is_int(scram_verifier_make(&v, "a", salt, 16, 4095), -1,
	    "too few iterations");
	is_int(scram_verifier_make(&v, "a", longest, SCRAM_SALT_MAX, 4096), 0,
	    "the longest salt");
	is_int(scram_verifier_format(&v, text, sizeof(text)), 0, "has room");
	is_int(scram_verifier_make(&v, "p\303\244ss, w\303\266rd=", salt, 16,
		   4096),
	    0, "UTF-8");
	ok(scram_verifier_check(&v, "p\303\244ss, w\303\266rd="), "is taken");
	is_int(scram_hide(key, "nobody", one, 16), 0, "a salt for nobody");
	scram_hide(key, "nobody", two, 16);
	ok(memcmp(one, two, 16) == 0, "is always the same");
	scram_hide(key, "nobodz", two, 16);
	ok(memcmp(one, two, 16) != 0, "another's is another");
	key[31]++;
	scram_hide(key, "nobody", two, 16);
	ok(memcmp(one, two, 16) != 0, "and with another secret");
	is_int(scram_hide(key, "x", one, SCRAM_KEY + 1), -1, "too long");
	ok(scram_same("abc", "abc", 3) && !scram_same("abc", "abd", 3),
	    "what is the same");
	scram_warm();
}

/* --- hostile messages -------------------------------------------------- */

#define X32 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
	const char *msg;
	const char *why; /* part of it; NULL: it is fine */
} firsts[] = {
	{ "n,,n=user,r=x", NULL },
	{ "y,,n=user,r=x", NULL },
	{ "n,,n=user,r=x,a=1", NULL },
	{ "n,,n=us=2Cer,r=x", NULL },
	{ "n,,n=user,r=" X32 X32 X32, NULL },
	{ "", "malformed" },
	{ "n", "malformed" },
	{ "n,", "malformed" },
	{ "n,,", "malformed" },
	{ "n=user,r=x", "malformed" },
	{ "x,,n=user,r=x", "malformed" },
	{ "N,,n=user,r=x", "malformed" },
	{ "p=tls-unique,,n=user,r=x", "channel binding" },
	{ "p=tls-exporter,,n=user,r=x", "channel binding" },
	{ "n,a=root,n=user,r=x", "another user" },
	{ "n,x,n=user,r=x", "malformed" },
	{ "n,,,n=user,r=x", "malformed" },
	{ "n,,m=ext,n=user,r=x", "extension" },
	{ "n,,n=user,r=x,m=ext", "extension" },
	{ "n,,n=user,m=ext,r=x", "malformed" },
	{ "n,,n=,r=x", "malformed" },
	{ "n,,n=us=er,r=x", "malformed" },
	{ "n,,n=user=,r=x", "malformed" },
	{ "n,,n=user=2,r=x", "malformed" },
	{ "n,,n=user=2c,r=x", "malformed" },
	{ "n,,n=user=2D,r=x", "malformed" },
	{ "n,,n=us\ner,r=x", "malformed" },
	{ "n,,n=us\177er,r=x", "malformed" },
	{ "n,,n=" X32 X32 "x,r=x", "too long" },
	{ "n,,r=x,n=user", "malformed" },
	{ "n,,n=user,r=", "malformed" },
	{ "n,,n=user,r=a b", "malformed" },
	{ "n,,n=user,r=a\303\244", "malformed" },
	{ "n,,n=user,r=" X32 X32 X32 "x", "nonce is too long" },
	{ "n,,n=user,r=x,", "malformed" },
	{ "n,,n=user,r=x,a", "malformed" },
	{ "n,,n=user,r=x,a=", "malformed" },
	{ "n,,n=user,r=x,=1", "malformed" },
	{ "n,,n=user,r=x,1=1", "malformed" },
	{ "n,,n=user,n=root,r=x", "malformed" },
	{ "n,,n=user,r=x,a=" X32 X32 X32 X32 X32 X32 X32 X32 X32 X32 X32 X32 X32
		X32 X32 X32,
	    "too long" },
};

static void
has(const char *why, const char *part)
{
	if (!ok(why != NULL && strstr(why, part) != NULL, "because: %s", part))
		printf("# got %s\n", why == NULL ? "NULL" : why);
}

static void
test_firsts(void)
{
	struct scram_server s;
	const char *why;

	for (size_t i = 0; i < NELEM(firsts); i++) {
		char *copy = strdup(firsts[i].msg);

		is_int(scram_server_first(&s, copy, &why),
		    firsts[i].why == NULL ? 0 : -1, "%s", shown(copy));
		if (firsts[i].why != NULL)
			has(why, firsts[i].why);
		free(copy);
	}
}

#define PROOF "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="

static const struct {
	const char *msg;
	const char *why;
} finals[] = {
	{ "c=biws,r=cs,p=" PROOF, NULL },
	{ "c=biws,r=cs,x=y,p=" PROOF, NULL },
	{ "", "malformed" },
	{ "c=", "malformed" },
	{ "c=biws", "malformed" },
	{ "c=biws,r=cs", "malformed" },
	{ "c=biws,r=cs,", "malformed" },
	{ "c=biws,r=cs,p=", "malformed" },
	{ "r=cs,p=" PROOF, "malformed" },
	{ "r=cs,c=biws,p=" PROOF, "malformed" },
	{ "c=eSws,r=cs,p=" PROOF, "channel binding" },
	{ "c=biw,r=cs,p=" PROOF, "channel binding" },
	{ "c=biws=,r=cs,p=" PROOF, "channel binding" },
	{ "c=cD10bHMtdW5pcXVlLCw=,r=cs,p=" PROOF, "channel binding" },
	{ "c=biws,r=c,p=" PROOF, "nonce" },
	{ "c=biws,r=s,p=" PROOF, "nonce" },
	{ "c=biws,r=csx,p=" PROOF, "nonce" },
	{ "c=biws,r=Cs,p=" PROOF, "nonce" },
	{ "c=biws,r=,p=" PROOF, "malformed" },
	{ "c=biws,p=" PROOF, "malformed" },
	{ "c=biws,r=cs,m=x,p=" PROOF, "extension" },
	{ "c=biws,r=cs,p=" PROOF ",x=y", "malformed" },
	{ "c=biws,r=cs,p=" PROOF ",p=" PROOF, "malformed" },
	{ "c=biws,r=cs,x,p=" PROOF, "malformed" },
	{ "c=biws,r=cs,p=AAAA", "malformed" },
	{ "c=biws,r=cs,p=" PROOF "AAAA", "malformed" },
	{ "c=biws,r=cs,p=\n" PROOF, "malformed" },
	{ "c=biws,r=cs,x=" X32 X32 X32 X32 X32 X32 X32 X32 X32 X32 X32 X32 X32
		X32 X32 X32 ",p=" PROOF,
	    "too long" },
};

/* A server that has sent its challenge. */
static void
challenged(struct scram_server *s, const char *first)
{
	struct scram_verifier v = { .iterations = 4096, .saltlen = 16 };
	char out[SCRAM_MSG_MAX];
	const char *why;

	if (scram_server_first(s, first, &why) == -1 ||
	    scram_server_challenge(s, "s", &v, out, sizeof(out)) == -1)
		exit(1);
}

static void
test_finals(void)
{
	unsigned char proof[SCRAM_KEY];
	struct scram_server s;
	const char *why;

	for (size_t i = 0; i < NELEM(finals); i++) {
		char *copy = strdup(finals[i].msg);

		challenged(&s, "n,,n=u,r=c");
		is_int(scram_server_final(&s, copy, proof, &why),
		    finals[i].why == NULL ? 0 : -1, "%s", shown(copy));
		if (finals[i].why != NULL)
			has(why, finals[i].why);
		free(copy);
	}
	challenged(&s, "y,,n=u,r=c");
	is_int(scram_server_final(&s, "c=biws,r=cs,p=" PROOF, proof, &why), -1,
	    "y,, and biws");
	challenged(&s, "y,,n=u,r=c");
	is_int(scram_server_final(&s, "c=eSws,r=cs,p=" PROOF, proof, &why), 0,
	    "y,, and eSws");
	scram_server_first(&s, "n,,n=u,r=c", &why);
	is_int(scram_server_final(&s, "c=biws,r=c,p=" PROOF, proof, &why), -1,
	    "without a challenge");
	has(why, "early");
}

static void
test_challenge(void)
{
	struct scram_verifier v = { .iterations = 4096, .saltlen = 16 };
	struct scram_server s;
	char out[SCRAM_MSG_MAX];
	const char *why;

	memset(&s, 0, sizeof(s));
	is_int(scram_server_challenge(&s, "s", &v, out, sizeof(out)), -1,
	    "before a first message");
	scram_server_first(&s, "n,,n=u,r=c", &why);
	is_int(scram_server_challenge(&s, "", &v, out, sizeof(out)), -1,
	    "no nonce");
	is_int(scram_server_challenge(&s, "a,b", &v, out, sizeof(out)), -1,
	    "a nonce with a comma");
	is_int(scram_server_challenge(&s, "s", &v, out, 10), -1, "no room");
	scram_server_first(&s, "n,,n=u,r=" X32 X32 X32, &why);
	is_int(scram_server_challenge(&s, X32, &v, out, sizeof(out)), -1,
	    "128 bytes of nonce");
	scram_server_first(&s, "n,,n=u,r=" X32 X32 X32, &why);
	is_int(scram_server_challenge(&s, &X32[1], &v, out, sizeof(out)), 0,
	    "127 bytes");
	is_int(scram_server_challenge(&s, "x", &v, out, sizeof(out)), -1,
	    "a second challenge");
}

static const struct {
	const char *msg;
	const char *why;
} challenges[] = {
	{ "r=cs,s=AAAA,i=4096", NULL },
	{ "r=cs,s=AAAA,i=4096,x=y", NULL },
	{ "", "malformed" },
	{ "e=other-error", "malformed" },
	{ "r=cs", "malformed" },
	{ "r=cs,s=AAAA", "malformed" },
	{ "r=cs,s=AAAA,i=", "malformed" },
	{ "r=,s=AAAA,i=4096", "malformed" },
	{ "r=c,s=AAAA,i=4096", "nonce" },
	{ "r=s,s=AAAA,i=4096", "nonce" },
	{ "r=sc,s=AAAA,i=4096", "nonce" },
	{ "r=c" X32 X32 X32 X32 ",s=AAAA,i=4096", "nonce" },
	{ "r=cs,s=,i=4096", "malformed" },
	{ "r=cs,s=A,i=4096", "malformed" },
	{ "r=cs,s=AAA*,i=4096", "malformed" },
	{ "r=cs,s=" X32 X32 X32 "AAAA,i=4096", "malformed" },
	{ "r=cs,s=AAAA,i=0", "iterations" },
	{ "r=cs,s=AAAA,i=1", "iterations" },
	{ "r=cs,s=AAAA,i=4095", "iterations" },
	{ "r=cs,s=AAAA,i=10000001", "iterations" },
	{ "r=cs,s=AAAA,i=4294967296", "iterations" },
	{ "r=cs,s=AAAA,i=99999999999999999999999999", "iterations" },
	{ "r=cs,s=AAAA,i=-4096", "iterations" },
	{ "r=cs,s=AAAA,i=4096x", "iterations" },
	{ "r=cs,s=AAAA,i=+4096", "iterations" },
	{ "m=x,r=cs,s=AAAA,i=4096", "extension" },
	{ "r=cs,s=AAAA,i=4096,m=x", "extension" },
	{ "r=cs,s=AAAA,i=4096,", "malformed" },
	{ "r=cs,i=4096,s=AAAA", "malformed" },
	{ "r=cs\n,s=AAAA,i=4096", "malformed" },
};

static void
test_client(void)
{
	char out[SCRAM_MSG_MAX], zeros[64], key[48];
	unsigned char zero[SCRAM_KEY] = { 0 };
	struct scram_client c;
	const char *why;

	for (size_t i = 0; i < NELEM(challenges); i++) {
		char *copy = strdup(challenges[i].msg);

		scram_client_first(&c, "u", "c", out, sizeof(out));
		is_int(scram_client_final(&c, copy, "p", out, sizeof(out),
			   &why),
		    challenges[i].why == NULL ? 0 : -1, "%s", shown(copy));
		if (challenges[i].why != NULL)
			has(why, challenges[i].why);
		free(copy);
	}
	b64_encode(zero, sizeof(zero), key, sizeof(key));
	snprintf(zeros, sizeof(zeros), "v=%s", key);
	scram_client_first(&c, "u", "c", out, sizeof(out));
	ok(!scram_client_check(&c, zeros), "a signature before the answer");
	is_int(scram_client_final(&c, "r=cs,s=AAAA,i=4096", "p", out,
		   sizeof(out), &why),
	    0, "the answer");
	ok(!scram_client_check(&c, zeros), "a zero signature");
	ok(!scram_client_check(&c, ""), "none");
	ok(!scram_client_check(&c, "v="), "an empty one");
	ok(!scram_client_check(&c, "e=invalid-proof"), "an error");
	is_int(scram_client_final(&c, "r=css,s=AAAA,i=4096", "p", out,
		   sizeof(out), &why),
	    -1, "a second challenge");
	is_int(scram_client_first(&c, "", "c", out, sizeof(out)), -1,
	    "no user");
	is_int(scram_client_first(&c, "a\nb", "c", out, sizeof(out)), -1,
	    "a user with a control byte");
	is_int(scram_client_first(&c, X32 X32 "x", "c", out, sizeof(out)), -1,
	    "a long one");
	is_int(scram_client_first(&c, "u", "a,b", out, sizeof(out)), -1,
	    "a nonce with a comma");
	is_int(scram_client_first(&c, "u", "", out, sizeof(out)), -1,
	    "no nonce");
	is_int(scram_client_first(&c, "u", "c", out, 10), -1, "no room");
}

/* What a client remembers spares it the long part. */
static void
test_remembered(void)
{
	static const char one[] = "r=cs,s=AAAA,i=4096";
	static const char other[] = "r=cs,s=AAAB,i=4096";
	struct scram_salted known = { 0 }, was;
	struct scram_client c;
	char first[SCRAM_MSG_MAX], out[SCRAM_MSG_MAX], again[SCRAM_MSG_MAX];
	const char *why;

	scram_client_first(&c, "u", "c", first, sizeof(first));
	scram_client_final(&c, one, "secret", out, sizeof(out), &why);
	scram_client_first(&c, "u", "c", first, sizeof(first));
	c.salted = &known;
	scram_client_final(&c, one, "secret", again, sizeof(again), &why);
	is_str(again, out, "the answer is the same");
	ok(known.iterations == 4096 && known.saltlen == 3, "and remembered");
	was = known;
	scram_client_first(&c, "u", "c", first, sizeof(first));
	c.salted = &known;
	scram_client_final(&c, one, "not looked at", again, sizeof(again),
	    &why);
	is_str(again, out, "it is not made again");
	scram_client_first(&c, "u", "c", first, sizeof(first));
	c.salted = &known;
	scram_client_final(&c, other, "secret", again, sizeof(again), &why);
	ok(strcmp(again, out) != 0 && memcmp(&was, &known, sizeof(was)) != 0,
	    "but for another salt");
}

int
main(void)
{
	test_rfc();
	test_remembered();
	test_users();
	test_verifiers();
	test_make();
	test_firsts();
	test_finals();
	test_challenge();
	test_client();
	return done_testing();
}
