#ifndef LIMITS_VSAP_H
#define LIMITS_VSAP_H

/*
 * Every limit and every time value of the VSAP programs, in one place.
 * What is here is enforced, documented in the manual pages and tested.
 */

#define VSAP_PORT 8706		/* default port of the control listener */
#define VSAP_LINE_MAX 1023	/* bytes of a request or reply line, no EOL */
#define VSAP_ARGS_MAX 64	/* words of a request */
#define VSAP_INPUT_MAX 8192	/* bytes read ahead of the parser */
#define VSAP_OUTPUT_MAX 262144	/* replies a client may leave unread */
#define VSAP_ERRORS_MAX 16	/* refused requests before the session closes */
#define VSAP_BINDS_MAX 64	/* BINDs on one connection */
#define VSAP_NAME_MAX 107	/* bytes of a UNIX path or a name: name */
#define VSAP_BACKLOG_MAX 4096	/* largest n of LISTEN */
#define VSAP_PRIORITY_MAX 32767 /* of ACCEPT -p=, either side of 0 */
#define VSAP_USER_MAX 64	/* bytes of a user name */

#define VSAP_WAIT_MAX 86400	     /* seconds of ACCEPT -t=, CONNECT -t= */
#define VSAP_RELAY_IDLE_MAX 31536000 /* seconds of RELAY -t= */

/* A limit as text, for messages. */
#define VSAP_STR_(x) #x
#define VSAP_STR(x) VSAP_STR_(x)

/* seconds */
#define VSAP_HELLO_TIMEOUT                                                     \
	60			/* for a stranger's first request of use; ten
				 times that for local peers */
#define VSAP_LINE_TIMEOUT 30	/* for the rest of a line once begun */
#define VSAP_IDLE_TIMEOUT 600	/* for a session that holds nothing */
#define VSAP_OFFER_ACK 1	/* 230 unacknowledged by TCP: taken back */
#define VSAP_OFFER_RELAY 5	/* no RELAY after 230: taken back */
#define VSAP_OFFER_TOTAL 30	/* give-backs of one visitor end */
#define VSAP_LINGER 5		/* listener without an acceptor's session */
#define VSAP_CONNECT_TIMEOUT 30 /* for one CONNECT, all addresses together */
#define VSAP_AGAIN_MAX 300	/* of "try again in N s" that is believed */
#define VSAP_TLS_HANDSHAKE 30	/* for the handshake of a TLS connection */
#define VSAP_KEEPIDLE 30	/* TCP keepalive: idle, interval, probes */
#define VSAP_KEEPINTVL 10
#define VSAP_KEEPCNT 3

#endif
