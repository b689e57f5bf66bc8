# Compares what was scraped at the end of a run with its journal and its report, number by
# number: metrics_equal.py TEXT OPENMETRICS JOURNAL(JSON lines) REPORT(JSON).  Both formats
# have to say the same.
import json
import math
import re
import sys

SAMPLE = re.compile(r'([a-z_A-Z0-9]+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_0-9]+)="((?:[^"\\]|\\.)*)"(?:,|$)')


def unescape(text):
    return re.sub(r'\\(.)', lambda m: '\n' if m[1] == 'n' else m[1], text)


def read(path):
    series = {}
    for line in open(path, encoding='utf-8'):
        if line.startswith('#'):
            continue
        name, labels, value = SAMPLE.fullmatch(line.rstrip('\n')).groups()
        pairs = LABEL.findall(labels or '')
        assert ','.join(f'{k}="{v}"' for k, v in pairs) == (labels or ''), line
        keys = {k: unescape(v) for k, v in pairs}
        if 'le' in keys:
            keys['le'] = str(float(keys['le']))
        key = (name, tuple(sorted(keys.items())))
        assert key not in series, line
        series[key] = float(value)
    return series


def total(series, name, **labels):
    return sum(v for (n, l), v in series.items() if n == name and labels.items() <= dict(l).items())


def same(what, shown, wanted):
    global compared
    compared += 1
    if not math.isclose(shown, wanted, rel_tol=1e-9, abs_tol=1e-12):
        sys.exit(f'{what}: {shown} at /metrics, {wanted} on record')


def with_quantile(series, q, ms, **labels):
    """The bucket in which /metrics has the quantile is the one of our own value."""
    bounds = sorted({float(dict(l)['le']) for (n, l) in series if n == DURATION + '_bucket'})
    below = [total(series, DURATION + '_bucket', le=str(b), **labels) for b in bounds]
    rank = math.ceil(q * below[-1])
    at = next(i for i, n in enumerate(below) if n >= rank)
    low = bounds[at - 1] if at else 0
    global compared
    compared += 1
    if not low * 0.995 <= ms / 1000 <= bounds[at] * 1.005:
        sys.exit(f'quantile {q} {labels}: {ms} ms is not in ({low}, {bounds[at]}]')


def checks(series, metrics, **labels):
    passed, failed = (total(series, 'mfvm_checks_total', result=r, **labels) for r in ('passed', 'failed'))
    same(f'checks_failed {labels}', failed, metrics['checks_failed'])
    if 'checks' in metrics:
        same(f'checks {labels}', passed / (passed + failed), metrics['checks'])


def load(series, metrics, failures, **labels):
    name = 'mfvm_http_requests_total'
    same(f'requests {labels}', total(series, name, **labels), metrics['requests'])
    for c in '2345':
        same(f'{c}xx {labels}', total(series, name, code=c + 'xx', **labels), metrics[f'status_{c}xx'])
    for ours, theirs in (('http_errors', 'errors'), ('http_received_bytes', 'bytes_in'), ('http_sent_bytes', 'bytes_out')):
        same(f'{theirs} {labels}', total(series, f'mfvm_{ours}_total', **labels), metrics[theirs])
    if 'request' not in labels:
        checks(series, metrics, **labels)
    count = total(series, DURATION + '_count', **labels)
    if failures is not None:
        for kind, n in failures.items():
            same(f'{kind} {labels}', total(series, 'mfvm_http_errors_total', kind=kind, **labels), n)
        unmeasured = sum(n for kind, n in failures.items() if kind != 'timeout')
        same(f'measured {labels}', count, metrics['requests'] - unmeasured)
    if count:
        same(f'mean {labels}', total(series, DURATION + '_sum', **labels) / count * 1000, metrics['avg_latency'])
        for q, key in ((0.5, 'p50'), (0.9, 'p90'), (0.95, 'p95'), (0.99, 'p99'), (0.999, 'p999')):
            with_quantile(series, q, metrics['latency_' + key], **labels)


def loads(series, events):
    step_of, dropped, succeeded, failed = {}, {}, 0, 0
    for e in events:
        data = e['data']
        if e['event'] == 'step_started':
            step_of[e['task']] = data['name']
        if e['event'] != 'outcome' or data['driver'] != 'http_load':
            continue
        value, step = data['value'], step_of[e['task']]
        succeeded, failed = succeeded + value['ok'], failed + (not value['ok'])
        load(series, value['metrics'], value['failures'], step=step)
        dropped[step] = value['metrics']['dropped']
        for name, metrics in value.get('requests', {}).items():
            load(series, metrics, None, step=step, request=name)
    for step, n in dropped.items():
        same(f'dropped {step}', total(series, 'mfvm_load_dropped_requests_total', step=step), n)
        same(f'in flight {step}', total(series, 'mfvm_load_requests_in_flight', step=step), 0)
    same('loads that succeeded', total(series, CHAOS + 'scenarios_total', status='success'), succeeded)
    same('loads that failed', total(series, CHAOS + 'scenarios_total', status='failure'), failed)
    final = next(e for e in events if e['event'] == 'final')['data']['metrics']
    load(series, final, None)
    return final


def steps(series, events, report):
    for outcome in ('passed', 'failed', 'skipped', 'interrupted'):
        ended = [e['data']['name'] for e in events if e['event'] == 'step_finished' and e['data']['outcome'] == outcome]
        for name in set(ended):
            same(f'{outcome} {name}', total(series, 'mfvm_steps_total', step=name, outcome=outcome), ended.count(name))
        shown = [s for s in report['step_results'] if s['status'] == outcome and not s['retried']]
        same(f'{outcome} in the report', total(series, 'mfvm_steps_total', outcome=outcome), len(shown))
    for s in report['step_results']:
        name = CHAOS + 'orchestration_step_duration_seconds'
        if s['status'] == 'skipped' or s['retried']:
            continue
        same(f'duration of {s["step_name"]}', round(total(series, name + '_sum', step=s['step_name']), 3), s['duration_seconds'])
        same(f'runs of {s["step_name"]}', total(series, name + '_count', step=s['step_name']), 1)
    retried = sum(e['event'] == 'step_retried' for e in events)
    same('retries', total(series, 'mfvm_step_retries_total'), retried)


def judgements(series, events):
    verdict = next(e for e in events if e['event'] == 'verdict')['data']
    for result in ('passed', 'failed', 'no_data'):
        same(f'assertions {result}', total(series, CHAOS + 'assertion_results_total', result=result), verdict['assertions'][result])
    watches = [e['data'] for e in events if e['event'] == 'watch']
    for w in watches:
        shown = total(series, 'mfvm_watch_ok', watch=w['name'])
        same(f'watch {w["name"]}', shown, w['outcome'] == 'passed')
        told = re.match(r'(\d+) of (\d+) responses', w.get('text', ''))
        if told:
            passed, failed = (total(series, 'mfvm_checks_total', check=w['name'], result=r) for r in ('passed', 'failed'))
            same(f'check {w["name"]} failed', failed, int(told[1]))
            same(f'check {w["name"]} made', passed + failed, int(told[2]))
    same('watches', sum(n == 'mfvm_watch_ok' for n, _ in series), len(watches))
    hooks = [e['data']['outcome'] for e in events if e['event'] == 'hook_finished']
    same('hooks', total(series, CHAOS + 'hook_executions_total', status='success'), hooks.count('passed'))
    same('hooks that failed', total(series, CHAOS + 'hook_executions_total', status='failure'), hooks.count('failed'))
    ended = next(e for e in events if e['event'] == 'run_finished')['data']['exit_code']
    same('runs', total(series, CHAOS + 'orchestration_executions_total', status='success'), ended == 0)
    same('runs that failed', total(series, CHAOS + 'orchestration_executions_total', status='failure'), ended != 0)
    same('active', total(series, CHAOS + 'active_orchestrations'), 0)


def recorded(series, events, final):
    values = {}
    for e in events:
        if e['event'] == 'metric':
            values.setdefault(e['data']['name'], []).append(e['data']['actual'])
    same('orders', total(series, 'mfvm_recorded_orders_total'), sum(values['orders']))
    same('cart_size', total(series, 'mfvm_recorded_cart_size'), final['cart_size'])
    same('checkout', total(series, 'mfvm_recorded_checkout_sum'), sum(values['checkout']))
    same('checkouts', total(series, 'mfvm_recorded_checkout_count'), len(values['checkout']))
    same('good', total(series, 'mfvm_recorded_good_ratio'), sum(values['good']) / len(values['good']))


DURATION = 'mfvm_http_request_duration_seconds'
CHAOS = 'mockforge_chaos_'
compared = 0
text, openmetrics = read(sys.argv[1]), read(sys.argv[2])
if text != openmetrics:
    sys.exit(f'the formats differ: {dict(text.items() ^ openmetrics.items())}')
events = [json.loads(line) for line in open(sys.argv[3], encoding='utf-8')]
report = json.load(open(sys.argv[4], encoding='utf-8'))
final = loads(text, events)
steps(text, events, report)
judgements(text, events)
recorded(text, events, final)
print(compared, 'numbers are the same')
sys.exit(compared < 100)
