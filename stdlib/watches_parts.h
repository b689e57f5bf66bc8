/* watches_parts - what the files of watches share. */
#ifndef MF_STDLIB_WATCHES_PARTS_H
#define MF_STDLIB_WATCHES_PARTS_H
#include "watch_feeds.h"

#define MF_WATCH_NS_PER_S 1e9

/* A slot that is kept up to date. */
typedef struct mf_live {
  uint32_t slot;
  mf_feed *feed; /* NULL: the latency of the sample itself */
  uint32_t aggregate;
  double n;   /* of p */
  bool whole; /* its value is an int, as in the machine */
  bool eager; /* read by what is evaluated on every sample */
  /* Of a gauge that is made of samples: the least or greatest value it had. */
  enum { MF_LIVE_NOW, MF_LIVE_LEAST, MF_LIVE_GREATEST } extreme;
  bool has_held;
  double held;
} mf_live;

/* The response that only one rule sees. */
enum { MF_ANSWER_PARTS = 7 };
typedef struct mf_answer {
  mf_value parts[MF_ANSWER_PARTS]; /* UNSET: no answer yet, or it has none */
  mf_arena arena;                  /* of these */
} mf_answer;

typedef enum mf_judgement {
  MF_JUDGED_NOT, /* no data, or too early */
  MF_JUDGED_HOLDS,
  MF_JUDGED_BROKEN,
  MF_JUDGED_ERROR, /* the expression failed, and not for want of data */
} mf_judgement;

/* A row of WATCH and what became of it so far. */
typedef struct mf_rule {
  uint32_t number;
  const mf_row_watch *row;
  mf_program *program;
  uint32_t reads;    /* MF_READS_ bits */
  mf_answer *answer; /* of its probe; NULL: it has none */
  uint32_t *slots;   /* of metrics and readings that it reads, in its order */
  mf_live **lives;   /* those of them that are live here */
  uint32_t slot_count, live_count;
  uint32_t shown;            /* the slot whose value stands for what was judged; MF_ABSENT: none */
  int64_t over_ns, grace_ns; /* 0: none */
  uint64_t min_samples;
  bool eager;  /* evaluated on every sample */
  bool aborts; /* what breaks it is told at once */
  bool tripped;
  bool broken;    /* for good */
  bool reads_own; /* a metric of the document's own, which need not be finite */
  mf_judgement last;
  mf_value value;        /* of `shown`, when it was judged last, or broken */
  uint64_t seen, failed; /* of a check: responses */
  mf_str error;          /* the first one; in the arena */
  int64_t silent_ns;     /* it broke since there was no sample for so long; 0: not so */
} mf_rule;

struct mf_watches {
  mf_alloc alloc;
  mf_arena arena, trip; /* trip: the values of one */
  mf_armed *armed;
  const mf_image *image;
  mf_watches *run; /* NULL: this is the run's, or there is none */
  mf_tripped_fn tripped;
  void *ctx;
  double scale; /* of lengths of time */
  mf_load_tags tags;
  mf_feed *feeds;
  uint32_t feed_count;
  mf_feed_loan *loans;             /* of each feed, during a tick */
  mf_match *matches, *run_matches; /* of this load: of its feeds and of the run's */
  mf_live *lives;
  uint32_t live_count;
  uint32_t *borrowed; /* slots that are the run's, copied from there */
  uint32_t borrowed_count;
  mf_rule *rules;                       /* expects, then checks, then the others */
  uint32_t expects, checks, rule_count; /* ends of the first two, and of all */
  bool any_eager;
  int64_t begin_ns;
  uint32_t running; /* of the run: loads under way */
  bool begun;
  uint64_t samples;
  bool sampled;     /* since loads began to run */
  int64_t last_ns;  /* of the last sample; ns since begin, as all times inside */
  double latency;   /* the latest one; ms */
  bool has_latency; /* it is that of the latest sample */
  bool had_latency; /* there is one */
};

/* ---- watch_slots.c ---- */

/* The next instruction of the chunk from *at on that has a slot; MF_ABSENT: none. */
uint32_t mf_chunk_next_slot(const mf_image *image, uint32_t chunk, uint32_t *at);
/* Whether the slot has a metric's value that the watches of a load (of the run) keep up
 * to date, and whether that is for the run to do. */
bool mf_slot_is_watched(const mf_image *image, uint32_t slot, uint32_t scenario, bool *of_run);
/* Makes feeds and live slots for what the rules read.  Errors: OUT_OF_MEMORY. */
mf_status mf_watch_slots_make(mf_watches *w);
/* Gives them their values; only those that eager rules read, or all. */
void mf_watch_slots_set(mf_watches *w, int64_t t_ns, bool all);

/* ---- watch_probes.c ---- */

/* For a rule whose row has a probe.  Errors: OUT_OF_MEMORY. */
mf_status mf_watch_answer_make(mf_watches *w, mf_rule *r);
void mf_watch_answer_free(mf_rule *r);
/* Exchanges the response in the slots and the rule's own. */
void mf_watch_answer_swap(mf_watches *w, mf_rule *r);
/* A slot's value as the rule sees it. */
mf_value mf_watch_value(const mf_watches *w, const mf_rule *r, uint32_t slot);
/* The part of a response that it compares, if it reads no metric; MF_ABSENT: none. */
uint32_t mf_watch_answer_shown(const mf_watches *w, const mf_rule *r);
void mf_watch_answer_tell(const mf_watches *w, const mf_rule *r, mf_map_builder *values);

/* ---- watch_rules.c ---- */

mf_status mf_watch_rules_make(mf_watches *w);
void mf_watch_rules_free(mf_watches *w);
/* `expect` and the checks of a response. */
mf_status mf_watch_response(mf_watches *w, mf_sample *sample);
/* Checks that abort, once the sample is counted. */
void mf_watch_checks_trip(mf_watches *w);
/* The eager ones. */
mf_status mf_watch_rules_look(mf_watches *w, int64_t t_ns);
/* What has to be broken because nothing comes any more. */
void mf_watch_rules_silence(mf_watches *w, int64_t t_ns);
/* It cannot be judged, and why. */
void mf_watch_rule_fail(mf_watches *w, mf_rule *r, mf_value error);
/* At the end: judges the others. */
mf_status mf_watch_rules_end(mf_watches *w, int64_t t_ns);
#endif
