/*
 * The run directory, and which gateway a client uses.
 */
#include "runpath.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <stdlib.h>
#include <unistd.h>

#include "net.h"
#include "tap.h"

static char dir[] = "/tmp/t_runpath.XXXXXX";

static int
listening(const char *path)
{
	struct addr a;
	char err[256];

	if (addr_parse(&a, path, ADDR_FOR_LISTEN, err, sizeof(err)) == -1)
		exit(1);
	return net_listen(&a, 1, 0600);
}

int
main(void)
{
	char out[300], err[256], path[200], command[300], line[200];
	struct stat st;
	int fd;

	if (mkdtemp(dir) == NULL)
		return 1;
	unsetenv("VSAP_SERVER");
	setenv("XDG_RUNTIME_DIR", dir, 1);
	is_int(runpath_dir(out, sizeof(out), err, sizeof(err)), 0, "a run dir");
	snprintf(path, sizeof(path), "%s/vsapd", dir);
	is_str(out, geteuid() == 0 ? "/run/vsapd" : path, "of this user");
	is_int(runpath_dir_of("ircd-lite", out, sizeof(out), err, sizeof(err)),
	    0, "of another program");
	snprintf(line, sizeof(line), "%s/ircd-lite", dir);
	is_str(out, geteuid() == 0 ? "/run/ircd-lite" : line, "by its name");
	is_int(runpath_join(out, sizeof(out), path, "x"), 0, "joined");
	snprintf(line, sizeof(line), "%s/vsapd/x", dir);
	is_str(out, line, "with a slash");
	memset(line, 'a', 108);
	line[108] = '\0';
	is_int(runpath_join(out, sizeof(out), "", line), -1, "too long");

	mkdir(path, 0700);
	is_str(runpath_server("a:1", out, sizeof(out)), "a:1", "-s");
	setenv("VSAP_SERVER", "b:1", 1);
	is_str(runpath_server("a:1", out, sizeof(out)), "a:1",
	    "-s goes before VSAP_SERVER");
	is_str(runpath_server(NULL, out, sizeof(out)), "b:1", "VSAP_SERVER");
	setenv("VSAP_SERVER", "", 1);
	/* the machine's own gateway may be running */
	if (stat("/run/vsapd/vsapd.sock", &st) == -1)
		is_str(runpath_server(NULL, out, sizeof(out)), "127.0.0.1:8706",
		    "loopback where there is no socket");
	strlcat(path, "/vsapd.sock", sizeof(path));
	ok(!runpath_trusted(path), "nothing there: not trusted");
	fd = listening(path);
	ok(runpath_trusted(path), "our own socket: trusted");
	is_str(runpath_server(NULL, out, sizeof(out)), path, "and used");
	if (geteuid() == 0) {
		ok(chown(path, 65534, 65534) == 0 && !runpath_trusted(path),
		    "somebody else's: not trusted");
		ok(strcmp(runpath_server(NULL, out, sizeof(out)), path) != 0,
		    "and not used");
	}
	unlink(path);
	close(fd);
	strlcat(path, ".XXXXXX", sizeof(path));
	close(mkstemp(path));
	ok(!runpath_trusted(path), "a file: not trusted");
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ok(system(command) == 0, "cleaned up");
	return done_testing();
}
