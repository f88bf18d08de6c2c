'use strict';
// One case of gRPC's interoperability tests on grpc-js:  node client.js --connect HOST:PORT --case NAME [--tls DIR]
// Exit status 0 = passed; otherwise 1 and the reason.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { parseArguments, loadTesting, pem, observeResponses } = require('./common');

let responses; // the flags of the latest call's responses
observeResponses((flags) => { responses = flags; });
const grpc = require('@grpc/grpc-js');

const args = parseArguments(['--connect', '--case', '--tls']);
const testing = loadTesting();
const credentials = args.tls
  ? grpc.credentials.createSsl(pem(args.tls, 'ca.pem'), pem(args.tls, 'client.key'), pem(args.tls, 'client.pem'))
  : grpc.credentials.createInsecure();
const newClient = (Service, options = {}) => new Service(args.connect, credentials, options);

const client = newClient(testing.TestService);
const gzipOptions = { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip };
const noCompress = 2; // of grpc-js's write flags, which it does not export
const large = { response_size: 314159, payload: { body: Buffer.alloc(271828) } };
const requestSizes = [27182, 8, 1828, 45904];
const responseSizes = [31415, 9, 2653, 58979];
const usual = () => ({ deadline: Date.now() + 20000 });
const zeros = (size) => ({ body: Buffer.alloc(size) });
const wanted = (size, ...sizes) => ({ payload: zeros(size), response_parameters: sizes.map((s) => ({ size: s })) });

/** The response, metadata and status of a unary call. */
function unary(method, request, { on = client, metadata = new grpc.Metadata(), options = usual() } = {}) {
  return new Promise((resolve) => {
    const result = {};
    const call = on[method](request, metadata, options, (error, response) => { Object.assign(result, { error, response }); });
    call.on('metadata', (headers) => { result.headers = headers; });
    call.on('status', (status) => resolve({ ...result, status }));
  });
}

/** Sends the sizes as a client stream; flags[i] are the write flags of message i. */
function upload(on, requests, flags = []) {
  return new Promise((resolve) => {
    let index = 0;
    // Streams of Node allow no flags beside a message, so an interceptor puts them on.
    const interceptor = (options, next) => {
      const call = new grpc.InterceptingCall(next(options));
      const send = call.sendMessageWithContext.bind(call);
      call.sendMessageWithContext = (context, message) => send({ ...context, flags: flags[index++] ?? 0 }, message);
      return call;
    };
    const call = on.StreamingInputCall(new grpc.Metadata(), { ...usual(), interceptors: [interceptor] }, (error, response) => resolve({ error, response }));
    call.on('error', () => {});
    for (const request of requests) call.write(request);
    call.end();
  });
}

/** What a stream of responses brings, in order. */
function download(call) {
  const result = { messages: [] };
  return new Promise((resolve) => {
    call.on('data', (message) => result.messages.push(message));
    call.on('metadata', (headers) => { result.headers = headers; });
    call.on('error', (error) => { result.error = error; });
    call.on('status', (status) => resolve({ ...result, status }));
  });
}

function checkZeros(size, payload) {
  assert.equal(payload.type, 'COMPRESSABLE');
  assert.equal(payload.body.length, size);
  assert.ok(payload.body.equals(Buffer.alloc(size)), 'the payload has bytes that are not zero');
}

function checkStatus(found, code, details) {
  assert.equal(found.code, code, `status ${found.code}: ${found.details}`);
  if (details !== undefined) assert.equal(found.details, details);
}

async function checkLarge(request, settings) {
  const { error, response } = await unary('UnaryCall', request, settings);
  assert.ifError(error);
  checkZeros(314159, response.payload);
}

async function checkEchoedStatus(message) {
  const { status } = await unary('UnaryCall', { response_status: { code: grpc.status.UNKNOWN, message } });
  checkStatus(status, grpc.status.UNKNOWN, message);
}

const cases = {
  async empty_unary() {
    const { error, response } = await unary('EmptyCall', {});
    assert.ifError(error);
    assert.deepEqual(response, {});
  },

  large_unary: () => checkLarge(large),

  async client_streaming() {
    const { error, response } = await upload(client, requestSizes.map((size) => ({ payload: zeros(size) })));
    assert.ifError(error);
    assert.equal(response.aggregated_payload_size, 74922);
  },

  async server_streaming() {
    const { messages, status } = await download(client.StreamingOutputCall(wanted(0, ...responseSizes), usual()));
    checkStatus(status, grpc.status.OK);
    assert.equal(messages.length, responseSizes.length);
    messages.forEach((message, i) => checkZeros(responseSizes[i], message.payload));
  },

  async ping_pong() {
    const call = client.FullDuplexCall(usual());
    const end = download(call);
    for (const [i, size] of requestSizes.entries()) {
      call.write(wanted(size, responseSizes[i]));
      const [message] = await once(call, 'data');
      checkZeros(responseSizes[i], message.payload);
    }
    call.end();
    const { messages, status } = await end;
    checkStatus(status, grpc.status.OK);
    assert.equal(messages.length, responseSizes.length);
  },

  async empty_stream() {
    const call = client.FullDuplexCall(usual());
    call.end();
    const { messages, status } = await download(call);
    checkStatus(status, grpc.status.OK);
    assert.equal(messages.length, 0);
  },

  async timeout_on_sleeping_server() {
    // The prescribed millisecond is mostly over before anything was sent; the second one reaches the server.
    for (const milliseconds of [1, 500]) {
      const call = client.FullDuplexCall({ deadline: Date.now() + milliseconds });
      call.write(wanted(27182));
      checkStatus((await download(call)).status, grpc.status.DEADLINE_EXCEEDED);
    }
  },

  async cancel_after_begin() {
    const status = await new Promise((resolve) => {
      const call = client.StreamingInputCall(usual(), () => {});
      call.on('status', resolve);
      call.cancel();
    });
    checkStatus(status, grpc.status.CANCELLED);
  },

  async cancel_after_first_response() {
    const call = client.FullDuplexCall(usual());
    const end = download(call);
    call.write(wanted(27182, 31415));
    checkZeros(31415, (await once(call, 'data'))[0].payload);
    call.cancel();
    checkStatus((await end).status, grpc.status.CANCELLED);
  },

  async status_code_and_message() {
    await checkEchoedStatus('test status method');
    const call = client.FullDuplexCall(usual());
    call.write({ response_status: { code: grpc.status.UNKNOWN, message: 'test status method' } });
    call.end();
    checkStatus((await download(call)).status, grpc.status.UNKNOWN, 'test status method');
  },

  special_status_message: () => checkEchoedStatus('\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \u{1F608}\t\n'),

  async unimplemented_method() {
    checkStatus((await unary('UnimplementedCall', {})).status, grpc.status.UNIMPLEMENTED);
  },

  async unimplemented_service() {
    const on = newClient(testing.UnimplementedService);
    checkStatus((await unary('UnimplementedCall', {}, { on })).status, grpc.status.UNIMPLEMENTED);
  },

  async custom_metadata() {
    const metadata = new grpc.Metadata();
    metadata.set('x-grpc-test-echo-initial', 'test_initial_metadata_value');
    metadata.set('x-grpc-test-echo-trailing-bin', Buffer.from('ababab', 'hex'));
    const call = client.FullDuplexCall(metadata, usual());
    call.write(wanted(271828, 314159));
    call.end();
    for (const { error, headers, status } of await Promise.all([unary('UnaryCall', large, { metadata }), download(call)])) {
      assert.ifError(error ?? null);
      assert.deepEqual(headers.get('x-grpc-test-echo-initial'), ['test_initial_metadata_value']);
      assert.deepEqual(status.metadata.get('x-grpc-test-echo-trailing-bin'), [Buffer.from('ababab', 'hex')]);
    }
  },

  async client_compressed_unary() {
    const compressing = newClient(testing.TestService, gzipOptions);
    checkStatus((await unary('UnaryCall', { ...large, expect_compressed: { value: true } })).status, grpc.status.INVALID_ARGUMENT);
    // Twice: grpc-js compresses the later call only if the server's first answer offered gzip.
    for (let i = 0; i < 2; i++) await checkLarge({ ...large, expect_compressed: { value: true } }, { on: compressing });
    await checkLarge({ ...large, expect_compressed: { value: false } });
  },

  async client_compressed_streaming() {
    const compressing = newClient(testing.TestService, gzipOptions);
    const first = { payload: zeros(27182), expect_compressed: { value: true } };
    checkStatus((await upload(client, [first])).error, grpc.status.INVALID_ARGUMENT);
    const { error, response } = await upload(
      compressing, [first, { payload: zeros(45904), expect_compressed: { value: false } }], [0, noCompress]);
    assert.ifError(error);
    assert.equal(response.aggregated_payload_size, 73086);
  },

  async server_compressed_unary() {
    for (const value of [true, false]) {
      await checkLarge({ ...large, response_compressed: { value } });
      assert.deepEqual(responses.compressed, [value], 'compressed on the wire');
    }
  },

  async server_compressed_streaming() {
    const request = { response_parameters: [{ size: 31415, compressed: { value: true } }, { size: 92653, compressed: { value: false } }] };
    const { messages, status } = await download(client.StreamingOutputCall(request, usual()));
    checkStatus(status, grpc.status.OK);
    assert.deepEqual(messages.map((message) => message.payload.body.length), [31415, 92653]);
    assert.deepEqual(responses.compressed, [true, false], 'compressed on the wire');
  },
};

if (!Object.hasOwn(cases, args.case ?? '')) {
  console.error(`unknown case: ${args.case}; there are ${Object.keys(cases).join(', ')}`);
  process.exit(2);
}
cases[args.case]().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
