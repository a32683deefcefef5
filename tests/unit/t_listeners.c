/* vsapd's control listeners: planned, committed, abandoned; given ones. */

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "vsapd/conf.h"
#include "vsapd/listeners.h"

static char dir[] = "/tmp/t_listeners.XXXXXX";
static char text[4096]; /* of the configuration */

/* What control would have been told. */
static struct {
	uint32_t id;
	uint16_t index;
	int fd;
	char addr[ADDR_STRLEN];
} told[16];
static int ntold;

static void
tell(const struct pmsg *m, int fd)
{
	if (m->type != PMSG_LISTEN || ntold == 16)
		return;
	told[ntold].id = m->keep;
	told[ntold].index = m->lo;
	told[ntold].fd = fd;
	strlcpy(told[ntold].addr, m->addr, sizeof(told[ntold].addr));
	ntold++;
}

static void
tell_all(const struct listeners *ls, bool all)
{
	ntold = 0;
	listeners_tell(ls, all, tell);
}

static char *
open_text(void *arg, const char *path, size_t *len)
{
	(void)arg;
	(void)path;
	*len = strlen(text);
	return strdup(text);
}

static struct conf *__attribute__((__format__(printf, 1, 2)))
conf(const char *fmt, ...)
{
	char err[512] = "";
	struct conf *c;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c = conf_read("/t.conf", open_text, NULL, err, sizeof(err));
	if (c == NULL || conf_finish(c, err, sizeof(err)) == -1) {
		printf("Bail out! %s\n", err);
		exit(1);
	}
	return c;
}

/* A listening socket of another program's, on loopback: its port. */
static int
listener(int type, unsigned *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, type, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    (type == SOCK_STREAM && listen(fd, 5) == -1) ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		printf("Bail out! socket: %s\n", strerror(errno));
	*port = ntohs(sin.sin_port);
	return fd;
}

static bool
answers(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), r;

	strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
	r = connect(fd, (struct sockaddr *)&sun, sizeof(sun));
	close(fd);
	return r == 0;
}

static unsigned
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == -1 ? 0 : st.st_mode & 0777;
}

static int
fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
planned(void)
{
	struct listeners *ls = listeners_new();
	char a[64], b[64], err[512] = "";
	struct conf *one, *two;
	int before = fds();

	(void)snprintf(a, sizeof(a), "%s/a", dir);
	(void)snprintf(b, sizeof(b), "%s/b", dir);
	one = conf("listen on 127.0.0.1:0\nlisten on \"%s\" mode 0640\n", a);
	is_int(listeners_plan(ls, one, err, sizeof(err)), 0, "a plan: %s", err);
	tell_all(ls, false);
	is_int(ntold, 2, "control is told of both");
	ok(told[0].fd != -1 && told[1].fd != -1, "with their descriptors");
	listeners_commit(ls);
	is_int(mode_of(a), 0640, "a file has its mode");
	tell_all(ls, false);
	ok(told[0].fd == -1 && told[1].fd == -1, "which control has by now");
	tell_all(ls, true);
	ok(told[0].fd != -1 && told[1].fd != -1, "unless it begins anew");

	two = conf("listen on \"%s\"\nlisten on \"%s\"\n"
		   "listen on 127.0.0.1:0\n",
	    b, a);
	is_int(listeners_plan(ls, two, err, sizeof(err)), 0, "a new order");
	is_int(mode_of(a), 0600, "and a mode of now");
	tell_all(ls, false);
	ok(ntold == 3 && told[0].id == 1 && told[0].index == 2 &&
		told[1].id == 2 && told[1].index == 1,
	    "those that stay keep their number, not their index");
	ok(told[0].fd == -1 && told[1].fd == -1 && told[2].fd != -1 &&
		told[2].index == 0,
	    "the descriptor of the new one goes along");
	listeners_abandon(ls);
	ok(!answers(b) && mode_of(b) == 0, "abandoned: the new one is gone");
	is_int(mode_of(a), 0640, "the mode is what it was");
	tell_all(ls, false);
	ok(ntold == 2 && told[0].index == 0 && told[1].index == 1,
	    "so are the statements");
	ok(answers(a), "who stayed answers");

	conf_free(one);
	one = conf("listen on 127.0.0.1:0\n");
	is_int(listeners_plan(ls, one, err, sizeof(err)), 0, "one fewer");
	tell_all(ls, false);
	ok(ntold == 1 && answers(a), "is not said, and lives until then");
	listeners_commit(ls);
	ok(!answers(a) && mode_of(a) == 0, "ends with its file");
	listeners_free(ls);
	conf_free(one);
	conf_free(two);
	is_int(fds(), before, "no descriptor is left");
}

static void
refused(void)
{
	struct listeners *ls = listeners_new();
	char a[64], b[64], err[512] = "", want[64];
	int before = fds(), other;
	struct conf *one, *two;
	unsigned port;

	other = listener(SOCK_STREAM, &port);
	(void)snprintf(a, sizeof(a), "%s/a", dir);
	(void)snprintf(b, sizeof(b), "%s/b", dir);
	one = conf("listen on \"%s\" mode 0640\n", a);
	(void)listeners_plan(ls, one, err, sizeof(err));
	listeners_commit(ls);
	two = conf("listen on \"%s\"\nlisten on \"%s\" mode 0666\n"
		   "listen on 127.0.0.1:%u\n",
	    b, a, port);
	is_int(listeners_plan(ls, two, err, sizeof(err)), -1,
	    "one that cannot be opened refuses all");
	(void)snprintf(want, sizeof(want), "127.0.0.1:%u: ", port);
	ok(strncmp(err, want, strlen(want)) == 0 &&
		strstr(err, "another program") != NULL,
	    "says which and why: %s", err);
	ok(!answers(b) && mode_of(b) == 0, "what was opened is closed");
	is_int(mode_of(a), 0640, "a file is as it was");
	tell_all(ls, false);
	ok(ntold == 1 && told[0].index == 0, "the statements are as they were");

	/* What stands in a file's place is not removed. */
	conf_free(two);
	two = conf("listen on \"%s\"\n", b);
	close(creat(b, 0644));
	is_int(listeners_plan(ls, two, err, sizeof(err)), -1,
	    "a file in the way: %s", err);
	is_int(mode_of(b), 0644, "it stays");
	(void)unlink(b);
	listeners_free(ls);
	conf_free(one);
	conf_free(two);
	close(other);
	is_int(fds(), before, "no descriptor is left");
}

static void
in_the_way(void)
{
	struct listeners *ls = listeners_new();
	struct conf *one, *two;
	char err[512] = "";
	unsigned port;

	close(listener(SOCK_STREAM, &port));
	one = conf("listen on 127.0.0.1:%u\npermit bind any\n", port);
	two = conf("listen on :%u\npermit bind any\n", port);
	is_int(listeners_plan(ls, one, err, sizeof(err)), 0, "loopback");
	listeners_commit(ls);
	is_int(listeners_plan(ls, two, err, sizeof(err)), -1,
	    "then every address of that port");
	ok(strstr(err, "own listener on 127.0.0.1:") != NULL,
	    "who is in the way is said: %s", err);
	listeners_free(ls);
	conf_free(one);
	conf_free(two);
}

static void
given(void)
{
	struct listeners *ls = listeners_new();
	struct conf *one, *two, *three;
	int tcp, other, udp;
	char err[512] = "";
	unsigned port, second, none;

	tcp = listener(SOCK_STREAM, &port);
	other = listener(SOCK_STREAM, &second);
	udp = listener(SOCK_DGRAM, &none);
	is_int(listeners_given(ls, tcp), 0, "a given listener");
	is_int(listeners_given(ls, other), 0, "another one");
	is_int(listeners_given(ls, udp), -1, "datagrams are left out");
	one = conf("listen on 127.0.0.1:0\n"
		   "listen on 127.0.0.1:%u protocols { http }\n",
	    port);
	is_int(listeners_plan(ls, one, err, sizeof(err)), 0, "a plan: %s", err);
	tell_all(ls, true);
	ok(ntold == 3 && told[0].index == 1 && told[0].fd == tcp,
	    "it has the statement of its address");
	ok(told[1].index == 2 && one->nlisten == 3 &&
		conf_listen_at(one, 2)->protos == CONF_P_ALL &&
		conf_listen_at(one, 2)->plain && !conf_listen_at(one, 2)->tls,
	    "one without a statement gets one for everything");
	listeners_commit(ls);
	two = conf("prefix 24 56\n");
	is_int(listeners_plan(ls, two, err, sizeof(err)), 0, "no statement");
	is_int(two->nlisten, 2, "the default listeners are left out");
	tell_all(ls, false);
	ok(ntold == 2 && told[0].fd == -1 && told[0].id == 1 &&
		told[0].index == 0,
	    "it stays");
	listeners_commit(ls);
	three = conf("listen on 127.0.0.1:%u\n", second);
	is_int(listeners_plan(ls, three, err, sizeof(err)), 0, "the other one");
	tell_all(ls, false);
	ok(ntold == 2 && told[1].index == 0 && told[0].index == 1,
	    "is found again");
	listeners_abandon(ls);
	listeners_free(ls);
	conf_free(one);
	conf_free(two);
	conf_free(three);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL) {
		printf("Bail out! %s\n", strerror(errno));
		return 1;
	}
	planned();
	refused();
	in_the_way();
	given();
	(void)rmdir(dir);
	return done_testing();
}
