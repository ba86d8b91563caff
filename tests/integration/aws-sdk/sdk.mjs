// Amazon's own client against the S3 simulator: what it sends must be accepted,
// and what S3 answers it must understand.  Prints TAP.  Set up by aws-sdk.t.
import assert from 'node:assert/strict';
import {
  CreateBucketCommand, DeleteBucketCommand, DeleteObjectCommand, GetBucketLocationCommand,
  GetObjectCommand, HeadBucketCommand, HeadObjectCommand, ListBucketsCommand,
  ListObjectsV2Command, paginateListObjectsV2, PutObjectCommand, S3Client,
} from '@aws-sdk/client-s3';

const { S3SIM_URL } = process.env;
const Bucket = 'sdk-bucket';

// Credentials and region come from the environment, as for the filters.
const make = (more = {}) => new S3Client({
  endpoint: S3SIM_URL, forcePathStyle: true, maxAttempts: 3, retryMode: 'standard', ...more,
});
const s3 = make();

async function control(what, body) {
  const r = await fetch(`${S3SIM_URL}/_control/${what}`, { method: 'POST', body: JSON.stringify(body ?? {}) });
  assert.equal(r.status, 200, `control ${what}`);
}
const status = async () => (await fetch(`${S3SIM_URL}/_status`)).json();
const put = (Key, Body, more = {}) => s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key, more = {}, using = s3) => using.send(new GetObjectCommand({ Bucket, Key, ...more }));
const text = async (Key, more, using) => (await get(Key, more, using)).Body.transformToString();

async function fails(promise, name, http) {
  try {
    await promise;
  } catch (e) {
    assert.equal(e.name, name);
    assert.equal(e.$metadata.httpStatusCode, http);
    return e;
  }
  return assert.fail('it succeeded');
}

const ugly = [
  'a b', 'plus+plus', 'per%cent%2F', 'amp&amp;', 'eq=eq', 'semi;', 'hash#', 'quest?x', 'quote"', "apos'", 'lt<gt>',
  'dbl//slash', 'dot/./x', 'dotdot/../x', 'tilde~', 'star*', '(paren)', '!bang', 'colon:', '@at,comma', 'trail/', 'back\\slash',
  '日本語', 'e\u0301 \u{1f600}', 'ctl\x01x', 'tab\t.', '_status',
];

const tests = {
  async 'buckets: create, head, list, location'() {
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new HeadBucketCommand({ Bucket }));
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    assert.ok(Buckets.some((b) => b.Name === Bucket && b.CreationDate instanceof Date));
    const where = await s3.send(new GetBucketLocationCommand({ Bucket }));
    assert.equal(where.LocationConstraint ?? '', '');
    await fails(s3.send(new HeadBucketCommand({ Bucket: 'sdk-none' })), 'NotFound', 404);
  },
  async 'put with its default checksum, get it verified'() {
    const sent = await put('hello', 'hello world', { ContentType: 'text/plain' });
    assert.equal(sent.ETag, '"5eb63bbbe01eeed093cb22bb8f5acdc3"');
    const got = await get('hello');
    assert.equal(got.ETag, sent.ETag);
    assert.equal(got.ContentType, 'text/plain');
    assert.equal(got.ContentLength, 11);
    assert.ok(got.ChecksumCRC32, 'a checksum came back');
    assert.ok(got.LastModified instanceof Date);
    assert.equal(await got.Body.transformToString(), 'hello world');
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'hello' }));
    assert.equal(head.ContentLength, 11);
    await put('empty', '');
    assert.equal(await text('empty'), '');
  },
  async 'gzip bytes stay gzip bytes'() {
    await put('x.json.gz', Buffer.from([31, 139, 8, 0]), { ContentEncoding: 'gzip' });
    const got = await get('x.json.gz');
    assert.equal(got.ContentEncoding, 'gzip');
    assert.deepEqual([...await got.Body.transformToByteArray()], [31, 139, 8, 0]);
  },
  async 'ranges'() {
    assert.equal(await text('hello', { Range: 'bytes=0-4' }), 'hello');
    assert.equal(await text('hello', { Range: 'bytes=-5' }), 'world');
    const part = await get('hello', { Range: 'bytes=6-' });
    assert.equal(part.ContentRange, 'bytes 6-10/11');
    assert.equal(await part.Body.transformToString(), 'world');
    await fails(get('hello', { Range: 'bytes=11-' }), 'InvalidRange', 416);
  },
  async 'conditions'() {
    const { ETag } = await get('hello');
    assert.equal(await text('hello', { IfMatch: ETag }), 'hello world');
    await fails(get('hello', { IfMatch: '"0"' }), 'PreconditionFailed', 412);
    await fails(get('hello', { IfNoneMatch: ETag }), 'Unknown', 304); // no body, so no name
    await fails(put('hello', 'x', { IfNoneMatch: '*' }), 'PreconditionFailed', 412);
  },
  async 'keys of all kinds, got and listed'() {
    for (const key of ugly) {
      await put(`ugly/${key}`, key);
      assert.equal(await text(`ugly/${key}`), key);
    }
    const want = ugly.map((k) => `ugly/${k}`).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const byUrl = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'ugly/', EncodingType: 'url' }));
    assert.deepEqual(byUrl.Contents.map((o) => decodeURIComponent(o.Key.replaceAll('+', ' '))), want);
    const plain = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'ugly/dbl//' }));
    assert.deepEqual(plain.Contents.map((o) => o.Key), ['ugly/dbl//slash']);
  },
  async 'a listing of 2,500 keys by its paginator'() {
    await control('fill', { bucket: Bucket, prefix: 'many/', count: 2500, size: 3 });
    const sizes = [];
    let last;
    for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix: 'many/' })) {
      sizes.push(page.Contents.length);
      for (const o of page.Contents) {
        assert.ok(last === undefined || o.Key > last);
        assert.equal(o.Size, 3);
        assert.match(o.ETag, /^"[0-9a-f]{32}"$/);
        assert.ok(o.LastModified instanceof Date);
        last = o.Key;
      }
    }
    assert.deepEqual(sizes, [1000, 1000, 500]);
    const after = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'many/', StartAfter: 'many/000002497' }));
    assert.deepEqual(after.Contents.map((o) => o.Key), ['many/000002498', 'many/000002499']);
  },
  async 'a delimiter'() {
    const r = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: '/', MaxKeys: 100 }));
    assert.deepEqual(r.Contents.map((o) => o.Key), ['empty', 'hello', 'x.json.gz']);
    assert.deepEqual(r.CommonPrefixes.map((p) => p.Prefix), ['many/', 'ugly/']);
    assert.equal(r.KeyCount, 5);
  },
  async 'errors are known by their names'() {
    const e = await fails(get('none'), 'NoSuchKey', 404);
    assert.match(e.$metadata.requestId, /^[0-9A-F]{16}$/);
    assert.ok(e.$metadata.extendedRequestId);
    await fails(s3.send(new ListObjectsV2Command({ Bucket: 'sdk-none' })), 'NoSuchBucket', 404);
    await fails(s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: 'x' })), 'InvalidArgument', 400);
    await fails(s3.send(new DeleteBucketCommand({ Bucket })), 'BucketNotEmpty', 409);
  },
  async 'bad credentials are refused'() {
    const accessKeyId = process.env.AWS_ACCESS_KEY_ID;
    const secretAccessKey = process.env.AWS_SECRET_ACCESS_KEY;
    const as = (credentials) => get('hello', {}, make({ credentials }));
    await fails(as({ accessKeyId, secretAccessKey: 'wrong' }), 'SignatureDoesNotMatch', 403);
    await fails(as({ accessKeyId: 'NOBODY', secretAccessKey }), 'InvalidAccessKeyId', 403);
    await fails(as({ accessKeyId, secretAccessKey, sessionToken: 'x' }), 'InvalidToken', 400);
    await control('keys', { access_key_id: 'TEMP', secret_access_key: 's', session_token: 'a/b+c=' });
    assert.equal(await text('hello', {}, make({ credentials: { accessKeyId: 'TEMP', secretAccessKey: 's', sessionToken: 'a/b+c=' } })), 'hello world');
  },
  async 'another region, and the way there'() {
    await control('buckets', { name: 'sdk-far', region: 'eu-west-1' });
    const e = await fails(s3.send(new ListObjectsV2Command({ Bucket: 'sdk-far' })), 'PermanentRedirect', 301);
    assert.equal(e.$response.headers['x-amz-bucket-region'], 'eu-west-1');
    await make({ region: 'eu-west-1' }).send(new ListObjectsV2Command({ Bucket: 'sdk-far' }));
    await make({ followRegionRedirects: true }).send(new ListObjectsV2Command({ Bucket: 'sdk-far' }));
  },
  async 'it retries what it should'() {
    for (const rule of [{ action: 'slowdown' }, { action: 'internal' }, { action: 'reset' }, { action: 'close' }]) {
      await control('reset');
      await control('faults', { op: 'GET', times: 2, ...rule });
      assert.equal(await text('hello'), 'hello world');
      assert.equal((await status()).gets_by_key[`${Bucket}/hello`], 3, rule.action);
    }
    await control('reset');
    await control('faults', { op: 'GET', action: 'denied' });
    await fails(get('hello'), 'AccessDenied', 403);
    assert.equal((await status()).gets_by_key[`${Bucket}/hello`], 1);
    await control('reset');
  },
  async 'it notices bytes that are cut or changed'() {
    await control('faults', { op: 'GET', cut_after: 5 });
    await assert.rejects(text('hello'));
    await control('faults', { op: 'GET', flip_at: 3 });
    await assert.rejects(text('hello'), /hecksum/);
    assert.equal(await text('hello'), 'hello world');
  },
  async 'a clock that is wrong is learnt from the Date header'() {
    await control('clock', { ahead_s: 7200 });
    assert.equal(await text('hello', {}, make()), 'hello world');
    await control('clock', { ahead_s: 0 });
  },
  async 'delete'() {
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'hello' }));
    await fails(get('hello'), 'NoSuchKey', 404);
  },
};

let n = 0;
let failed = 0;
for (const [name, run] of Object.entries(tests)) {
  n += 1;
  try {
    await run();
    console.log(`ok ${n} - ${name}`);
  } catch (e) {
    failed += 1;
    console.log(`not ok ${n} - ${name}\n${String(e.stack).replace(/^/gm, '# ')}`);
  }
}
console.log(`1..${n}`);
process.exit(failed ? 1 : 0); // some replies were not read to their end
