/*
 * The Identification Protocol: replies good and bad, and queries to peers
 * that answer, drip, stall, flood and leave.
 */
#include "ircd-lite/ident.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "addr.h"
#include "ircd-lite/ident_query.h"
#include "loop.h"
#include "tap.h"
#include "tool.h"

static struct event_base *base;

static const struct {
	const char *reply;
	enum ident_result want;
	const char *text;
} replies[] = {
	/* RFC 1413, section 6 */
	{ "6193, 23 : USERID : UNIX : stjohns\r\n", IDENT_USER, "stjohns" },
	{ "6193, 23 : ERROR : NO-USER\r\n", IDENT_ERROR, "NO-USER" },
	{ "6193,23:USERID:OTHER:wewf2r\r\n", IDENT_USER, "wewf2r" },
	{ "6193 ,\t23 : userid : UNIX,US-ASCII :jo\r\n", IDENT_USER, "jo" },
	{ "6193,23:USERID:UNIX:jo\n", IDENT_USER, "jo" },
	{ "  6193 , 23  :  USERID  :  UNIX  :  jo  \r\n", IDENT_USER, "jo" },
	{ "6193,23:USERID:UNIX:a:b c@d!\r\n", IDENT_USER, "a:b c@d!" },
	{ "6193,23:USERID::jo\r\n", IDENT_USER, "jo" },
	{ "6193,23:USERID:UNIX:jo\r\n6193,23:", IDENT_USER, "jo" },
	{ "6193,23:ERROR:X-PERHAPS\r\n", IDENT_ERROR, "X-PERHAPS" },
	{ "6193,23:ERROR:\r\n", IDENT_ERROR, "" },
	{ "06193,00023:USERID:UNIX:jo\r\n", IDENT_USER, "jo" },
	{ "6193,23:USERID:UNIX:\033[31mjo\r\n", IDENT_USER, "\033[31mjo" },

	{ "", IDENT_MORE, "" },
	{ "6193, 23 : USERID : UNIX : stjohns", IDENT_MORE, "" },
	{ "6193, 23 : USERID : UNIX : stjohns\r", IDENT_MORE, "" },

	{ "\n", IDENT_MALFORMED, "" },
	{ "\r\n", IDENT_MALFORMED, "" },
	{ "6194,23:USERID:UNIX:jo\r\n", IDENT_MALFORMED, "" },
	{ "6193,24:USERID:UNIX:jo\r\n", IDENT_MALFORMED, "" },
	{ "23,6193:USERID:UNIX:jo\r\n", IDENT_MALFORMED, "" },
	{ "71729,23:USERID:UNIX:jo\r\n", IDENT_MALFORMED, "" },
	{ "18446744073709557809,23:USERID:UNIX:jo\r\n", IDENT_MALFORMED, "" },
	{ "-6193,23:USERID:UNIX:jo\r\n", IDENT_MALFORMED, "" },
	{ "6193x,23:USERID:UNIX:jo\r\n", IDENT_MALFORMED, "" },
	{ "6193 23:USERID:UNIX:jo\r\n", IDENT_MALFORMED, "" },
	{ "6193,23\r\n", IDENT_MALFORMED, "" },
	{ ",:USERID:UNIX:jo\r\n", IDENT_MALFORMED, "" },
	{ "6193,23:USERID\r\n", IDENT_MALFORMED, "" },
	{ "6193,23:USERID:UNIX\r\n", IDENT_MALFORMED, "" },
	{ "6193,23:USERID:UNIX:\r\n", IDENT_MALFORMED, "" },
	{ "6193,23:USERID:UNIX:  \t\r\n", IDENT_MALFORMED, "" },
	{ "6193,23:USERIDS:UNIX:jo\r\n", IDENT_MALFORMED, "" },
	{ "6193,23:USER:UNIX:jo\r\n", IDENT_MALFORMED, "" },
	{ "6193,23:USERID:UNIX:j\ro\r\n", IDENT_MALFORMED, "" },
	{ "HTTP/1.0 400 Bad Request\r\n", IDENT_MALFORMED, "" },
};

static void
parsing(void)
{
	char text[IDENT_USER_MAX + 1];
	size_t i;

	for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		memset(text, 'z', sizeof(text));
		is_int(ident_parse(replies[i].reply, strlen(replies[i].reply),
			   6193, 23, text),
		    replies[i].want, "reply %zu", i);
		is_str(text, replies[i].text, "its text");
	}
	is_int(ident_parse("6193,23:USERID:UNIX:j\0o\n", 24, 6193, 23, text),
	    IDENT_MALFORMED, "a NUL");
}

static void
lengths(void)
{
	char line[4096], text[IDENT_USER_MAX + 1];
	size_t head;

	memset(line, 'x', sizeof(line));
	is_int(ident_parse(line, 1023, 1, 2, text), IDENT_MORE, "1023 bytes");
	is_int(ident_parse(line, 1024, 1, 2, text), IDENT_MALFORMED,
	    "a line that has no end in 1024 bytes");
	line[1024] = '\n';
	is_int(ident_parse(line, sizeof(line), 1, 2, text), IDENT_MALFORMED,
	    "or behind them");
	head = (size_t)snprintf(line, sizeof(line), "1,2:USERID:UNIX:");
	memset(line + head, 'x', sizeof(line) - head);
	line[1023] = '\n';
	is_int(ident_parse(line, 1024, 1, 2, text), IDENT_USER,
	    "the longest line");
	is_int(strlen(text), IDENT_USER_MAX, "is cut to 512 octets");

	is_int(ident_format(line, sizeof(line), 65535, 65535), 15, "a query");
	is_str(line, "65535 , 65535\r\n", "in its form");
	is_int(ident_format(line, 15, 65535, 65535), 0, "without room");
}

static struct {
	int calls;
	char user[1024], error[128];
} seen;

static void
on_done(void *arg, const char *user, const char *error)
{
	(void)arg;
	seen.calls++;
	snprintf(seen.user, sizeof(seen.user), "%s", user ? user : "-");
	snprintf(seen.error, sizeof(seen.error), "%s", error ? error : "-");
}

static void
sockaddr_of(struct sockaddr_storage *ss, const char *text)
{
	struct addr a;
	char err[256];

	if (addr_parse(&a, text, ADDR_F_TCP, err, sizeof(err)) == -1 ||
	    addr_sockaddr(&a, ss) == 0) {
		printf("Bail out! %s: %s\n", text, err);
		exit(1);
	}
}

/* A query about peer's port 6193 and local's 6667 to where's port. */
static struct ident_query *
query(const char *peer, const char *local, const char *where, unsigned seconds)
{
	struct sockaddr_storage p, l, w;

	memset(&seen, 0, sizeof(seen));
	sockaddr_of(&p, peer);
	sockaddr_of(&l, local);
	sockaddr_of(&w, where);
	return ident_start(base, (struct sockaddr *)&p, (struct sockaddr *)&l,
	    addr_port_sa((struct sockaddr *)&w), seconds, on_done, NULL);
}

static void
until_called(void)
{
	time_t end = time(NULL) + 20;

	while (seen.calls == 0 && time(NULL) < end)
		event_base_loop(base, EVLOOP_ONCE);
	for (int i = 0; i < 5; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	is_int(seen.calls, 1, "called once");
}

static void
ask(const char *const *argv, unsigned seconds, const char *user,
    const char *error)
{
	struct tool t;

	if (!tool_start(&t, argv)) {
		ok(0, "identpeer.pl does not start");
		return;
	}
	ok(query("127.0.0.1:6193", "127.0.0.9:6667", t.where, seconds) != NULL,
	    "%s: asked", argv[1]);
	is_int(seen.calls, 0, "not called from within ident_start()");
	until_called();
	is_str(seen.user, user, "the user");
	is_str(seen.error, error, "the reason");
	is_int(tool_said(&t, "asked 127.0.0.9 6193 , 6667"), 1,
	    "asked from the address that the client sees");
	tool_stop(&t);
}

#define TOOL(...) ((const char *const[]){ "identpeer.pl", __VA_ARGS__, NULL })

static void
peers(void)
{
	ask(TOOL("user", "jo"), 10, "jo", "-");
	ask(TOOL("drip", "jo"), 10, "jo", "-");
	ask(TOOL("error", "HIDDEN-USER"), 10, "-", "the peer tells no name");
	ask(TOOL("stall"), 1, "-", "Connection timed out");
	ask(TOOL("flood"), 10, "-", "malformed reply");
	ask(TOOL("close"), 10, "-", "no reply");
	ask(TOOL("reply", "%p : USERID : UNIX : jo"), 1, "-",
	    "Connection timed out");
	ask(TOOL("reply", "1,2:USERID:UNIX:jo\\r\\n"), 10, "-",
	    "malformed reply");
	ask(TOOL("user", "\\x1b[2Jjo"), 10, "\033[2Jjo", "-");
}

static void
v4_mapped(void)
{
	struct tool t;

	if (!tool_start(&t, TOOL("user", "jo"))) {
		ok(0, "identpeer.pl does not start");
		return;
	}
	ok(query("[::ffff:127.0.0.1]:6193", "[::ffff:127.0.0.9]:6667", t.where,
	       10) != NULL,
	    "v4-mapped addresses are IPv4");
	until_called();
	is_str(seen.user, "jo", "answered");
	ident_cancel(query("127.0.0.1:6193", "127.0.0.1:6667", t.where, 10));
	ident_cancel(NULL);
	event_base_loop(base, EVLOOP_NONBLOCK);
	is_int(seen.calls, 0, "cancelled: silent");
	tool_stop(&t);
}

static void
failures(void)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNIX };
	const struct sockaddr *sa = (struct sockaddr *)&ss;

	/* a port that was free a moment ago */
	struct tool t;
	char where[128];

	if (!tool_start(&t, TOOL("close"))) {
		ok(0, "identpeer.pl does not start");
		return;
	}
	snprintf(where, sizeof(where), "%s", t.where);
	tool_stop(&t);
	ok(query("127.0.0.1:6193", "127.0.0.1:6667", where, 10) != NULL,
	    "nobody listens there");
	until_called();
	is_str(seen.error, "Connection refused", "refused");

	ok(query("[::1]:6193", "127.0.0.1:6667", "127.0.0.1:113", 10) == NULL,
	    "two families");
	ok(ident_start(base, sa, sa, 113, 10, on_done, NULL) == NULL,
	    "a UNIX-domain peer");
	is_int(errno, EAFNOSUPPORT, "errno");
	ok(ident_start(base, NULL, NULL, 113, 10, on_done, NULL) == NULL,
	    "nobody");
}

int
main(void)
{
	if ((base = loop_new()) == NULL)
		return 1;
	parsing();
	lengths();
	peers();
	v4_mapped();
	failures();
	event_base_free(base);
	return done_testing();
}
