/* tcp_proxy_parts - what the files tcp_proxy*.c share.
 *
 *   tcp_proxy.c          all proxies, and each one's life
 *   tcp_proxy_listen.c   addresses, listening, accepting
 *   tcp_proxy_toxics.c   toxics: checks, and what a change does to open connections
 *   tcp_proxy_dial.c     reaching the upstream
 *   tcp_proxy_link.c     a connection: its two sockets, and how it ends
 *   tcp_proxy_flow.c     one direction of it: reading, queues, writing, splice
 *   tcp_proxy_stages.c   what each toxic does to a direction
 *
 * A direction is a chain: socket, a stage for each toxic that acts, the pipe or the queue
 * before the other socket.  What moves along it is a list of pieces, the last of which may
 * be the end of the stream.  So order cannot be lost, and a stage that goes hands what it
 * holds to the next one. */
#ifndef MF_STDLIB_TCP_PROXY_PARTS_H
#define MF_STDLIB_TCP_PROXY_PARTS_H
#include "tcp_proxy.h"

#include "../io/http_resolve.h"

#define MF_NEVER INT64_MAX
#define MF_NS_PER_MS 1000000LL

typedef struct mf_tcp_link mf_tcp_link;
typedef struct mf_flow mf_flow;
typedef struct mf_stage mf_stage;

/* ---- Pieces ---- */

typedef enum mf_piece_kind {
  MF_PIECE_DATA,
  MF_PIECE_FIN, /* the source has ended: end the other side, go on the other way */
  MF_PIECE_RST, /* the source was reset */
  MF_PIECE_CUT, /* a toxic closes both sides */
} mf_piece_kind;

typedef struct mf_piece {
  struct mf_piece *next;
  int64_t at;    /* when it should have got where it is: lateness does not add up */
  uint32_t from; /* data before it is gone */
  uint32_t n;    /* bytes left */
  uint32_t size; /* of data */
  uint8_t kind;
  bool waited; /* it lay in the socket, since there was no room */
  char data[];
} mf_piece;

typedef struct mf_queue {
  mf_piece *first, *last;
  size_t bytes;
  uint32_t count;
} mf_queue;

void mf_queue_push(mf_queue *queue, mf_piece *piece);
mf_piece *mf_queue_pop(mf_queue *queue);
mf_piece *mf_piece_new(const mf_alloc *alloc, mf_piece_kind kind, const char *data, size_t n);
void mf_piece_free(const mf_alloc *alloc, mf_piece *piece);
void mf_queue_clear(const mf_alloc *alloc, mf_queue *queue);

/* ---- Toxics and stages ---- */

typedef struct mf_toxic mf_toxic;
struct mf_toxic {
  mf_toxic *next;     /* of its stream */
  mf_toxic_info info; /* its texts are those below */
  char name[MF_TCP_NAME];
  char stream[12];
};

struct mf_stage {
  mf_stage *next;
  mf_toxic *toxic;
  mf_queue queue;
  uint64_t dice; /* state of SplitMix64 */
  int64_t due;   /* when it has something to do */
  /* What the kinds remember; each says which. */
  int64_t clock;
  int64_t carry;
  uint64_t count;
  double roll;
  uint32_t tries, piece;
  bool rolled, closed, begun;
  bool blocked; /* what is due does not fit behind it */
};

/* Moves on what is due at `now` and fits; sets stage->due.  May end the link: see
 * mf_tcp_link_gone. */
void mf_stage_run(mf_flow *flow, mf_stage *stage, int64_t now);
/* Whether the stage must not be taken away without a cut, for bytes are missing. */
bool mf_stage_dropped(const mf_stage *stage);
/* 0 <= x < 1. */
double mf_dice_roll(uint64_t *state);

/* ---- Connections ---- */

typedef struct mf_tcp_pipe {
  struct mf_tcp_pipe *next;
  int fds[2];
  bool large;
} mf_tcp_pipe;

struct mf_flow {
  mf_tcp_link *link;
  mf_tcp_stream stream;
  mf_stage *stages;
  mf_queue out;      /* behind the stages, before the socket */
  mf_tcp_pipe *pipe; /* only while bytes are in it; before `out` */
  size_t in_pipe;
  mf_timer timer;
  uint64_t received, sent;
  bool reading; /* the source has not ended */
  bool ready;   /* the source may have more */
  bool starved; /* reading stopped for want of room */
  bool blocked; /* the other socket takes no more now */
  bool bulk;    /* large reads: worth a pipe */
  bool done;    /* the end is with the other side */
  bool dead;    /* the other side takes nothing more, ever */
};

/* flows[MF_UPSTREAM] reads from ends[0], the client, and writes to ends[1]. */
struct mf_tcp_link {
  mf_tcp_link *next, **at; /* of the proxy */
  mf_tcp_proxy *proxy;
  uint64_t number;
  mf_watch ends[2];
  bool hung[2]; /* epoll tells nothing new of it */
  bool connected, gone;
  const mf_toxic *cut_by; /* NULL: by none that is still there */
  mf_flow flows[2];
  struct mf_tcp_dial *dial; /* NULL: connected, or gone */
};

struct mf_tcp_proxy {
  mf_tcp_proxies *all;
  char name[MF_TCP_NAME];
  char listen[MF_TCP_ADDRESS], given[MF_TCP_ADDRESS]; /* real; as asked for */
  char upstream[MF_TCP_ADDRESS];
  bool enabled;
  mf_watch listeners[2]; /* active or not; fd -1: none */
  uint16_t port;
  mf_toxic *toxics[2];
  mf_tcp_link *links;
  uint64_t numbers;
  mf_tcp_counts counts;
  /* The lookup of its upstream, for all links that wait for one. */
  mf_http_lookup lookup;
  mf_http_target found;
  struct mf_tcp_dial *dials; /* that wait for it */
};

struct mf_tcp_proxies {
  mf_tcp_options options;
  mf_alloc alloc;
  mf_loop *loop;
  mf_tcp_proxy **list;
  uint32_t count, cap;
  uint32_t open;   /* links */
  bool paused;     /* no more can be accepted now */
  mf_timer resume; /* then again */
  mf_timer reap;
  mf_tcp_link *dead; /* whose memory goes when nobody is inside of them */
  mf_tcp_pipe *pipes;
  uint32_t n_pipes, large_pipes;
  bool no_splice;
  char *scratch; /* MF_TCP_SCRATCH bytes that a read goes to */
};
enum { MF_TCP_SCRATCH = 64 << 10 };

static inline bool mf_tcp_link_gone(const mf_tcp_link *link) { return link->gone; }

/* A link for a client that was accepted; takes the descriptor. */
void mf_tcp_link_open(mf_tcp_proxy *proxy, int fd);
/* Both sides are there. */
void mf_tcp_link_connected(mf_tcp_link *link, int fd);
/* Ends it at once: with RST, or with FIN to both. */
void mf_tcp_link_close(mf_tcp_link *link, bool reset, mf_tcp_reason reason, const char *toxic);
/* Goes on: something may move in this direction. */
void mf_tcp_link_pump(mf_tcp_link *link, mf_tcp_stream stream);
void mf_tcp_link_emit(const mf_tcp_link *link, mf_tcp_event event);
/* Frees links that are gone; only from the loop or the API. */
void mf_tcp_reap(mf_tcp_proxies *all);

/* Moves what can be moved; sets the timer.  The link may be gone behind it. */
void mf_flow_pump(mf_flow *flow);
bool mf_flow_has_room(const mf_flow *flow);
/* May this stage's next (NULL: the socket's queue) take more? */
bool mf_flow_next_has_room(const mf_flow *flow, const mf_stage *stage);
/* Hands a piece to what follows the stage; it counts as there since `at`. */
void mf_flow_pass(mf_flow *flow, mf_stage *stage, mf_piece *piece, int64_t at);
/* The first n bytes of a piece, n < piece->n, as one of their own; NULL: no memory, and the
 * link is closed. */
mf_piece *mf_flow_split(mf_flow *flow, mf_piece *piece, uint32_t n);
void mf_flow_drop(mf_flow *flow, mf_stage *stage); /* all that the stage holds, but ends */
void mf_flow_cut(mf_flow *flow, mf_stage *stage);  /* sends a CUT on */
void mf_flow_remove(mf_flow *flow, mf_stage **at); /* hands on what it holds */
void mf_flow_stop(mf_flow *flow);                  /* frees what it holds */
bool mf_flow_wake(mf_flow *flow);                  /* pumps it in the next turn */
void mf_tcp_pipe_free(mf_tcp_proxies *all, mf_tcp_pipe *pipe);

/* The upstream. */
bool mf_dial_start(mf_tcp_link *link); /* false: no memory */
void mf_dial_stop(mf_tcp_link *link);  /* idempotent */
void mf_proxy_stop_lookup(mf_tcp_proxy *proxy);

/* Listening. */
bool mf_tcp_address_parse(mf_str text, mf_str *host, uint16_t *port);
bool mf_tcp_listen_parse(mf_str text, mf_http_target *out, bool *both, uint16_t *port);
mf_tcp_problem mf_proxy_listen(mf_tcp_proxy *proxy, mf_tcp_error *error);
void mf_proxy_unlisten(mf_tcp_proxy *proxy);
void mf_tcp_resume(mf_tcp_proxies *all);

/* Toxics. */
bool mf_toxics_attach(mf_tcp_link *link); /* those that hit it; false: no memory */
mf_tcp_problem mf_tcp_fail(mf_tcp_error *error, mf_tcp_problem problem);
mf_tcp_problem mf_tcp_fail_with(mf_tcp_error *error, mf_tcp_problem problem, const char *format,
                                ...) MF_PRINTF(3, 4);
#endif
