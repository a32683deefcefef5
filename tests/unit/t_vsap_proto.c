/*
 * Request and reply lines: the forms of the wire facts, hostile ones, and
 * every way a line can arrive.
 */
#include "vsap_proto.h"

#include <sys/mman.h>

#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

/* ---- lines ---- */

static const struct line {
	const char *s;
	size_t n;
	enum vsap_line_result r;
	size_t len, used;
} lines[] = {
	{ "", 0, VSAP_LINE_MORE, 0, 0 },
	{ "a", 1, VSAP_LINE_MORE, 0, 0 },
	{ "a\r", 2, VSAP_LINE_MORE, 0, 0 },
	{ "\n", 1, VSAP_LINE_OK, 0, 1 },
	{ "\r\n", 2, VSAP_LINE_OK, 0, 2 },
	{ "a\n", 2, VSAP_LINE_OK, 1, 2 },
	{ "a\r\n", 3, VSAP_LINE_OK, 1, 3 },
	{ "a\r\r\n", 4, VSAP_LINE_OK, 2, 4 },
	{ "a\rb\n", 4, VSAP_LINE_OK, 3, 4 },
	{ "a\nb\n", 4, VSAP_LINE_OK, 1, 2 },
	{ "a\n\0", 3, VSAP_LINE_OK, 1, 2 },
	{ "\0", 1, VSAP_LINE_NUL, 0, 0 },
	{ "a\0b", 3, VSAP_LINE_NUL, 0, 0 },
	{ "a\0b\n", 4, VSAP_LINE_NUL, 0, 0 },
};

/* n bytes of 'a', then tail, right before an unreadable page. */
static enum vsap_line_result
line_of(size_t n, const char *tail, size_t *len, size_t *used)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), t = strlen(tail);
	char *map = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum vsap_line_result r;

	if (map == MAP_FAILED || mprotect(map + 2 * page, page, PROT_NONE))
		abort();
	memset(map + 2 * page - t - n, 'a', n);
	memcpy(map + 2 * page - t, tail, t);
	r = vsap_line(map + 2 * page - t - n, n + t, len, used);
	munmap(map, 3 * page);
	return r;
}

static void
test_lines(void)
{
	size_t len, used;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		const struct line *l = &lines[i];

		len = used = 0;
		is_int(vsap_line(l->s, l->n, &len, &used), l->r,
		    "line %zu: result", i);
		ok(l->r != VSAP_LINE_OK || (len == l->len && used == l->used),
		    "line %zu: %zu of %zu", i, len, used);
	}
	is_int(line_of(1023, "\n", &len, &used), VSAP_LINE_OK, "1023 LF");
	is_int(len, 1023, "all of them");
	is_int(line_of(1023, "\r\n", &len, &used), VSAP_LINE_OK, "1023 CRLF");
	ok(len == 1023 && used == 1025, "all of them");
	is_int(line_of(1023, "", &len, &used), VSAP_LINE_MORE, "1023");
	is_int(line_of(1023, "\r", &len, &used), VSAP_LINE_MORE, "1023 CR");
	is_int(line_of(1024, "", &len, &used), VSAP_LINE_LONG, "1024");
	is_int(line_of(1024, "\n", &len, &used), VSAP_LINE_LONG, "1024 LF");
	is_int(line_of(1024, "\r\n", &len, &used), VSAP_LINE_LONG, "1024 CRLF");
	is_int(line_of(1023, "\ra\n", &len, &used), VSAP_LINE_LONG,
	    "a CR that ends nothing counts");
	is_int(line_of(5000, "\n", &len, &used), VSAP_LINE_LONG, "5000");
}

/* A line that comes byte by byte has the same result as at once. */
static void
test_line_growing(void)
{
	static const char s[] = "VSAP/0.1 BIND 127.0.0.1:0\r\nLISTEN 5\r\n";
	size_t len, used, bad = 0;

	for (size_t n = 0; n < sizeof(s); n++) {
		enum vsap_line_result r = vsap_line(s, n, &len, &used);

		if (n < 27 ? r != VSAP_LINE_MORE
			   : r != VSAP_LINE_OK || len != 25 || used != 27)
			bad++;
	}
	is_int(bad, 0, "byte by byte");
}

/* ---- requests ---- */

static const struct request {
	const char *line;
	const char *verb;
	const char *rest;
	const char *argv; /* the words joined by '|' */
} requests[] = {
	{ "", "", "", "" },
	{ "   ", "", "", "" },
	{ "QUIT", "QUIT", "", "" },
	{ "quit ", "QUIT", "", "" },
	{ "qUiT\t", "QUIT", "", "" },
	{ "  \tECHO hello", "ECHO", "hello", "hello" },
	{ "ECHO  a  b \t", "ECHO", "a  b \t", "a|b" },
	{ "BIND\t127.0.0.1:0\t-l=5", "BIND", "127.0.0.1:0\t-l=5",
	    "127.0.0.1:0|-l=5" },
	{ "VSAP/0.1 BIND :80", "BIND", ":80", ":80" },
	{ "VSAP/9.9\techo x", "ECHO", "x", "x" },
	{ "  VSAP/x  ECHO  y", "ECHO", "y", "y" },
	{ "VSAP/ ECHO y", "ECHO", "y", "y" },
	{ "VSAP/0.1", "", "", "" },
	{ "VSAP/0.1 ", "", "", "" },
	{ "VSAP/0.1 VSAP/0.1 ECHO x", "VSAP/0.1", "ECHO x", "ECHO|x" },
	{ "vsap/0.1 ECHO x", "VSAP/0.1", "ECHO x", "ECHO|x" },
	{ "VSAP ECHO x", "VSAP", "ECHO x", "ECHO|x" },
	{ "ACCEPT #1 #2 -p=3 -t=4", "ACCEPT", "#1 #2 -p=3 -t=4",
	    "#1|#2|-p=3|-t=4" },
	{ "\xc3\xa4 x", "\xc3\xa4", "x", "x" },
	{ "a\rb \x01", "A\rB", "\x01", "\x01" },
};

static struct vsap_request req;

static void
join(const struct vsap_request *r, char *out, size_t outlen)
{
	out[0] = '\0';
	for (int i = 0; i < r->argc; i++) {
		if (i > 0)
			strlcat(out, "|", outlen);
		strlcat(out, r->argv[i], outlen);
	}
}

static void
test_requests(void)
{
	char argv[VSAP_LINE_MAX + 1];

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		const struct request *q = &requests[i];

		memset(&req, 0x55, sizeof(req));
		is_int(vsap_request_parse(&req, q->line, strlen(q->line)), 0,
		    "request %zu", i);
		is_str(req.line, q->line, "request %zu: line", i);
		is_str(req.verb, q->verb, "request %zu: verb", i);
		is_str(req.rest, q->rest, "request %zu: rest", i);
		join(&req, argv, sizeof(argv));
		is_str(argv, q->argv, "request %zu: words", i);
	}
}

static void
test_many_words(void)
{
	char line[2 * VSAP_LINE_MAX];
	size_t n = 4;

	memset(line, 'x', sizeof(line));
	memcpy(line, "ECHO", 4);
	for (int i = 0; i < VSAP_ARGS_MAX; i++, n += 2)
		memcpy(line + n, " w", 2);
	is_int(vsap_request_parse(&req, line, n), 0, "%d words", req.argc);
	is_int(req.argc, VSAP_ARGS_MAX, "all of them");
	is_int(vsap_request_parse(&req, line, n + 1), 0, "a longer last one");
	memcpy(line + n, " w", 2);
	is_int(vsap_request_parse(&req, line, n + 2), -1, "one too many");
	is_int(strlen(req.rest), n + 2 - 5, "the rest stands even then");
	is_str(req.verb, "ECHO", "and the verb");
	line[4] = 'x';
	memset(line, 'x', sizeof(line));
	is_int(vsap_request_parse(&req, line, VSAP_LINE_MAX), 0, "1023 bytes");
	is_int(strlen(req.verb), VSAP_LINE_MAX, "one long verb");
	is_int(vsap_request_parse(&req, line, VSAP_LINE_MAX + 1), -1, "1024");
}

static void
test_option(void)
{
	static const char s[] = "ACCEPT -t=5 -p= -t=6 -x -=3 -l5 t=9 -";

	vsap_request_parse(&req, s, strlen(s));
	is_str(vsap_option(&req, 't'), "5", "the first -t=");
	is_str(vsap_option(&req, 'p'), "", "an empty value");
	is_str(vsap_option(&req, 'x'), NULL, "no '='");
	is_str(vsap_option(&req, 'l'), NULL, "no '=' but a value");
	is_str(vsap_option(&req, 'z'), NULL, "absent");
	is_str(vsap_option(&req, '='), NULL, "no letter");
	is_str(vsap_option(&req, '\0'), NULL, "NUL is no letter");
}

static const struct {
	const char *line;
	bool http;
} https[] = {
	{ "GET / HTTP/1.1", true },
	{ "POST /x HTTP/1.0  ", true },
	{ "\t get / http/1.1\r", true },
	{ "CONNECT h:80 HTTP/1.1", true },
	{ "ECHO hello HTTP/1.1", true },
	{ "VSAP/0.1 CONNECT h:80 HTTP/2", true },
	{ "HTTP/1.1", true },
	{ "Host: example.org", true },
	{ "hOsT:x", true },
	{ "  Host:", true },
	{ "CONNECT h:80", false },
	{ "GET / HTTP/", false },
	{ "GET / HTTP/x", false },
	{ "GET / HTTP/1.1 x", false },
	{ "GET / XHTTP/1.1", false },
	{ "Host : x", false },
	{ "Hos", false },
	{ "Host", false },
	{ "ECHO Host: x", false },
	{ "", false },
	{ "  ", false },
	{ "HTTP/", false },
};

static void
test_http(void)
{
	for (size_t i = 0; i < sizeof(https) / sizeof(*https); i++)
		is_int(vsap_is_http(https[i].line, strlen(https[i].line)),
		    https[i].http, "http: '%s'", https[i].line);
}

/* ---- replies ---- */

static const struct reply {
	const char *line;
	int code; /* 0: malformed */
	bool more;
	const char *text;
} replies[] = {
	{ "VSAP/0.1 200 OK", 200, false, "OK" },
	{ "VSAP/0.1 200", 200, false, "" },
	{ "VSAP/0.1 200 ", 200, false, "" },
	{ "VSAP/0.1 200  x", 200, false, " x" },
	{ "VSAP/0.1\t240\tok", 240, false, "ok" },
	{ "VSAP/0.1   240 ok", 240, false, "ok" },
	{ "VSAP/0.1 200-more", 200, true, "more" },
	{ "VSAP/0.1 200-", 200, true, "" },
	{ "VSAP/0.1 299 x", 299, false, "x" },
	{ "VSAP/0.1 100 x", 100, false, "x" },
	{ "VSAP/0.1 999 x", 999, false, "x" },
	{ "VSAP/0.1 099 x", 0, false, NULL },
	{ "VSAP/0.1 20 x", 0, false, NULL },
	{ "VSAP/0.1 2000 x", 0, false, NULL },
	{ "VSAP/0.1 200x", 0, false, NULL },
	{ "VSAP/0.1 2x0 x", 0, false, NULL },
	{ "VSAP/0.1 ", 0, false, NULL },
	{ "VSAP/0.1", 0, false, NULL },
	{ "VSAP/0.1-200 x", 0, false, NULL },
	{ "VSAP/0.10 200 x", 0, false, NULL },
	{ "VSAP/0.2 200 x", 0, false, NULL },
	{ "vsap/0.1 200 x", 0, false, NULL },
	{ " VSAP/0.1 200 x", 0, false, NULL },
	{ "200 x", 0, false, NULL },
	{ "HTTP/1.0 500 Protocol Mismatch", 0, false, NULL },
	{ "", 0, false, NULL },
};

static struct vsap_reply rep;

static void
test_replies(void)
{
	char line[VSAP_LINE_MAX + 2];

	for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
		const struct reply *q = &replies[i];
		int r = vsap_reply_parse(&rep, q->line, strlen(q->line));

		is_int(r, q->code == 0 ? -1 : 0, "reply '%s'", q->line);
		if (q->code == 0)
			continue;
		ok(rep.code == q->code && rep.more == q->more,
		    "reply %zu: code and more", i);
		is_str(rep.text, q->text, "reply %zu: text", i);
	}
	memset(line, 'x', sizeof(line));
	memcpy(line, "VSAP/0.1 200 ", 13);
	is_int(vsap_reply_parse(&rep, line, VSAP_LINE_MAX), 0, "1023 bytes");
	is_int(strlen(rep.text), VSAP_LINE_MAX - 13, "its text");
	is_int(vsap_reply_parse(&rep, line, VSAP_LINE_MAX + 1), -1, "1024");
	line[20] = '\0';
	is_int(vsap_reply_parse(&rep, line, 30), -1, "a NUL in the text");
}

static const struct fields {
	const char *text;
	int r, sid;
	const char *local;
	const char *remote;
} fields[] = {
	{ "1 127.0.0.1:8080 bound.", 0, 1, "127.0.0.1:8080", "" },
	{ "1 127.0.0.1:8080 127.0.0.1:1682 accepted.", 0, 1, "127.0.0.1:8080",
	    "127.0.0.1:1682" },
	{ "22 10.9.8.7:1111 localhost:80 connected.", 0, 22, "10.9.8.7:1111",
	    "localhost:80" },
	{ "3 a b -t=3 connected.", 0, 3, "a", "b" },
	{ "-1 0.0.0.0:1 bound.", 0, -1, "0.0.0.0:1", "" },
	{ "1 127.0.0.1:38891 ? accepted.", 0, 1, "127.0.0.1:38891", "?" },
	{ "1 /tmp/a /tmp/a accepted.", 0, 1, "/tmp/a", "/tmp/a" },
	{ "1 /tmp/bound. bound.", 0, 1, "/tmp/bound.", "" },
	{ "1 bound. bound. accepted.", 0, 1, "bound.", "bound." },
	{ " \t1\tx  y  accepted ", 0, 1, "x", "y" },
	{ "1", 0, 1, "", "" },
	{ "1 bound.", 0, 1, "", "" },
	{ "1 x", 0, 1, "x", "" },
	{ "2147483647 x", 0, 2147483647, "x", "" },
	{ "2147483648 x", -1, 0, "", "" },
	{ "-2 x", -1, 0, "", "" },
	{ "+1 x", -1, 0, "", "" },
	{ "1x y", -1, 0, "", "" },
	{ "accepted 127.0.0.1:1 127.0.0.1:2", -1, 0, "", "" },
	{ "ok", -1, 0, "", "" },
	{ "", -1, 0, "", "" },
	{ "99999999999999999999999 x", -1, 0, "", "" },
};

static void
test_fields(void)
{
	struct vsap_fields f;

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		const struct fields *q = &fields[i];

		strlcpy(rep.text, q->text, sizeof(rep.text));
		is_int(vsap_reply_fields(&rep, &f), q->r, "fields '%s'",
		    q->text);
		if (q->r == -1)
			continue;
		is_int(f.sid, q->sid, "fields %zu: sid", i);
		is_str(f.local, q->local, "fields %zu: local", i);
		is_str(f.remote, q->remote, "fields %zu: remote", i);
	}
	memset(rep.text, 'x', sizeof(rep.text));
	memcpy(rep.text, "1 ", 2);
	strlcpy(rep.text + 300, " y accepted.", 20);
	is_int(vsap_reply_fields(&rep, &f), 0, "a field of 298 bytes");
	is_str(f.local, "", "is left out");
	is_str(f.remote, "y", "and the next is in its place");
	strlcpy(rep.text + 2 + 255, " y accepted.", 20);
	vsap_reply_fields(&rep, &f);
	is_int(strlen(f.local), 255, "one of 255 bytes is taken");
}

static const struct again {
	int code;
	const char *text;
	bool again;
	unsigned seconds;
} agains[] = {
	{ 410, "forbidden: too many wrong passwords: try again in 2 s", 1, 2 },
	{ 410, "forbidden: cannot check now, try again", 1, 0 },
	{ 410,
	    "forbidden: too many: limit logins per source 10 (vsapd.conf): "
	    "try again in a minute",
	    1, 0 },
	{ 410, "too many: limit binds 9: try again when some have ended", 1,
	    0 },
	{ 540, "cannot connect x: upstream: 410 x: try again in 12 s", 1, 12 },
	{ 503, "Try Again  in 7 seconds.", 1, 7 },
	{ 410, "try again in 7s", 1, 7 },
	{ 410, "try again in 7 minutes", 1, 0 },
	{ 410, "try again in 7", 1, 0 },
	{ 410, "try again in s", 1, 0 },
	{ 410, "try again in 0 s", 1, 0 },
	{ 410, "try again in -5 s", 1, 0 },
	{ 410, "try again in 300 s", 1, 300 },
	{ 410, "try again in 301 s", 1, 300 },
	{ 410, "try again in 99999999999999999999 s", 1, 300 },
	{ 410, "forbidden: user or password is wrong", 0, 0 },
	{ 410, "", 0, 0 },
	{ 200, "OK, do not try again in 5 s", 0, 0 },
	{ 330, "try again in 5 s", 0, 0 },
};

static void
test_again(void)
{
	struct vsap_reply r = { 0 };
	unsigned seconds;

	for (size_t i = 0; i < sizeof(agains) / sizeof(*agains); i++) {
		const struct again *a = &agains[i];

		seconds = 77;
		r.code = a->code;
		strlcpy(r.text, a->text, sizeof(r.text));
		ok(vsap_again(&r, &seconds) == a->again &&
			seconds == a->seconds,
		    "%d %s: %u", a->code, a->text, seconds);
	}
}

static void
test_format(void)
{
	char out[2000], text[2000];
	size_t n;

	n = vsap_reply_format(out, sizeof(out), 220, false, "listen ok.");
	is_str(out, "VSAP/0.1 220 listen ok.\r\n", "a reply");
	is_int(n, strlen(out), "its length");
	vsap_reply_format(out, sizeof(out), 200, true, "a");
	is_str(out, "VSAP/0.1 200-a\r\n", "a reply of several lines");
	vsap_reply_format(out, sizeof(out), 200, false, "");
	is_str(out, "VSAP/0.1 200 \r\n", "no text");
	vsap_reply_format(out, sizeof(out), 200, false, "a\r\nVSAP/0.1 230 b");
	is_str(out, "VSAP/0.1 200 a??VSAP/0.1 230 b\r\n",
	    "a text cannot end the line");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	n = vsap_reply_format(out, sizeof(out), 500, false, text);
	is_int(n, VSAP_LINE_MAX + 2, "a long text is cut");
	is_str(out + n - 3, "x\r\n", "the line end is not");
	is_int(vsap_reply_parse(&rep, out, n - 2), 0, "and it is a reply");
	n = vsap_reply_format(out, 20, 500, false, "abcdefgh");
	is_str(out, "VSAP/0.1 500 abcd\r\n", "a small buffer");
	is_int(n, 19, "its length");
	is_int(vsap_reply_format(out, 16, 500, false, "a"), 15, "just fits");
	is_int(vsap_reply_format(out, 15, 500, false, "a"), 0, "too small");
	is_int(vsap_reply_format(out, 0, 500, false, "a"), 0, "no buffer");
}

static void
test_round_trip(void)
{
	char out[VSAP_LINE_MAX + 3];
	size_t n, bad = 0;

	for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
		const struct reply *q = &replies[i];

		if (q->code == 0)
			continue;
		n = vsap_reply_format(out, sizeof(out), q->code, q->more,
		    q->text);
		if (vsap_reply_parse(&rep, out, n - 2) == -1 ||
		    rep.code != q->code || rep.more != q->more ||
		    strcmp(rep.text, q->text) != 0)
			bad++;
	}
	is_int(bad, 0, "parse(format(x)) is x");
}

static const struct {
	const char *line;
	const char *starred;
} stars[] = {
	{ "AUTH user:pass", "AUTH ***" },
	{ "auth\tuser:pass", "auth ***" },
	{ "  AuTh  u:p x", "  AuTh ***" },
	{ "VSAP/0.1 AUTH u:p", "VSAP/0.1 AUTH ***" },
	{ "VSAP/0.1 500 AUTH u:p", "VSAP/0.1 500 AUTH ***" },
	{ "VSAP/0.1 500-AUTH u:p\r\n", "VSAP/0.1 500-AUTH ***" },
	{ "AUTH", "AUTH" },
	{ "AUTH \r\n", "AUTH \r\n" },
	{ "AUTHX u:p", "AUTHX u:p" },
	{ "ECHO AUTH u:p", "ECHO AUTH u:p" },
	{ "BIND :80", "BIND :80" },
	{ "", "" },
	{ "12", "12" },
};

static void
test_star(void)
{
	char out[64];

	for (size_t i = 0; i < sizeof(stars) / sizeof(*stars); i++)
		is_str(vsap_star(stars[i].line, out, sizeof(out)),
		    stars[i].starred, "starred: '%s'", stars[i].line);
	is_str(vsap_star("AUTH secret", out, 8), "AUTH **", "cut");
	is_str(vsap_star("   AUTH secret", out, 9), "   AUTH ", "cut too");
	is_str(vsap_star("          AUTH s", out, 8), "       ",
	    "cut before the verb");
}

int
main(void)
{
	test_lines();
	test_line_growing();
	test_requests();
	test_many_words();
	test_option();
	test_http();
	test_replies();
	test_fields();
	test_again();
	test_format();
	test_round_trip();
	test_star();
	return done_testing();
}
