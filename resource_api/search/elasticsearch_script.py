"""HOW ELASTICSEARCH JUDGES: what `judge.py`, `reach.py`, `weigh.py` and `rank.py` decide, said in Painless.

The sources are constants, compiled once; whatever a query asks is in their parameters. They read the `facts` of a
service (`elasticsearch_mapping.py` says how these are laid out). What postings can tell (which words it says and
where, whether its area covers the place, how many filters are not known to fit) comes in whole numbers of one sum,
which is what the query below the script scores: see CARRIED.
"""

# The sum that is carried into the script: each part in bits of its own, all of them below the 24 that a float keeps.
SAID, CONTEXT, UNKNOWN, COVERED = 1, 1 << 8, 1 << 16, 1 << 19
# Words are counted in tenths, and what they add besides in hundredths.
TENTHS, HUNDREDTHS = 10, 100

# A score is a float: what is known of more filters is lifted by powers of two, which cost it no digit. Eight filters
# may be unknown, and scores lie between the least and 2.
STEPS = tuple(2.0 ** (24 * (4 - unknown)) for unknown in range(9))
LEAST = 2.0**-22
LEAST_FOUND = 1e-37

_READING = """
int i1(byte[] b, int p) { return b[p] & 0xff; }
int i2(byte[] b, int p) { return ((b[p] & 0xff) << 8) | (b[p + 1] & 0xff); }
int i4(byte[] b, int p) {
  return ((b[p] & 0xff) << 24) | ((b[p + 1] & 0xff) << 16) | ((b[p + 2] & 0xff) << 8) | (b[p + 3] & 0xff);
}
double f8(byte[] b, int p) {
  return Double.longBitsToDouble(((long) i4(b, p) << 32) | ((long) i4(b, p + 4) & 0xffffffffL));
}

boolean isWithin(byte[] b, int p, int minute) {
  int n = i1(b, p);
  for (int i = 0; i < n; i++) {
    int w = p + 1 + 4 * i;
    if (i2(b, w) <= minute && minute < i2(b, w + 2)) { return true; }
  }
  return false;
}

boolean opensOn(byte[] b, int at, int day, int minute) {
  int p = at + 5;
  int days = i2(b, p);
  p += 2;
  for (int i = 0; i < days; i++) {
    if (i4(b, p) == day) { return isWithin(b, p + 4, minute); }
    p += 5 + 4 * i1(b, p + 4);
  }
  int weeks = i1(b, p);
  p += 1;
  int weekday = (day - 1) % 7;
  for (int i = 0; i < weeks; i++) {
    boolean valid = i4(b, p) <= day && day <= i4(b, p + 4);
    p += 8;
    for (int d = 0; d < 7; d++) {
      if (valid && d == weekday && isWithin(b, p, minute)) { return true; }
      p += 1 + 4 * i1(b, p);
    }
  }
  return false;
}

int isOpen(byte[] b, int at, Map params) {
  int kind = i1(b, at);
  if (kind == 2) { return 1; }
  int zone = i4(b, at + 1);
  int day;
  int minute;
  if (kind == 1) {
    long minutes = ((Number) params.utc).longValue() + zone;
    day = (int) (minutes / 1440L);
    minute = (int) (minutes % 1440L);
  } else {
    Number clock = (Number) ((Map) params.clocks).get(Integer.toString(zone));
    if (clock == null) { return -1; }
    day = (int) (clock.longValue() / 1440L);
    minute = (int) (clock.longValue() % 1440L);
  }
  return opensOn(b, at, day, minute) || opensOn(b, at, day - 1, minute + 1440) ? 1 : 0;
}

double[] reach(byte[] b, int at, Map params) {
  int p = at + 10 + 5 * i2(b, at + 8);
  int n = i2(b, p);
  p += 2;
  boolean timed = params.clocks != null;
  boolean strict = params.strict;
  List place = (List) params.place;
  double px = 0; double py = 0; double pz = 0; double limit = -1;
  if (place != null) { px = place.get(0); py = place.get(1); pz = place.get(2); limit = place.get(3); }
  double chord = -1; double nearest = Double.POSITIVE_INFINITY; int openThere = -1;
  double least = Double.POSITIVE_INFINITY; int openAnywhere = -1;
  for (int i = 0; i < n; i++) {
    int s = p + 29 * i;
    int open = -1;
    if (timed) {
      int hours = i4(b, s + 25);
      if (hours != 0) { open = isOpen(b, at + hours, params); }
    }
    double shut = strict ? (open == 1 ? 0.0 : open == 0 ? 2.0 : 1.0) : 0.0;
    if (shut < least) { least = shut; openAnywhere = open; }
    if (place != null && b[s] == 1) {
      double x = f8(b, s + 1) - px; double y = f8(b, s + 9) - py; double z = f8(b, s + 17) - pz;
      double way = x * x + y * y + z * z;
      if (way <= limit && way + 16.0 * shut < nearest) {
        nearest = way + 16.0 * shut; chord = way; openThere = open;
      }
    }
  }
  return new double[] {chord, chord >= 0 ? openThere : openAnywhere};
}
"""

SCORE = (
    _READING
    + """
double answer(byte[] b, int at, Map ask, List sureness) {
  List codes = (List) ask.codes;
  List weights = (List) ask.weights;
  int asked = codes.size();
  int[] wanted = new int[asked];
  for (int j = 0; j < asked; j++) { wanted[j] = (int) codes.get(j); }
  int needs = i2(b, at + 8);
  double best = 0;
  for (int i = 0; i < needs; i++) {
    int p = at + 10 + 5 * i;
    int code = i4(b, p);
    for (int j = 0; j < asked; j++) {
      if (wanted[j] == code) {
        double worth = (double) weights.get(j) * (double) sureness.get(i1(b, p + 4));
        if (worth > best) { best = worth; }
      }
    }
  }
  return best;
}

def facts = doc['facts'].value;
byte[] b = facts.bytes;
int at = facts.offset;
int carried = (int) _score;
boolean remote = (b[at] & 1) != 0;
double[] found = reach(b, at, params);
double near = remote ? (double) params.remote_anywhere : 1.0;
if (params.place != null) {
  if (found[0] >= 0) {
    near = 1.0 / (1.0 + Math.sqrt(found[0]) * (double) params.radius / (double) params.half_near);
  } else {
    boolean covered = (carried & (1 << 19)) != 0;
    boolean bounded = (b[at] & 2) != 0;
    if (remote ? (bounded && !covered) : !covered) { return 0.0; }
    near = remote ? (double) params.remote_nearness : (double) params.area_nearness;
  }
}
int unknown = (carried >> 16) & 7;
if (params.strict) {
  if (found[1] == 0) { return 0.0; }
  if (found[1] < 0) { unknown += 1; }
}
int said = carried & 0xff;
double weights = 1.0;
List asks = (List) params.asks;
int words = params.words;
if (asks.size() > 0) {
  weights = 0.0;
  for (Map ask : asks) { weights += answer(b, at, ask, (List) params.sureness); }
  weights /= asks.size();
  if (words > 0) {
    double share = (double) said / words;
    weights = weights > 0.0 ? weights * (1.0 + (double) params.title_bonus * share)
      : said == words ? (double) params.named_only : (double) params.labelled_only;
  }
} else if (words > 0) {
  weights = said / 10.0 / words;
}
weights += Math.min(((carried >> 8) & 0xff) / 100.0, (double) params.context_most);
for (Map ask : (List) params.filters) { weights *= answer(b, at, ask, (List) params.sureness); }
int needs = i2(b, at + 6);
double focus = Math.max((double) params.least_focus, 1.0 - (double) params.focus_loss * Math.max(0, needs - 1));
int day = i4(b, at + 2);
double fresh = params.unknown_freshness;
if (day != 0) {
  double share = ((int) params.today - day - (int) params.fresh_days)
    / (double) ((int) params.stale_days - (int) params.fresh_days);
  fresh = 1.0 - Math.min(1.0, Math.max(0.0, share)) * (1.0 - (double) params.stale_weight);
}
int capacity = i1(b, at + 1);
double room = capacity == 255 ? (double) params.unknown_capacity : (double) ((List) params.capacities).get(capacity);
double score = weights * focus * near * fresh * room;
return Math.max(score, (double) params.least) * (double) ((List) params.steps).get(unknown);
"""
)

DISTANCE = (
    _READING
    + """
def facts = doc['facts'].value;
double chord = reach(facts.bytes, facts.offset, params)[0];
return chord >= 0 ? chord : 16.0;
"""
)

REACHED_BY = (
    _READING
    + """
def facts = doc['facts'].value;
if (reach(facts.bytes, facts.offset, params)[0] >= 0) { return 'site'; }
return (facts.bytes[facts.offset] & 1) != 0 ? 'remote' : 'area';
"""
)

OPEN = (
    _READING
    + """
def facts = doc['facts'].value;
double open = reach(facts.bytes, facts.offset, params)[1];
return open > 0 ? 'open' : open == 0 ? 'closed' : 'unknown';
"""
)
