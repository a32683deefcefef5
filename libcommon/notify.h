#ifndef NOTIFY_H
#define NOTIFY_H

/*
 * What a service manager is told and gives: sd_notify(3) by $NOTIFY_SOCKET
 * and the listening sockets of sd_listen_fds(3), without a library.  Where
 * no manager asks for it all of this does nothing.  Level: tier 1.
 */

/*
 * Read $NOTIFY_SOCKET, a path or with '@' an abstract name, and take it out
 * of the environment, so that children do not speak for us.  Call it once,
 * early; the socket stays open (close-on-exec).  0, also where nobody
 * listens; -1 with errno: the variable is there and of no use.
 */
int notify_open(void);
void notify_close(void); /* in children that are not to speak */

/* Each: 0, or -1 with errno if the manager could not be told. */
int notify_ready(void);
int notify_reloading(void); /* notify_ready() follows */
int notify_stopping(void);
int notify_status(const char *text); /* one line for "systemctl status" */

/* The reload was refused, which a manager is not told otherwise: it stands in
 * the status until notify_status(""). */
int notify_refused(const char *why);

/*
 * Listening sockets that the manager has opened for this process: how many,
 * from *first on; they become close-on-exec.  0 if there are none for us.
 * The variables leave the environment either way, so a second call gives 0.
 */
int notify_listen_fds(int *first);

/* The name that the manager gave the nth (from 0) of them, "" if none.
 * Valid until the end of the process. */
const char *notify_listen_name(int n);

#endif
