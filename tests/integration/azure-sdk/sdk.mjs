// Microsoft's own client against the Sentinel simulator: what it sends must be
// accepted, what a real endpoint refuses must reach it as that error, and what
// it is said to retry it must retry.  Prints TAP.  Set up by azure-sdk.t.
import assert from 'node:assert/strict';
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import {
  ClientAssertionCredential, ClientCertificateCredential, ClientSecretCredential,
  ManagedIdentityCredential, WorkloadIdentityCredential,
} from '@azure/identity';
import { isAggregateLogsUploadError, LogsIngestionClient } from '@azure/monitor-ingestion';

const {
  SIM_URL, SIM_CONTROL, SIM_DIR, SIM_RULE, AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET,
  APP_PEM, IDP_KEY, ASSERTION_FILE,
} = process.env;
const STREAM = 'Custom-Sdk_CL';
const TABLE = 'Sdk_CL';
const entra = { authorityHost: SIM_URL, disableInstanceDiscovery: true };
// Short waits between tries; how many tries is left as Microsoft has it.
const quick = { retryOptions: { retryDelayInMs: 5, maxRetryDelayInMs: 20 } };

async function control(command, arg) {
  const r = await fetch(`${SIM_CONTROL}/_control/${command}`, { method: 'POST', body: arg ? JSON.stringify(arg) : '' });
  assert.equal(r.status, 204, `control ${command}`);
}
const status = async () => (await fetch(`${SIM_CONTROL}/_status`)).json();
const lines = (file) => readFileSync(file, 'utf8').split('\n').slice(0, -1);
const kept = () => lines(`${SIM_DIR}/rows/${TABLE}.ndjson`);
const log = () => lines(`${SIM_DIR}/requests.ndjson`).map((l) => JSON.parse(l));
const secretCredential = (secret = AZURE_CLIENT_SECRET, tenant = AZURE_TENANT_ID) =>
  new ClientSecretCredential(tenant, AZURE_CLIENT_ID, secret, { ...entra, ...quick });
const clientOf = (credential) => new LogsIngestionClient(SIM_URL, credential, quick);
let client; // a new one for each test
const row = (i, pad = 0) => ({ TimeGenerated: new Date().toISOString(), i, pad: 'x'.repeat(pad), text: 'a "b" \\ \u00e9 \u{1f600} \u0007', nested: { n: [1, 2.5, null, true] } });
const rowsOf = (n, pad) => Array.from({ length: n }, (_, i) => row(i, pad));
const send = (logs, { rule = SIM_RULE, stream = STREAM, using = client, ...more } = {}) => using.upload(rule, stream, logs, more);

// The single error an upload failed with.
async function failure(promise) {
  try {
    await promise;
  } catch (e) {
    assert.ok(isAggregateLogsUploadError(e), `an AggregateLogsUploadError: ${e}`);
    assert.equal(e.errors.length, 1);
    return e.errors[0].cause;
  }
  return assert.fail('the upload succeeded');
}
async function fails(promise, statusCode, code, tries = 1) {
  const e = await failure(promise);
  assert.equal(e.statusCode, statusCode);
  assert.equal(e.code, code);
  assert.equal((await status()).by_kind.ingest, tries, 'requests made');
  return e;
}
const same = (logs) => assert.deepEqual(kept().sort(), logs.map((r) => JSON.stringify(r)).sort());

const tests = {
  async 'three rows arrive byte for byte'() {
    const logs = rowsOf(3);
    await send(logs);
    assert.deepEqual(kept(), logs.map((r) => JSON.stringify(r)));
    const s = await status();
    assert.deepEqual(s.by_status['204'], 1);
    assert.deepEqual(s.refused, {});
  },
  async 'one token serves many uploads'() {
    const own = clientOf(secretCredential());
    await send(rowsOf(1), { using: own });
    await send(rowsOf(1), { using: own });
    assert.equal((await status()).tokens_issued, 1);
  },
  async 'bodies are gzip, announced, and carry a request id'() {
    await send(rowsOf(100, 100));
    const r = log().at(-1);
    assert.ok(r.bytes < r.raw / 2);
    assert.match(r.client_request_id, /^[0-9a-f-]{36}$/);
  },
  async '3000 rows of a kilobyte are split and all arrive'() {
    const logs = rowsOf(3000, 850);
    await send(logs);
    same(logs);
    const s = await status();
    assert.ok(s.by_status['204'] >= 3);
    assert.ok(s.max_raw > 1000000 && s.max_raw < 1048576);
  },
  async 'a body over 1 MiB inflated is taken: the limit is of what is sent'() {
    const logs = [row(1, 2000000)];
    await send(logs);
    same(logs);
  },
  async 'a record over 1 MiB that does not compress is refused with 413'() {
    const e = await fails(send([{ blob: randomBytes(1200000).toString('base64') }]), 413, 'ContentLengthLimitExceeded');
    assert.match(e.message, /Maximum allowed content length: 1048576 bytes \(1 MB\)\. Provided content length: \d+ bytes\./);
    assert.deepEqual(kept(), []);
  },
  async 'a wrong secret'() {
    const e = await failure(send(rowsOf(1), { using: clientOf(secretCredential('wrong')) }));
    assert.match(e.name, /^Authentication/);
    assert.match(e.message, /AADSTS7000215/);
    assert.equal((await status()).by_kind.ingest, undefined);
  },
  async 'an unknown tenant'() {
    const e = await failure(send(rowsOf(1), { using: clientOf(secretCredential(undefined, 'nobody')) }));
    assert.match(String(e.name), /^Authentication|^CredentialUnavailable/);
  },
  async 'an unknown rule'() {
    await fails(send(rowsOf(1), { rule: 'dcr-ffffffffffffffffffffffffffffffff' }), 404, 'NotFound');
  },
  async 'an undeclared stream'() {
    await fails(send(rowsOf(1), { stream: 'Custom-Nothing' }), 404, 'InvalidStream');
  },
  async 'no role, then the role'() {
    await control('deny');
    const e = await fails(send(rowsOf(1)), 403, 'OperationFailed');
    assert.match(e.message, /does not have access to ingest data/);
    await control('grant');
    await send(rowsOf(1));
  },
  async 'a record the service refuses'() {
    await control('400-on', { contains: 'poison' });
    await fails(send([{ a: 'poison' }]), 400, 'InvalidRecord');
  },
  async 'a revoked token'() {
    const own = clientOf(secretCredential());
    await send(rowsOf(1), { using: own });
    await control('revoke-tokens');
    const e = await failure(send(rowsOf(1), { using: own }));
    assert.equal(e.statusCode, 401);
    await send(rowsOf(1), { using: clientOf(secretCredential()) });
  },
  async '429 with Retry-After is waited out'() {
    await control('script', [{ status: 429, retry_after: 1 }]);
    const logs = rowsOf(2);
    const from = performance.now();
    await send(logs);
    assert.ok(performance.now() - from >= 990, 'waited a second');
    same(logs);
    const ids = log().slice(-2).map((r) => r.client_request_id);
    assert.equal(ids[0], ids[1], 'the same request id on both tries');
  },
  async '429 without Retry-After is not retried'() {
    await control('script', [{ status: 429 }]);
    await fails(send(rowsOf(1)), 429, 'TooManyRequests');
  },
  async '500, 502, 503, 504 and 408 are retried'() {
    for (const code of [500, 502, 503, 504, 408]) {
      await control('reset');
      await control('script', [{ status: code, count: 2 }]);
      const logs = rowsOf(1);
      await send(logs);
      same(logs);
      assert.equal((await status()).by_kind.ingest, 3, `requests after ${code}`);
    }
  },
  async 'four 503 are the end'() {
    await control('script', [{ status: 503, count: 0 }]);
    await fails(send(rowsOf(1)), 503, 'ServiceUnavailable', 4);
  },
  async 'a reset before acceptance is retried, rows come once'() {
    await control('script', [{ action: 'reset-before' }]);
    const logs = rowsOf(2);
    await send(logs);
    same(logs);
  },
  async 'a reset after acceptance is retried, rows come twice'() {
    await control('script', [{ action: 'reset-after' }]);
    const logs = rowsOf(2);
    await send(logs);
    same([...logs, ...logs]);
  },
  async 'onError hears of the records that failed'() {
    await control('script', [{ status: 400 }]);
    let heard;
    await failure(send(rowsOf(2), { onError: (e) => { heard = e.failedLogs.length; } }));
    assert.equal(heard, 2);
  },
  async 'a certificate instead of a secret'() {
    const logs = rowsOf(1);
    await send(logs, { using: clientOf(new ClientCertificateCredential(AZURE_TENANT_ID, AZURE_CLIENT_ID, APP_PEM, { ...entra, ...quick })) });
    same(logs);
  },
  async 'an outside identity: an assertion, and its file'() {
    const part = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');
    const s = Math.floor(Date.now() / 1000);
    const signed = `${part({ typ: 'JWT', alg: 'RS256' })}.${part({ iss: 'https://idp.test', sub: 'workload', aud: 'api://AzureADTokenExchange', iat: s, exp: s + 600 })}`;
    const jwt = `${signed}.${sign('sha256', Buffer.from(signed), createPrivateKey(readFileSync(IDP_KEY))).toString('base64url')}`;
    await send(rowsOf(1), { using: clientOf(new ClientAssertionCredential(AZURE_TENANT_ID, AZURE_CLIENT_ID, async () => jwt, { ...entra, ...quick })) });
    writeFileSync(ASSERTION_FILE, jwt);
    await send(rowsOf(1), { using: clientOf(new WorkloadIdentityCredential({ tenantId: AZURE_TENANT_ID, clientId: AZURE_CLIENT_ID, tokenFilePath: ASSERTION_FILE, ...entra, ...quick })) });
    assert.equal((await status()).by_status['204'], 2);
  },
  async 'a managed identity, as in App Service'() {
    process.env.IDENTITY_ENDPOINT = `${SIM_URL}/msi/token`;
    const logs = rowsOf(1);
    await send(logs, { using: clientOf(new ManagedIdentityCredential({ ...quick })) });
    same(logs);
    assert.equal((await status()).by_kind.identity, 1);
  },
};

let n = 0;
let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  n += 1;
  try {
    await control('reset');
    client = clientOf(secretCredential());
    await test();
    console.log(`ok ${n} - ${name}`);
  } catch (e) {
    failed += 1;
    console.log(`not ok ${n} - ${name}`);
    for (const x of [e, ...(e.errors ?? []).map((u) => u.cause)]) console.log(String(x.stack ?? x).replace(/^/gm, '# '));
  }
}
console.log(`1..${n}`);
process.exit(failed > 0 ? 1 : 0);
