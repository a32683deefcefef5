/*
 * The log file: its form, another file, and one that takes nothing more.
 */
#include "log.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

static char path[] = "/tmp/t_log.XXXXXX";
static char text[65536];

static int
open_log(void)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd == -1)
		exit(1);
	return fd;
}

static const char *
contents(void)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n == -1)
		exit(1);
	close(fd);
	text[n] = '\0';
	return text;
}

/* Digits become 'd', so that time passes unseen. */
static char *
shape(char *line)
{
	for (char *p = line; *p != '\0'; p++)
		if (*p >= '0' && *p <= '9')
			*p = 'd';
	return line;
}

static void
room(rlim_t bytes)
{
	struct rlimit rl = { bytes, RLIM_INFINITY };

	if (setrlimit(RLIMIT_FSIZE, &rl) == -1)
		exit(1);
}

static void
form(void)
{
	log_to_fd(open_log());
	log_info("%s", "one");
	log_warn("two");
	log_debug("not this");
	is_str(contents(), "", "nothing before the flush");
	log_flush();
	contents();
	is_str(shape(text),
	    "dddd-dd-ddTdd:dd:ddZ one\ndddd-dd-ddTdd:dd:ddZ two\n",
	    "two lines with their time");
}

/* Room for two lines and a piece of the third.  The limit is one of our own
 * output as well: nothing is told while it holds. */
static void
full(void)
{
	size_t some, more;

	if (truncate(path, 0) == -1)
		exit(1);
	room(60);
	for (int i = 0; i < 5; i++)
		log_info("%s", "x");
	log_flush();
	some = strlen(contents());
	for (int i = 0; i < 2; i++) {
		log_info("%s", "x");
		log_flush();
	}
	more = strlen(contents());
	room(RLIM_INFINITY);
	is_int(some, 60, "as much as there is room for");
	is_int(more, 60, "nothing more");
	log_info("%s", "again");
	log_flush();
	log_info("%s", "on");
	log_flush();
	contents();
	is_str(shape(text + 60),
	    "\ndddd-dd-ddTdd:dd:ddZ d lines were lost\n"
	    "dddd-dd-ddTdd:dd:ddZ again\ndddd-dd-ddTdd:dd:ddZ on\n",
	    "the torn line is ended, the loss told once");
	contents();
	ok(strstr(text, " 5 lines were lost\n") != NULL, "five were lost");
}

/* A pipe that is full and that nobody reads holds nothing up. */
static void
pipe_full(void)
{
	static char fill[65536];
	int fd[2];
	ssize_t n;

	if (pipe(fd) == -1 || fcntl(fd[1], F_SETFL, O_NONBLOCK) == -1)
		exit(1);
	while ((n = write(fd[1], fill, sizeof(fill))) > 0)
		;
	if (fcntl(fd[1], F_SETFL, 0) == -1)
		exit(1);
	log_to_fd(fd[1]);
	alarm(20);
	log_info("%s", "lost");
	log_flush();
	ok(1, "not held up by a full pipe");
	close(fd[0]);
	log_info("%s", "lost too");
	log_flush();
	ok(1, "nor ended by one without a reader");
	log_to_fd(open_log());
	log_info("%s", "here");
	log_flush();
	alarm(0);
	ok(strstr(contents(), " 2 lines were lost\n") != NULL,
	    "another file is told of the loss");
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd == -1 || signal(SIGXFSZ, SIG_IGN) == SIG_ERR ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return 1;
	close(fd);
	log_init("t_log", false, false);
	form();
	full();
	pipe_full();
	unlink(path);
	return done_testing();
}
