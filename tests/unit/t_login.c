/*
 * Control's side of the password helper: with a real one, and with one that
 * is played here.
 */
#include "vsapd/login.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypthash.h"
#include "play_auth.h"
#include "play_loop.h"
#include "tap.h"
#include "vsapd/auth.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

static int yes, no, count;

static void
turns(void)
{
	for (int i = 0; i < 50; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
plain(void *arg, int right)
{
	(void)arg;
	yes += right;
	no += !right;
	count++;
}

/* ops has a hash, joe a verifier; the passwords are "secret". */
static struct auth_db *
some_users(void)
{
	char hash[CRYPTHASH_MAX], text[SCRAM_VERIFIER_MAX], err[256];
	struct auth_db *db = auth_new();
	struct scram_verifier v;

	if (db == NULL || crypthash_make("secret", hash, sizeof(hash)) == -1 ||
	    scram_verifier_make(&v, "secret", (const unsigned char *)"salt", 4,
		4096) == -1 ||
	    scram_verifier_format(&v, text, sizeof(text)) == -1 ||
	    auth_add(db, "ops", hash, err, sizeof(err)) == -1 ||
	    auth_add(db, "joe", text, err, sizeof(err)) == -1)
		exit(1);
	return db;
}

/* --- a real helper ----------------------------------------------------- */

static struct login *l;

static void
on_proved(void *arg, bool right, const unsigned char *signature)
{
	struct trial *t = arg;

	yes += right && knows_us(t, signature);
	no += !right && !knows_us(t, signature);
	count++;
}

static void
on_salt(void *arg, const unsigned char *salt, size_t n, uint32_t iterations)
{
	struct trial *t = arg;

	prove(t, "secret", salt, n, iterations);
	if (login_scram_final(l, "host", t->server.user, t->server.auth,
		t->proof, on_proved, t) == NULL)
		exit(1);
}

static void
test_helper(void)
{
	struct trial joe, zoe;
	char text[AUTH_TEXT_MAX + 2];
	int fd, status;
	pid_t pid = start_helper(some_users, &fd);

	yes = no = count = 0;
	l = login_new(base);
	login_start(l, "host", LOGIN_STRANGER, "ops:secret", plain, NULL);
	is_int(count, 0, "no answer before there is a helper");
	login_use(l, fd);
	login_start(l, "host", LOGIN_STRANGER, "ops:Secret", plain, NULL);
	login_start(l, "host", LOGIN_STRANGER, "joe:secret", plain, NULL);
	login_start(l, "host", LOGIN_STRANGER, "zoe:secret", plain, NULL);
	is_int(count, 0, "nor from within");
	wait_for(&count, 4);
	ok(yes == 2 && no == 2, "two are right, two wrong");
	begin(&joe, "joe");
	begin(&zoe, "zoe");
	login_scram_first(l, "host", "joe", on_salt, &joe);
	login_scram_first(l, "host", "zoe", on_salt, &zoe);
	wait_for(&count, 6);
	ok(yes == 3 && no == 3, "SCRAM: one is right, one wrong");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	ok(login_start(l, "host", LOGIN_STRANGER, text, plain, NULL) == NULL &&
		errno == EMSGSIZE,
	    "a long text");
	ok(login_scram_first(l, "host", text, on_salt, NULL) == NULL &&
		errno == EMSGSIZE,
	    "a long user");
	text[sizeof(text) - 2] = '\0';
	text[3] = ':';
	ok(login_start(l, "host", LOGIN_STRANGER, text, plain, NULL) != NULL,
	    "the longest");
	wait_for(&count, 7);
	is_int(no, 4, "is answered");
	login_free(l);
	is_int(waitpid(pid, &status, 0), pid, "it ends with the socket");
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "in order");
}

/* --- a helper that is played ------------------------------------------- */

static int played = -1;

static void
play(void)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == -1)
		exit(1);
	if (played != -1)
		close(played);
	played = sv[1];
	login_use(l, sv[0]);
}

/* The text of the next request, its number in *seq; "" if there is none. */
static const char *
asked(uint32_t *seq)
{
	static char msg[AUTH_MSG_MAX + 1];
	ssize_t n = recv(played, msg, AUTH_MSG_MAX, MSG_DONTWAIT);

	if (n < AUTH_HEAD)
		return "";
	msg[n] = '\0';
	memcpy(seq, msg, 4);
	return msg + AUTH_HEAD - 1;
}

static void
say(uint32_t seq, const void *p, size_t n)
{
	unsigned char msg[AUTH_ANSWER_MAX + 8];

	memcpy(msg, &seq, 4);
	memcpy(msg + 4, p, n);
	if (send(played, msg, 4 + n, 0) == -1)
		exit(1);
	turns();
}

static void
answer(uint32_t seq, char right)
{
	say(seq, &right, 1);
}

static void
salted(void *arg, const unsigned char *salt, size_t n, uint32_t iterations)
{
	(void)arg;
	yes += n == 2 && salt[0] == 's' && iterations == 77;
	count++;
}

static void
proved(void *arg, bool right, const unsigned char *signature)
{
	(void)arg;
	yes += right && signature[0] == 's';
	no += !right;
	count++;
}

/* Each source in its turn, and SCRAM before slow hashes. */
static void
test_turns(void)
{
	unsigned char proof[SCRAM_KEY] = { 'p' };
	char text[32];
	uint32_t seq[5], none;

	yes = no = count = 0;
	l = login_new(base);
	play();
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "flood:%d", i);
		login_start(l, "192.0.2.1", LOGIN_STRANGER, text, plain, NULL);
	}
	login_start(l, "192.0.2.2", LOGIN_STRANGER, "b:1", plain, NULL);
	login_start(l, "192.0.2.2", LOGIN_STRANGER, "b:2", plain, NULL);
	login_start(l, "pid:1", LOGIN_STRANGER, "c:1", plain, NULL);
	login_scram_first(l, "192.0.2.1", "joe", salted, NULL);
	login_scram_final(l, "192.0.2.3", "joe", "auth", proof, proved, NULL);
	is_str(asked(&seq[0]), "Pflood:0", "the first is asked at once");
	is_str(asked(&seq[1]), "Pflood:1", "and the next");
	is_str(asked(&seq[2]), "1joe", "SCRAM waits for none of the others");
	ok(memcmp(asked(&seq[3]), "2p", 2) == 0, "nor does its end");
	is_str(asked(&none), "", "the others wait");
	answer(seq[0], 0);
	is_str(asked(&seq[0]), "Pflood:2", "one that was before the others");
	answer(seq[1], 0);
	is_str(asked(&seq[1]), "Pb:1", "then another source");
	answer(seq[0], 1);
	is_str(asked(&seq[0]), "Pc:1", "and the third");
	answer(seq[1], 1);
	is_str(asked(&seq[1]), "Pflood:3", "the first again");
	answer(seq[0], 1);
	is_str(asked(&seq[0]), "Pb:2", "and the second");
	ok(yes == 3 && no == 2, "each has its answer");
	say(seq[2], "\0\0\0\115sa", 6);
	is_int(yes, 4, "a salt");
	proof[0] = 1;
	proof[1] = 's';
	say(seq[3], "\1s2345678901234567890123456789012", 33);
	is_int(yes, 5, "a signature");
	answer(seq[0], 1);
	answer(seq[0], 1);
	is_int(count, 8, "an answer counts once");
	answer(0x12345678, 1);
	is_int(count, 8, "what was not asked is for nobody");
	login_free(l);
	is_int(count, 8, "at the end nobody is told");
}

static struct login_check *
start_class(enum login_class class, const char *host, const char *text)
{
	return login_start(l, host, class, text, plain, NULL);
}

/* The known at once, strangers before the departed; but none of them waits
 * for ever. */
static void
test_classes(void)
{
	static const char *const at_once[] = { "Pfirst:1", "Pfirst:2",
		"Pknown:1", "Pknown:2", "Pknown:3", "1joe" };
	static const char *const order[] = { "Pstranger:2", "Pdeparted:1",
		"Pstranger:3", "Pstranger:4", "Pstranger:5", "Pstranger:1",
		"Pdeparted:2" };
	struct login_check *left, *salt;
	uint32_t seq[NELEM(at_once)], none;
	char text[32];

	yes = no = count = 0;
	l = login_new(base);
	play();
	start_class(LOGIN_STRANGER, "192.0.2.1", "first:1");
	start_class(LOGIN_STRANGER, "192.0.2.1", "first:2");
	left = start_class(LOGIN_STRANGER, "192.0.2.1", "stranger:1");
	for (int i = 2; i <= 5; i++) {
		snprintf(text, sizeof(text), "stranger:%d", i);
		start_class(LOGIN_STRANGER, "192.0.2.2", text);
	}
	for (int i = 1; i <= 3; i++) {
		snprintf(text, sizeof(text), "known:%d", i);
		start_class(LOGIN_KNOWN, "192.0.2.3", text);
	}
	start_class(LOGIN_DEPARTED, "192.0.2.4", "departed:1");
	start_class(LOGIN_DEPARTED, "192.0.2.4", "departed:2");
	ok(login_departed(left), "one that shuts its side");
	salt = login_scram_first(l, "192.0.2.1", "joe", salted, NULL);
	ok(login_departed(salt), "SCRAM is asked at once");
	for (size_t i = 0; i < NELEM(at_once); i++)
		is_str(asked(&seq[i]), at_once[i], "at once");
	is_str(asked(&none), "", "the others wait");
	for (int i = 2; i < 5; i++)
		answer(seq[i], 1);
	is_str(asked(&none), "", "for those who came before");
	for (size_t i = 0; i < NELEM(order); i++) {
		answer(seq[i % 2], 0);
		is_str(asked(&seq[i % 2]), order[i], "turn %zu", i);
	}
	answer(seq[0], 0);
	answer(seq[1], 0);
	is_int(count, 5 + NELEM(order), "each has its answer");
	login_free(l);
}

/* Who has left fills places of his own. */
static void
test_departed_bounded(void)
{
	struct login_check *c;
	char host[32];
	int kept = 0;

	l = login_new(base);
	for (int i = 0; i < LOGIN_MAX + 100; i++) {
		snprintf(host, sizeof(host), "10.1.%d.%d", i / 256, i % 256);
		c = start_class(LOGIN_STRANGER, host, "u:p");
		if (c == NULL)
			break;
		if (login_departed(c))
			kept++;
		else
			login_cancel(c);
	}
	is_int(kept, LOGIN_MAX, "so many wait of those who have left");
	ok(start_class(LOGIN_STRANGER, "10.2.0.1", "u:p") != NULL,
	    "there is a place for a stranger");
	ok(start_class(LOGIN_DEPARTED, "10.2.0.1", "u:p") == NULL,
	    "and none for one more who has left");
	login_free(l);
}

static void
test_cancel(void)
{
	struct login_check *c[4];
	uint32_t seq[2], none;
	char text[16];

	yes = no = count = 0;
	l = login_new(base);
	play();
	for (int i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "u:%d", i);
		c[i] =
		    login_start(l, "host", LOGIN_STRANGER, text, plain, NULL);
	}
	login_cancel(c[2]);
	login_cancel(c[0]);
	login_cancel(NULL);
	asked(&seq[0]);
	asked(&seq[1]);
	is_str(asked(&none), "", "two are asked");
	answer(seq[0], 1);
	is_int(count, 0, "who has left is not told");
	is_str(asked(&seq[0]), "Pu:3", "nor asked for");
	answer(seq[0], 1);
	answer(seq[1], 1);
	is_int(count, 2, "the others are");
	is_str(asked(&none), "", "that is all");
	login_free(l);
}

/* A helper dies: what it did not answer is asked again, in order. */
static void
test_replaced(void)
{
	struct login_check *c[4];
	uint32_t seq[2];
	char text[16];

	yes = no = count = 0;
	l = login_new(base);
	play();
	for (int i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "u:%d", i);
		c[i] =
		    login_start(l, "host", LOGIN_STRANGER, text, plain, NULL);
	}
	asked(&seq[0]);
	asked(&seq[1]);
	login_cancel(c[1]);
	close(played);
	played = -1;
	turns();
	is_int(count, 0, "nobody is told of its end");
	login_start(l, "other", LOGIN_STRANGER, "v:0", plain, NULL);
	login_cancel(c[3]);
	play();
	is_str(asked(&seq[0]), "Pu:0", "asked again");
	is_str(asked(&seq[1]), "Pv:0", "who came meanwhile");
	answer(seq[0], 1);
	is_str(asked(&seq[0]), "Pu:2", "and not who has left");
	answer(seq[0], 1);
	answer(seq[1], 0);
	ok(yes == 2 && no == 1, "each has its answer");
	login_free(l);
}

/* What answers in another way is no helper of ours. */
static void
test_malformed(void)
{
	static const size_t lengths[] = { 1, 3, 4, 6, AUTH_ANSWER_MAX + 1 };
	unsigned char msg[AUTH_ANSWER_MAX + 8] = { 0 };
	uint32_t seq;

	yes = no = count = 0;
	l = login_new(base);
	play();
	login_start(l, "host", LOGIN_STRANGER, "u:0", plain, NULL);
	for (size_t i = 0; i < NELEM(lengths); i++) {
		is_str(asked(&seq), "Pu:0", "a request");
		memcpy(msg, &seq, 4);
		(void)send(played, msg, lengths[i], 0);
		turns();
		is_int(recv(played, msg, sizeof(msg), MSG_DONTWAIT), 0,
		    "an answer of %zu bytes: hung up", lengths[i]);
		play();
	}
	is_int(count, 0, "nobody is told of it");
	is_str(asked(&seq), "Pu:0", "the next helper is asked");
	answer(seq, 1);
	is_int(yes, 1, "and answers");
	login_free(l);
}

static void
test_bounded(void)
{
	int one = 0, two = 0, net = 0;

	l = login_new(base);
	while (one <= LOGIN_MAX && login_start(l, "192.0.2.1", LOGIN_STRANGER,
				       "u:p", plain, NULL) != NULL)
		one++;
	is_int(errno, EAGAIN, "too many under way");
	is_int(one, LOGIN_MAX / 2, "one source has half of the places");
	while (two <= LOGIN_MAX && login_start(l, "192.0.2.2", LOGIN_STRANGER,
				       "u:p", plain, NULL) != NULL)
		two++;
	is_int(two, LOGIN_MAX / 4, "the next half of the rest");
	for (int i = 0; i < 1000; i++) {
		char host[64];

		snprintf(host, sizeof(host), "2001:db8::%x", i);
		net += login_start(l, host, LOGIN_STRANGER, "u:p", plain,
			   NULL) != NULL;
	}
	is_int(net, LOGIN_MAX / 8, "a network of IPv6 is one source");
	ok(login_start(l, "2001:db8:0:1::", LOGIN_STRANGER, "u:p", plain,
	       NULL) != NULL,
	    "its neighbour another");
	ok(login_scram_first(l, "192.0.2.1", "u", salted, NULL) != NULL,
	    "SCRAM has places of its own");
	login_free(l);
	login_free(NULL);
}

/* --- from a callback --------------------------------------------------- */

static struct login_check *victim;

static void
meddle(void *arg, int right)
{
	plain(arg, right);
	login_cancel(victim);
	victim = login_start(l, "host", LOGIN_STRANGER, "again:1", plain, NULL);
}

static void
test_from_within(void)
{
	uint32_t seq[2], none;

	yes = no = count = 0;
	l = login_new(base);
	play();
	login_start(l, "host", LOGIN_STRANGER, "u:0", meddle, NULL);
	victim = login_start(l, "host", LOGIN_STRANGER, "u:1", plain, NULL);
	asked(&seq[0]);
	asked(&seq[1]);
	answer(seq[0], 1);
	is_str(asked(&seq[0]), "Pagain:1", "one more is asked");
	answer(seq[1], 1);
	is_int(count, 1, "the one that was cancelled is not told");
	answer(seq[0], 1);
	is_int(count, 2, "the new one is");
	is_str(asked(&none), "", "that is all");
	login_free(l);
}

int
main(void)
{
	(void)alarm(120);
	if ((base = event_base_new()) == NULL)
		return 1;
	test_helper();
	test_turns();
	test_classes();
	test_departed_bounded();
	test_cancel();
	test_replaced();
	test_malformed();
	test_bounded();
	test_from_within();
	if (played != -1)
		close(played);
	event_base_free(base);
	return done_testing();
}
