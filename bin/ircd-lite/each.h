#ifndef EACH_H
#define EACH_H

/* Walks over users without meeting one twice. */

struct user;

/* fn(arg, other) once for each user here who shares a channel with u, u
 * himself not among them. */
void
each_neighbour(struct user *u, void (*fn)(void *arg, struct user *), void *arg);

#endif
