/*
 * Heads of HTTP/1.x.
 */
#include "http_head.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "edge.h"
#include "tap.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))
#define B(s) s, sizeof(s) - 1

/* What is said to each beginning: 0 until it is decided, and then the same
 * to all that are longer. */
static int
every_beginning(struct http_request *r, const char *p, size_t len,
    enum http_fault *fault, size_t *decided)
{
	enum http_fault f;
	int got = 0;

	for (*decided = 0; *decided <= len; (*decided)++) {
		got = http_request_parse(r, edge(p, *decided), *decided, fault);
		if (got != 0)
			break;
	}
	for (size_t n = *decided; n <= len; n++)
		if (http_request_parse(r, edge(p, n), n, &f) != got ||
		    f != *fault)
			return -2;
	return got;
}

static const struct {
	const char *p;
	size_t len, bytes;
	const char *method, *target;
	int minor;
	const char *authorization;
} good[] = {
	{ B("CONNECT h:80 HTTP/1.1\r\n\r\n"), 25, "CONNECT", "h:80", 1, "" },
	{ B("CONNECT h:80 HTTP/1.0\n\n"), 23, "CONNECT", "h:80", 0, "" },
	{ B("CONNECT h:80 HTTP/1.1\nHost: h:80\r\n\nmore"), 35, "CONNECT",
	    "h:80", 1, "" },
	{ B("CONNECT [::1]:80 HTTP/1.1\r\nHost:\r\n\r\n"), 36, "CONNECT",
	    "[::1]:80", 1, "" },
	{ B("GET / HTTP/1.9\r\n\r\n"), 18, "GET", "/", 9, "" },
	{ B("CONNECT h:1 HTTP/1.1\r\nProxy-Authorization: Basic dTpw\r\n\r\n"),
	    57, "CONNECT", "h:1", 1, "Basic dTpw" },
	{ B("CONNECT h:1 HTTP/1.1\r\nPROXY-authorization:\t Basic  dTpw \t\r\n"
	    "\r\n"),
	    61, "CONNECT", "h:1", 1, "Basic  dTpw" },
	{ B("A /\x7e HTTP/1.1\r\nx:\xff\r\nX: \"a:b\"\r\n\r\n"), 32, "A", "/~",
	    1, "" },
	/* the same twice */
	{ B("GET / HTTP/1.1\nHost: h\nHost: h\n\n"), 32, "GET", "/", 1, "" },
	{ B("GET / HTTP/1.1\nProxy-Authorization: a\n"
	    "Proxy-Authorization: a\n\n"),
	    62, "GET", "/", 1, "a" },
	/* no body */
	{ B("CONNECT h:1 HTTP/1.1\nContent-Length: 0\n\n"), 40, "CONNECT",
	    "h:1", 1, "" },
	{ B("CONNECT h:1 HTTP/1.1\nContent-Length: 00\n\n"), 41, "CONNECT",
	    "h:1", 1, "" },
	/* a body of another method is not for us to judge */
	{ B("POST / HTTP/1.1\nContent-Length: 5\n\nhello"), 35, "POST", "/", 1,
	    "" },
	{ B("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n"), 44, "POST", "/",
	    1, "" },
	/* what comes behind it stays */
	{ B("CONNECT h:1 HTTP/1.1\r\n\r\nCONNECT other:2 HTTP/1.1\r\n\r\n"), 24,
	    "CONNECT", "h:1", 1, "" },
};

static const struct {
	const char *p;
	size_t len;
	enum http_fault fault;
	size_t decided; /* by so many bytes, 0: see len */
} bad[] = {
	{ B("\r\nGET / HTTP/1.1\r\n\r\n"), HTTP_BAD, 1 },
	{ B(" GET / HTTP/1.1\r\n\r\n"), HTTP_BAD, 1 },
	{ B("\0GET / HTTP/1.1\r\n\r\n"), HTTP_BAD, 1 },
	{ B("GET\t/ HTTP/1.1\r\n\r\n"), HTTP_BAD, 4 },
	{ B("GET  / HTTP/1.1\r\n\r\n"), HTTP_BAD, 5 },
	{ B("GET /  HTTP/1.1\r\n\r\n"), HTTP_BAD, 7 },
	{ B("GET / HTTP/1.1 \r\n\r\n"), HTTP_BAD, 15 },
	{ B("GET / HTTP/1.1\r \n\r\n"), HTTP_BAD, 16 },
	{ B("GET / HTTP/1.1\rX: y\r\n\r\n"), HTTP_BAD, 16 },
	{ B("GET /\r\n\r\n"), HTTP_BAD, 6 },
	{ B("GET\r\n\r\n"), HTTP_BAD, 4 },
	{ B("GET / FTP/1.1\r\n\r\n"), HTTP_BAD, 7 },
	{ B("GET / http/1.1\r\n\r\n"), HTTP_BAD, 7 },
	{ B("GET / HTTP/1.10\r\n\r\n"), HTTP_BAD, 15 },
	{ B("GET / HTTP/1,1\r\n\r\n"), HTTP_BAD, 13 },
	{ B("GET / HTTP/1\r\n\r\n"), HTTP_BAD, 13 },
	{ B("GET / HTTP/x.1\r\n\r\n"), HTTP_BAD, 12 },
	{ B("GET / HTTP/2.0\r\n\r\n"), HTTP_VERSION, 12 },
	{ B("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), HTTP_VERSION, 12 },
	{ B("GET / HTTP/0.9\r\n\r\n"), HTTP_VERSION, 12 },
	{ B("GET /\x01 HTTP/1.1\r\n\r\n"), HTTP_BAD, 6 },
	{ B("GET /\0 HTTP/1.1\r\n\r\n"), HTTP_BAD, 6 },
	{ B("GET /\x80 HTTP/1.1\r\n\r\n"), HTTP_BAD, 6 },
	{ B("GE(T / HTTP/1.1\r\n\r\n"), HTTP_BAD, 3 },
	{ B("AAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n\r\n"), HTTP_BAD, 24 },
	{ B("GET / HTTP/1.1\r\n X: y\r\n\r\n"), HTTP_BAD, 23 },
	{ B("GET / HTTP/1.1\r\nX: y\r\n z\r\n\r\n"), HTTP_BAD, 26 },
	{ B("GET / HTTP/1.1\r\nX: y\r\n\tz\r\n\r\n"), HTTP_BAD, 26 },
	{ B("GET / HTTP/1.1\r\nX : y\r\n\r\n"), HTTP_BAD, 23 },
	{ B("GET / HTTP/1.1\r\nX\r\n\r\n"), HTTP_BAD, 19 },
	{ B("GET / HTTP/1.1\r\n: y\r\n\r\n"), HTTP_BAD, 21 },
	{ B("GET / HTTP/1.1\r\nX y: z\r\n\r\n"), HTTP_BAD, 24 },
	{ B("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"), HTTP_BAD, 21 },
	{ B("GET / HTTP/1.1\r\nX: a\x7f"
	    "b\r\n\r\n"),
	    HTTP_BAD, 21 },
	{ B("GET / HTTP/1.1\r\nX: a\rb\r\n\r\n"), HTTP_BAD, 22 },
	{ B("GET / HTTP/1.1\r\nX: a\r\r\n\r\n"), HTTP_BAD, 22 },
	{ B("GET / HTTP/1.1\r\n\rX: a\r\n\r\n"), HTTP_BAD, 18 },
	{ B("GET / HTTP/1.1\nHost: a\nHost: b\n\n"), HTTP_BAD, 31 },
	{ B("GET / HTTP/1.1\nHost: a\nhost: A\n\n"), HTTP_BAD, 31 },
	{ B("GET / HTTP/1.1\nHost: a\nHost:\n\n"), HTTP_BAD, 29 },
	{ B("GET / HTTP/1.1\nProxy-Authorization: a\n"
	    "Proxy-Authorization: b\n\n"),
	    HTTP_BAD, 61 },
	{ B("GET / HTTP/1.1\nContent-Length: 1\n\nx"), HTTP_LENGTH, 34 },
	{ B("CONNECT h:1 HTTP/1.1\nContent-Length: 10\n\n"), HTTP_LENGTH, 41 },
	{ B("CONNECT h:1 HTTP/1.1\nTransfer-Encoding: chunked\n\n"),
	    HTTP_LENGTH, 49 },
	{ B("HEAD / HTTP/1.1\nContent-Length: 0\nContent-Length: 9\n\n"),
	    HTTP_LENGTH, 53 },
	{ B("GET / HTTP/1.1\nContent-Length:\n\n"), HTTP_BAD, 31 },
	{ B("GET / HTTP/1.1\nContent-Length: +0\n\n"), HTTP_BAD, 34 },
	{ B("GET / HTTP/1.1\nContent-Length: 0, 0\n\n"), HTTP_BAD, 36 },
	{ B("GET / HTTP/1.1\nContent-Length: -1\n\n"), HTTP_BAD, 34 },
	{ B("POST / HTTP/1.1\nContent-Length: 0x5\n\n"), HTTP_BAD, 36 },
};

static void
test_requests(void)
{
	struct http_request r;
	enum http_fault fault;
	size_t decided;

	for (size_t i = 0; i < NELEM(good); i++) {
		is_int(every_beginning(&r, good[i].p, good[i].len, &fault,
			   &decided),
		    good[i].bytes, "request %zu", i);
		is_int(decided, good[i].bytes, "not known a byte before");
		is_int(fault, HTTP_FINE, "without a fault");
		is_str(r.method, good[i].method, "method");
		is_str(r.target, good[i].target, "target");
		is_int(r.minor, good[i].minor, "version");
		is_str(r.authorization, good[i].authorization, "authorization");
	}
	for (size_t i = 0; i < NELEM(bad); i++) {
		is_int(every_beginning(&r, bad[i].p, bad[i].len, &fault,
			   &decided),
		    -1, "bad request %zu", i);
		is_int(fault, bad[i].fault, "its fault");
		is_int(decided, bad[i].decided, "is told at once");
	}
}

/* "GET TARGET HTTP/1.1" with n bytes of target, then FIELDS. */
static size_t
request(char *out, size_t n, const char *fields)
{
	size_t at = strlcpy(out, "GET ", 16384);

	memset(out + at, 'x', n);
	at += n;
	return at + strlcpy(out + at, " HTTP/1.1\r\n", 32) +
	       strlcpy(out + at + 11, fields, 16384 - at - 11);
}

static void
test_lengths(void)
{
	static char p[20000], fields[16384];
	struct http_request r;
	enum http_fault fault;
	size_t n, decided;

	n = request(p, HTTP_TARGET_MAX, "\r\n");
	is_int(http_request_parse(&r, p, n, &fault), n, "the longest target");
	is_int(strlen(r.target), HTTP_TARGET_MAX, "is there");
	n = request(p, HTTP_TARGET_MAX + 1, "\r\n");
	is_int(every_beginning(&r, p, n, &fault, &decided), -1, "a longer one");
	is_int(fault, HTTP_LONG_LINE, "is told");
	is_int(decided, 4 + HTTP_TARGET_MAX + 1, "at once");
	memset(p, 'x', sizeof(p));
	memcpy(p, "GET ", 4);
	is_int(http_request_parse(&r, p, sizeof(p), &fault), -1, "endless");
	is_int(fault, HTTP_LONG_LINE, "a target without end");
	/* fields: "x: xxx...\r\n\r\n" up to the whole length */
	n = request(p, 1, "x: ");
	memset(p + n, 'x', sizeof(p) - n);
	memcpy(p + HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
	is_int(http_request_parse(&r, p, HTTP_HEAD_MAX, &fault), HTTP_HEAD_MAX,
	    "the longest head");
	memset(p + n, 'x', sizeof(p) - n);
	memcpy(p + HTTP_HEAD_MAX - 3, "\r\n\r\n", 4);
	is_int(http_request_parse(&r, p, sizeof(p), &fault), -1,
	    "a longer one");
	is_int(fault, HTTP_LONG_HEAD, "is told");
	is_int(http_request_parse(&r, p, HTTP_HEAD_MAX - 1, &fault), 0,
	    "not a byte before");
	is_int(http_request_parse(&r, p, HTTP_HEAD_MAX, &fault), -1,
	    "but then");
	fields[0] = '\0';
	for (int i = 0; i < HTTP_FIELDS_MAX; i++)
		strlcat(fields, "a: b\n", sizeof(fields));
	strlcat(fields, "\n", sizeof(fields));
	n = request(p, 1, fields);
	is_int(http_request_parse(&r, p, n, &fault), n, "the most fields");
	fields[strlen(fields) - 1] = '\0';
	strlcat(fields, "a: b\n\n", sizeof(fields));
	n = request(p, 1, fields);
	is_int(http_request_parse(&r, p, n, &fault), -1, "one more");
	is_int(fault, HTTP_LONG_HEAD, "is told");
	memset(fields, 'a', sizeof(fields));
	memcpy(fields, "Proxy-Authorization: ", 21);
	memcpy(fields + 21 + 511, "\n\n", 3);
	n = request(p, 1, fields);
	is_int(http_request_parse(&r, p, n, &fault), n, "511 bytes of it");
	is_int(strlen(r.authorization), 511, "are there");
	memcpy(fields + 21 + 511, "a\n\n", 4);
	n = request(p, 1, fields);
	is_int(http_request_parse(&r, p, n, &fault), -1, "512");
	is_int(fault, HTTP_LONG_HEAD, "are too many");
}

static const struct {
	const char *p;
	size_t len;
	int is;
} lines[] = {
	{ B("CONNECT h:80 HTTP/1.1\r\n"), 1 },
	{ B("GET / HTTP/1.1\nHost: x"), 1 },
	{ B("GET / HTTP/2\r\n"), 1 },
	{ B("get / http/1.1  \t\r\n"), 1 },
	{ B("VSAP/0.1 ECHO HTTP/1.1\r\n"), 1 },
	{ B("HTTP/1.1\n"), 1 },
	{ B("CONNECT h:80\r\n"), 0 },
	{ B("ECHO HTTP/1.1 x\r\n"), 0 },
	{ B("ECHO HTTP/\r\n"), 0 },
	{ B("ECHO xHTTP/1.1\r\n"), 0 },
	{ B("ECHO HTTP/x\n"), 0 },
	{ B("ECHO\0HTTP/1.1\n"), 0 },
	{ B("\n"), 0 },
	{ B("\r\n"), 0 },
	{ B(" \n"), 0 },
	{ B("\0\n"), 0 },
	{ B("CONNECT h:80\nGET / HTTP/1.1\n"), 0 },
	{ B("CONNECT h:80 HTTP/1.1\r"), -1 },
	{ B("C"), -1 },
	{ B(""), -1 },
};

static const struct {
	const char *p;
	size_t len;
	int has;
} methods[] = {
	{ B("CONNECT x"), 1 },
	{ B("GET "), 1 },
	{ B("DELETE /"), 1 },
	{ B("PATCH /"), 1 },
	{ B("CONNECT"), 0 },
	{ B("CONNECT\tx"), 0 },
	{ B("connect x"), 0 },
	{ B("CONNECTX x"), 0 },
	{ B(" GET x"), 0 },
	{ B("BIND x"), 0 },
	{ B("GE"), 0 },
	{ B(""), 0 },
};

/* --- Basic ------------------------------------------------------------- */

static const struct {
	const char *value, *user, *password; /* user NULL: none */
} basics[] = {
	{ "Basic dTpw", "u", "p" }, { "basic dTpw", "u", "p" },
	{ "BASIC   dTpw", "u", "p" },
	{ "Basic dXNlcjpzZWM6cmV0", "user", "sec:ret" },
	{ "Basic Og==", "", "" }, { "Basic dTo=", "u", "" },
	{ "Basic w7w6w6Q=", "\303\274", "\303\244" }, { "", NULL, NULL },
	{ "Basic", NULL, NULL }, { "Basic ", NULL, NULL },
	{ "Basic dTpw ", NULL, NULL }, { "BasicdTpw", NULL, NULL },
	{ "Bearer dTpw", NULL, NULL }, { "Digest username=\"u\"", NULL, NULL },
	{ "Basic dXA=", NULL, NULL }, /* no colon */
	{ "Basic dTp", NULL, NULL },  /* cut */
	{ "Basic dTpw=", NULL, NULL }, { "Basic dTpw*", NULL, NULL },
	{ "Basic dQA6cA==", NULL, NULL },	  /* u NUL : p */
	{ "Basic dTpwAHg=", NULL, NULL },	  /* u:p NUL x */
	{ "Basic dQo6cA==", NULL, NULL },	  /* u LF : p */
	{ "Basic dTpwDQo=", NULL, NULL },	  /* u:p CR LF */
	{ "Basic dX86cA==", NULL, NULL },	  /* u DEL : p */
	{ "Basic dXNlcm5hbWU6cA==", NULL, NULL }, /* longer than 7 */
	{ "Basic dTpwYXNzd29yZHM=", NULL, NULL }, /* longer than 7 */
};

static void
test_basic(void)
{
	char user[8], password[8], out[32];
	bool good_one;

	for (size_t i = 0; i < NELEM(basics); i++) {
		good_one = http_basic(basics[i].value, user, sizeof(user),
		    password, sizeof(password));
		is_int(good_one, basics[i].user != NULL, "\"%s\"",
		    basics[i].value);
		if (!good_one)
			continue;
		is_str(user, basics[i].user, "user");
		is_str(password, basics[i].password, "password");
	}
	is_int(http_basic_format("u:p", out, 11), 0, "is written");
	is_str(out, "Basic dTpw", "so");
	is_int(http_basic_format("u:p", out, 10), -1, "no room");
	is_int(http_basic_format("u:p", out, 3), -1, "none at all");
	is_int(http_basic_format("up", out, sizeof(out)), -1, "no colon");
}

/* --- answers ----------------------------------------------------------- */

static const struct {
	const char *p;
	size_t len;
	int r, status;
	const char *reason;
} answers[] = {
	{ B("HTTP/1.1 200 OK\r\n\r\n"), 19, 200, "OK" },
	{ B("HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\nSSH-"), 47,
	    200, "Connection established" },
	{ B("HTTP/1.1 407\n\n"), 14, 407, "" },
	{ B("HTTP/1.1 407 \n\n"), 15, 407, "" },
	{ B("HTTP/1.1 599 a:b\n\n"), 18, 599, "a:b" },
	{ B("HTTP/1.1 200 OK\r\n"), 0, 200, "OK" },
	{ B("HTTP/1.1 200 OK"), 0, 0, "" },
	{ B("HTTP/1.1 200 OK\r\nA: b\r\n"), 0, 200, "OK" },
	{ B(""), 0, 0, "" },
	{ B("HTT"), 0, 0, "" },
	{ B("SSH-2.0-x\r\n"), -1, 0, "" },
	{ B("h"), -1, 0, "" },
	{ B("HTTP/2 200\r\n\r\n"), -1, 0, "" },
	{ B("HTTP/1.1  200 OK\r\n\r\n"), -1, 0, "" },
	{ B("HTTP/1.1 20\r\n\r\n"), -1, 0, "" },
	{ B("HTTP/1.1 2000\r\n\r\n"), -1, 0, "" },
	{ B("HTTP/1.1 099 x\r\n\r\n"), -1, 0, "" },
	{ B("HTTP/1.1 -20 x\r\n\r\n"), -1, 0, "" },
	{ B("HTTP/1.x 200 x\r\n\r\n"), -1, 0, "" },
	{ B("HTTP/1.1 200 a\0b\r\n\r\n"), -1, 0, "" },
	{ B("HTTP/1.1 200 a\rb\r\n\r\n"), -1, 0, "" },
	{ B("HTTP/1.1 200 OK\r\nA\r\n\r\n"), -1, 200, "OK" },
	{ B("HTTP/1.1 200 OK\r\n A: b\r\n\r\n"), -1, 200, "OK" },
	{ B("\r\nHTTP/1.1 200 OK\r\n\r\n"), -1, 0, "" },
};

static void
test_answers(void)
{
	static char p[HTTP_HEAD_MAX + 10];
	char reason[64];
	int status, early = 0;

	for (size_t i = 0; i < NELEM(answers); i++) {
		size_t len = answers[i].len;

		is_int(http_status_parse(&status, reason, sizeof(reason),
			   edge(answers[i].p, len), len),
		    answers[i].r, "answer %zu", i);
		is_int(status, answers[i].status, "status");
		is_str(reason, answers[i].reason, "reason");
		for (size_t n = 0; answers[i].r > 0 && n < (size_t)answers[i].r;
		     n++)
			early +=
			    http_status_parse(&status, reason, sizeof(reason),
				edge(answers[i].p, n), n) != 0;
	}
	is_int(early, 0, "cut at every byte: more is needed");
	is_int(http_status_parse(&status, reason, 3, "HTTP/1.1 200 long\n\n",
		   19),
	    19, "a reason with little room");
	is_str(reason, "lo", "is cut");
	memset(p, 'x', sizeof(p));
	memcpy(p, "HTTP/1.1 200 ", 13);
	is_int(http_status_parse(&status, reason, sizeof(reason), p,
		   HTTP_HEAD_MAX - 1),
	    0, "a long answer");
	is_int(http_status_parse(&status, reason, sizeof(reason), p, sizeof(p)),
	    -1, "without end");
}

int
main(void)
{
	test_requests();
	test_lengths();
	for (size_t i = 0; i < NELEM(lines); i++)
		is_int(http_is_request(edge(lines[i].p, lines[i].len),
			   lines[i].len),
		    lines[i].is, "line %zu", i);
	for (size_t i = 0; i < NELEM(methods); i++)
		is_int(http_has_method(edge(methods[i].p, methods[i].len),
			   methods[i].len),
		    methods[i].has, "method %zu", i);
	test_basic();
	test_answers();
	return done_testing();
}
