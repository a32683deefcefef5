#ifndef LIMITS_H
#define LIMITS_H

/*
 * Every limit of the IRC server, in one place: RPL_ISUPPORT advertises
 * these, and the code enforces them.  Lengths are bytes without a NUL.
 */

#define LINE_MAX_IRC 512  /* a message with its CR LF (RFC 1459, 2.3) */
#define TAGS_MAX_IRC 4096 /* a client's tags before it, with '@' and ' ' */
#define PARAMS_MAX 15	  /* of a message */

#define NICKLEN 30
#define USERLEN 10
#define HOSTLEN 63
#define REALLEN 128
#define SERVERLEN 63
#define CHANNELLEN 50
#define KEYLEN 23
#define TOPICLEN 307
#define KICKLEN 255
#define AWAYLEN 255
#define QUITLEN 255
#define PARTLEN 255
#define PASSLEN 128
#define MASKLEN 105 /* nick!user@host of a list's entry */

#define MODES_MAX 6	    /* mode changes with a parameter a command */
#define LIST_MAX 100	    /* entries of b, e and I together, a channel */
#define INVITES_MAX 16	    /* open invitations of a user */
#define TARGETS_MAX 4	    /* of PRIVMSG and NOTICE */
#define KICKS_MAX 4	    /* users a KICK */
#define CHANNELS_DEFAULT 10 /* a local user (RFC 1459, 8.13) */

#define WHOWAS_MAX 4096	 /* entries of the nickname history */
#define WHOWAS_AGE 86400 /* seconds that WHOWAS looks back */
#define CHASE_AGE 90	 /* seconds that KILL, KICK and MODE look back */

#define FLOOD_PENALTY_MS 2000 /* of a message (RFC 1459, 8.10) */
#define FLOOD_WINDOW_MS 10000 /* ahead of the clock */

#define SENDQ_DEFAULT (1024 * 1024)
#define RECVQ_DEFAULT 8192
#define PING_DEFAULT 120 /* seconds of silence, then as many again */
#define REGISTER_TIME 30 /* seconds to register in */

#define DNS_TIMEOUT 5 /* seconds */
#define IDENT_TIMEOUT 5

#define CONNECTIONS_DEFAULT 16384
#define PER_HOST_DEFAULT 16 /* connections of one address */
#define WHO_MAX 500	 /* users that a WHO mask shows to who is no operator */
#define WHOWAS_SHOWN 64	 /* entries of a name that WHOWAS shows */
#define XLINES_MAX 4096	 /* K-lines in all */
#define KNOCK_USER 60	 /* seconds between two of a user */
#define KNOCK_CHANNEL 10 /* and at one channel */
#define OPER_TRIES 3	 /* wrong OPERs a minute and connection */

#endif
