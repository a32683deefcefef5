/*
 * SCRAM in the client session, against a gateway that this program plays.
 * It is behind a proxy, which it plays too: so the password is not sent in
 * clear, though all of this is on loopback.
 */
#include "vsap_client.h"

#include <sys/socket.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "b64.h"
#include "loop.h"
#include "net.h"
#include "scram.h"
#include "tap.h"

#define ITERATIONS 200000

static struct event_base *base;
static struct resolv *resolv;
static struct vsapc *client;
static int listener = -1, peer = -1;
static struct proxy proxy;
static char heard[8192]; /* all lines of this session */

static struct {
	int ready, closed, permanent;
	char text[2048];
} seen;

static void
on_ready(void *arg)
{
	(void)arg;
	seen.ready++;
}

static void
on_reply(void *arg, const struct vsap_reply *r, int fd)
{
	(void)arg;
	(void)r;
	if (fd != -1)
		close(fd);
}

static void
on_closed(void *arg, const char *text, bool permanent)
{
	(void)arg;
	seen.closed++;
	seen.permanent = permanent;
	strlcpy(seen.text, text, sizeof(seen.text));
}

static const struct vsapc_calls calls = { on_ready, on_reply, on_closed };

static void
turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
	poll(NULL, 0, 1);
}

/* The next line from the client, without its end; "" at its end. */
static const char *
line(void)
{
	static char text[2048];
	time_t end = time(NULL) + 10;
	size_t n = 0;

	for (text[0] = '\0'; time(NULL) < end; turn()) {
		while (n < sizeof(text) - 1 &&
		       recv(peer, text + n, 1, MSG_DONTWAIT) == 1)
			if (text[n++] == '\n')
				goto out;
		if (seen.closed > 0)
			break;
	}
out:
	text[n] = '\0';
	strlcat(heard, text, sizeof(heard));
	text[strcspn(text, "\r\n")] = '\0';
	return text;
}

static void
say(const char *text)
{
	if (send(peer, text, strlen(text), MSG_NOSIGNAL) !=
	    (ssize_t)strlen(text))
		printf("# short write\n");
}

static void
say_b64(const char *head, const char *message)
{
	char text[1024], out[1200];

	b64_encode(message, strlen(message), text, sizeof(text));
	snprintf(out, sizeof(out), "VSAP/0.1 %s%s\r\n", head, text);
	say(out);
}

/* A client that has come through the proxy. */
static void
begin(const char *creds)
{
	struct vsapc_opts o = { .server = "gw:1",
		.creds = creds,
		.timeout = 20,
		.proxy = &proxy };
	char err[256];

	memset(&seen, 0, sizeof(seen));
	heard[0] = '\0';
	addr_parse(&o.addr, "gw:1", ADDR_FOR_SERVER, err, sizeof(err));
	client = vsapc_new(base, resolv, &o, &calls, NULL);
	while ((peer = accept(listener, NULL, NULL)) == -1)
		turn();
	while (line()[0] != '\0')
		;
	say("HTTP/1.1 200 Fine\r\n\r\n");
}

static void
until_over(void)
{
	time_t end = time(NULL) + 10;

	while (seen.ready + seen.closed == 0 && time(NULL) < end)
		turn();
}

static void
done(void)
{
	until_over();
	vsapc_free(client);
	close(peer);
	turn();
}

/* The client's message in its line; false: it is something else. */
static bool
message(char *out, size_t outlen)
{
	static const char head[] = "AUTH SCRAM-SHA-256 ";
	const char *l = line();
	ssize_t n;

	if (strncmp(l, head, strlen(head)) != 0)
		return false;
	l += strlen(head);
	n = b64_decode(l, strlen(l), out, outlen - 1);
	out[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* The gateway's side with this verifier up to its last word; is the proof
 * right? */
static bool
serve(const struct scram_verifier *v, unsigned char *signature)
{
	unsigned char proof[SCRAM_KEY];
	char text[SCRAM_MSG_MAX] = "";
	struct scram_server s;
	const char *why = "";

	ok(message(text, sizeof(text)), "the first message");
	is_int(scram_server_first(&s, text, &why), 0, "is one: %s", why);
	is_str(s.user, "anna", "the user");
	scram_server_challenge(&s, "theirs", v, text, sizeof(text));
	say_b64("330 ", text);
	ok(message(text, sizeof(text)), "the last message");
	is_int(scram_server_final(&s, text, proof, &why), 0, "is one: %s", why);
	return scram_server_verify(v, s.auth, proof, signature);
}

static double
login(const struct scram_verifier *v, const char *creds, bool right)
{
	unsigned char signature[SCRAM_KEY];
	char text[SCRAM_MSG_MAX];
	clock_t from = clock();

	begin(creds);
	is_int(serve(v, signature), right, "%s: the proof", creds);
	from = clock() - from;
	if (right) {
		scram_server_last(signature, text, sizeof(text));
		say_b64("200 OK ", text);
	} else {
		say("VSAP/0.1 410 forbidden.\r\n");
	}
	until_over();
	is_int(seen.ready, right, "%s: ready or not", creds);
	ok(strstr(heard, "secret") == NULL && strstr(heard, "other") == NULL,
	    "the password was not sent");
	return (double)from / CLOCKS_PER_SEC;
}

static void
right_and_wrong(const struct scram_verifier *v)
{
	double first, second;

	first = login(v, "anna:secret", true);
	done();
	second = login(v, "anna:secret", true);
	done();
	/* both with the gateway's own part, which is short */
	ok(second < first / 4, "the second costs nothing (%.4f, %.4f s)", first,
	    second);
	login(v, "anna:other", false);
	ok(strncmp(seen.text, "gw:1: credentials refused: 410 forbidden.",
	       41) == 0,
	    "%s", seen.text);
	is_int(seen.permanent, 1, "for good");
	done();
	/* what was remembered is of the other password */
	login(v, "anna:secret", true);
	done();
}

/* Who says yes without knowing the password. */
static void
pretenders(const struct scram_verifier *v)
{
	unsigned char signature[SCRAM_KEY];
	char text[SCRAM_MSG_MAX];

	for (int i = 0; i < 4; i++) {
		begin("anna:secret");
		serve(v, signature);
		signature[31] ^= 1;
		scram_server_last(signature, text, sizeof(text));
		if (i == 0)
			say_b64("200 OK ", text);
		else if (i == 1)
			say("VSAP/0.1 200 OK\r\n");
		else if (i == 2)
			say("VSAP/0.1 200 OK dj1h!\r\n");
		else
			say_b64("200 OK ", "e=other-error");
		until_over();
		is_int(seen.ready, 0, "pretender %d: not ready", i);
		ok(strstr(seen.text, "does not know the password either") !=
			NULL,
		    "%s", seen.text);
		is_int(seen.permanent, 1, "for good");
		done();
	}
}

static void
no_scram(void)
{
	static const char *const answers[] = {
		"VSAP/0.1 410 forbidden.\r\n",
		"VSAP/0.1 500 unknown.\r\n",
		"VSAP/0.1 501 no such thing\r\n",
		"VSAP/0.1 200 OK\r\n",
	};
	char text[SCRAM_MSG_MAX];

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		begin("anna:secret");
		message(text, sizeof(text));
		say(answers[i]);
		until_over();
		is_int(seen.ready, 0, "not ready");
		ok(strstr(seen.text, "VSAP_AUTH_CLEARTEXT=yes") != NULL &&
			strstr(seen.text, "tls:") != NULL,
		    "%s", seen.text);
		is_int(seen.permanent, 1, "for good");
		ok(strstr(heard, "secret") == NULL, "nothing given away");
		done();
	}
	begin("anna:secret");
	message(text, sizeof(text));
	shutdown(peer, SHUT_RDWR);
	until_over();
	ok(strstr(seen.text, "closed without an answer") != NULL &&
		strstr(seen.text, "VSAP_AUTH_CLEARTEXT=yes") != NULL,
	    "%s", seen.text);
	done();
}

/* Not let in for now, in place of a challenge and of the last word. */
static void
too_many(const struct scram_verifier *v)
{
	static const char now[] = "VSAP/0.1 410 forbidden: too many wrong "
				  "passwords: try again in 3 s\r\n";
	unsigned char signature[SCRAM_KEY];
	char text[SCRAM_MSG_MAX];
	unsigned seconds;

	for (int last = 0; last < 2; last++) {
		begin("anna:secret");
		if (last)
			serve(v, signature);
		else
			message(text, sizeof(text));
		say(now);
		until_over();
		is_str(seen.text,
		    "gw:1: not let in for now: 410 forbidden: too many wrong "
		    "passwords: try again in 3 s",
		    "no word of wrong credentials, nor of TLS");
		is_int(seen.permanent, 0, "not for good");
		ok(vsapc_again(client, &seconds), "to be tried again ...");
		is_int((int)seconds, 3, "... in 3 s");
		done();
	}
	begin("anna:secret");
	message(text, sizeof(text));
	say("VSAP/0.1 410 forbidden.\r\n");
	until_over();
	ok(!vsapc_again(client, &seconds), "of another nothing is told");
	done();
}

/* A challenge with %s for the nonce. */
static void
bad_challenges(void)
{
	static const char *const bad[] = {
		"",
		"r=%s,s=QUJD,i=4096",
		"r=x%sx,s=QUJD,i=4096",
		"r=%sx,s=QUJD,i=1",
		"r=%sx,s=QUJD,i=4095",
		"r=%sx,s=QUJD,i=999999999",
		"r=%sx,s=QUJD,i=99999999999999999999",
		"r=%sx,s=,i=4096",
		"r=%sx,i=4096",
		"m=x,r=%sx,s=QUJD,i=4096",
	};
	char text[SCRAM_MSG_MAX], say_this[SCRAM_MSG_MAX], *nonce, *s;
	size_t n;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin("anna:secret");
		message(text, sizeof(text));
		nonce = strstr(text, ",r=") + 3;
		strlcpy(say_this, bad[i], sizeof(say_this));
		if ((s = strstr(say_this, "%s")) != NULL) {
			n = strlen(nonce);
			memmove(s + n, s + 2, strlen(s + 2) + 1);
			memcpy(s, nonce, n);
		}
		say_b64("330 ", say_this);
		until_over();
		ok(seen.closed == 1 && seen.ready == 0, "\"%s\": %s", bad[i],
		    seen.text);
		ok(strstr(heard, ",p=") == NULL, "no proof");
		done();
	}
	begin("anna:secret");
	message(text, sizeof(text));
	say("VSAP/0.1 330 AAAA\r\n"); /* three NULs */
	until_over();
	is_int(seen.closed, 1, "NUL bytes: %s", seen.text);
	done();
}

static void
setup(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a;
	char err[256];

	base = loop_new();
	resolv = resolv_new(base);
	addr_parse(&a, "127.0.0.1:0", ADDR_FOR_LISTEN, err, sizeof(err));
	listener = net_listen(&a, 5, 0600);
	if (listener == -1 ||
	    getsockname(listener, (struct sockaddr *)&ss, &len) == -1)
		exit(1);
	addr_format_sa((struct sockaddr *)&ss, len, proxy.text,
	    sizeof(proxy.text));
	addr_parse(&proxy.addr, proxy.text, ADDR_F_TCP, err, sizeof(err));
}

int
main(void)
{
	struct scram_verifier v;

	unsetenv("VSAP_AUTH_CLEARTEXT");
	setup();
	scram_verifier_make(&v, "secret", (const unsigned char *)"salt", 4,
	    ITERATIONS);
	right_and_wrong(&v);
	pretenders(&v);
	no_scram();
	too_many(&v);
	bad_challenges();
	resolv_free(resolv);
	event_base_free(base);
	close(listener);
	return done_testing();
}
