"""A raw S3 client for probes: signs as told, and wrongly when told so.

Written from the AWS documents, with nothing but Python's library, and sharing
no code with the filters, with s3put or with s3sim: it is a third opinion on
what a signature is.
"""
import datetime
import hashlib
import hmac
import html
import http.client
import os
import re
import urllib.parse

EMPTY = hashlib.sha256(b'').hexdigest()


def quote(data, safe=''):
    return urllib.parse.quote(data, safe=safe + '-._~')


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def field(self, name):
        m = re.search(b'<%s>([^<]*)</%s>' % (name.encode(), name.encode()),
                      self.body)
        return html.unescape(m.group(1).decode('utf8', 'replace')) if m else None

    def fields(self, name, where=None):
        body = self.body
        if where:
            body = b''.join(re.findall(b'<%s>.*?</%s>' % (
                where.encode(), where.encode()), body, re.S))
        return [html.unescape(x.decode('utf8', 'surrogateescape')) for x in
                re.findall(b'<%s>([^<]*)</%s>' % (name.encode(), name.encode()),
                           body)]

    @property
    def code(self):
        return self.field('Code')

    @property
    def said(self):
        """What most probes look at: the status, and the code of an error."""
        return (self.status, self.code) if self.status >= 300 else self.status


class S3:
    def __init__(self, endpoint):
        u = urllib.parse.urlsplit(endpoint)
        self.host, self.port = u.hostname, u.port
        self.key = os.environ['AWS_ACCESS_KEY_ID']
        self.secret = os.environ['AWS_SECRET_ACCESS_KEY']
        self.region = os.environ.get('AWS_REGION', 'us-east-1')
        self.timeout = 30  # seconds without a byte
        self.conn = None

    def close(self):
        if self.conn:
            self.conn.close()
        self.conn = None

    def send(self, method, target, headers, body=b'', length=True):
        """Send exactly this; the connection is kept."""
        for attempt in (1, 2):
            fresh = self.conn is None
            if fresh:
                self.conn = http.client.HTTPConnection(
                    self.host, self.port, timeout=self.timeout)
            try:
                self.conn.putrequest(method, target, skip_host=True,
                                     skip_accept_encoding=True)
                for name, value in headers:
                    self.conn.putheader(name, value)
                if length and (body or method in ('PUT', 'POST')):
                    self.conn.putheader('Content-Length', str(len(body)))
                self.conn.endheaders(body or None)
                r = self.conn.getresponse()
                data = r.read()
            except (http.client.HTTPException, OSError):
                self.close()
                if fresh or attempt == 2:
                    raise
                continue
            if r.will_close:
                self.close()
            return Reply(r.status,
                         {k.lower(): v for k, v in r.getheaders()}, data)

    def sign(self, method, path, query, headers, *, payload, key=None,
             secret=None, region=None, service='s3', time=None, date=None,
             unsigned=()):
        """The Authorization header for these (path and query as sent)."""
        time = time or datetime.datetime.now(datetime.timezone.utc)
        stamp = time.strftime('%Y%m%dT%H%M%SZ')
        date = date or stamp[:8]
        region = region or self.region
        if payload is not None:
            headers.append(('x-amz-content-sha256', payload))
        headers.append(('x-amz-date', stamp))
        names = sorted({n.lower() for n, _ in headers} - set(unsigned))
        canonical_headers = ''.join('%s:%s\n' % (n, ','.join(
            ' '.join(v.split()) for k, v in headers if k.lower() == n))
            for n in names)
        pairs = [p.partition('=') for p in query.split('&') if p]
        canonical_query = '&'.join('%s=%s' % (
            quote(urllib.parse.unquote_to_bytes(k.replace('+', ' '))),
            quote(urllib.parse.unquote_to_bytes(v.replace('+', ' '))))
            for k, _, v in sorted(
                pairs, key=lambda t: (quote(urllib.parse.unquote_to_bytes(t[0])),
                                      quote(urllib.parse.unquote_to_bytes(t[2])))))
        canonical = '\n'.join([
            method, quote(urllib.parse.unquote_to_bytes(path), '/'),
            canonical_query, canonical_headers, ';'.join(names),
            payload if payload is not None else EMPTY])
        scope = '%s/%s/%s/aws4_request' % (date, region, service)
        text = '\n'.join(['AWS4-HMAC-SHA256', stamp, scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        k = ('AWS4' + (secret or self.secret)).encode()
        for part in (date, region, service, 'aws4_request'):
            k = mac(k, part)
        return 'AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, ' \
            'Signature=%s' % (key or self.key, scope, ';'.join(names),
                              mac(k, text).hex())

    def call(self, method, path, query='', headers=(), body=b'', *, host=None,
             payload='hash', alter=None, target=None, **how):
        """Sign and send.  path and query are as sent, percent-encoded.
        alter(headers) changes them after signing; target replaces the target.
        """
        if payload == 'hash':
            payload = hashlib.sha256(body).hexdigest()
        all_headers = [('Host', host or '%s:%d' % (self.host, self.port))]
        all_headers += list(headers)
        auth = self.sign(method, path, query, all_headers, payload=payload,
                         **how)
        all_headers.append(('Authorization', auth))
        if alter:
            all_headers = alter(all_headers)
        return self.send(method, target or path + ('?' + query if query else ''),
                         all_headers, body)

    def presign(self, path, expires=60, **how):
        """The target of a presigned GET."""
        time = how.pop('time', None) or datetime.datetime.now(
            datetime.timezone.utc)
        stamp = time.strftime('%Y%m%dT%H%M%SZ')
        scope = '%s/%s/s3/aws4_request' % (stamp[:8], self.region)
        query = '&'.join('X-Amz-%s=%s' % (k, quote(v)) for k, v in sorted({
            'Algorithm': 'AWS4-HMAC-SHA256',
            'Credential': '%s/%s' % (self.key, scope), 'Date': stamp,
            'Expires': str(expires), 'SignedHeaders': 'host'}.items()))
        host = '%s:%d' % (self.host, self.port)
        canonical = '\n'.join(['GET', path, query, 'host:%s\n' % host, 'host',
                               'UNSIGNED-PAYLOAD'])
        text = '\n'.join(['AWS4-HMAC-SHA256', stamp, scope,
                          hashlib.sha256(canonical.encode()).hexdigest()])
        k = ('AWS4' + self.secret).encode()
        for part in (stamp[:8], self.region, 's3', 'aws4_request'):
            k = mac(k, part)
        return '%s?%s&X-Amz-Signature=%s' % (path, query, mac(k, text).hex())

    # What most probes need.
    def get(self, path, query='', headers=(), **how):
        return self.call('GET', path, query, headers, **how)

    def put(self, path, body=b'', headers=(), **how):
        return self.call('PUT', path, '', headers, body, **how)
