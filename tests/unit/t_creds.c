/*
 * Where credentials come from, and over what they go.
 */
#include "creds.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <stdlib.h>
#include <unistd.h>

#include "limits_vsap.h"
#include "tap.h"

static char path[] = "/tmp/t_creds.XXXXXX";
static char err[8192];

static void
write_file(const char *text, mode_t mode)
{
	FILE *f;

	/* the one before may be read-only */
	if (unlink(path) == -1 || (f = fopen(path, "w")) == NULL ||
	    fputs(text, f) == EOF || fclose(f) != 0 || chmod(path, mode) == -1)
		exit(1);
}

static void
from_file(const char *text, mode_t mode, const char *want, const char *why)
{
	char *creds;

	write_file(text, mode);
	creds = creds_load(err, sizeof(err));
	is_str(creds, want, "%s", why);
	if (want == NULL)
		ok(strstr(err, path) == err, "the message: %s", err);
	else
		is_str(err, "", "no message");
	creds_free(creds);
}

static void
from_env(const char *text, const char *want, const char *why)
{
	char *creds;

	setenv("VSAP_AUTH", text, 1);
	creds = creds_load(err, sizeof(err));
	is_str(creds, want, "%s", why);
	if (want == NULL)
		ok(strstr(err, "VSAP_AUTH") == err, "the message: %s", err);
	ok(getenv("VSAP_AUTH") == NULL, "the environment has it no more");
	ok(strstr(err, "secret") == NULL, "nor does the message");
	creds_free(creds);
}

static void
may_send(void)
{
	int pair[2], fd = socket(AF_INET, SOCK_STREAM, 0);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		exit(1);
	ok(creds_may_send(pair[0], false), "over a UNIX-domain socket");
	ok(!creds_may_send(pair[0], true), "not where it leads on");
	setenv("VSAP_AUTH_CLEARTEXT", "yes", 1);
	ok(creds_may_send(pair[0], true), "unless that is told");
	unsetenv("VSAP_AUTH_CLEARTEXT");
	ok(!creds_may_send(fd, false), "not over what is not connected");
	close(pair[0]);
	close(pair[1]);
	close(fd);
}

int
main(void)
{
	char line[VSAP_LINE_MAX + 64];
	int fd;

	unsetenv("VSAP_AUTH");
	unsetenv("VSAP_AUTH_FILE");
	unsetenv("VSAP_AUTH_CLEARTEXT");
	ok(creds_load(err, sizeof(err)) == NULL && err[0] == '\0',
	    "none, and no complaint");
	from_env("u:secret", "u:secret", "from the environment");
	from_env("u:a:b c", "u:a:b c", "a password with blank and colon");
	from_env("u:", "u:", "an empty password");
	from_env("secret", NULL, "no colon");
	from_env(":secret", NULL, "no user");
	from_env("a b:secret", NULL, "a blank in the user");
	from_env("u:secret\r\nBIND :0", NULL, "a line end");
	memset(line, 'u', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	line[1] = ':';
	from_env(line, NULL, "too long for a line");

	if ((fd = mkstemp(path)) == -1)
		return 1;
	close(fd);
	setenv("VSAP_AUTH_FILE", path, 1);
	from_file("u:secret\nignored\n", 0600, "u:secret", "the first line");
	from_file("u:secret\r\n", 0400, "u:secret", "CRLF, read-only");
	from_file("u:secret", 0600, "u:secret", "no line end");
	from_file("u:secret\n", 0640, NULL, "the group can read it");
	ok(strstr(err, "chmod 600") != NULL, "what to do is said");
	from_file("u:secret\n", 0604, NULL, "others can read it");
	from_file("u:secret\n", 0620, NULL, "the group can write it");
	from_file("", 0600, NULL, "empty");
	from_file("secret\n", 0600, NULL, "no colon");
	ok(strstr(err, "secret") == NULL, "its content is not shown");
	from_env("e:nv", "e:nv", "the environment goes first");
	unlink(path);
	ok(creds_load(err, sizeof(err)) == NULL && err[0] != '\0', "gone: %s",
	    err);
	setenv("VSAP_AUTH_FILE", "/tmp", 1);
	ok(creds_load(err, sizeof(err)) == NULL && err[0] != '\0', "%s", err);
	may_send();
	return done_testing();
}
