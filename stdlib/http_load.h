/* http_load - a load under way: what the files http_load*.c share.
 *
 *   http_load.c            the driver: start, time, the end and the outcome
 *   http_load_arguments.c  what was asked for
 *   http_load_open.c       arrival rates: what is due whatever the service does
 *   http_load_users.c      virtual users: what is due after the last response
 *   http_load_list.c       the list of requests
 *   http_load_requests.c   what is sent, and what became of it
 *   http_load_captures.c   what users took from responses
 *
 * A user is a connection, also where rates are given: it goes through the list of
 * requests in its order, keeps what it captured, and has one request in flight at most. */
#ifndef MF_STDLIB_HTTP_LOAD_H
#define MF_STDLIB_HTTP_LOAD_H
#include "drivers.h"

#include "http_message.h"
#include "load_data.h"
#include "load_plan.h"
#include "load_stats.h"
#include "watches.h"

#define MF_NS_PER_S 1000000000LL

typedef struct mf_load mf_load;

/* ---- Parts ---- */

/* One of the requests of a load.  Without a program its bytes are always the same. */
typedef struct mf_load_request {
  uint32_t row; /* of REQUEST; MF_ABSENT: made from the arguments */
  mf_str name;
  mf_program *program;
  mf_http_request http; /* but for the deadline; without bytes if there is a program */
  uint32_t reads;       /* MF_READS_ of what judges and captures */
  double up_to;         /* its weight and those before it; 0: in turn */
  mf_load_stats *stats; /* of its name; NULL: it has none, or is the only one */
} mf_load_request;

/* A capture; WATCH rows. */
typedef struct mf_load_capture {
  uint32_t slot, request; /* MF_ABSENT: of every request */
  mf_str name;
  mf_program *program;
  struct mf_load_user *last; /* who took something last */
  bool refused;              /* a value was too large, which is told once */
} mf_load_capture;

/* What a user has: a block that holds all of the value. */
typedef struct mf_load_captured {
  mf_value value; /* UNSET: nothing yet */
  void *block;
  size_t size;
} mf_load_captured;

typedef struct mf_load_user {
  mf_http_conn conn;
  mf_timer timer; /* virtual users: the next request */
  mf_load *load;
  int64_t due;                /* of the request in flight, or the next one */
  mf_buf message;             /* the bytes in flight, if they are its own */
  mf_load_captured *captured; /* as many as the load has captures; NULL: none yet */
  uint64_t turn;              /* number of its pass through the list, over all users */
  uint32_t number;
  uint32_t at;      /* place in the list of its next request, or of the one in flight */
  uint32_t request; /* the one in flight */
  uint32_t row;     /* of the data */
  char method[12];  /* of the one in flight; empty: not known */
  uint32_t passes;  /* per_vu_iterations: still to begin */
  bool in_flight, in_pass, asleep, over;
  bool connected; /* its connection is taken from the run's budget */
  bool has_slot;  /* the budget has given `due` */
} mf_load_user;

typedef enum mf_load_executor {
  MF_CONSTANT_ARRIVAL_RATE,
  MF_RAMPING_ARRIVAL_RATE,
  MF_CONSTANT_VUS,
  MF_RAMPING_VUS,
  MF_PER_VU_ITERATIONS,
  MF_SHARED_ITERATIONS,
  MF_LOAD_EXECUTORS,
} mf_load_executor;

struct mf_load {
  mf_driver_env *env;
  mf_done_fn done;
  void *ctx;
  mf_arena arena; /* what lives as long as the load; then the outcome */
  mf_http_client client;
  mf_load_executor executor;
  bool open_model, rehearsal;
  bool stopping;       /* no more requests are begun */
  const char *broken;  /* NULL, or why it has to end at once */
  const char *warning; /* NULL, or why less was done than was asked for */
  /* Time. */
  int64_t start, end, after_ns, length_ns, timeout_ns, graceful_ns, think_ns;
  mf_timer clock, pacer, progress, tick;
  /* Users. */
  mf_load_user *users;
  uint32_t n_users, in_flight;
  mf_load_stats *told, *recent; /* when it was observed last, and since then */
  int64_t told_ns;
  uint32_t files;      /* of the budget's: users, when it began */
  uint32_t level;      /* ramping_vus: those with a lower number are at work */
  uint32_t over;       /* users without more iterations */
  uint32_t iterations; /* asked for; of each user, or of all */
  uint64_t passes;     /* shared_iterations: still to begin */
  mf_load_plan plan;   /* rates; ramping_vus: numbers of users */
  /* Arrival rates. */
  mf_load_user **free_users; /* a stack: the last one used has the warmest connection */
  uint32_t n_free;
  int64_t *backlog; /* a ring of due times */
  uint32_t backlog_at, backlog_n;
  int64_t next_due;         /* of the request that the plan gave last */
  bool plan_over, has_slot; /* the budget has given next_due */
  /* Requests. */
  mf_http_message message; /* where to; without a list also what */
  mf_str base;             /* URL that paths are joined to */
  mf_url base_url;
  mf_load_request *requests;
  uint32_t n_requests;
  double weights; /* of all; 0: they are sent in turn */
  uint64_t turns, seed;
  mf_load_data *data;
  mf_load_capture *captures;
  uint32_t n_captures;
  mf_arena scratch;  /* of the message under way */
  char mistake[200]; /* why the last one could not be made, or had no TLS connection */
  /* Judging; NULL: nothing judges, and no message has to be evaluated. */
  mf_armed *armed;
  mf_watches *watches;
  mf_str path; /* of the entry */
  mf_armed armed_space;
  int64_t *ages; /* of what waits: room for users and backlog */
  /* Measured. */
  mf_load_stats stats;
  mf_load_stats **name_stats; /* of requests with a name, at most REQUEST_NAMES */
  mf_str *names;
  uint32_t n_names;
  uint64_t interrupted; /* in flight when graceful_stop was over */
  mf_http_error last_error;
  int last_status;
};

/* ---- The driver ---- */

/* Says in the outcome that less was done than was asked for. */
void mf_load_warn(mf_load *l, const char *text);
/* It has to end at once.  May be called anywhere; the end comes in mf_load_settle. */
void mf_load_break(mf_load *l, const char *why);
/* The same of a cap that was reached. */
void mf_load_warn_cap(mf_load *l, const char *what, double cap);
/* A user's first request takes a connection from the run's budget.  False: none is left. */
bool mf_load_connect(mf_load *l, mf_load_user *u);
/* Begins no more requests.  Those in flight have graceful_stop to come back. */
void mf_load_stop(mf_load *l);
/* Requests that were due are given up. */
void mf_load_drop(mf_load *l, uint64_t count, int64_t now);
/* The end, if it has come: then the load is gone.  The last thing that callbacks do. */
void mf_load_settle(mf_load *l);

/* ---- Arguments ---- */

enum { MF_LOAD_BACKLOG = 10000 };

bool mf_load_read_arguments(mf_load *l, mf_args *args);

/* ---- Arrival rates ---- */

bool mf_load_open_init(mf_load *l);
bool mf_load_open_start(mf_load *l);
/* Begins what is due by `now`. */
void mf_load_open_due(mf_load *l, int64_t now);
/* Time is up: begins what is still due, and tells what the run's budget held back. */
void mf_load_open_end(mf_load *l);
/* The user's connection is free again. */
void mf_load_open_free(mf_load *l, mf_load_user *u, int64_t now);

/* ---- Virtual users ---- */

void mf_load_users_start(mf_load *l);
void mf_load_user_due(mf_timer *timer);
/* A response of the user came, or not. */
void mf_load_user_next(mf_load *l, mf_load_user *u, mf_http_error error, int64_t now);
/* Requests of iterations that were never begun. */
uint64_t mf_load_users_missed(const mf_load *l);

/* ---- The list ---- */

/* Reads the list from the image, or the one request from the arguments. */
bool mf_load_requests_init(mf_load *l, mf_args *args);
void mf_load_requests_fini(mf_load *l);
/* Metrics by the names of requests. */
mf_value mf_load_requests_outcome(mf_load *l);

/* ---- Requests ---- */

/* Evaluates a message and writes it in place of what is in `out`; args->error says why
 * not. */
void mf_load_write_message(const mf_load *l, const mf_load_request *r, mf_args *args, mf_buf *out,
                           mf_http_request *http);
/* Sends the user's next request, which is due.  False: it failed at once, and counted. */
bool mf_load_send(mf_load *l, mf_load_user *u, int64_t now);
/* For mf_http_conn. */
void mf_load_request_done(mf_http_conn *conn, const mf_http_result *result);
/* Ages of what is in flight and in the backlog, for watches. */
size_t mf_load_ages(mf_load *l, int64_t now);

/* ---- Captures ---- */

bool mf_load_captures_init(mf_load *l, mf_args *args);
void mf_load_captures_fini(mf_load *l);
/* Slots of what this user has captured, and of its row of the data. */
void mf_load_enter_user(mf_load *l, const mf_load_user *u);
/* After a good response to request r. */
void mf_load_capture_from(mf_load *l, mf_load_user *u, const mf_load_request *r);
void mf_load_user_forget(mf_load *l, mf_load_user *u);
mf_value mf_load_captures_outcome(mf_load *l);
#endif
