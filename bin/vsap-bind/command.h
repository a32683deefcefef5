#ifndef COMMAND_H
#define COMMAND_H

/* A command for each visitor, inetd style; deliver.h has the mode. */

#include <sys/types.h>
#include <stdbool.h>

/* Can this command be run?  0, or -1 with errno. */
int command_find(const char *name);

/* A process ended.  False: it was no command. */
bool command_reaped(pid_t pid, int status);

/* Free what is known of those that still run; they run on. */
void command_forget(void);

#endif
