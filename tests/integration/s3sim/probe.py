"""One table of probes, for s3sim and for Ceph RGW: probe.py ENDPOINT sim|rgw

Prints a line of TAP a probe, without numbers and plan.  Each probe says what S3
answers, which s3sim must answer too.  Where RGW (16.2, 18.2) is known to do otherwise
the probe says what and why, and RGW may do either: later versions come closer.
"""
import datetime
import hashlib
import os
import re
import sys
import urllib.parse
import xml.etree.ElementTree as ET

from s3raw import S3, quote

s3 = S3(sys.argv[1])
rgw = sys.argv[2] == 'rgw'
B = '/probe-%d' % os.getpid()
failed = False


def probe(name, got, want, **other):
    """got == want?  rgw=(what RGW may answer instead, why), where a list
    holds several such answers."""
    global failed
    note = ''
    if rgw and 'rgw' in other and got != want:
        want, why = other['rgw']
        if isinstance(want, list) and got in want:
            want = got
        note = ' (%s)' % why
    ok = got == want
    failed |= not ok
    print('%sok - %s%s%s' % ('' if ok else 'not ', 'rgw: ' if rgw else '',
                             name.replace('#', 'hash'), note))
    if not ok:
        print('#  got: %r\n# want: %r' % (got, want))
    sys.stdout.flush()


def ago(seconds):
    return datetime.datetime.now(datetime.timezone.utc) - \
        datetime.timedelta(seconds=seconds)


def without(name):
    return lambda hs: [h for h in hs if h[0].lower() != name]


def plus(name, value):
    return lambda hs: hs + [(name, value)]


def change(name, old, new):
    return lambda hs: [(n, v.replace(old, new) if n.lower() == name else v)
                       for n, v in hs]


# ---- Buckets and plain objects.
probe('create a bucket', s3.put(B).said, 200)
probe('create it again', s3.put(B).status in (200, 409), True)
r = s3.put(B + '/hello', b'hello world', [('Content-Type', 'text/plain')])
MD5 = hashlib.md5(b'hello world').hexdigest()
probe('PUT replies with the ETag', (r.said, r.headers.get('etag')),
      (200, '"%s"' % MD5))
r = s3.get(B + '/hello')
probe('GET returns bytes, ETag, type, range support',
      (r.status, r.body, r.headers['etag'], r.headers['content-type'],
       r.headers['accept-ranges']),
      (200, b'hello world', '"%s"' % MD5, 'text/plain', 'bytes'))
probe('Last-Modified is an HTTP date', bool(re.fullmatch(
    r'\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT',
    r.headers['last-modified'])), True)
probe('replies carry x-amz-request-id', bool(r.headers.get('x-amz-request-id')),
      True)
probe('replies carry x-amz-id-2', bool(r.headers.get('x-amz-id-2')), True,
      rgw=(False, 'RGW has no such header'))
r = s3.call('HEAD', B + '/hello')
probe('HEAD has the length and no body',
      (r.status, r.headers['content-length'], r.body), (200, '11', b''))
s3.put(B + '/empty', b'')
r = s3.get(B + '/empty')
probe('an empty object', (r.status, r.body, r.headers['content-length']),
      (200, b'', '0'))
s3.put(B + '/z.json.gz', b'\x1f\x8b no gzip', [('Content-Encoding', 'gzip')])
r = s3.get(B + '/z.json.gz')
probe('Content-Encoding is kept, the bytes are not touched',
      (r.headers.get('content-encoding'), r.body), ('gzip', b'\x1f\x8b no gzip'))
probe('If-None-Match: * on PUT does not overwrite',
      s3.put(B + '/hello', b'other', [('If-None-Match', '*')]).said,
      (412, 'PreconditionFailed'))
s3.put(B + '/gone', b'x')
probe('DELETE', s3.call('DELETE', B + '/gone').said, 204)
probe('DELETE of what is not there',
      s3.call('DELETE', B + '/gone').said, 204)
probe('DELETE of a bucket with objects', s3.call('DELETE', B).said,
      (409, 'BucketNotEmpty'))

# ---- Errors.
r = s3.get(B + '/no%20such')
probe('NoSuchKey', (r.said, r.field('Key')),
      ((404, 'NoSuchKey'), 'no such'),
      rgw=(((404, 'NoSuchKey'), None), 'RGW names the bucket, not the key'))
probe('an error names RequestId and HostId',
      (r.field('RequestId') == r.headers['x-amz-request-id'],
       bool(r.field('HostId'))), (True, True))
r = s3.call('HEAD', B + '/nope')
probe('HEAD of no key: 404 without a body', (r.status, r.body), (404, b''))
probe('NoSuchBucket', s3.get('/no-such-bucket-xyz', 'list-type=2').said,
      (404, 'NoSuchBucket'))
probe('NoSuchBucket for a GET', s3.get('/no-such-bucket-xyz/key').said,
      (404, 'NoSuchBucket'))
probe('a key of 1024 bytes', s3.put(B + '/k/' + 1022 * 'x', b'1').said, 200)
probe('a key of 1025 bytes', s3.put(B + '/k/' + 1023 * 'x', b'1').said,
      (400, 'KeyTooLongError'),
      rgw=((400, 'InvalidObjectName'), 'RGW calls it by another name'))
probe('POST to an object', s3.call('POST', B + '/hello').said,
      (405, 'MethodNotAllowed'),
      rgw=((400, 'InvalidArgument'), 'RGW takes it for an upload by a form'))
probe('versionId of no version',
      s3.get(B + '/hello', 'versionId=' + 32 * '0').said,
      (404, 'NoSuchVersion'),
      rgw=((404, 'NoSuchKey'), 'RGW calls it by another name'))

# ---- Conditions and ranges.
big = bytes(range(256)) * 4096
s3.put(B + '/big', big)
for text, status, want, where in (
        ('bytes=0-9', 206, big[:10], 'bytes 0-9/1048576'),
        ('bytes=-10', 206, big[-10:], 'bytes 1048566-1048575/1048576'),
        ('bytes=1048570-', 206, big[-6:], 'bytes 1048570-1048575/1048576'),
        ('bytes=1048570-9999999', 206, big[-6:],
         'bytes 1048570-1048575/1048576'),
        ('bytes=-9999999', 206, big, 'bytes 0-1048575/1048576')):
    r = s3.get(B + '/big', headers=[('Range', text)])
    probe('Range: ' + text,
          (r.status, r.body == want, r.headers.get('content-range'),
           r.headers['content-length']), (status, True, where, str(len(want))))
r = s3.get(B + '/big', headers=[('Range', 'bytes=2000000-')])
probe('a range behind the end', r.said, (416, 'InvalidRange'))
r = s3.get(B + '/big', headers=[('Range', 'lines=1-2')])
probe('an unknown unit is ignored', (r.status, len(r.body)), (200, 1048576))
etag = '"%s"' % hashlib.md5(big).hexdigest()
wrong = '"%s"' % (32 * '0')
probe('If-Match', s3.get(B + '/big', headers=[('If-Match', etag)]).status, 200)
probe('If-Match of another ETag',
      s3.get(B + '/big', headers=[('If-Match', wrong)]).said,
      (412, 'PreconditionFailed'))
probe('.. with a range',
      s3.get(B + '/big', headers=[('If-Match', wrong),
                                  ('Range', 'bytes=5-9')]).said,
      (412, 'PreconditionFailed'))
r = s3.get(B + '/big', headers=[('If-None-Match', etag)])
probe('If-None-Match of the same ETag', (r.status, r.body), (304, b''))
probe('If-Unmodified-Since of long ago',
      s3.get(B + '/big', headers=[(
          'If-Unmodified-Since', 'Mon, 01 Jan 2001 00:00:00 GMT')]).said,
      (412, 'PreconditionFailed'))
probe('If-Modified-Since of long ago',
      s3.get(B + '/big', headers=[(
          'If-Modified-Since', 'Mon, 01 Jan 2001 00:00:00 GMT')]).status, 200)

# ---- Signatures.
H = B + '/hello'
probe('a good signature', s3.get(H).said, 200)
r = s3.get(H, secret='wrong')
probe('wrong secret', r.said, (403, 'SignatureDoesNotMatch'))
probe('.. and S3 says what should have been signed',
      all(r.field(x) for x in ('AWSAccessKeyId', 'StringToSign',
                               'SignatureProvided', 'CanonicalRequest',
                               'StringToSignBytes', 'CanonicalRequestBytes')),
      True, rgw=(False, 'RGW does not'))
probe('unknown key', s3.get(H, key='AKIDOESNOTEXIST').said,
      (403, 'InvalidAccessKeyId'))
probe('no signature', s3.get(H, alter=without('authorization')).said,
      (403, 'AccessDenied'))
probe('another path than was signed',
      s3.get(B + '/other', target=H).said, (403, 'SignatureDoesNotMatch'))
probe('another query than was signed',
      s3.get(B, 'list-type=2&prefix=a', target=B + '?list-type=2&prefix=b').said,
      (403, 'SignatureDoesNotMatch'))
probe('another method than was signed',
      s3.send('HEAD', H, [('Host', '%s:%d' % (s3.host, s3.port))]).status, 403)
probe('another header value than was signed',
      s3.get(H, headers=[('x-amz-meta-a', 'b')],
             alter=change('x-amz-meta-a', 'b', 'c')).said,
      (403, 'SignatureDoesNotMatch'))
probe('an x-amz header that is not signed',
      s3.get(H, alter=plus('x-amz-meta-a', 'b')).said, (403, 'AccessDenied'),
      rgw=(200, 'RGW does not demand it'))
probe('x-amz-content-sha256 sent but not signed',
      s3.get(H, unsigned=('x-amz-content-sha256',)).said, (403, 'AccessDenied'),
      rgw=(200, 'RGW does not demand it'))
probe('no x-amz-content-sha256', s3.get(H, payload=None).said,
      (400, 'InvalidRequest'),
      rgw=((403, 'SignatureDoesNotMatch'), 'RGW assumes UNSIGNED-PAYLOAD'))
probe('x-amz-content-sha256 that is none', s3.get(H, payload='abc').said,
      (400, 'InvalidArgument'),
      rgw=([200, (400, 'XAmzContentSHA256Mismatch')],
           '16.2 heeds it for bodies alone, 18.2 reports another error'))
probe('UNSIGNED-PAYLOAD', s3.get(H, payload='UNSIGNED-PAYLOAD').said, 200)
probe('body is not that of x-amz-content-sha256',
      s3.put(B + '/bad', b'abc', payload=hashlib.sha256(b'z').hexdigest()).said,
      (400, 'XAmzContentSHA256Mismatch'))
probe('.. and nothing is kept of it', s3.get(B + '/bad').said,
      (404, 'NoSuchKey'))
probe('Content-MD5 that is not the body\'s',
      s3.put(B + '/bad', b'abc',
             [('Content-MD5', '1B2M2Y8AsgTpgAmY7PhCfg==')]).said,
      (400, 'BadDigest'))
for seconds, want in ((890, 200), (-890, 200),
                      (910, (403, 'RequestTimeTooSkewed')),
                      (-910, (403, 'RequestTimeTooSkewed'))):
    probe('a request made %d s ago' % seconds,
          s3.get(H, time=ago(seconds)).said, want)
probe('no date', s3.get(H, alter=without('x-amz-date')).said,
      (403, 'AccessDenied'))
probe('a scope of another day',
      s3.get(H, date='20200101').said, (400, 'AuthorizationHeaderMalformed'),
      rgw=(200, 'RGW does not compare the two'))
r = s3.get(H, region='eu-west-3')
probe('another region in the scope', (r.said, r.field('Region')),
      ((400, 'AuthorizationHeaderMalformed'), 'us-east-1'),
      rgw=((200, None), 'RGW does not check the region'))
probe('another service in the scope', s3.get(H, service='sqs').said,
      (400, 'AuthorizationHeaderMalformed'),
      rgw=(200, 'RGW does not check the service'))
probe('Authorization cut short',
      s3.get(H, alter=change('authorization', 'Signature=', 'Sgnature=')).said,
      (400, 'AuthorizationHeaderMalformed'),
      rgw=((400, 'InvalidArgument'), 'RGW reports something else'))
probe('signature version 2',
      s3.get(H, alter=lambda hs: without('authorization')(hs) +
             [('Authorization', 'AWS a:b')]).said, (400, 'InvalidRequest'),
      rgw=((403, 'InvalidAccessKeyId'), 'RGW still knows version 2'))
probe('a session token with a lasting key',
      s3.get(H, headers=[('x-amz-security-token', 'bogus')]).said,
      (400, 'InvalidToken'), rgw=(200, 'RGW ignores it, its STS is off'))
probe('spaces around and inside header values',
      s3.get(H, headers=[('x-amz-meta-a', '  a   b  ')]).said, 200)
probe('parameters in any order, with and without values',
      s3.get(B, 'prefix=h&list-type=2&delimiter=&fetch-owner').said, 200)
probe('lower-case escapes in the path',
      s3.get(B + '/%68ello', target=B + '/%68ello').said, 200)
probe('presigned URL', s3.send('GET', s3.presign(H), [(
    'Host', '%s:%d' % (s3.host, s3.port))]).said, 200)
probe('presigned URL, changed', s3.send('GET', s3.presign(H)[:-4] + 'ffff', [(
    'Host', '%s:%d' % (s3.host, s3.port))]).said,
    (403, 'SignatureDoesNotMatch'))
probe('presigned URL, too old', s3.send(
    'GET', s3.presign(H, time=ago(120)),
    [('Host', '%s:%d' % (s3.host, s3.port))]).said, (403, 'AccessDenied'))

# ---- Keys of all kinds.
ugly = [b'a b', b'plus+plus', b'per%cent', b'amp&amp', b'eq=eq', b'semi;',
        b'hash#', b'quest?x', b'quote"', b"apos'", b'lt<gt>', b'dbl//slash',
        b'/lead', b'//lead', b'dot/./x', b'dotdot/../x', b'..', b'.',
        b'tilde~', b'star*', b'(paren)', b'[brack]', b'colon:', b'@at,comma',
        b'trail/', b'back\\slash', b'{brace}|^`', '日本語'.encode(),
        'e\u0301 \U0001f600'.encode(), b'ctl\x01\x1f\x7f', b'tab\tnl\ncr\r',
        b'%2F%2f+%20', b'_status', b'_control/faults']
s3.put(B + '-keys')
K = B + '-keys'
for key in ugly:
    path = '%s/%s' % (K, quote(key, '/'))
    put = s3.put(path, key)
    got = s3.get(path)
    probe('key %s' % quote(key, '/'),
          (put.said, got.status, got.body), (200, 200, key))
path = K + '/' + quote(b'caf\xe9\xff\xfe')
put = s3.put(path, b'x')
probe('a key that is not UTF-8', put.said, 200,
      rgw=((400, 'InvalidObjectName'), 'S3 and RGW refuse it, s3sim does not'))
path = K + '/' + quote(b'esc(all)')
probe('a key escaped more than it needs', (
    s3.put(path, b'1').said, s3.get(K + '/esc(all)', target=K +
                                    '/%65sc(all)').status), (200, 200))
probe('a plus that is not escaped in a path',
      s3.get(K + '/plus+plus').said, (403, 'SignatureDoesNotMatch'),
      rgw=(200, 'in a path S3 takes + for a space, RGW does not'))
r = s3.get(K, 'list-type=2&encoding-type=url')
listed = [urllib.parse.unquote_to_bytes(k.replace('+', ' '))
          for k in r.fields('Key')]
allkeys = sorted(ugly + [b'esc(all)'] +
                 ([b'caf\xe9\xff\xfe'] if put.status == 200 else []))
probe('the listing of all of them, in byte order', listed, allkeys)
probe('encoding-type=url escapes as S3 does',
      [k for k in r.fields('Key') if re.fullmatch('(a.*b|dbl.*)', k)],
      ['a+b', 'dbl//slash'],
      rgw=(['a%20b', 'dbl%2F%2Fslash'], 'RGW escapes the slash and space'))
ET.fromstring(r.body)
r = s3.get(K, 'list-type=2&prefix=ctl')
try:
    ET.fromstring(r.body)
    valid = True
except ET.ParseError:
    valid = False
probe('without encoding-type a control character makes bad XML', valid, False)

# ---- Listings.
keys = ['logs/%02d/f%05d' % (i // 100, i) for i in range(1205)]
for k in keys:
    s3.put('%s/%s' % (B, k), b'x')


def pages(query, field='Key', where=None, limit=2000):
    """All names of a listing, and how many pages it took."""
    names, n, token = [], 0, ''
    while n < limit:
        r = s3.get(B, 'list-type=2&%s%s' % (query, token))
        n += 1
        names += r.fields(field, where)
        if r.field('IsTruncated') != 'true':
            return names, n
        token = '&continuation-token=' + quote(r.field('NextContinuationToken'))
    return None, n


r = s3.get(B, 'list-type=2&prefix=logs%2F')
root = ET.fromstring(r.body)
NS = '{http://s3.amazonaws.com/doc/2006-03-01/}'
probe('the root element and its namespace', root.tag, NS + 'ListBucketResult')
one = root.find(NS + 'Contents')
probe('an entry', (one.findtext(NS + 'Key'), one.findtext(NS + 'Size'),
                   one.findtext(NS + 'ETag'),
                   one.findtext(NS + 'StorageClass'),
                   one.find(NS + 'Owner') is None),
      (keys[0], '1', '"%s"' % hashlib.md5(b'x').hexdigest(), 'STANDARD', True))
probe('LastModified in whole seconds', bool(re.fullmatch(
    r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z',
    one.findtext(NS + 'LastModified'))), True,
    rgw=(False, 'RGW keeps milliseconds'))
probe('Name, Prefix, MaxKeys, KeyCount, IsTruncated',
      [r.field(x) for x in ('Name', 'Prefix', 'MaxKeys', 'KeyCount',
                            'IsTruncated')],
      [B[1:], 'logs/', '1000', '1000', 'true'])
probe('the ETag is quoted as &quot;', b'<ETag>&quot;' in r.body, True)
probe('fetch-owner', 'Owner' in s3.get(
    B, 'list-type=2&max-keys=1&fetch-owner=true').body.decode(), True)
probe('1205 keys in two pages', pages('prefix=logs%2F'), (keys, 2))
probe('.. and in pages of 97', pages('prefix=logs%2F&max-keys=97'), (keys, 13))
probe('a last page that is just full',
      pages('prefix=logs%2F00%2F&max-keys=50'), (keys[:100], 2))
probe('start-after a key', pages('prefix=logs%2F&start-after=' + keys[1199]),
      (keys[1200:], 1))
probe('start-after between keys',
      pages('prefix=logs%2F&start-after=' + keys[1199] + '0'),
      (keys[1200:], 1))
probe('start-after before the prefix', pages('prefix=logs%2F12&start-after=a'),
      (keys[1200:], 1))
probe('start-after behind the prefix', pages('prefix=logs%2F&start-after=zz'),
      ([], 1))
probe('start-after and pages',
      pages('prefix=logs%2F&max-keys=500&start-after=' + keys[9]),
      (keys[10:], 3))
days = ['logs/%02d/' % i for i in range(13)]
probe('delimiter', pages('prefix=logs%2F&delimiter=%2F', 'Prefix',
                         'CommonPrefixes'), (days, 1))
probe('delimiter in pages', pages('prefix=logs%2F&delimiter=%2F&max-keys=5',
                                  'Prefix', 'CommonPrefixes'), (days, 3))
r = s3.get(B, 'list-type=2&delimiter=%2F')
probe('delimiter at the root: keys and prefixes, counted together',
      (r.fields('Key'), r.fields('Prefix', 'CommonPrefixes'),
       r.field('KeyCount')),
      (['big', 'empty', 'hello', 'z.json.gz'], ['k/', 'logs/'], '6'))
probe('a delimiter of several characters',
      pages('prefix=logs%2F00%2F&delimiter=f00', 'Prefix', 'CommonPrefixes'),
      (['logs/00/f00'], 1))
r = s3.get(B, 'list-type=2&max-keys=0')
probe('max-keys=0', (r.fields('Key'), r.field('IsTruncated')), ([], 'false'))
r = s3.get(B, 'list-type=2&max-keys=5000&prefix=logs%2F')
probe('max-keys over 1000', (len(r.fields('Key')), r.field('MaxKeys')),
      (1000, '1000'))
probe('max-keys that is no number', s3.get(B, 'list-type=2&max-keys=x').said,
      (400, 'InvalidArgument'))
probe('a continuation token that is none',
      s3.get(B, 'list-type=2&continuation-token=garbage').said,
      (400, 'InvalidArgument'),
      rgw=(200, 'for RGW any key is a token'))
r = s3.get(B, 'list-type=2&max-keys=1')
token = r.field('NextContinuationToken')
probe('a token says nothing of the key', token == r.field('Key'), False,
      rgw=(True, 'for RGW the key is the token'))
probe('a token of another bucket', s3.get(
    K, 'list-type=2&continuation-token=' + quote(token)).said,
    (400, 'InvalidArgument'), rgw=(200, 'for RGW any key is a token'))
r = s3.get(B, 'list-type=2&prefix=none%20%26such%2F')
probe('nothing found', (r.status, r.fields('Key'), r.field('KeyCount'),
                        r.field('Prefix')), (200, [], '0', 'none &such/'))
r = s3.get(B, 'list-type=2&encoding-type=url&prefix=none%20such%2F')
probe('the prefix is escaped as well', (r.field('Prefix'),
                                        r.field('EncodingType')),
      ('none+such/', 'url'),
      rgw=(('none such/', 'url'), 'RGW escapes keys alone'))
probe('encoding-type unknown', s3.get(B, 'list-type=2&encoding-type=x').said,
      (400, 'InvalidArgument'), rgw=(200, 'RGW ignores it'))

# ---- Virtual-host style.
V = '%s.localhost:%d' % (B[1:], s3.port)
probe('virtual-host: GET', s3.get('/hello', host=V).body, b'hello world')
probe('virtual-host: list',
      s3.get('/', 'list-type=2&prefix=hell', host=V).fields('Key'), ['hello'])
probe('virtual-host: a key that begins with a slash', (
    s3.put('//x', b'y', host=V).said, s3.get(B + '//x').body), (200, b'y'))

sys.exit(failed)
