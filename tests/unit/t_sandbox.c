/*
 * The roles of ircd-lite, and giving up root.
 */
#include "play_sandbox.h"

static int
server(char *err, size_t errlen)
{
	return sandbox_irc_server(&paths, err, errlen);
}

static int
server_plain(char *err, size_t errlen)
{
	return sandbox_irc_server(NULL, err, errlen);
}

static int
nobody(char *err, size_t errlen)
{
	return sandbox_drop(NOBODY, NOBODY, err, errlen);
}

static const struct trial server_trials[] = {
	{ "nothing", do_nothing, 0 },
	{ "open for writing", do_write_open, EPERM },
	{ "open for appending", do_append_open, EPERM },
	{ "create a file", do_create, EPERM },
	{ "truncate a file", do_truncate, EPERM },
	{ "remove a file", do_unlink, EPERM },
	{ "change a file's mode", do_chmod, EPERM },
	{ "listen", do_listen, EPERM },
	{ "make a raw socket", do_raw, EPERM },
	{ "make a packet socket", do_packet, EPERM },
	{ "make a netlink socket", do_netlink, EPERM },
	{ "read a file that was named", do_read_given, 0 },
	{ "read /etc/hosts", do_read_hosts, 0 },
	{ "read random bytes", do_read_random, 0 },
	{ "resolve a name", do_resolve, 0 },
	{ "use memory", do_memory, 0 },
	{ "make sockets", do_sockets, 0 },
	{ "connect and accept", do_connect, 0 },
	{ "pass a descriptor", do_descriptor, 0 },
	{ "wait for events", do_epoll, 0 },
	{ "write to memory that is a file", do_memfd, 0 },
};

static const struct trial password_trials[] = {
	{ "check a password", do_hash, 0 },
	{ "hear and answer", do_answer, 0 },
	{ "use memory", do_memory, 0 },
	{ "abort", do_abort, ABORTED },
	{ "open a file", do_open, EPERM },
	{ "make a socket", do_socket, EPERM },
	{ "listen", do_listen, EPERM },
	{ "pass a descriptor", do_descriptor, EPERM },
};

static int
do_be_root(void)
{
	return RESULT(setresuid(0, 0, 0));
}

static int
do_look(void)
{
	gid_t groups[8];

	if (getuid() != NOBODY || geteuid() != NOBODY || getgid() != NOBODY ||
	    getgroups(8, groups) != 0)
		return EIO;
	if (!sandbox_works())
		return 0;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return EINVAL;
	return prctl(PR_GET_DUMPABLE) != 0 ? EFAULT : 0;
}

static void
drop(void)
{
	if (getuid() != 0) {
		ok(1, "drop # SKIP not root");
		return;
	}
	is_int(outcome(nobody, do_look), 0, "root was given up");
	is_int(outcome(nobody, do_be_root), EPERM, "for good");
}

static void
files(void)
{
	if (!confines_files())
		return;
	is_int(outcome(server, do_read_other), EACCES,
	    "server: read what was not named");
	is_int(outcome(server_plain, do_read_given), EACCES,
	    "server without paths: read a file");
	is_int(outcome(server_plain, do_read_hosts), 0,
	    "server without paths: read /etc/hosts");
}

int
main(void)
{
	prepare();
	drop();
	if (sandbox_works()) {
		try_escapes("server", server);
		TRY("server", server, server_trials);
		try_forbidden("passwords", sandbox_passwords);
		TRY("passwords", sandbox_passwords, password_trials);
		files();
	} else
		ok(1, "roles # SKIP this build does not confine");
	clean_up();
	return done_testing();
}
