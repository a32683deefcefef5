/*
 * The password helper and its asking half: a real helper, and one that is
 * played here.
 */
#include "pwhelper.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "play_loop.h"
#include "tap.h"

static struct pwhelper *helper;
static int played = -1; /* our end, where we play the helper */
static int yes, no, gone, asked_again;
static uint32_t victim;
static char hash[CRYPTHASH_MAX];

static void
done(void *arg, bool right)
{
	int *count = right ? &yes : &no;

	(void)arg;
	(*count)++;
}

static void
on_gone(void *arg)
{
	(void)arg;
	gone++;
}

static void
forget(void)
{
	yes = no = gone = asked_again = 0;
}

/* What is to be read now, nothing more. */
static void
turn(void)
{
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

static pid_t
start(int *fd)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		exit(1);
	fflush(stdout);
	if ((pid = fork()) == 0) {
		close(pair[0]);
		pwhelper_serve(pair[1]);
	}
	close(pair[1]);
	*fd = pair[0];
	return pid;
}

/* A pair of which we keep the helper's end. */
static int
play(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		exit(1);
	if (played != -1)
		close(played);
	played = pair[1];
	return pair[0];
}

static void
serves(void)
{
	char longer[CRYPTHASH_PHRASE + 2];
	uint32_t a, b;
	int fd, status;
	pid_t pid = start(&fd);

	forget();
	helper = pwhelper_new(base, fd, on_gone, NULL);
	ok(helper != NULL, "a helper");
	a = pwhelper_ask(helper, hash, "secret", done, NULL);
	b = pwhelper_ask(helper, hash, "Secret", done, NULL);
	ok(a != 0 && b != 0 && a != b, "two are asked");
	is_int(yes + no, 0, "no answer from within");
	wait_for(&no, 1);
	ok(yes == 1 && no == 1, "one is right, one wrong");
	pwhelper_ask(helper, "secret", "secret", done, NULL);
	pwhelper_ask(helper, "", "", done, NULL);
	wait_for(&no, 3);
	ok(yes == 1 && no == 3, "what is no hash fits nothing");
	memset(longer, 'x', sizeof(longer));
	longer[CRYPTHASH_PHRASE] = '\0';
	is_int(pwhelper_ask(helper, hash, longer, done, NULL), 0, "too long");
	is_int(errno, EINVAL, "and says so");
	longer[CRYPTHASH_PHRASE - 1] = '\0';
	ok(pwhelper_ask(helper, hash, longer, done, NULL) != 0, "the longest");
	wait_for(&no, 4);
	a = pwhelper_ask(helper, hash, "secret", done, NULL);
	pwhelper_cancel(helper, a);
	pwhelper_cancel(helper, 0);
	pwhelper_cancel(helper, 4711);
	pwhelper_ask(helper, hash, "secret", done, NULL);
	wait_for(&yes, 2);
	ok(yes == 2 && no == 4, "who has cancelled hears nothing");
	pwhelper_free(helper);
	is_int(waitpid(pid, &status, 0), pid, "it ends with the socket");
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "in order");
	is_int(gone, 0, "and nothing is said of that");
}

/* A helper that is killed while three wait. */
static void
killed(void)
{
	int fd, status;
	pid_t pid = start(&fd);

	forget();
	helper = pwhelper_new(base, fd, on_gone, NULL);
	kill(pid, SIGSTOP);
	for (int i = 0; i < 3; i++)
		pwhelper_ask(helper, hash, "secret", done, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	wait_for(&gone, 1);
	ok(yes == 0 && no == 3 && gone == 1, "all who waited are told no");
	is_int(pwhelper_ask(helper, hash, "secret", done, NULL), 0,
	    "nobody to ask");
	is_int(errno, ENOTCONN, "and says so");
	pid = start(&fd);
	is_int(pwhelper_replace(helper, fd), 0, "a new one");
	ok(pwhelper_ask(helper, hash, "secret", done, NULL) != 0, "is asked");
	wait_for(&yes, 1);
	is_int(yes, 1, "and answers");
	pwhelper_free(helper);
	waitpid(pid, &status, 0);
}

static void
answer(const unsigned char *number, unsigned char right)
{
	unsigned char msg[5];

	memcpy(msg, number, 4);
	msg[4] = right;
	if (send(played, msg, sizeof(msg), 0) == -1)
		exit(1);
}

/* The next request that came; its number. */
static ssize_t
request(unsigned char *msg, size_t len)
{
	return recv(played, msg, len, MSG_DONTWAIT);
}

static void
bounded(void)
{
	unsigned char msg[2048];
	size_t n = 0;

	forget();
	helper = pwhelper_new(base, play(), on_gone, NULL);
	while (n <= PWHELPER_MAX &&
	       pwhelper_ask(helper, hash, "secret", done, NULL) != 0)
		n++;
	is_int(errno, EAGAIN, "too many under way");
	is_int(n, PWHELPER_MAX, "at most so many");
	is_int(request(msg, sizeof(msg)),
	    (ssize_t)(4 + strlen(hash) + 1 + sizeof("secret")), "a request");
	ok(memcmp(msg + 4, hash, strlen(hash) + 1) == 0 &&
		strcmp((char *)msg + 4 + strlen(hash) + 1, "secret") == 0,
	    "hash and password");
	answer(msg, 1);
	answer(msg, 1);
	answer((const unsigned char *)"\0\0\0", 1);
	turn();
	turn();
	turn();
	ok(yes == 1 && no == 0, "an answer counts once");
	ok(pwhelper_ask(helper, hash, "secret", done, NULL) != 0,
	    "its place is free");
	is_int(pwhelper_replace(helper, -1), 0, "it is taken away");
	is_int(no, PWHELPER_MAX, "all who waited are told no");
	is_int(gone, 0, "by us");
	pwhelper_free(helper);
}

static void
malformed(void)
{
	static const char *const answers[] = { "", "abc", "abcdef" };

	for (size_t i = 0; i < 3; i++) {
		forget();
		helper = pwhelper_new(base, play(), on_gone, NULL);
		pwhelper_ask(helper, hash, "secret", done, NULL);
		(void)send(played, answers[i], strlen(answers[i]), 0);
		wait_for(&gone, 1);
		ok(no == 1 && yes == 0 && gone == 1, "an answer of %zu bytes",
		    strlen(answers[i]));
		pwhelper_free(helper);
	}
}

/* One callback cancels another, asks again, or frees everything. */
static void
meddle(void *arg, bool right)
{
	(void)arg;
	done(NULL, right);
	pwhelper_cancel(helper, victim);
	asked_again += pwhelper_ask(helper, hash, "secret", done, NULL) != 0;
}

static void
renew(void *arg)
{
	(void)arg;
	gone++;
	pwhelper_replace(helper, play());
	asked_again += pwhelper_ask(helper, hash, "secret", done, NULL) != 0;
}

static void
leave(void *arg, bool right)
{
	(void)arg;
	done(NULL, right);
	pwhelper_free(helper);
	helper = NULL;
}

static void
from_within(void)
{
	unsigned char msg[2048];

	forget();
	helper = pwhelper_new(base, play(), renew, NULL);
	pwhelper_ask(helper, hash, "secret", meddle, NULL);
	victim = pwhelper_ask(helper, hash, "secret", done, NULL);
	close(played);
	played = -1;
	wait_for(&gone, 1);
	ok(no == 1 && gone == 1, "a cancelled one is not told of the end");
	is_int(asked_again, 1, "the new helper can be asked at once");
	ok(request(msg, sizeof(msg)) > 0, "and is");
	answer(msg, 1);
	wait_for(&yes, 1);
	is_int(yes, 1, "its answer arrives");
	pwhelper_ask(helper, hash, "secret", leave, NULL);
	pwhelper_ask(helper, hash, "secret", done, NULL);
	ok(request(msg, sizeof(msg)) > 0, "asked once more");
	answer(msg, 1);
	wait_for(&yes, 2);
	ok(helper == NULL && yes == 2 && no == 1, "freed from a callback");
	helper = pwhelper_new(base, play(), on_gone, NULL);
	pwhelper_ask(helper, hash, "secret", leave, NULL);
	pwhelper_ask(helper, hash, "secret", done, NULL);
	close(played);
	played = -1;
	wait_for(&no, 2);
	ok(helper == NULL && no == 2 && gone == 1, "and at the helper's end");
}

/* Requests that the asking half would not make. */
static void
hostile(void)
{
	static const struct {
		const char *text;
		size_t len;
	} requests[] = {
		{ "numb", 4 },
		{ "numb\0", 5 },
		{ "numbhash", 8 },
		{ "numbhash\0", 9 },
		{ "numb\0\0", 6 },
	};
	/* The right password, not ended, ended, and with more behind it. */
	static const struct {
		const char *text;
		size_t len;
		bool right;
	} passwords[] = {
		{ "secret", 6, false },
		{ "secret\0", 7, true },
		{ "secret\0more", 11, false },
	};
	char msg[1024];
	size_t len = 4 + strlen(hash) + 1;
	int fd, status;
	pid_t pid = start(&fd);

	for (size_t i = 0; i < 3; i++) {
		snprintf(msg, sizeof(msg), "numb%s", hash);
		memcpy(msg + len, passwords[i].text, passwords[i].len);
		(void)send(fd, msg, len + passwords[i].len, 0);
		ok(recv(fd, msg, sizeof(msg), 0) == 5 &&
			msg[4] == passwords[i].right,
		    "a password in %zu bytes", passwords[i].len);
	}
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (send(fd, requests[i].text, requests[i].len, 0) == -1 ||
		    recv(fd, msg, sizeof(msg), 0) != 5)
			memset(msg, 'x', sizeof(msg));
		ok(memcmp(msg, "numb\0", 5) == 0, "%zu bytes: no",
		    requests[i].len);
	}
	(void)send(fd, "num", 3, 0);
	is_int(waitpid(pid, &status, 0), pid, "no number: it ends");
	close(fd);
}

int
main(void)
{
	(void)alarm(120);
	if ((base = event_base_new()) == NULL ||
	    crypthash_make("secret", hash, sizeof(hash)) == -1)
		return 1;
	serves();
	killed();
	bounded();
	malformed();
	from_within();
	hostile();
	close(played);
	event_base_free(base);
	return done_testing();
}
