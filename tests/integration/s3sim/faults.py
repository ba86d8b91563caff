"""s3sim's misbehaviour, counts and keys: faults.py ENDPOINT

Prints a line of TAP a check, without numbers and plan.
"""
import http.client
import json
import sys

from s3raw import S3

s3 = S3(sys.argv[1])
failed = False
BODY = bytes(range(256)) * 64


def check(name, got, want):
    global failed
    failed |= got != want
    print('%sok - %s' % ('' if got == want else 'not ', name))
    if got != want:
        print('#  got: %r\n# want: %r' % (got, want))
    sys.stdout.flush()


def control(method, path, data=None):
    r = s3.send(method, path, [('Host', 'x')],
                b'' if data is None else json.dumps(data).encode())
    return r.status, json.loads(r.body)


def faults(*rules):
    control('POST', '/_control/reset')
    return control('POST', '/_control/faults', list(rules))


def broken(path, **how):
    """How the connection ended, without a second try."""
    s3.close()
    try:
        s3.get(path, **how)
    except http.client.RemoteDisconnected:  # itself a ConnectionResetError
        return 'closed'
    except ConnectionResetError:
        return 'reset'
    except TimeoutError:
        return 'stalled'
    except http.client.IncompleteRead as e:
        return 'cut after %d' % len(e.partial)
    finally:
        s3.close()
    return 'whole'


B = '/faults'
s3.put(B)
for i in range(3):
    s3.put('%s/k%d' % (B, i), BODY)
K = B + '/k0'

# ---- Errors.
faults({'op': 'GET', 'times': 2, 'action': 'slowdown', 'retry_after': 3})
r = s3.get(K)
check('slowdown', (r.said, r.headers.get('retry-after')),
      ((503, 'SlowDown'), '3'))
check('.. so often as told', [s3.get(K).status, s3.get(K).status], [503, 200])
check('.. and the rule knows its hits', [
    (x['hits'], x['left']) for x in control('GET', '/_control/faults')[1]],
    [(2, 0)])
for action, want in (('internal', (500, 'InternalError')),
                     ('unavailable', (503, 'ServiceUnavailable')),
                     ('denied', (403, 'AccessDenied')),
                     ('missing', (404, 'NoSuchKey')),
                     ('expired', (400, 'ExpiredToken'))):
    faults({'action': action})
    check(action, s3.get(K).said, want)
faults({'code': 'Strange', 'status': 418, 'message': 'a < b'})
r = s3.get(K)
check('any code, status and message', (r.said, r.field('Message')),
      ((418, 'Strange'), 'a < b'))
faults({'key': 'k1', 'times': -1, 'action': 'denied'})
check('one key alone', [s3.get('%s/k%d' % (B, i)).status for i in range(3)],
      [200, 403, 200])
faults({'op': 'LIST', 'action': 'internal'})
check('one operation alone', [s3.get(K).status, s3.get(B, 'list-type=2').status],
      [200, 500])
faults({'prefix': 'k', 'after': 1, 'times': 1, 'action': 'denied'})
check('after so many', [s3.get(K).status for _ in range(3)], [200, 403, 200])


def seeded(order):
    faults({'op': 'GET', 'chance': 0.5, 'seed': 7, 'times': -1,
            'action': 'internal'})
    return {i: [s3.get('%s/k%d' % (B, i)).status for _ in range(8)]
            for i in order}


first = seeded([0, 1, 2])
check('a chance hits some', sorted(set(sum(first.values(), []))), [200, 500])
check('.. the same whatever the order', seeded([2, 0, 1]), first)

# ---- Connections.
faults({'action': 'reset'})
check('reset before any header', broken(K), 'reset')
faults({'action': 'close'})
check('close before any header', broken(K), 'closed')
faults({'cut_after': 1000})
check('cut', broken(K), 'cut after 1000')
faults({'cut_after': 1000, 'cut_reset': True})
check('cut by a reset', broken(K) in ('reset', 'cut after 1000'), True)
faults({'cut_after': 10, 'op': 'LIST'})
check('a listing cut', broken(B, query='list-type=2'), 'cut after 10')
faults({'length_add': 5})
check('Content-Length too long', broken(K), 'cut after %d' % len(BODY))
faults({'length_add': -5})
check('Content-Length too short', s3.get(K).body, BODY[:-5])
faults({'drip_bytes': 4096, 'drip_ms': 1})
check('drip', s3.get(K).body, BODY)
faults({'delay_ms': 1})
check('delay', s3.get(K).body, BODY)
faults({'flip_at': 300})
got = s3.get(K).body
check('a byte flipped', [i for i in range(len(BODY)) if got[i] != BODY[i]],
      [300])
faults({'flip_at': 300})
got = s3.get(K, headers=[('Range', 'bytes=200-400')]).body
check('.. by its place in the object', got[100] ^ 0xff, BODY[300])
faults({'stall_after': 100})
s3.timeout = 0.2
check('stall', broken(K), 'stalled')
s3.timeout = 30

# ---- Replaced between listing and GET.
faults({'op': 'GET', 'key': 'k2', 'action': 'replace'})
r = s3.get(B, 'list-type=2&prefix=k2')
etag = r.field('ETag')
check('replaced: If-Match fails',
      s3.get(B + '/k2', headers=[('If-Match', etag)]).said,
      (412, 'PreconditionFailed'))
check('.. the new bytes are there', s3.get(B + '/k2').body, BODY + b'\n')

# ---- Rules that are none.
for name, rule in (('unknown member', {'opp': 'GET'}),
                   ('unknown action', {'action': 'explode'}),
                   ('no object', 7), ('wrong type', {'times': 'x'}),
                   ('bad status', {'status': 99}),
                   ('bad escape', {'key': '%zz'})):
    check('refused: ' + name, control('POST', '/_control/faults', rule)[0], 400)
check('unknown control', control('GET', '/_control/none')[0], 404)

# ---- Counts and log.
control('POST', '/_control/reset')
s3.get(K)
s3.get(K)
s3.get(B + '/none')
s3.get(B, 'list-type=2')
s3.get(K, secret='wrong')
s3.get(K, headers=[('Range', 'bytes=0-9')])
st = control('GET', '/_status')[1]
check('counts by operation and status', st['by_operation'],
      {'GET': {'200': 2, '206': 1, '403': 1, '404': 1}, 'LIST': {'200': 1}})
check('counts by code', st['by_code'],
      {'NoSuchKey': 1, 'SignatureDoesNotMatch': 1})
check('counts by key', st['gets_by_key'], {'faults/k0': 4, 'faults/none': 1})
check('.. left out on demand',
      'gets_by_key' in control('GET', '/_status?keys=0')[1], False)
log = [json.loads(x) for x in s3.send('GET', '/_log', [(
    'Host', 'x')]).body.splitlines()]
check('the log', [(x['op'], x['key'], x['status']) for x in log],
      [('GET', 'k0', 200), ('GET', 'k0', 200), ('GET', 'none', 404),
       ('LIST', '', 200), ('GET', 'k0', 403), ('GET', 'k0', 206)])
check('.. with the range', log[5].get('range'), 'bytes=0-9')

# ---- Keys and tokens.
control('POST', '/_control/keys', {
    'access_key_id': 'TEMP', 'secret_access_key': 's', 'session_token': 'tok',
    'expires': '2099-01-01T00:00:00Z'})


def temp(token=None, **how):
    headers = [('x-amz-security-token', token)] if token else []
    return s3.get(K, headers=headers, key='TEMP', secret='s', **how)


check('a session token', temp('tok').said, 200)
check('.. missing', temp().said, (403, 'InvalidAccessKeyId'))
check('.. wrong', temp('other').said, (400, 'InvalidToken'))
check('.. not signed', temp('tok', unsigned=('x-amz-security-token',)).said,
      (403, 'AccessDenied'))
control('POST', '/_control/keys', {
    'access_key_id': 'TEMP', 'secret_access_key': 's', 'session_token': 'tok',
    'expires': '2001-01-01T00:00:00Z'})
check('.. past its time', temp('tok').said, (400, 'ExpiredToken'))
check('a key removed', (control('DELETE', '/_control/keys', {
    'access_key_id': 'TEMP'})[0], temp('tok').said),
    (200, (403, 'InvalidAccessKeyId')))

# ---- Regions and owner.
control('POST', '/_control/buckets', {'name': 'far', 'region': 'eu-west-1'})
r = s3.get('/far', 'list-type=2')
check('a bucket in another region', (r.said, r.field('Bucket'),
                                     r.headers.get('x-amz-bucket-region')),
      ((301, 'PermanentRedirect'), 'far', 'eu-west-1'))
r = s3.call('HEAD', '/far')
check('.. by HEAD', (r.status, r.headers.get('x-amz-bucket-region')),
      (301, 'eu-west-1'))
check('.. signed for that region',
      s3.get('/far', 'list-type=2', region='eu-west-1').said, 200)
r = s3.get('/far', 'list-type=2', region='eu-west-2')
check('.. signed for a third one', (r.said, r.field('Region')),
      ((400, 'AuthorizationHeaderMalformed'), 'eu-west-1'))
check('its location', s3.get('/far', 'location', region='eu-west-1').field(
    'LocationConstraint') is None, True)
for owner, want in (('111122223333', 200), ('1', (403, 'AccessDenied'))):
    check('expected bucket owner ' + owner, s3.get(K, headers=[(
        'x-amz-expected-bucket-owner', owner)]).said, want)

# ---- Clock.
control('POST', '/_control/clock', {'ahead_s': 3600})
r = s3.get(K)
check('a clock that is ahead', r.said, (403, 'RequestTimeTooSkewed'))
control('POST', '/_control/clock', {'ahead_s': 0})
check('.. set right again', s3.get(K).said, 200)

# ---- Many keys at once.
control('POST', '/_control/buckets', {'name': 'many'})
check('fill', control('POST', '/_control/fill', {
    'bucket': 'many', 'prefix': 'p/', 'count': 2500, 'size': 3})[0], 200)
r = s3.get('/many', 'list-type=2&start-after=p/000002498')
check('.. lists', (r.fields('Key'), r.field('Size')), (['p/000002499'], '3'))
check('.. and gets', s3.get('/many/p/000000000').body, b'\0\0\0')

# ---- What it does not have, and uploads refused early.
for name, query in (('versions', 'versions'), ('listing version 1', ''),
                    ('acl', 'acl')):
    check('not there: ' + name, s3.get(B, query).said, (501, 'NotImplemented'))
check('a long upload with a bad signature', s3.put(
    B + '/refused', b'x' * 3000000, secret='wrong').said,
    (403, 'SignatureDoesNotMatch'))
s3.close()
check('.. is answered at once when the client waits to hear', s3.send(
    'PUT', B + '/refused', [('Host', 'x'), ('Expect', '100-continue'),
                            ('Content-Length', '3000000')],
    length=False).said, (403, 'AccessDenied'))
r = s3.put('/faults-no-bucket/k', b'x' * 1000)
check('a short upload to no bucket keeps the connection',
      (r.said, s3.conn is not None), ((404, 'NoSuchBucket'), True))

sys.exit(failed)
