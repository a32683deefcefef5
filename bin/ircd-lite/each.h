#ifndef EACH_H
#define EACH_H

/* What is said to many, without meeting one twice. */

struct line;
struct user;

/* The line, once to each user here who shares a channel with u, u himself
 * not among them. */
void say_neighbours(struct user *u, const struct line *);

#endif
