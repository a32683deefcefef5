#ifndef CHANNEL_H
#define CHANNEL_H

/*
 * The model's channels: members, modes, lists, topic.  What is said to a
 * channel goes through chan_say() and is written to the members' queues at
 * the end of the turn, joined (turn.h).
 */

#include <sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "limits.h"

struct block;
struct user;

/* Modes of a member. */
#define MEMBER_OP 0x01	  /* o, @ */
#define MEMBER_VOICE 0x02 /* v, + */

/* Modes of a channel. */
#define CMODE_INVITE 0x0001    /* i */
#define CMODE_MODERATED 0x0002 /* m */
#define CMODE_NOOUTSIDE 0x0004 /* n */
#define CMODE_PRIVATE 0x0008   /* p */
#define CMODE_SECRET 0x0010    /* s */
#define CMODE_TOPIC 0x0020     /* t */
#define CMODE_NOCTCP 0x0040    /* C */

enum chan_list { LIST_BAN, LIST_EXCEPT, LIST_INVEX, NLISTS };

struct chan_mask {
	TAILQ_ENTRY(chan_mask) entry;
	char *mask;
	char *setter; /* nick!user@host */
	time_t when;
};
TAILQ_HEAD(chan_masks, chan_mask);

struct member {
	struct user *user;
	uint32_t taken; /* bytes of chan->out that are in his queue */
	uint8_t modes;
	bool banned;	  /* as of ban_serial */
	uint16_t checked; /* ban_serial when that was found; 0: never */
};

struct chan {
	struct chan *next; /* of the same hash */
	uint32_t hash;
	uint32_t modes;
	struct member *member;
	uint32_t nmembers, amembers;
	struct block *out;	 /* what is said in this turn, or NULL */
	TAILQ_ENTRY(chan) dirty; /* while out is set */
	uint16_t ban_serial;	 /* changes with the lists; never 0 */
	uint16_t nmasks;	 /* of all lists */
	bool invited;		 /* somebody was, and may be still */
	struct chan_masks list[NLISTS];
	uint32_t limit; /* 0: none */
	char *key;	/* NULL: none */
	char *topic, *topic_by;
	time_t topic_at, created;
	char name[CHANNELLEN + 1];
};

extern unsigned chans_count;

struct chan *chan_find(const char *name);
struct chan *chan_new(const char *name); /* NULL: no memory */

/* All channels: start with NULL, *bucket 0. */
struct chan *chan_each(struct chan *, size_t *bucket);

/* An empty channel goes; its memory does so at the turn's end. */
void chan_gone_if_empty(struct chan *);
void chans_bury(void);

/* Add a member (he is not one yet).  0 or -1: no memory. */
int chan_add(struct chan *, struct user *, uint8_t modes);

/* Take him out; what was said before is in his queue. The channel may be
 * freed by this. */
void chan_remove(struct chan *, struct user *);

/* His place, or NULL; good until a member comes or goes. */
struct member *chan_member(const struct chan *, const struct user *);

/* "#name" is on this server only ("&"), has no modes ("+"). */
bool chan_local(const struct chan *);
bool chan_modeless(const struct chan *);

/* May he know that it exists? (not +s, not +p, or a member) */
bool chan_visible(const struct chan *, const struct user *);

/* Is he banned (b, and no e)?  Kept for each member until a change. */
bool chan_banned(struct chan *, const struct user *);
bool chan_listed(const struct chan *, enum chan_list, const struct user *);
void chan_lists_changed(struct chan *);

/* May he speak: member or no +n, no +m and not banned, or voice, or op. */
bool chan_may_speak(struct chan *, const struct user *);

/* Masks of a list: 0 added, 1 it was there, -1 no memory.  The caller sees
 * to LIST_MAX.  chan_mask_del: was it there?  mask, of MASKLEN + 1
 * bytes, is then as it stood there. */
int chan_mask_add(struct chan *, enum chan_list, const char *mask,
    const char *setter, time_t when);
bool chan_mask_del(struct chan *, enum chan_list, char *mask);

/* "@" or "+" or "" for a member. */
const char *member_prefix(const struct member *);

#endif
